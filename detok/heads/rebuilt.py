"""Words of two pieces, and which of them some head puts together: it ranks the one piece on top."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from detok.bundled import excerpts
from detok.counting.counts import Counts
from detok.display import Displayed
from detok.model.any_layer import AnyLayer

# The first places in which the true piece is looked for.
TOP = 3
# A head is said to rebuild words if it has so many times as many on top as chance has, and enough
# of them that it is no accident.
BINDS, LEAST = 3, 5
# Current tokens whose scores are computed at once.
BLOCK = 256

_WORD = re.compile(r"(?<=\s)[^\W\d_]+(?=[\s.,;:!?])")


@dataclass(frozen=True, eq=False, repr=False)
class Rebuilt(Displayed, also=("heads",)):
    """Which words of two pieces the heads of a model rebuild, of those that were tried."""

    # One row a word that a head in `heads` rebuilds, the best and most frequent first: past_id,
    # current_id, past and current (the texts of the pieces), joined, count (of the pair in the
    # counts, or else of the word in the bundled excerpts), head and rank (from 1, at most TOP; the
    # best of these heads).
    words: pd.DataFrame
    n_tried: int
    hits: np.ndarray  # (H,) int, words whose first piece is among the head's TOP
    by_chance: np.ndarray  # (H,) float, how many it would have, were the pieces paired at random

    @property
    def heads(self) -> np.ndarray:
        """The heads with BINDS times as many hits as by chance, and LEAST of them, ascending.

        The few words of the others say nothing: a head that ranks a piece on top before anything
        has some among its hits.
        """
        return binding(self.hits, self.by_chance)


def binding(hits: np.ndarray, by_chance: np.ndarray) -> np.ndarray:
    """The heads whose hits are no accident, of (H,) hits and what chance has, ascending."""
    return np.flatnonzero(hits >= np.maximum(LEAST, BINDS * by_chance))


def rebuilt_words(
    layer: AnyLayer,
    counts: Counts | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Rebuilt:
    """Which words of the bundled excerpts that are two pieces to this model a head puts together.

    For the second piece as the current token, each head ranks all V tokens by T^ee right before it;
    with learned positions σ of each token is its mean over all of them. `counts` say how frequent
    the pairs are. Chance is what the same head would have if the pieces of these words were paired
    anew at random: a head that likes some tokens before anything has no more than that.

    `progress` is called with the current tokens done and their total; an exception it raises
    cancels.

    Raises: InputError if the model's files do not say how a text is split into words.
    """
    pairs = two_piece_words(layer)
    if counts is not None and len(pairs):
        pairs["count"] = counts.pairs(pairs["past_id"].to_numpy(), pairs["current_id"].to_numpy())
    pairs = pairs.sort_values(["count", "joined"], ascending=[False, True], ignore_index=True)
    past, current = pairs["past_id"].to_numpy(), pairs["current_id"].to_numpy()
    different, place = np.unique(current, return_inverse=True)
    top = best_past(layer, different, progress=progress).numpy()[:, place]  # (H, n, TOP)
    hit = top == past[:, None]  # (H, n, TOP)
    ranks = np.where(hit.any(axis=2), hit.argmax(axis=2) + 1, TOP + 1)  # (H, n)
    hits = (ranks <= TOP).sum(axis=1)
    # How often each token is among the first of these current tokens, whatever stands before them.
    liked = [np.bincount(own.ravel(), minlength=layer.vocab_size)[past].sum() for own in top]
    by_chance = np.array(liked) / max(1, len(pairs))
    heads = binding(hits, by_chance)
    if not len(heads):
        return Rebuilt(pairs.iloc[:0].assign(head=0, rank=0), len(pairs), hits, by_chance)
    best = ranks[heads]
    pairs = pairs.assign(head=heads[best.argmin(axis=0)], rank=best.min(axis=0))
    # Pairs are by falling count already.
    words = pairs[pairs["rank"] <= TOP].sort_values("rank", kind="stable", ignore_index=True)
    return Rebuilt(words, len(pairs), hits, by_chance)


def two_piece_words(layer: AnyLayer) -> pd.DataFrame:
    """The words of the bundled excerpts, as they stand after a space, that are two tokens here.

    One row a pair of tokens: past_id, current_id, past, current, joined, count (in the excerpts).

    Raises: InputError if the model's files do not say how a text is split into words.
    """
    vocabulary = layer.tokenizer
    vocabulary.check_encodes()
    seen = Counter(word for text in excerpts()["text"] for word in _WORD.findall(text))
    split = vocabulary.backend.encode_batch([f" {w}" for w in seen], add_special_tokens=False)
    pairs: Counter[tuple[int, int]] = Counter()  # of a tokenizer without case, words may be one
    for count, word in zip(seen.values(), split, strict=True):
        if len(word.ids) == 2 and max(word.ids) < layer.vocab_size:
            pairs[word.ids[0], word.ids[1]] += count
    text = vocabulary.text
    rows = [(p, c, text(p), text(c), text(p, c), count) for (p, c), count in pairs.items()]
    table = pd.DataFrame(
        rows, columns=["past_id", "current_id", "past", "current", "joined", "count"]
    )
    return table.astype({"past_id": np.int64, "current_id": np.int64, "count": np.int64})


@torch.inference_mode()
def best_past(
    layer: AnyLayer,
    tokens: np.ndarray,
    k: int = TOP,
    progress: Callable[[int, int], None] | None = None,
) -> torch.Tensor:
    """The k past tokens with the largest T^ee, best first, by head and current token: (H, n, k)."""
    best = torch.empty(layer.n_heads, len(tokens), k, dtype=torch.long)
    for start in range(0, len(tokens), BLOCK):
        if progress is not None:
            progress(start, len(tokens))
        block = torch.tensor(tokens[start : start + BLOCK], device=layer.device)
        for head in range(layer.n_heads):
            keys, divisor = layer.neighbour_keys(head)
            scores = (layer.neighbour_queries(head, block) @ keys.mT).div_(divisor)  # (B, V)
            scores[:, layer.holes] = -torch.inf
            best[head, start : start + len(block)] = scores.topk(k, dim=1).indices.cpu()
    return best
