"""What scores that know nothing about pairs reach in the measures of heads."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from detok.counting.counts import Counts
from detok.display import Displayed
from detok.heads.areas import TOP, Positives
from detok.heads.auroc import Auroc
from detok.heads.pair_auroc import PairAuroc, best_predecessors
from detok.heads.sweep import checked_tokens
from detok.model.any_layer import AnyLayer
from detok.model.layernorm import wide_type

# Current tokens at a time: their pairs are sorted once a score.
BLOCK = 4096


@dataclass(frozen=True, eq=False, repr=False)
class Baselines(Displayed):
    """Both measures of 1 + H scores that are the same for every i, in place of the H heads.

    The first is the count of token j; the others are the part of each head's T^ee that its queries
    share, q̄ · k_j / σ_j, with q̄ the mean of q_i / σ_i over the counted texts.
    """

    auroc: Auroc  # its areas are (1 + H, n)
    pair: PairAuroc  # (1 + H, n)

    def at(self, places: np.ndarray) -> "Baselines":
        """The same for some of the tokens, or for some of them several times."""
        return Baselines(self.auroc.at(places), self.pair.at(places))


@torch.inference_mode()
def shared_scores(layer: AnyLayer, counts: Counts) -> torch.Tensor:
    """The part of T^ee that does not depend on i, (H, V): what a head prefers before any token."""
    count = torch.tensor(counts.tokens, dtype=wide_type(layer.device), device=layer.device)  # (V,)
    mean = layer.at_neighbour(layer.mean_query(count / count.sum().clamp(min=1)))  # (H, d')
    scores = []
    for head in range(layer.n_heads):
        keys, divisor = layer.neighbour_keys(head)
        scores.append(mean[head] @ keys.mT / divisor)  # (V,)
    return torch.stack(scores)


def auroc_baselines(
    layer: AnyLayer,
    counts: Counts,
    tokens: Sequence[int] | np.ndarray | torch.Tensor | None = None,
) -> Baselines:
    """`auroc` and `pair_auroc` of frequency alone, and of the part of T^ee that all i share.

    A head has to be seen against them: what they reach takes no knowledge of pairs. Exact, with one
    ranking of the vocabulary a score.

    Raises: InputError for a token out of range, or counts of another vocabulary size.
    """
    ids = checked_tokens(layer, counts, tokens)  # (n,)
    shared = shared_scores(layer, counts).cpu().double().numpy()
    scores = np.concatenate([counts.tokens[None].astype(float), shared])  # (1 + H, V)
    holes = layer.holes.cpu().numpy()
    rankings = [_Ranking(row, counts, holes) for row in scores]
    n_scores, n = len(scores), len(ids)
    n_past, best = np.diff(counts.offsets)[ids], best_predecessors(counts, ids)
    area, pair_area = np.full((2, n_scores, n), np.nan)
    known, itself = np.zeros((n_scores, n), np.uint8), np.zeros((n_scores, n), bool)
    for start in range(0, n, BLOCK):
        part = slice(start, start + BLOCK)
        positives = Positives.of(counts, ids[part])
        for score, ranking in enumerate(rankings):
            area[score, part] = ranking.areas(positives)
            pair_area[score, part] = ranking.pair_areas(positives)
            known[score, part] = ranking.known(positives)
            itself[score, part] = ranking.higher[ids[part]] == 0
    rank = np.array([np.where(best >= 0, 1 + r.higher[best], 0) for r in rankings])
    weight = counts.tokens[ids]
    return Baselines(
        Auroc(ids, n_past, area, known, itself),
        PairAuroc(ids, n_past, weight, best, pair_area, rank.astype(np.int32)),
    )


class _Ranking:
    """One score of every token, which is the same for all current tokens."""

    def __init__(self, scores: np.ndarray, counts: Counts, holes: np.ndarray) -> None:
        scores = scores.copy()
        scores[holes] = -np.inf
        _, self.ordinal = np.unique(scores, return_inverse=True)  # (V,)
        there = np.ones(len(scores))
        there[holes] = 0
        background = counts.tokens * there
        self.n, self.total = there.sum(), background.sum()
        # Twice the tokens below each, and their weight, so that a tie is half of one.
        self.above, at_most = self._below(there)
        self.weight_above, _ = self._below(background)
        self.higher = (self.n - at_most).astype(np.int64)  # (V,), tokens above each

    def _below(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Twice the weight below each token plus that of its equals, and what is at most it."""
        sums = np.bincount(self.ordinal, weights)  # by ordinal
        at_most = np.cumsum(sums)
        return (2 * at_most - sums)[self.ordinal], at_most[self.ordinal]

    def pair_areas(self, positives: Positives) -> np.ndarray:
        """`pair_areas_by_ranks`, (R,)."""
        won = self._sums(positives, self.weight_above[positives.past])
        with np.errstate(invalid="ignore"):
            return won / (self._sums(positives) * self.total) / 2

    def areas(self, positives: Positives) -> np.ndarray:
        """The areas of `areas_by_ranks`, without holes: (R,)."""
        others = self.above[positives.past] - self._positives_above(positives)
        won = self._sums(positives, others)
        with np.errstate(invalid="ignore"):
            return won / (self._sums(positives) * (self.n - positives.n)) / 2

    def known(self, positives: Positives) -> np.ndarray:
        """How many of the TOP best are positives, (R,)."""
        first = positives.row[self.higher[positives.past] < TOP]
        return np.bincount(first, minlength=len(positives.n)).clip(max=TOP)

    def _positives_above(self, positives: Positives) -> np.ndarray:
        """Twice the positives of its row below each, plus those equal to it and itself: (P,)."""
        code = positives.row * len(self.ordinal) + self.ordinal[positives.past]
        order = np.argsort(code)
        ordered = code[order]
        starts = (np.cumsum(positives.n) - positives.n)[positives.row]
        is_first = np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
        run = np.cumsum(is_first) - 1  # which run of equals
        edges = np.append(np.flatnonzero(is_first), len(ordered))
        twice = np.empty(len(code), dtype=np.int64)
        twice[order] = edges[:-1][run] + edges[1:][run]
        return twice - 2 * starts

    def _sums(self, positives: Positives, values: np.ndarray | float = 1.0) -> np.ndarray:
        """Values of the positives by row, weighted by how often: (R,)."""
        return np.bincount(positives.row, values * positives.weight, minlength=len(positives.n))
