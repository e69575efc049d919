"""How well T^ee tells observed predecessors from unobserved: the paper's measure (§4.2)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from detok.counting.counts import Counts
from detok.display import Displayed
from detok.errors import InputError
from detok.heads.areas import areas_by_ranks, areas_by_search
from detok.heads.ranks import Ranks
from detok.heads.sweep import Block, checked_tokens, sweep
from detok.model.any_layer import AnyLayer

Convention = Literal["paper", "authors"]


@dataclass(frozen=True, eq=False, repr=False)
class Auroc(Displayed, then=("found.mean()", "detok.auroc_summary(found, counts)")):
    """The area under the ROC curve of T^ee by head and current token, and what comes with it."""

    tokens: np.ndarray  # (n,) int64, the current tokens i
    n_past: np.ndarray  # (n,) int64, how many different tokens the counts have before i
    area: np.ndarray  # (H, n) float64; NaN where there is none
    known: np.ndarray  # (H, n) uint8, how many of the TOP best past tokens the counts have before i
    itself: np.ndarray  # (H, n) bool, whether no past token scores higher than i itself

    @property
    def has_area(self) -> np.ndarray:
        """Which tokens have an AUROC, (n,): those with a predecessor, but not with all V."""
        return ~np.isnan(self.area).any(axis=0)

    @property
    def n_left_out(self) -> int:
        """How many tokens have no AUROC."""
        return int((~self.has_area).sum())

    def at(self, places: np.ndarray) -> "Auroc":
        """The same for some of the tokens, or for some of them several times."""
        by_head = (table[:, places] for table in (self.area, self.known, self.itself))
        return Auroc(self.tokens[places], self.n_past[places], *by_head)

    def mean(self, convention: Convention = "paper") -> np.ndarray:
        """The mean over the tokens by head, (H,), as in Fig. 2-D.

        By the "paper", tokens without an AUROC are left out, and NaN is the mean of none; in the
        "authors"' published script they count as 0.

        Raises: InputError for another convention.
        """
        if convention not in ("paper", "authors"):
            raise InputError(f"the convention is {convention!r}; expected 'paper' or 'authors'")
        total = np.nansum(self.area, axis=1)  # (H,)
        n = len(self.tokens) - (self.n_left_out if convention == "paper" else 0)
        return total / n if n else np.full_like(total, np.nan)


@torch.inference_mode()
def auroc(
    layer: AnyLayer,
    counts: Counts,
    tokens: Sequence[int] | np.ndarray | torch.Tensor | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Auroc:
    """Area under the ROC curve of T^ee, by head and current token: the paper's measure (§4.2).

    For each current token i (None: all V) the positives are the past tokens j that `counts` has
    before i, weighted by how often; the negatives, each of weight 1, are all others of the
    vocabulary. σ of each token is its mean over all positions. Exact, with ties counted half; a
    token without a positive, or without a negative, has none. Pairs that were pruned from the
    counts are negatives.

    Random scores have 0.5, but scores that know only how common a token is have far more, for
    common tokens precede nearly everything: `auroc_baselines` says how much, and `pair_auroc`
    measures what is beyond that.

    `progress` is called with the tokens done and their total; an exception it raises cancels.

    Raises: InputError for a token out of range, or counts of another vocabulary size.
    """
    ids = checked_tokens(layer, counts, tokens)  # (n,)
    H, n = layer.n_heads, len(ids)
    table = Auroc(
        tokens=ids,
        n_past=np.diff(counts.offsets)[ids],
        area=np.full((H, n), np.nan),
        known=np.zeros((H, n), dtype=np.uint8),
        itself=np.zeros((H, n), dtype=bool),
    )
    sweep(layer, counts, ids, _Areas(table), progress)
    if len(layer.holes):
        leave_out(len(layer.holes), layer.vocab_size - table.n_past, table.area)
    return table


def leave_out(n: int, n_negative: np.ndarray, area: np.ndarray) -> None:
    """Takes n negatives that score below everything out of areas (…, n), means over negatives."""
    n_negative = n_negative.astype(float)  # (n,)
    left = n_negative - n
    with np.errstate(divide="ignore", invalid="ignore"):
        area[:] = np.where(left > 0, (area * n_negative - n) / left, np.nan)


class _Areas:
    """What an `Auroc` keeps of each block of scores."""

    def __init__(self, table: Auroc) -> None:
        self.table = table

    def memory(self, n_rows: int, width: int, dtype: np.dtype) -> Ranks:
        return Ranks(n_rows, width, dtype)

    def on_cpu(self, block: Block, memory: Ranks) -> None:
        self._see_itself(block)
        if len(block.positives.row):
            self._keep(block, *areas_by_ranks(block.scores.numpy(), block.positives, memory))

    def on_gpu(self, block: Block) -> None:
        self._see_itself(block)
        if len(block.positives.row):
            area, known = areas_by_search(block.scores, block.positives)
            self._keep(block, area.cpu().numpy(), known.cpu().numpy())

    def _see_itself(self, block: Block) -> None:
        own = block.scores.gather(1, block.ids[:, None])[:, 0]  # (R,)
        itself = own >= block.scores.amax(dim=1)
        self.table.itself[block.head, block.columns] = itself.cpu().numpy()

    def _keep(self, block: Block, area: np.ndarray, known: np.ndarray) -> None:
        self.table.area[block.head, block.columns] = area
        self.table.known[block.head, block.columns] = known
