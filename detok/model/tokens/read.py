"""Reads the tokenizer of a checkpoint, without importing `transformers` (which takes seconds)."""

from pathlib import Path

from tokenizers import Tokenizer

from detok.errors import CheckpointError
from detok.model.files import MAX_TOKENIZER, TOKENIZER_FILES
from detok.model.regular import of_checkpoint
from detok.model.tokens import older_bpe, older_word_piece

# Ids without a token that a vocabulary may have beyond one for each token.
MAX_HOLES = 1 << 16


def read_tokenizer(folder: Path) -> Tokenizer:
    """Reads `tokenizer.json`, or else older files: `vocab.json` and `merges.txt`, or `vocab.txt`.

    Raises: CheckpointError if they are missing, damaged, or no files that can be read.
    """
    for name in sorted(TOKENIZER_FILES):
        of_checkpoint(folder / name, MAX_TOKENIZER)
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
    _check_ids(folder, backend)
    return backend


def _check_ids(folder: Path, backend: Tokenizer) -> None:
    """Refuses a vocabulary of which a table by id would be mostly empty, and endless."""
    n, largest = backend.get_vocab_size(), max(backend.get_vocab().values())
    if largest >= 2 * n + MAX_HOLES:
        raise CheckpointError(
            f"the tokenizer in {folder} has {n:,} tokens and one with the id {largest:,}; expected "
            f"ids below {2 * n + MAX_HOLES:,}"
        )
