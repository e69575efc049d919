"""Areas under ROC curves with weighted positives, of many rows of scores at once."""

from dataclasses import dataclass

import numpy as np
import torch

from detok.counting.counts import Counts
from detok.heads.ranks import Ranks
from detok.heads.weights import Weights

# The best scores of a row, among which positives are counted.
TOP = 10


@dataclass(frozen=True, eq=False)
class Positives:
    """The observed predecessors of R current tokens, one token after another: P in all."""

    row: np.ndarray  # (P,) which of the R tokens
    past: np.ndarray  # (P,)
    weight: np.ndarray  # (P,) how often
    n: np.ndarray  # (R,) how many

    @classmethod
    def of(cls, counts: Counts, tokens: np.ndarray) -> "Positives":
        """Looks the predecessors of the tokens (R,) up in the counts."""
        rows = [counts.row(t) for t in tokens]
        n = np.array([len(past) for past, _ in rows])
        past, weight = (np.concatenate(parts) for parts in zip(*rows, strict=True))
        return cls(np.repeat(np.arange(len(rows)), n), past, weight, n)


def areas_by_ranks(
    scores: np.ndarray, positives: Positives, ranks: Ranks
) -> tuple[np.ndarray, np.ndarray]:
    """The area of each row of scores (R, V), and how many of its TOP best are positives: both (R,).

    The area is the chance that a positive scores higher than a negative, drawn by weight, where a
    tie counts half; NaN without a positive, or without a negative. The way for CPUs.
    """
    R, V = scores.shape
    row, n = positives.row, positives.n
    below, at_most, higher = ranks(scores, row, positives.past)  # (P,)
    known = np.bincount(row[higher < TOP], minlength=R)
    # Twice the negatives that each is above, so that a tie is half of one.
    above = below + at_most  # (P,)
    won = np.bincount(row, above * positives.weight.astype(np.float64), minlength=R)
    pairs = np.bincount(row, positives.weight, minlength=R) * (V - n)
    with np.errstate(invalid="ignore"):  # 0 / 0 where there is no area
        return won / pairs / 2, known.clip(max=TOP)


def pair_areas_by_ranks(
    scores: np.ndarray, positives: Positives, weights: np.ndarray, below: Weights
) -> np.ndarray:
    """The area of each row of scores (R, V) against all of its tokens by weight, (R,).

    It is the chance that a positive scores higher than a token drawn by `weights`, which are the
    same in each of their rows (R or more, V), where a tie counts half; NaN without a positive, or
    without weight. The way for CPUs.
    """
    row = positives.row
    above = below(scores, row, positives.past, weights)  # (P,), twice the weight
    won = np.bincount(row, above * positives.weight, minlength=len(scores))
    pairs = np.bincount(row, positives.weight, minlength=len(scores)) * weights[0].sum()
    with np.errstate(invalid="ignore"):  # 0 / 0 where there is no area
        return won / pairs / 2


class _Search:
    """The scores of the positives of R rows in order, among which any other score is searched for.

    The way for GPUs: no sort of V scores, no step a token. Rows have to have about as many
    positives, for they are padded to the longest.
    """

    def __init__(self, scores: torch.Tensor, positives: Positives) -> None:
        row, past, weight = (
            torch.from_numpy(a).to(scores.device)
            for a in (positives.row, positives.past, positives.weight)
        )
        self.n = torch.from_numpy(positives.n).to(scores.device)  # (R,)
        R, width = len(scores), int(positives.n.max(initial=0))
        starts = (self.n.cumsum(0) - self.n)[row]  # (P,)
        place = torch.arange(len(row), device=scores.device) - starts  # (P,)
        padded = torch.full((R, width), torch.inf, dtype=scores.dtype, device=scores.device)
        padded[row, place] = scores[row, past]
        weights = torch.zeros(R, width + 1, dtype=torch.float64, device=scores.device)
        weights[row, place + 1] = weight.double()
        self.padded, order = padded.sort(dim=1)  # (R, width)
        weights[:, 1:] = weights[:, 1:].gather(1, order)
        # The weight of the positives before each place. Sums of integers: exact in float64.
        self.below = weights.cumsum(dim=1)  # (R, width + 1)
        self.real = torch.arange(width, device=scores.device) < self.n[:, None]  # (R, width)

    @property
    def weight(self) -> torch.Tensor:
        """The weight of all positives of each row, (R,)."""
        return self.below[:, -1]

    def lost(self, values: torch.Tensor, weights: torch.Tensor | None = None) -> torch.Tensor:
        """Twice the weight of the positives that each value (R, m) is above, summed: (R,).

        A tie counts half. With weights (m,) the sum is weighted.
        """

        def total(right: bool) -> torch.Tensor:
            place = torch.searchsorted(self.padded, values, right=right)
            below = self.below.gather(1, place)  # (R, m)
            return below.sum(dim=1) if weights is None else below @ weights

        return total(False) + total(True)


@torch.inference_mode()
def areas_by_search(
    scores: torch.Tensor, positives: Positives
) -> tuple[torch.Tensor, torch.Tensor]:
    """What `areas_by_ranks` finds, with each of the V scores searched for among the positives."""
    V = scores.shape[1]
    search = _Search(scores, positives)
    of_positives = torch.zeros_like(search.weight)
    if search.padded.shape[1]:
        of_positives = search.lost(search.padded.masked_fill(~search.real, -torch.inf))
    pairs = search.weight * (V - search.n)
    area = 1 - (search.lost(scores) - of_positives) / pairs / 2
    threshold = scores.topk(min(TOP, V), dim=1).values[:, -1:]  # (R, 1)
    known = ((search.padded >= threshold) & search.real).sum(dim=1).clamp(max=TOP)
    return area, known


@torch.inference_mode()
def pair_areas_by_search(
    scores: torch.Tensor, positives: Positives, weights: torch.Tensor
) -> torch.Tensor:
    """What `pair_areas_by_ranks` finds, with weights (V,) and searches as `areas_by_search`."""
    search = _Search(scores, positives)
    return 1 - search.lost(scores, weights) / (search.weight * weights.sum()) / 2
