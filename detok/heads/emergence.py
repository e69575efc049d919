"""What heads come to know in training: the checkpoints of one model, measured one after another."""

from collections.abc import Callable, Iterable, Sequence
from functools import singledispatch
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from detok.counting.counts import Counts
from detok.errors import InputError
from detok.heads.pair_auroc import PairAuroc, pair_auroc
from detok.heads.pair_summary import sample_of_text
from detok.model.any_layer import AnyLayer
from detok.model.inputs import check_amount
from detok.model.layer import Layer, load
from detok.model.rotary_layer import RotaryLayer
from detok.scores.distance_bias import N_DISTANCES, distance_bias
from detok.scores.look_back import look_back

NEAR = 5
STEP = "{step}"


def emergence(
    model: str | Path,
    steps: Sequence[int | str],
    counts: Counts,
    *,
    n_places: int = 2048,
    seed: int = 0,
    device: str | torch.device = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """How the heads of a model came to know pairs of tokens, one row a step and head.

    `model` is a hub id whose checkpoints are branches, "step1000" for a step 1000 as in Pythia (or
    called as a step that is a string), or a path of folders with {step} in it, such as
    "run/checkpoint-{step}". Of each only the first layer is read, or fetched, once, and only one is
    in memory at a time.

    Columns: step; head; pair_auroc, at `n_places` random places of the counted texts, the same for
    the same `seed`; first_3, the share of those places' tokens with a true predecessor where it is
    among the first three; near, the attention to the last 5 tokens by distance or position alone
    (`distance_bias` over 128 distances, or the middle position of `position_summary`); and bb_span,
    the largest T^bb less the smallest over these distances, unscaled, NaN without that term.

    `progress` is called with the steps done and their total; an exception it raises cancels.

    Raises: InputError for no step, or one twice, or no place, or as `load` and `pair_auroc`.
    """
    chosen = list(steps) if isinstance(steps, Iterable) and not isinstance(steps, str) else []
    if not chosen or len(set(map(str, chosen))) < len(chosen):
        raise InputError(f"steps are {steps!r}; expected at least one, and none twice")
    check_amount("n_places", n_places)
    places = sample_of_text(counts, n_places, seed)
    if not len(places):
        raise InputError("the counts hold no token; expected those of some text")
    tokens, place = np.unique(places, return_inverse=True)
    tables = []
    for done, step in enumerate(chosen):
        if progress is not None:
            progress(done, len(chosen))
        layer = _checkpoint(str(model), step, device)
        pairs = pair_auroc(layer, counts, tokens).at(place)
        tables.append(_measures(layer, counts, pairs).assign(step=step))
    if progress is not None:
        progress(len(chosen), len(chosen))
    table = pd.concat(tables, ignore_index=True)
    return table[["step", "head", "pair_auroc", "first_3", "near", "bb_span"]]


def _checkpoint(model: str, step: int | str, device: str | torch.device) -> AnyLayer:
    if STEP in model:
        return load(model.replace(STEP, str(step)), device=device)
    revision = step if isinstance(step, str) else f"step{step}"
    return load(model, revision=revision, device=device)


def _measures(layer: AnyLayer, counts: Counts, pairs: PairAuroc) -> pd.DataFrame:
    near, bb_span = _by_distance(layer, counts)
    return pd.DataFrame(
        {
            "head": np.arange(layer.n_heads),
            "pair_auroc": pairs.unweighted_mean(),  # places are drawn by c(i)
            "first_3": pairs.share_in_first(3),
            "near": near,
            "bb_span": bb_span,
        }
    )


@singledispatch
def _by_distance(layer: AnyLayer, counts: Counts) -> tuple[np.ndarray, np.ndarray]:
    """The columns near and bb_span, (H,)."""
    raise TypeError(f"the layer is a {type(layer).__name__}; expected one of `load`")


@_by_distance.register
def _(layer: Layer, counts: Counts) -> tuple[np.ndarray, np.ndarray]:
    middle = layer.n_positions // 2
    reach = "last" if layer.is_causal else "nearest"
    near = look_back(layer, middle)[f"mass_{reach}_{NEAR}_at_{middle}"].to_numpy()
    return near, np.full(layer.n_heads, np.nan)


@_by_distance.register
def _(layer: RotaryLayer, counts: Counts) -> tuple[np.ndarray, np.ndarray]:
    bias = distance_bias(layer, token_counts=counts.tokens)
    n = min(N_DISTANCES, layer.n_distances)
    near = bias.attention(n)[:, :NEAR].sum(dim=1).numpy()  # (H,)
    if bias.mean.bb is None:
        return near, np.full(layer.n_heads, np.nan)
    bb = bias.mean.bb.at(range(n))  # (H, n)
    return near, (bb.amax(dim=1) - bb.amin(dim=1)).numpy()
