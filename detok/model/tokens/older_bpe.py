"""BPE in older files: vocab.json and merges.txt, which do not say how a text is split."""

import json
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from detok.errors import CheckpointError
from detok.model.tokens import byte_level
from detok.model.tokens.named import read_named

END_OF_WORD = "</w>"
_GPT2 = dict.fromkeys(("bos", "eos", "unk"), "<|endoftext|>")
_OPT = {**dict.fromkeys(("bos", "eos", "unk"), "</s>"), "pad": "<pad>"}
_ROBERTA = {
    **{"bos": "<s>", "eos": "</s>", "sep": "</s>", "cls": "<s>"},
    **{"unk": "<unk>", "pad": "<pad>", "mask": "<mask>"},
}
_CLIP = {"bos": "<|startoftext|>", **dict.fromkeys(("eos", "unk", "pad"), "<|endoftext|>")}
_BIOGPT = {"bos": "<s>", "eos": "</s>", "unk": "<unk>", "sep": "</s>", "pad": "<pad>"}
_CLIP_WORDS = (
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d"
    r"|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
)


def read(folder: Path) -> Tokenizer:
    """The tokenizer in a folder's vocab.json and merges.txt.

    Raises: CheckpointError if they are of no kind of BPE that is known.
    """
    entries = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    if any(entry.endswith(END_OF_WORD) for entry in entries):
        # CLIP alone has this token: its way of splitting words begins with it.
        return (_clip if _CLIP["bos"] in entries else _unsplit)(folder, entries)
    if byte_level.SPACE in entries:
        return _byte_level(folder, entries)
    raise CheckpointError(
        f"vocab.json has no {byte_level.SPACE!r}, for a space, and no {END_OF_WORD!r}; expected "
        "byte-level BPE, or BPE with that end of word"
    )


def _merges(folder: Path) -> list[tuple[str, str]]:
    return models.BPE.read_file(str(folder / "vocab.json"), str(folder / "merges.txt"))[1]


def _byte_level(folder: Path, entries: dict[str, int]) -> Tokenizer:
    usual = _GPT2 if _GPT2["bos"] in entries else _ROBERTA if "<mask>" in entries else _OPT
    named = read_named(folder, entries, usual)
    backend = Tokenizer(models.BPE(vocab=named.entries(entries), merges=_merges(folder)))
    spaced = bool(named.settings.get("add_prefix_space", False))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=spaced)
    backend.decoder = decoders.ByteLevel()
    role = "cls" if usual is _ROBERTA else "bos"
    begins = usual is not _GPT2 or named.settings.get("add_bos_token", False)
    named.add_to(backend, named.roles.get(role) if begins else None)
    return backend


def _clip(folder: Path, entries: dict[str, int]) -> Tokenizer:
    named = read_named(folder, entries, _CLIP)
    unknown = named.roles.get("unk")
    model = models.BPE(
        vocab=named.entries(entries),
        merges=_merges(folder),
        end_of_word_suffix=END_OF_WORD,
        unk_token=unknown if unknown in entries else None,
    )
    backend = Tokenizer(model)
    backend.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    words = pre_tokenizers.Split(Regex(_CLIP_WORDS), behavior="removed", invert=True)
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [words, pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    backend.decoder = decoders.ByteLevel()
    named.add_to(backend, named.roles.get("bos"))
    return backend


def _unsplit(folder: Path, entries: dict[str, int]) -> Tokenizer:
    """BioGPT's: its words come from a program (Moses), so there is no splitting, nor are merges."""
    named = read_named(folder, entries, _BIOGPT)
    backend = Tokenizer(
        models.BPE(vocab=named.entries(entries), merges=[], end_of_word_suffix=END_OF_WORD)
    )
    named.add_to(backend, named.roles.get("sep"))
    return backend
