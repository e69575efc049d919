"""What the first layer does with distance, whatever the tokens: a bias toward close ones (§5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral

import numpy as np
import torch

from detok.display import Displayed
from detok.errors import InputError
from detok.model.inputs import check_amount
from detok.model.rotary_layer import RotaryLayer
from detok.scores.distance_curve import DistanceCurve, check_distances, check_rotary
from detok.scores.positions import ROUNDING
from detok.scores.sight import Sight
from detok.scores.specific import token_weights

# Distances that are looked at unless others are asked for.
N_DISTANCES = 128


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class DistanceBias(Displayed, then=("bias.mean.total.at(bias.distances)", "bias.attention(64)")):
    """The terms over distances, averaged over pairs of tokens drawn alone; unscaled.

    Both tokens of a pair are drawn, independently, from the same `tokens`; mean and spread are
    exact over all pairs of these. T^bb, if there is one, has no spread.
    """

    mean: DistanceCurve
    distances: list[int]
    std: dict[str, torch.Tensor]  # by term, (H, n) over the distances, float64 on the CPU
    # (H,), of the variance of whole scores along a row, over past tokens and distances, what the
    # mean score of each distance has; NaN where scores do not vary.
    share: torch.Tensor
    amplitude: torch.Tensor  # (H, M), of the waves of T^ee, root mean square over these pairs
    tokens: torch.Tensor  # those drawn, on the CPU
    sight: Sight

    def attention(self, n: int) -> torch.Tensor:
        """What follows from the means: the attention to the last n tokens by distance, (H, n).

        Raises: InputError if n is not at least 1, or more than the window.
        """
        most = n if self.sight.window is None else self.sight.window
        if not isinstance(n, Integral) or not 1 <= n <= most:
            raise InputError(f"n is {n}; expected at least 1, and at most the window, if any")
        scores = self.mean.total.at(range(n)) / self.mean.scale  # (H, n)
        return self.sight.capped(scores).softmax(dim=-1)


@torch.inference_mode()
def distance_bias(
    layer: RotaryLayer,
    distances: Sequence[int] | None = None,
    *,
    token_counts: np.ndarray | torch.Tensor | None = None,
    n_drawn: int = 2048,
    seed: int = 0,
) -> DistanceBias:
    """T^bb(Δ), and the mean and spread of the other terms over tokens drawn by how common they are.

    `distances` are the first 128 unless given. `n_drawn` tokens are drawn with replacement by
    `token_counts` (V,) such as `Counts.tokens`, the same for the same seed; without counts all
    tokens are alike.

    Means need no pairs, because the mean of a product of independent vectors is that of their
    means. Nor do spreads: the mean of T² is the product of the second moments of both vectors.

    Raises: InputError for a layer with learned positions, a distance at which no token sees
    another, counts that are not V finite numbers from 0 on, or no token to be drawn.
    """
    check_rotary(layer)
    chosen = check_distances(layer, distances, N_DISTANCES)
    check_amount("n_drawn", n_drawn)
    weights = token_weights(layer, token_counts).cpu().double().numpy()
    drawn = np.random.default_rng(seed).choice(len(weights), n_drawn, p=weights / weights.sum())
    tokens = torch.from_numpy(drawn).to(layer.device)
    q, k = layer.queries(tokens).cpu().double(), layer.keys(tokens).cpu().double()  # (H, n, d')
    mean = DistanceCurve.of(layer, q.mean(dim=1), k.mean(dim=1), list(range(layer.n_heads)))

    def moment(vectors: torch.Tensor | None, bias: torch.Tensor | None) -> dict[str, torch.Tensor]:
        parts = {"e": vectors, "b": None if bias is None else bias.cpu().double()[:, None]}
        return {name: p.mT @ p / p.shape[1] for name, p in parts.items() if p is not None}

    of_i, of_j = moment(q, layer.b_Q), moment(k, layer.b_K)  # (H, d', d')
    std = {}
    for i, j in (name for name in layer.term_names if name != "bb"):
        squares = [_mean_square(layer, of_i[i], of_j[j], distance) for distance in chosen]
        means = getattr(mean, i + j).at(chosen)  # (H, n)
        std[i + j] = (torch.stack(squares, dim=1) - means.square()).clamp(min=0).sqrt()
    return DistanceBias(
        mean=mean,
        distances=chosen,
        std=std,
        share=_share(layer, q, k, chosen),
        amplitude=(_power(q) * _power(k)).sqrt()[:, layer.theta > 0],
        tokens=tokens.cpu(),
        sight=Sight.of(layer),
    )


def _share(
    layer: RotaryLayer, q: torch.Tensor, k: torch.Tensor, distances: list[int]
) -> torch.Tensor:
    """How much of what softmax sees in a row is of the distance alone: (H,), from 0 to 1.

    `q` and `k` (H, n, d') are of the tokens drawn, without biases. Softmax does not see what is the
    same along a row: the mean over past tokens and distances, of which each token i has its own.
    """
    q = q if layer.b_Q is None else q + layer.b_Q.cpu().double()[:, None]
    k = k if layer.b_K is None else k + layer.b_K.cpu().double()[:, None]
    of_i, of_j = (x.mT @ x / x.shape[1] for x in (q, k))  # (H, d', d')
    mean_q, mean_k = q.mean(dim=1), k.mean(dim=1)  # (H, d')
    keys = torch.stack([layer.turned(mean_k, -distance) for distance in distances], dim=1)
    means = (keys @ mean_q[:, :, None])[:, :, 0]  # (H, distances)
    squares = [_mean_square(layer, of_i, of_j, distance) for distance in distances]  # (H,) each
    mean_key = keys.mean(dim=1)[:, None]  # (H, 1, d')
    of_rows = (mean_key @ of_i @ mean_key.mT)[:, 0, 0]  # (H,), the mean of a row, squared
    lost = _lost(layer, distances)  # (H, distances)
    along = torch.stack(squares).mean(dim=0) - of_rows + (lost * (lost - 2 * means)).mean(dim=1)
    by_distance = (means - lost).var(dim=1, correction=0)
    is_level = along <= ROUNDING * of_rows
    return (by_distance / along).clamp(max=1).masked_fill(is_level, torch.nan)


def _lost(layer: RotaryLayer, distances: list[int]) -> torch.Tensor:
    """What scores lose at each distance, less the mean over these: (H, distances)."""
    away = torch.tensor(distances, dtype=torch.float64)
    slopes = torch.zeros(layer.n_heads) if layer.slopes is None else layer.slopes
    return slopes.cpu().double()[:, None] * (away - away.mean())


def _power(vectors: torch.Tensor) -> torch.Tensor:
    """The mean squared length of each turned pair of coordinates of vectors (H, n, d'): (H, d'/2).

    A wave's amplitude is the product of such lengths of a query and of a key.
    """
    x, y = vectors.chunk(2, dim=-1)
    return (x.square() + y.square()).mean(dim=1)


def _mean_square(
    layer: RotaryLayer, of_i: torch.Tensor, of_j: torch.Tensor, distance: int
) -> torch.Tensor:
    """The mean of (q R(Δ) kᵀ)² over independent q and k of these second moments: (H,)."""
    turned = layer.turned(layer.turned(of_i, distance).mT, distance)  # (H, d', d'), both sides
    return (turned * of_j).sum(dim=(1, 2))
