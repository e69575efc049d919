"""The AUROC of many tokens in a few numbers a head, and how exact a sample of tokens is."""

import numpy as np
import pandas as pd

from detok.counting.counts import Counts
from detok.errors import InputError
from detok.heads.areas import TOP
from detok.heads.auroc import Auroc, Convention
from detok.heads.intervals import half_width
from detok.model.token_kinds import END_KINDS, kinds_at


def has_area(counts: Counts) -> np.ndarray:
    """Which tokens of the vocabulary have an AUROC with these counts, (V,) bool."""
    n_past = np.diff(counts.offsets)
    return (n_past > 0) & (n_past < counts.vocab_size)


def auroc_summary(areas: Auroc, counts: Counts, convention: Convention = "paper") -> pd.DataFrame:
    """The paper's measure in numbers, one row a head (Fig. 2-D).

    Columns: head; mean, with mean_low and mean_high, the 95 % confidence interval of the mean over
    all tokens if `areas` is of a random sample (equal if it is of all, NaN of fewer tokens than
    `intervals.LEAST`); median, q25, q75, std over the tokens; diagonal_share, how often no past
    token scores higher than the token itself; and known_share, the share of the ten best past
    tokens that the counts know, over the tokens with a predecessor. `Auroc.mean` explains the
    convention.

    Raises: InputError for another convention.
    """
    area = _counted(areas, convention)  # (H, n)
    population = int(has_area(counts).sum()) if convention == "paper" else counts.vocab_size
    H, n = area.shape
    half = half_width(area, population)  # (H,)
    seen = areas.n_past > 0
    mean = area.mean(axis=1) if n else np.full(H, np.nan)
    q25, median, q75 = _quartiles(area)
    best = min(TOP, counts.vocab_size)
    return pd.DataFrame(
        {
            "head": np.arange(H),
            "mean": mean,
            "mean_low": np.clip(mean - half, 0, 1),
            "mean_high": np.clip(mean + half, 0, 1),
            "median": median,
            "q25": q25,
            "q75": q75,
            "std": area.std(axis=1) if n else np.full(H, np.nan),
            "diagonal_share": areas.itself.mean(axis=1) if len(seen) else np.full(H, np.nan),
            "known_share": (
                areas.known[:, seen].mean(axis=1) / best if seen.any() else np.full(H, np.nan)
            ),
        }
    )


def auroc_by_kind(
    areas: Auroc, kinds: np.ndarray, convention: Convention = "paper"
) -> pd.DataFrame:
    """The AUROC of each head by the kind of the current token, one row a head and kind.

    `kinds` (V,) are those of all tokens (`token_kinds`). Columns: head, kind, n (tokens), mean,
    median, q25, q75, std; NaN for a kind without tokens.

    Raises: InputError for another convention than `Auroc.mean` has.
    """
    area = _counted(areas, convention)  # (H, n)
    tokens = areas.tokens if convention == "authors" else areas.tokens[areas.has_area]
    rows = []
    for kind in kinds_at("end" if np.isin(kinds, END_KINDS).any() else "start"):
        part = area[:, kinds[tokens] == kind]  # (H, tokens of that kind)
        n = part.shape[1]
        nothing = np.full(len(part), np.nan)
        mean, std = (part.mean(axis=1), part.std(axis=1)) if n else (nothing, nothing)
        q25, median, q75 = _quartiles(part)
        columns = {"mean": mean, "median": median, "q25": q25, "q75": q75, "std": std}
        rows.append(pd.DataFrame({"head": np.arange(len(part)), "kind": kind, "n": n, **columns}))
    return pd.concat(rows, ignore_index=True)


def sample_of_tokens(vocab_size: int, n: int, seed: int = 0) -> np.ndarray:
    """At most n different tokens drawn at random from all V, ascending; the same for one seed."""
    drawn = np.random.default_rng(seed).permutation(vocab_size)[:n]
    return np.sort(drawn)


def _counted(areas: Auroc, convention: Convention) -> np.ndarray:
    if convention not in ("paper", "authors"):
        raise InputError(f"the convention is {convention!r}; expected 'paper' or 'authors'")
    if convention == "authors":
        return np.nan_to_num(areas.area)
    return areas.area[:, areas.has_area]


def _quartiles(area: np.ndarray) -> np.ndarray:
    if not area.shape[1]:
        return np.full((3, len(area)), np.nan)
    return np.quantile(area, [0.25, 0.5, 0.75], axis=1)
