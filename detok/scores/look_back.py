"""How far heads look back by place alone, whatever the tokens: of any layer, in numbers."""

from collections.abc import Iterable
from functools import singledispatch

import numpy as np
import pandas as pd
import torch

from detok.model.any_layer import AnyLayer
from detok.model.inputs import check_position
from detok.model.layer import Layer
from detok.model.rotary_layer import RotaryLayer
from detok.scores.distance_bias import DistanceBias, distance_bias
from detok.scores.positions import masses, position_bias

# Of a model with more positions, these have the place that heads are looked at from.
USUAL = 1024


def usual_place(layers: Iterable[AnyLayer]) -> int:
    """The position i that heads of these layers are looked at from: one far from both ends."""
    return (min(USUAL, *(layer.n_positions for layer in layers)) - 1) // 2


@singledispatch
@torch.inference_mode()
def look_back(
    layer: Layer, i: int, *, token_counts: np.ndarray | torch.Tensor | None = None
) -> pd.DataFrame:
    """Where the token at position i attends by place alone, one row a head.

    With learned positions it is T^p + T^pp that decides, with rotary ones the mean of the whole
    score at each distance, over tokens drawn by `token_counts` (V,) as in `distance_bias`. Columns:
    head; mass_last_1_at_i, mass_last_5_at_i, mass_last_16_at_i and mass_first_at_i as in
    `position_summary`; with rotary positions also distance_share, `DistanceBias.share`.

    Raises: InputError if i is no position of the model, or as `distance_bias`.
    """
    return _table(layer, i, position_bias(layer, i).attention)


@look_back.register
@torch.inference_mode()
def _(
    layer: RotaryLayer, i: int, *, token_counts: np.ndarray | torch.Tensor | None = None
) -> pd.DataFrame:
    check_position(layer, i)
    bias = distance_bias(layer, token_counts=token_counts)
    table = _table(layer, i, _by_position(layer, bias, i))
    return table.assign(distance_share=bias.share.numpy())


def _by_position(layer: RotaryLayer, bias: DistanceBias, i: int) -> torch.Tensor:
    """The attention of i that follows from the means, (H, i + 1); 0 behind a window."""
    seen = bias.attention(i + 1 - layer.first_visible(i)).flip(1)
    return torch.nn.functional.pad(seen, (layer.first_visible(i), 0))


def _table(layer: AnyLayer, i: int, attention: torch.Tensor) -> pd.DataFrame:
    return pd.DataFrame(
        {"head": np.arange(layer.n_heads), **masses(attention, i, is_causal=layer.is_causal)}
    )
