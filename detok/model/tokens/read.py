"""Reads the tokenizer of a checkpoint, without importing `transformers` (which takes seconds)."""

from pathlib import Path

from tokenizers import Tokenizer

from detok.errors import CheckpointError
from detok.model.tokens import older_bpe, older_word_piece


def read_tokenizer(folder: Path) -> Tokenizer:
    """Reads `tokenizer.json`, or else older files: `vocab.json` and `merges.txt`, or `vocab.txt`.

    Raises: CheckpointError if they are missing or damaged.
    """
    try:
        if (folder / "tokenizer.json").exists():
            backend = Tokenizer.from_file(str(folder / "tokenizer.json"))
        elif (folder / "vocab.txt").exists() and not (folder / "merges.txt").exists():
            backend = older_word_piece.read(folder)
        else:
            backend = older_bpe.read(folder)
    except Exception as error:  # `tokenizers` raises bare Exception for a broken file
        raise CheckpointError(
            f"the tokenizer in {folder} cannot be read ({error}); expected a whole "
            "tokenizer.json, or vocab.json and merges.txt, or vocab.txt"
        ) from error
    if not backend.get_vocab_size():
        raise CheckpointError(f"the tokenizer in {folder} has no tokens; expected a vocabulary")
    return backend
