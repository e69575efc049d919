"""Which counts belong to a model."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from detok.bundled import BUNDLED_COUNTS
from detok.counting.counts import Counts
from detok.counting.counts_file import read_provenance
from detok.counting.provenance import TOKENIZER_HASH
from detok.errors import InputError
from detok.model.vocabulary import Vocabulary

if TYPE_CHECKING:
    from detok.model.layer import Layer

# A file of counts that is to be used in place of all others.
VARIABLE = "DETOK_COUNTS"


def counts_for(layer: "Layer") -> Counts | None:
    """The token and bigram counts of a model's tokenizer, if there are any.

    They come from the file that the environment variable DETOK_COUNTS names, or else from
    `counts.parquet` beside the model, or else from the counts that detok brings along for this
    vocabulary.

    Raises: InputError if the first of these that is there is damaged, or of another tokenizer.
    """
    for path in _candidates(layer.source.folder, layer.tokenizer):
        return Counts.load(path, layer.tokenizer).padded(layer.vocab_size)
    return None


def usable_counts_for(layer: "Layer") -> tuple[Counts | None, str | None]:
    """`counts_for`, but a file that cannot be used is passed over; with the reason if one was."""
    refused = None
    for path in _candidates(layer.source.folder, layer.tokenizer):
        try:
            return Counts.load(path, layer.tokenizer).padded(layer.vocab_size), refused
        except InputError as error:
            refused = refused or str(error)
    return None, refused


def fitting_file(folder: Path, tokenizer: Vocabulary) -> tuple[Path | None, str | None]:
    """The file that `usable_counts_for` would read, by what the files say of themselves."""
    refused = None
    for path in _candidates(folder, tokenizer):
        try:
            own = read_provenance(path)
        except InputError as error:
            refused = refused or str(error)
            continue
        if own.get(TOKENIZER_HASH) == tokenizer.sha256:
            return path, refused
        refused = refused or (
            f"{path} was counted with the tokenizer {own.get('tokenizer', 'of unknown name')} "
            f"(hash {own.get(TOKENIZER_HASH, 'unknown')[:8]}); expected this model's (hash "
            f"{tokenizer.sha256[:8]})"
        )
    return None, refused


def _candidates(folder: Path, tokenizer: Vocabulary) -> list[Path]:
    named = os.environ.get(VARIABLE)
    beside = folder / "counts.parquet"
    bundled = [
        path
        for path in sorted(BUNDLED_COUNTS.glob("*.parquet"))
        if read_provenance(path).get(TOKENIZER_HASH) == tokenizer.sha256
    ]
    own = [Path(named).expanduser()] if named else []
    return [*own, *([beside] if beside.exists() else []), *bundled]
