"""Both measures of the heads with their baselines, of all tokens or of samples."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from detok.counting.counts import Counts
from detok.heads.auroc import Auroc, auroc
from detok.heads.baselines import Baselines, auroc_baselines
from detok.heads.pair_auroc import PairAuroc, pair_auroc
from detok.heads.pair_summary import sample_of_text
from detok.heads.summary import sample_of_tokens
from detok.model.any_layer import AnyLayer


@dataclass(frozen=True, eq=False)
class Measured:
    """What the heads and their baselines have, over the same tokens."""

    areas: Auroc
    pairs: PairAuroc
    baselines: Baselines
    # Of the tokens at random places of the text, if the others are of a sample of the vocabulary.
    text: PairAuroc | None = None
    text_baselines: Baselines | None = None


def measured(
    layer: AnyLayer, counts: Counts, progress: Callable[[int, int], None] | None = None
) -> Measured:
    """Both measures of all tokens; `progress` counts every token twice."""
    V = layer.vocab_size

    def second(done: int, _: int) -> None:
        if progress is not None:
            progress(V + done, 2 * V)

    def first(done: int, _: int) -> None:
        if progress is not None:
            progress(done, 2 * V)

    areas = auroc(layer, counts, progress=first)
    baselines = auroc_baselines(layer, counts)
    pairs = pair_auroc(layer, counts, progress=second)
    return Measured(areas, pairs, baselines)


def measured_on_sample(layer: AnyLayer, counts: Counts, n: int, seed: int) -> Measured:
    """Both measures of n tokens of the vocabulary, and pairs at n places of the counted texts.

    Of a vocabulary of at most n tokens all are measured.
    """
    tokens = sample_of_tokens(layer.vocab_size, n, seed)
    found = (
        auroc(layer, counts, tokens),
        pair_auroc(layer, counts, tokens),
        auroc_baselines(layer, counts, tokens),
    )
    if len(tokens) == layer.vocab_size:
        return Measured(*found)
    # Few tokens fill most places.
    different, place = np.unique(sample_of_text(counts, n, seed), return_inverse=True)
    text = pair_auroc(layer, counts, different).at(place)
    return Measured(*found, text, auroc_baselines(layer, counts, different).at(place))
