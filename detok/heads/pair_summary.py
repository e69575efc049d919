"""The pair AUROC and the ranks of true predecessors in a few numbers, by head and kind of token."""

import numpy as np
import pandas as pd

from detok.counting.counts import Counts
from detok.heads.intervals import half_width
from detok.heads.pair_auroc import PairAuroc
from detok.model.token_kinds import END_KINDS, kinds_at

# How many first places a true predecessor is looked for in.
FIRST, FIRST_FEW = 3, 20


def sample_of_text(counts: Counts, n: int, seed: int = 0) -> np.ndarray:
    """The tokens at n random places of the counted texts, each place anew: (n,), or none of none.

    Over them the plain mean estimates the mean weighted by c(i), which a sample of the vocabulary
    would not: most of the weight is in few tokens, which it may miss.
    """
    total = counts.tokens.cumsum()  # (V,)
    if not total[-1]:
        return np.zeros(0, dtype=np.int64)
    places = np.random.default_rng(seed).integers(0, total[-1], n)
    return np.sort(np.searchsorted(total, places, side="right"))


def pair_summary(
    found: PairAuroc, counts: Counts, of_text: PairAuroc | None = None
) -> pd.DataFrame:
    """What each head knows about pairs, one row a head.

    `found` is of all tokens, or of a random sample of the vocabulary; then `of_text` may be of the
    tokens of `sample_of_text`. Columns: head; mean, of the pair AUROC weighted by c(i), with
    mean_low and mean_high; unweighted, with unweighted_low and unweighted_high; and of the true
    predecessor's rank median_rank, first_3 and first_20, the shares of tokens where it is among the
    first 3 and 20. The 95 % confidence intervals are for the means over all tokens: equal to the
    mean of all, NaN of fewer tokens than `intervals.LEAST`, and for the weighted mean without
    `of_text`.
    """
    population = int((np.diff(counts.offsets) > 0).sum())
    area = found.area[:, found.has_area]  # (H, tokens with an area)
    H = len(area)
    unweighted, half_unweighted = found.unweighted_mean(), half_width(area, population)
    if area.shape[1] >= population:
        mean, half = found.mean(), np.zeros(H)
    elif of_text is None:
        mean, half = found.mean(), np.full(H, np.nan)
    else:
        mean, half = of_text.unweighted_mean(), half_width(of_text.area[:, of_text.has_area])
    return pd.DataFrame(
        {
            "head": np.arange(H),
            "mean": mean,
            "mean_low": np.clip(mean - half, 0, 1),
            "mean_high": np.clip(mean + half, 0, 1),
            "unweighted": unweighted,
            "unweighted_low": np.clip(unweighted - half_unweighted, 0, 1),
            "unweighted_high": np.clip(unweighted + half_unweighted, 0, 1),
            **_ranks(found),
        }
    )


def pair_by_kind(found: PairAuroc, kinds: np.ndarray) -> pd.DataFrame:
    """What each head knows about pairs by the kind of the current token, one row a head and kind.

    `kinds` (V,) are those of all tokens (`token_kinds`). Columns: head, kind, n (tokens with an
    area), mean (weighted by c(i)), unweighted, n_best (tokens with a true predecessor),
    median_rank, first_3, first_20, and any_first_3, the share of those where some head has it among
    the first 3; NaN for a kind without tokens.
    """
    rows = []
    for kind in kinds_at("end" if np.isin(kinds, END_KINDS).any() else "start"):
        part = found.at(np.flatnonzero(kinds[found.tokens] == kind))
        columns = {
            "head": np.arange(len(part.area)),
            "kind": kind,
            "n": int(part.has_area.sum()),
            "mean": part.mean(),
            "unweighted": part.unweighted_mean(),
            "n_best": int(part.has_best.sum()),
            **_ranks(part),
            "any_first_3": part.share_of_any(FIRST),
        }
        rows.append(pd.DataFrame(columns))
    return pd.concat(rows, ignore_index=True)


def _ranks(found: PairAuroc) -> dict[str, np.ndarray]:
    rank = found.rank[:, found.has_best]  # (H, tokens with a true predecessor)
    nothing = np.full(len(rank), np.nan)
    return {
        "median_rank": np.median(rank, axis=1) if rank.shape[1] else nothing,
        "first_3": found.share_in_first(FIRST),
        "first_20": found.share_in_first(FIRST_FEW),
    }
