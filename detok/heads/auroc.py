"""Which heads detokenize: how well T^ee tells observed predecessors from unobserved (§4.2)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import torch

from detok.counting.counts import Counts
from detok.errors import InputError
from detok.heads.areas import Positives, areas_by_ranks, areas_by_search
from detok.heads.ranks import Ranks
from detok.model.layer import Layer
from detok.model.threads import n_threads, side_by_side

Convention = Literal["paper", "authors"]
# Current tokens at a time.
BLOCK, BLOCK_GPU = 128, 512
# Scores that a thread ranks at once: they stay in a large cache.
RANKED = 1 << 21


@dataclass(frozen=True, eq=False)
class Auroc:
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

    def mean(self, convention: Convention = "paper") -> np.ndarray:
        """The mean over the tokens by head, (H,): how well a head detokenizes (Fig. 2-D).

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
    layer: Layer,
    counts: Counts,
    tokens: Sequence[int] | np.ndarray | torch.Tensor | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Auroc:
    """Area under the ROC curve of T^ee, by head and current token: 0.5 for a head blind to pairs.

    For each current token i (None: all V) the positives are the past tokens j that `counts` has
    before i, weighted by how often; the negatives, each of weight 1, are all others of the
    vocabulary. σ of each token is its mean over all positions. Exact, with ties counted half; a
    token without a positive, or without a negative, has none. Pairs that were pruned from the
    counts are negatives.

    `progress` is called with the tokens done and their total; an exception it raises cancels.

    Raises: InputError for a token out of range, or counts of another vocabulary size.
    """
    if counts.vocab_size != layer.vocab_size:
        raise InputError(
            f"the counts have a vocabulary of {counts.vocab_size} tokens; expected "
            f"V = {layer.vocab_size}, the vocabulary of this model"
        )
    chosen = range(layer.vocab_size) if tokens is None else tokens
    ids = np.array([layer.token_id(int(t)) for t in chosen], dtype=np.int64)  # (n,)
    H, n = layer.n_heads, len(ids)
    table = Auroc(
        tokens=ids,
        n_past=np.diff(counts.offsets)[ids],
        area=np.full((H, n), np.nan),
        known=np.zeros((H, n), dtype=np.uint8),
        itself=np.zeros((H, n), dtype=bool),
    )
    on_gpu = layer.device.type == "cuda"
    size = BLOCK_GPU if on_gpu else BLOCK
    fill = _fill_on_gpu if on_gpu else _Cpu(layer).fill
    # Tokens with about as many predecessors go together: those with none need no ranks.
    order = np.argsort(table.n_past, kind="stable")
    for start in range(0, n, size):
        if progress is not None:
            progress(start, n)
        fill(layer, counts, table, order[start : start + size])
    if len(layer.holes):
        _leave_out(len(layer.holes), layer.vocab_size, table)
    if progress is not None:
        progress(n, n)
    return table


def _put_last(scores: torch.Tensor, holes: torch.Tensor) -> None:
    """Gives columns of (R, V) a score below all others; ranks would make nothing of −∞."""
    if len(holes):
        least = scores.amin(dim=1, keepdim=True)  # (R, 1)
        scores[:, holes] = least - least.abs() - 1


def _leave_out(n: int, vocab_size: int, table: Auroc) -> None:
    """Takes n negatives that score below everything out of the areas, which are means over them."""
    n_negative = (vocab_size - table.n_past).astype(float)  # (n,)
    left = n_negative - n
    with np.errstate(divide="ignore", invalid="ignore"):
        table.area[:] = np.where(left > 0, (table.area * n_negative - n) / left, np.nan)


class _Cpu:
    """Blocks of an `Auroc` on the CPU, in several threads, with memory that all blocks share."""

    def __init__(self, layer: Layer) -> None:
        V, n = layer.vocab_size, n_threads()
        self.sigma = layer.moments.token_mean.cpu()  # (V,)
        self.holes = layer.holes.cpu()
        # Each thread takes as many parts of a block.
        self.n_parts = n * -(-BLOCK * V // (RANKED * n))
        shape, dtype = (-(-BLOCK // self.n_parts), V), self.sigma.dtype
        self.threads = [
            (torch.empty(shape, dtype=dtype), Ranks(*shape, self.sigma.numpy().dtype))
            for _ in range(n)
        ]

    def fill(self, layer: Layer, counts: Counts, table: Auroc, columns: np.ndarray) -> None:
        """Computes some columns (B,) of the table, head by head."""
        parts = [part for part in np.array_split(columns, self.n_parts) if len(part)]
        positives = [Positives.of(counts, table.tokens[part]) for part in parts]
        shares = list(zip(parts, positives, strict=True))

        def work(head: int, thread: int) -> None:
            memory, ranks = self.threads[thread]
            keys = layer.K_E[head].mT.cpu()  # (d', V)
            for part, known_past in shares[thread :: len(self.threads)]:
                ids = torch.from_numpy(table.tokens[part])  # (R,)
                queries = layer.Q_E[head, ids].cpu() / self.sigma[ids, None]  # (R, d')
                scores = torch.mm(queries, keys, out=memory[: len(ids)]).div_(self.sigma)  # (R, V)
                _put_last(scores, self.holes)
                own = scores.gather(1, ids[:, None])[:, 0]  # (R,)
                table.itself[head, part] = (own >= scores.amax(dim=1)).numpy()
                if len(known_past.row):
                    area, known = areas_by_ranks(scores.numpy(), known_past, ranks)
                    table.area[head, part] = area
                    table.known[head, part] = known

        for head in range(layer.n_heads):  # whose keys then stay in a large cache
            side_by_side(partial(work, head), range(len(self.threads)), torch.device("cpu"))


def _fill_on_gpu(layer: Layer, counts: Counts, table: Auroc, columns: np.ndarray) -> None:
    sigma = layer.moments.token_mean  # (V,)
    positives = Positives.of(counts, table.tokens[columns])
    ids = torch.from_numpy(table.tokens[columns]).to(layer.device)  # (B,)
    for head in range(layer.n_heads):
        queries = layer.Q_E[head, ids] / sigma[ids, None]  # (B, d')
        scores = (queries @ layer.K_E[head].mT).div_(sigma)  # (B, V)
        _put_last(scores, layer.holes)
        itself = scores.gather(1, ids[:, None])[:, 0] >= scores.amax(dim=1)
        table.itself[head, columns] = itself.cpu().numpy()
        if len(positives.row):
            area, known = areas_by_search(scores, positives)
            table.area[head, columns] = area.cpu().numpy()
            table.known[head, columns] = known.cpu().numpy()
