"""A bigram model, against which the trained model is judged: does it know more than neighbours?

Interpolated Kneser-Ney: what absolute discounting takes from the observed pairs goes to tokens in
proportion to how many different tokens they follow, and what is taken from those evenly to all.
"""

import argparse
import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detok.counting.counts import Counts
from detok.counting.in_memory import count_ids
from training.train import windows


@dataclass(frozen=True)
class Bigram:
    """The fitted model; every array is by token id, (V,)."""

    counts: Counts
    discount: float
    seen: np.ndarray  # how often a token has a next one
    followers: np.ndarray  # how many different tokens come next
    unigram: np.ndarray  # the back-off distribution

    def probability(self, past: np.ndarray, current: np.ndarray) -> np.ndarray:
        """P(current | past), elementwise for arrays that broadcast together."""
        total = np.maximum(self.seen[past], 1)
        discounted = np.maximum(self.counts.pairs(past, current) - self.discount, 0) / total
        left = np.where(self.seen[past] > 0, self.discount * self.followers[past] / total, 1.0)
        return discounted + left * self.unigram[current]


def discount(counts: np.ndarray) -> float:
    """Ney's estimate n1 / (n1 + 2 n2) from the numbers of things seen once and twice."""
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    return once / (once + 2 * twice) if once else 0.5


def fit(ids: np.ndarray, vocab_size: int) -> Bigram:
    """Fits the model to token ids (n,); the end-of-text token is a token like any other."""
    counts = count_ids(ids, vocab_size)
    preceding = np.diff(counts.offsets)  # (V,), how many different tokens come right before
    backed_off = discount(preceding)
    pairs = max(1, len(counts.past))
    left = backed_off * (preceding > 0).sum() / pairs if len(counts.past) else 1.0
    return Bigram(
        counts=counts,
        discount=discount(counts.pair_counts),
        seen=np.bincount(counts.past, counts.pair_counts, minlength=vocab_size),
        followers=np.bincount(counts.past, minlength=vocab_size),
        unigram=np.maximum(preceding - backed_off, 0) / pairs + left / vocab_size,
    )


def held_out_loss(model: Bigram, held_out: np.ndarray) -> float:
    """Mean nats per token over all held-out windows, on the very targets of the trained model."""
    rows = windows(held_out).astype(np.int64)  # (n, L)
    return float(-np.log(model.probability(rows[:, :-1], rows[:, 1:])).mean())


def bits_per_byte(nats_per_token: float, totals: dict[str, int]) -> float:
    """A loss on texts of so many `tokens` and `bytes`, comparable between vocabularies."""
    return nats_per_token * totals["tokens"] / totals["bytes"] / math.log(2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="what training.vocabulary wrote")
    run: Path = parser.parse_args().run
    vocab_size = len(json.loads((run / "tokenizer.json").read_text())["model"]["vocab"])
    model = fit(np.load(run / "train.npy", mmap_mode="r"), vocab_size)
    nats = held_out_loss(model, np.load(run / "held_out.npy", mmap_mode="r"))
    totals = json.loads((run / "texts.json").read_text())["held_out"]
    print(f"{nats:.4f} nats per token, {bits_per_byte(nats, totals):.4f} bits per byte")


if __name__ == "__main__":
    main()
