"""What heads know about pairs of tokens, beyond how common each token is by itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from detok.counting.counts import Counts
from detok.display import Displayed
from detok.heads.areas import pair_areas_by_ranks, pair_areas_by_search
from detok.heads.sweep import Block, checked_tokens, sweep
from detok.heads.weights import Weights
from detok.model.any_layer import AnyLayer

# A pair seen less often may be a coincidence, or a misprint.
LEAST_SEEN = 10


@dataclass(frozen=True, eq=False, repr=False)
class PairAuroc(
    Displayed,
    then=(
        "pairs.mean()",
        "pairs.share_in_first(3)",
        "detok.pair_summary(pairs, counts)",
        "detok.draw.pair_auroc(pairs, counts, baselines)",
    ),
):
    """The pair AUROC of T^ee by head and current token, and where the true predecessor ranks."""

    tokens: np.ndarray  # (n,) int64, the current tokens i
    n_past: np.ndarray  # (n,) int64, how many different tokens the counts have before i
    weight: np.ndarray  # (n,) int64, c(i): how often i occurs
    best: np.ndarray  # (n,) int64, the true predecessor of i, as `best_predecessors`; −1 for none
    area: np.ndarray  # (H, n) float64; NaN where there is none
    rank: np.ndarray  # (H, n) int32, of the true predecessor among all V by T^ee, from 1; 0: none

    @property
    def has_area(self) -> np.ndarray:
        """Which tokens have a pair AUROC, (n,): those with a predecessor."""
        return ~np.isnan(self.area).any(axis=0)

    @property
    def has_best(self) -> np.ndarray:
        """Which tokens have a true predecessor, (n,)."""
        return self.best >= 0

    def mean(self) -> np.ndarray:
        """The mean by head over the tokens that have an area, weighted by c(i): (H,).

        It is the pair AUROC at a random place of the counted texts. 1/2 is a head that knows how
        common tokens are and nothing about pairs; NaN is the mean of none.
        """
        return self._mean(self.weight[self.has_area].astype(float))

    def unweighted_mean(self) -> np.ndarray:
        """The mean by head over the tokens that have an area, each counted once: (H,).

        Most tokens are rare, and have predecessors that are rarer or more common than on average in
        the texts, so that here 1/2 is not what a head without knowledge of pairs has.
        """
        return self._mean(np.ones(int(self.has_area.sum())))

    def _mean(self, weight: np.ndarray) -> np.ndarray:
        area = self.area[:, self.has_area]  # (H, tokens with an area)
        total = weight.sum()
        return area @ weight / total if total else np.full(len(area), np.nan)

    def in_first(self, k: int) -> np.ndarray:
        """Whether each head has the true predecessor among its first k, (H, n) bool."""
        return (self.rank > 0) & (self.rank <= k)

    def share_in_first(self, k: int) -> np.ndarray:
        """How often it has, by head, over the tokens with a true predecessor: (H,)."""
        first = self.in_first(k)[:, self.has_best]
        return first.mean(axis=1) if first.shape[1] else np.full(len(first), np.nan)

    def share_of_any(self, k: int) -> float:
        """How often at least one head has the true predecessor among its first k."""
        first = self.in_first(k)[:, self.has_best].any(axis=0)
        return float(first.mean()) if len(first) else np.nan

    def at(self, places: np.ndarray) -> "PairAuroc":
        """The same for some of the tokens, or for some of them several times."""
        of_tokens = {name: getattr(self, name)[places] for name in ("tokens", "n_past", "weight")}
        by_head = {name: getattr(self, name)[:, places] for name in ("area", "rank")}
        return replace(self, best=self.best[places], **of_tokens, **by_head)


@torch.inference_mode()
def pair_auroc(
    layer: AnyLayer,
    counts: Counts,
    tokens: Sequence[int] | np.ndarray | torch.Tensor | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> PairAuroc:
    """The chance that a true predecessor of i scores higher than a token drawn from the corpus.

    For each current token i (None: all V) the positives are the past tokens j that `counts` has
    before i, weighted by c(j, i); the background is all tokens, weighted by their own count c(j).
    With learned positions σ of each token is its mean over all of them, with rotary ones T^ee is
    that at distance 1. Exact, with ties counted half; a token without a
    predecessor has none. Beyond the paper: frequency cannot fake it, as it can `auroc`.

    Averaged with weight c(i), any score that does not depend on i has exactly 1/2 if every
    occurrence of a token is in one pair as the past one, and in one as the current: because
    Σ_i c(j, i) = c(j). The last token of a document is in no pair as the past one, the first in
    none as the current one, and pairs may have been pruned from the counts; so much is the mean
    off 1/2. `auroc_baselines` says how much that is.

    `progress` is called with the tokens done and their total; an exception it raises cancels.

    Raises: InputError for a token out of range, or counts of another vocabulary size.
    """
    ids = checked_tokens(layer, counts, tokens)  # (n,)
    H, n = layer.n_heads, len(ids)
    table = PairAuroc(
        tokens=ids,
        n_past=np.diff(counts.offsets)[ids],
        weight=counts.tokens[ids],
        best=best_predecessors(counts, ids),
        area=np.full((H, n), np.nan),
        rank=np.zeros((H, n), dtype=np.int32),
    )
    sweep(layer, counts, ids, _PairAreas(layer, counts, table), progress)
    return table


def best_predecessors(counts: Counts, tokens: np.ndarray, least: int = LEAST_SEEN) -> np.ndarray:
    """The true predecessor of each of the tokens (n,): (n,) int64, −1 for a token that has none.

    It is the past token with the largest pointwise mutual information, log c(j, i) N / (c(j) c(i)),
    among those seen at least so often before i; of equal ones that seen more often before it.
    """
    wanted = np.zeros(counts.vocab_size, dtype=bool)
    wanted[tokens] = True
    sizes = np.diff(counts.offsets)
    kept = np.flatnonzero((counts.pair_counts >= least) & np.repeat(wanted, sizes))
    past, seen = counts.past[kept].astype(np.int64), counts.pair_counts[kept].astype(np.int64)
    current = np.searchsorted(counts.offsets, kept, side="right") - 1
    # For one i the order is that of c(j, i) / c(j).
    order = np.lexsort((past, -seen, -seen / np.maximum(counts.tokens[past], 1), current))
    of, first = np.unique(current[order], return_index=True)
    best = np.full(counts.vocab_size, -1, dtype=np.int64)
    best[of] = past[order][first]
    return best[tokens]


class _PairAreas:
    """What a `PairAuroc` keeps of each block of scores."""

    def __init__(self, layer: AnyLayer, counts: Counts, table: PairAuroc) -> None:
        self.table = table
        background = counts.tokens.astype(np.float64)  # (V,)
        background[layer.holes.cpu().numpy()] = 0
        self.background = torch.from_numpy(background)
        self.repeated = np.empty((0, len(background)))

    def memory(self, n_rows: int, width: int, dtype: np.dtype) -> Weights:
        if len(self.repeated) < n_rows:
            self.repeated = np.tile(self.background.numpy(), (n_rows, 1))  # (n_rows, V)
        return Weights(n_rows, width, dtype)

    def on_cpu(self, block: Block, memory: Weights) -> None:
        if len(block.positives.row):
            rows = block.scores.numpy()
            area = pair_areas_by_ranks(rows, block.positives, self.repeated, memory)
            self._keep(block, area)

    def on_gpu(self, block: Block) -> None:
        if len(block.positives.row):
            weights = self.background.to(block.scores.device)
            area = pair_areas_by_search(block.scores, block.positives, weights)
            self._keep(block, area.cpu().numpy())

    def _keep(self, block: Block, area: np.ndarray) -> None:
        self.table.area[block.head, block.columns] = area
        columns = block.columns[self.table.best[block.columns] >= 0]
        if not len(columns):
            return
        row = torch.from_numpy(np.flatnonzero(self.table.best[block.columns] >= 0))
        row = row.to(block.scores.device)
        best = torch.from_numpy(self.table.best[columns]).to(block.scores.device)
        # A block at most: the rows of those without a true predecessor are compared for nothing.
        own = torch.full_like(block.scores[:, :1], torch.inf)  # (R, 1)
        own[row, 0] = block.scores[row, best]
        higher = (block.scores > own).sum(dim=1)  # (R,)
        self.table.rank[block.head, columns] = 1 + higher[row].cpu().numpy()
