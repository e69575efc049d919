"""Which counts belong to a model."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from detok.bundled import BUNDLED_COUNTS
from detok.counting.counts import Counts
from detok.counting.counts_file import read_provenance
from detok.counting.provenance import TOKENIZER_HASH
from detok.errors import InputError

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
    for path in _candidates(layer):
        return Counts.load(path, layer.tokenizer).padded(layer.vocab_size)
    return None


def usable_counts_for(layer: "Layer") -> tuple[Counts | None, str | None]:
    """`counts_for`, but a file that cannot be used is passed over; with the reason if one was."""
    refused = None
    for path in _candidates(layer):
        try:
            return Counts.load(path, layer.tokenizer).padded(layer.vocab_size), refused
        except InputError as error:
            refused = refused or str(error)
    return None, refused


def _candidates(layer: "Layer") -> list[Path]:
    named = os.environ.get(VARIABLE)
    beside = layer.source.folder / "counts.parquet"
    bundled = [
        path
        for path in sorted(BUNDLED_COUNTS.glob("*.parquet"))
        if read_provenance(path).get(TOKENIZER_HASH) == layer.tokenizer.sha256
    ]
    own = [Path(named).expanduser()] if named else []
    return [*own, *([beside] if beside.exists() else []), *bundled]
