"""BERT's WordPiece in older files: vocab.txt, and the settings of its tokenizer_config.json."""

from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

from detok.errors import CheckpointError
from detok.model.tokens.named import read_named

_USUAL = {role: f"[{role.upper()}]" for role in ("unk", "sep", "pad", "cls", "mask")}


def read(folder: Path) -> Tokenizer:
    """The tokenizer in a folder's vocab.txt.

    Raises: CheckpointError if it has no token for unknown words, without which it cannot encode.
    """
    # Not `splitlines`: a line may be U+2028 or U+0085 itself.
    lines = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    entries = {line: n for n, line in enumerate(lines[:-1] if not lines[-1] else lines)}
    named = read_named(folder, entries, _USUAL)
    unknown = named.roles.get("unk")
    if unknown not in entries:
        raise CheckpointError(
            f"vocab.txt has no token {unknown or '[UNK]'!r} for unknown words; expected one"
        )
    settings = named.settings
    backend = Tokenizer(models.WordPiece(vocab=named.entries(entries), unk_token=unknown))
    backend.normalizer = normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=settings.get("tokenize_chinese_chars", True),
        strip_accents=settings.get("strip_accents"),
        lowercase=settings.get("do_lower_case", True),
    )
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.WordPiece(prefix="##")
    named.add_to(backend, named.roles.get("cls"))
    return backend
