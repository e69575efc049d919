"""Areas under ROC curves with weighted positives, of many rows of scores at once."""

from dataclasses import dataclass

import numpy as np
import torch

from detok.counting.counts import Counts
from detok.heads.ranks import Ranks

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


@torch.inference_mode()
def areas_by_search(
    scores: torch.Tensor, positives: Positives
) -> tuple[torch.Tensor, torch.Tensor]:
    """What `areas_by_ranks` finds, with each of the V scores searched for among the positives.

    The way for GPUs: no sort of V scores, no step a token. Rows have to have about as many
    positives, for they are padded to the longest.
    """
    R, V = scores.shape
    row, past, weight = (
        torch.from_numpy(a).to(scores.device)
        for a in (positives.row, positives.past, positives.weight)
    )
    n = torch.from_numpy(positives.n).to(scores.device)  # (R,)
    width = int(positives.n.max(initial=0))
    place = torch.arange(len(row), device=scores.device) - (n.cumsum(0) - n)[row]  # (P,)
    padded = torch.full((R, width), torch.inf, dtype=scores.dtype, device=scores.device)
    padded[row, place] = scores[row, past]
    weights = torch.zeros(R, width + 1, dtype=torch.float64, device=scores.device)
    weights[row, place + 1] = weight.double()
    padded, order = padded.sort(dim=1)
    weights[:, 1:] = weights[:, 1:].gather(1, order)
    below = weights.cumsum(dim=1)  # (R, width + 1), the weight of the positives before each place

    def lost(values: torch.Tensor) -> torch.Tensor:
        """Twice the weight of the positives that each value (R, m) is above, summed: (R,)."""
        left = torch.searchsorted(padded, values)
        total = below.gather(1, left).sum(dim=1)
        right = torch.searchsorted(padded, values, right=True)
        return total + below.gather(1, right).sum(dim=1)

    # Sums of integers: exact in float64.
    real = torch.arange(width, device=scores.device) < n[:, None]  # (R, width)
    of_positives = torch.zeros_like(below[:, 0])
    if width:
        inside = padded.masked_fill(~real, -torch.inf)  # those add nothing
        of_positives = lost(inside)
    pairs = below[:, -1] * (V - n)
    area = 1 - (lost(scores) - of_positives) / pairs / 2
    threshold = scores.topk(min(TOP, V), dim=1).values[:, -1:]  # (R, 1)
    known = ((padded >= threshold) & real).sum(dim=1).clamp(max=TOP)
    return area, known
