"""AUROC of every token in every head, against the authors' way.

`python -m benchmarks.auroc` prints a ratio that was measured in one run, at the size of GPT-2 small
with random weights and counts of a made-up Zipfian text. Both sides compute a random sample of
tokens, from which the time for all is extrapolated; with `--whole` ours computes all. The pair
AUROC and the baselines take turns with ours on a smaller sample; `--pair` measures nothing else.
The last line is about whichever device there is.
"""

import argparse
import time
from functools import cache

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import roc_auc_score

from benchmarks import measure, models
from detok.counting.counts import Counts
from detok.counting.in_memory import count_ids
from detok.heads.auroc import auroc
from detok.heads.baselines import auroc_baselines
from detok.heads.pair_auroc import pair_auroc
from detok.model.layer import Layer, pick_device
from detok.model.layernorm import fold

N_THEIRS, N_OURS, N_PAIR, REPEATS = 20, 2_048, 256, 5
N_TEXT = 7_000_000


@cache
def zipf_counts() -> Counts:
    """Counts of a text in which the token of rank r has the frequency 1 / (r + 3)."""
    generator = np.random.default_rng(0)
    share = 1 / (np.arange(models.V) + 3)
    ids = np.searchsorted(np.cumsum(share / share.sum()), generator.random(N_TEXT))
    names = generator.permutation(models.V)
    return count_ids(names[ids.clip(max=models.V - 1)], models.V)


def authors_auroc(W_QK: torch.Tensor, layer: Layer, counts: Counts, token: int) -> list[float]:
    """The authors' way: a data frame of H × V scores, positives repeated by count, sklearn a head.

    `W_QK` (H, d, d) is there beforehand.
    """
    sigma = layer.moments.token_mean
    vectors = layer.W_E[token] @ W_QK  # (H, d)
    scores = torch.stack([vector @ layer.W_E.T for vector in vectors])  # (H, V)
    scores = (scores / (sigma[token] * sigma)).numpy()
    H, V = scores.shape
    table = pd.DataFrame(
        {
            "head": np.repeat(np.arange(H), V),
            "past": np.tile(np.arange(V), H),
            "score": scores.ravel(),
        }
    )
    past, weights = counts.row(token)
    seen = pd.DataFrame({"past": past, "count": weights})
    table = table.merge(seen, on="past", how="left").fillna({"count": 0})
    table["label"] = table["count"] > 0
    repeated = table.loc[table.index.repeat(table["count"].clip(lower=1).astype(int))]
    return [roc_auc_score(g["label"], g["score"]) for _, g in repeated.groupby("head")]


def seconds(layer: Layer, counts: Counts, tokens: np.ndarray) -> float:
    start = time.perf_counter()
    auroc(layer, counts, tokens)
    return time.perf_counter() - start


def pair_against_auroc(layer: Layer, counts: Counts, tokens: np.ndarray) -> None:
    """Prints the time of both measures, which take turns, and of the baselines of both."""
    times = measure.medians_ms(
        {
            "auroc": lambda: auroc(layer, counts, tokens),
            "pair": lambda: pair_auroc(layer, counts, tokens),
            "baselines": lambda: auroc_baselines(layer, counts, tokens),
        },
        REPEATS,
    )
    print(f"{len(tokens)} tokens in turn: detok.auroc             {times['auroc']:10.0f} ms")
    for name in ("pair", "baselines"):
        label = {"pair": "detok.pair_auroc", "baselines": "detok.auroc_baselines"}[name]
        ratio = times[name] / times["auroc"]
        print(f"{label:<40}  {times[name]:15.0f} ms, {ratio:.2f} x")


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--whole", action="store_true", help="compute all tokens on our side")
    parser.add_argument("--pair", action="store_true", help="only the pair AUROC against the AUROC")
    arguments = parser.parse_args()
    whole = arguments.whole

    counts = zipf_counts()

    layer = models.layer()
    if arguments.pair:
        tokens = np.random.default_rng(1).permutation(models.V)
        pair_against_auroc(layer, counts, tokens[:N_PAIR])
        return
    first = models.first_layer()
    W_Q, W_K = (
        fold(W, b, first.ln_1_weight, first.ln_1_bias)[0].unflatten(1, (models.H, -1))
        for W, b in ((first.W_Q, first.b_Q), (first.W_K, first.b_K))
    )  # (d, H, d')
    W_QK = W_Q.transpose(0, 1) @ W_K.permute(1, 2, 0)  # (H, d, d)
    n_past = np.diff(counts.offsets)
    generator = np.random.default_rng(1)
    tokens = generator.permutation(models.V)
    sample = tokens[n_past[tokens] > 0][:N_THEIRS]

    start = time.perf_counter()
    theirs_areas = np.array([authors_auroc(W_QK, layer, counts, t) for t in sample]).T  # (H, n)
    theirs = (time.perf_counter() - start) / len(sample) * models.V
    error = np.abs(auroc(layer, counts, sample).area - theirs_areas).max()

    ours_tokens = tokens if whole else tokens[:N_OURS]
    ours = seconds(layer, counts, ours_tokens) / len(ours_tokens) * models.V
    extra = measure.extra_mb(lambda: auroc(layer, counts, tokens[:256]))

    print(f"GPT-2 small's size, {torch.get_num_threads()} threads, float32")
    print(
        f"{n_past.sum():,} pairs; predecessors of a token: median {np.median(n_past):,.0f}, ",
        end="",
    )
    print(f"mean {n_past.mean():,.0f}, largest {n_past.max():,}; none: {(n_past == 0).sum():,}")
    print(f"largest difference of the areas                  {error:10.1e}")
    print(f"authors' way, from {len(sample)} tokens                     {theirs / 3600:10.2f} h")
    print(
        f"detok.auroc, {f'from {len(ours_tokens):,}' if not whole else 'all'} tokens            ",
        end="",
    )
    print(f"{ours / 60:19.2f} min")
    print(f"ratio                                            {theirs / ours:10.1f} x")
    print(f"peak extra memory                                {extra:10.0f} MB")
    pair_against_auroc(layer, counts, tokens[:N_PAIR])
    device = pick_device("auto")
    if device.type != "cpu":
        on_device = models.layer(device)
        seconds(on_device, counts, tokens[:256])
        print(f"all tokens on {device.type}    {seconds(on_device, counts, tokens):10.1f} s")


if __name__ == "__main__":
    main()
