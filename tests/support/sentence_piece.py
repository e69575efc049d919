"""SentencePiece tokenizers, as `transformers` and files of checkpoints have them."""

from collections.abc import Callable

from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)
from transformers import GemmaTokenizer, LlamaTokenizer, T5Tokenizer

from tests.support.tokenizers import Merges, ids_of

BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
CHARACTERS = ["▁", *map(chr, range(0x21, 0x7F)), "é", "東", "\u0301", "\n"]
WORDS = ["▁the", "▁liber", "▁don", "the", "tarian", "▁12", "is", "京は"]
SPACES = ["▁▁", "▁▁▁▁"]


def merges() -> Merges:
    """That lead to the words, and to runs of spaces."""
    found: dict[tuple[str, str], None] = {}
    for word in WORDS:
        left = word[0]
        for right in word[1:]:
            found[left, right] = None
            left += right
    return [*found, ("▁", "▁"), ("▁▁", "▁▁")]


def entries(*special: str, bytes_first: bool = True) -> dict[str, int]:
    pieces = [*BYTES, *CHARACTERS] if bytes_first else CHARACTERS
    return ids_of([*special, *pieces, "京", "は", *(a + b for a, b in merges())])


def llama() -> Tokenizer:
    """As `transformers` has it: ▁ is put before the first word."""
    special = ("<unk>", "<s>", "</s>")
    return LlamaTokenizer(vocab=entries(*special), merges=merges()).backend_tokenizer


def older_llama() -> Tokenizer:
    """As tokenizer.json of Llama 2, TinyLlama and Mistral's first have it: a ▁ before all else."""
    vocab = entries("<unk>", "<s>", "</s>")
    backend = Tokenizer(
        models.BPE(
            vocab=vocab, merges=merges(), unk_token="<unk>", fuse_unk=True, byte_fallback=True
        )
    )
    backend.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    strip = decoders.Strip(" ", 1, 0)
    backend.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), strip]
    )
    backend.add_special_tokens(["<unk>", "<s>", "</s>"])
    backend.post_processor = processors.TemplateProcessing(
        single=["<s>", "$A"], special_tokens=[("<s>", 1)]
    )
    return backend


def gemma() -> Tokenizer:
    """Nothing is put before a text; runs of spaces are added tokens too."""
    special = ("<pad>", "<eos>", "<bos>", "<unk>", "<mask>")
    tokenizer = GemmaTokenizer(vocab=entries(*special), merges=merges())
    tokenizer.add_tokens([AddedToken(spaces, normalized=False) for spaces in SPACES])
    return tokenizer.backend_tokenizer


def t5() -> Tokenizer:
    """Unigram whose text is split at white space, and has an unknown token for other characters."""
    pieces = entries("<pad>", "</s>", "<unk>", bytes_first=False)
    scores = [(piece, -float(len(pieces) - n)) for piece, n in pieces.items()]
    return T5Tokenizer(vocab=scores, extra_ids=0).backend_tokenizer


def unigram() -> Tokenizer:
    """Unigram with the bytes of what is unknown, its text split before every space."""
    scores = [(piece, 10.0 * len(piece) - 100) for piece in entries("<unk>", "<s>")]
    backend = Tokenizer(models.Unigram(scores, unk_id=0, byte_fallback=True))
    backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    backend.decoder = decoders.Sequence(
        [decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="always")]
    )
    backend.add_special_tokens(["<unk>", "<s>"])
    return backend


def _none(text: str) -> str:
    return ""


def _always(text: str) -> str:
    return " " if text else ""


def _unless_there(text: str) -> str:
    return "" if text.startswith((" ", "▁")) else _always(text)


# And what stands in tokens before a text.
KINDS: dict[str, tuple[Callable[[], Tokenizer], Callable[[str], str]]] = {
    "llama": (llama, _unless_there),
    "older llama": (older_llama, _always),
    "gemma": (gemma, _none),
    "unigram": (unigram, _unless_there),
}
