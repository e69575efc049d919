"""T^ee of every head and of blocks of current tokens, for whatever is measured of the scores."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, Protocol, TypeVar

import numpy as np
import torch

from detok.counting.counts import Counts
from detok.errors import InputError
from detok.heads.areas import Positives
from detok.model.any_layer import AnyLayer
from detok.model.threads import n_threads, side_by_side

M = TypeVar("M")

# Current tokens at a time.
BLOCK, BLOCK_GPU = 128, 512
# Scores that a thread ranks at once: they stay in a large cache.
RANKED = 1 << 21


@dataclass(frozen=True, eq=False)
class Block:
    """The scores of one head and R current tokens against all V."""

    head: int
    columns: np.ndarray  # (R,), places in the result
    ids: torch.Tensor  # (R,), the current tokens
    scores: torch.Tensor  # (R, V), T^ee; those of holes are below all others
    positives: Positives


class Measure(Protocol, Generic[M]):
    """What is made of the scores, and kept by head and place. Blocks come from several threads."""

    def memory(self, n_rows: int, width: int, dtype: np.dtype) -> M:
        """What one thread of a CPU uses again for every block of at most `n_rows` rows."""

    def on_cpu(self, block: Block, memory: M) -> None:
        """Takes a block of scores in the CPU's memory."""

    def on_gpu(self, block: Block) -> None:
        """Takes a block of scores on a GPU."""


def checked_tokens(layer: AnyLayer, counts: Counts, tokens: object | None) -> np.ndarray:
    """The ids of the current tokens, (n,) int64; all V if they are None.

    Raises: InputError for a token out of range, or counts of another vocabulary size.
    """
    if counts.vocab_size != layer.vocab_size:
        raise InputError(
            f"the counts have a vocabulary of {counts.vocab_size} tokens; expected "
            f"V = {layer.vocab_size}, the vocabulary of this model"
        )
    chosen = range(layer.vocab_size) if tokens is None else tokens
    return np.array([layer.token_id(int(t)) for t in chosen], dtype=np.int64)  # (n,)


def sweep(
    layer: AnyLayer,
    counts: Counts,
    tokens: np.ndarray,
    measure: Measure,
    progress: Callable[[int, int], None] | None,
) -> None:
    """Hands the scores of current tokens (n,) in all heads to a measure, block by block.

    `progress` is called with the tokens done and their total; an exception it raises cancels.
    """
    n = len(tokens)
    on_gpu = layer.device.type == "cuda"
    size = BLOCK_GPU if on_gpu else BLOCK
    fill = partial(fill_on_gpu, layer) if on_gpu else _Cpu(layer, measure).fill
    # Tokens with about as many predecessors go together: those with none need no ranks.
    order = np.argsort(np.diff(counts.offsets)[tokens], kind="stable")
    for start in range(0, n, size):
        if progress is not None:
            progress(start, n)
        fill(counts, tokens, measure, order[start : start + size])
    if progress is not None:
        progress(n, n)


def _put_last(scores: torch.Tensor, holes: torch.Tensor) -> None:
    """Gives columns of (R, V) a score below all others; ranks would make nothing of −∞."""
    if len(holes):
        least = scores.amin(dim=1, keepdim=True)  # (R, 1)
        scores[:, holes] = least - least.abs() - 1


class _Cpu(Generic[M]):
    """Blocks on the CPU, in several threads, with memory that all blocks share."""

    def __init__(self, layer: AnyLayer, measure: Measure[M]) -> None:
        V, n = layer.vocab_size, n_threads()
        self.layer = layer
        self.holes = layer.holes.cpu()
        # Each thread takes as many parts of a block.
        self.n_parts = n * -(-BLOCK * V // (RANKED * n))
        shape, dtype = (-(-BLOCK // self.n_parts), V), layer.dtype
        self.threads = [
            (
                torch.empty(shape, dtype=dtype),
                measure.memory(*shape, torch.empty(0, dtype=dtype).numpy().dtype),
            )
            for _ in range(n)
        ]

    def fill(
        self, counts: Counts, tokens: np.ndarray, measure: Measure[M], columns: np.ndarray
    ) -> None:
        """Scores some of the tokens, which are at `columns` (B,), head by head."""
        parts = [part for part in np.array_split(columns, self.n_parts) if len(part)]
        positives = [Positives.of(counts, tokens[part]) for part in parts]
        shares = list(zip(parts, positives, strict=True))

        def work(head: int, thread: int) -> None:
            scratch, memory = self.threads[thread]
            keys, divisor = (part.cpu() for part in self.layer.neighbour_keys(head))
            for part, known_past in shares[thread :: len(self.threads)]:
                ids = torch.from_numpy(tokens[part])  # (R,)
                queries = self.layer.neighbour_queries(head, ids.to(self.layer.device))  # (R, d')
                scores = torch.mm(queries.cpu(), keys.mT, out=scratch[: len(ids)])  # (R, V)
                scores.div_(divisor)
                _put_last(scores, self.holes)
                measure.on_cpu(Block(head, part, ids, scores, known_past), memory)

        for head in range(self.layer.n_heads):  # whose keys then stay in a large cache
            side_by_side(partial(work, head), range(len(self.threads)), torch.device("cpu"))


def fill_on_gpu(
    layer: AnyLayer, counts: Counts, tokens: np.ndarray, measure: Measure, columns: np.ndarray
) -> None:
    """What the blocks on the CPU do, on the layer's own device."""
    positives = Positives.of(counts, tokens[columns])
    ids = torch.from_numpy(tokens[columns]).to(layer.device)  # (B,)
    for head in range(layer.n_heads):
        keys, divisor = layer.neighbour_keys(head)
        scores = (layer.neighbour_queries(head, ids) @ keys.mT).div_(divisor)  # (B, V)
        _put_last(scores, layer.holes)
        measure.on_gpu(Block(head, columns, ids, scores, positives))
