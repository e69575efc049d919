"""Measures in one checkpoint what the paper shows: which heads detokenize, and who binds whom."""

import re

import numpy as np
import pandas as pd

from detok.counting.counts import Counts
from detok.heads.auroc import auroc
from detok.heads.pair_auroc import pair_auroc
from detok.heads.rebuilt import BINDS, TOP, best_past
from detok.model.layer import Layer
from detok.scores.positions import REACHES, position_bias, rise_share

MIN_PAIR_COUNT = 20
# A pair this far above chance (in bits, 64 times as often) is a phrase rather than a coincidence.
MIN_PMI = 6.0

_CAPITALISED = re.compile(r" [A-Z][a-z]+")
_BEGINNING = re.compile(r" [A-Za-z][a-z]*")
_ENDING = re.compile(r"[a-z]{2,}")


def sampled_tokens(counts: Counts, n: int, seed: int = 0, min_count: int = 100) -> np.ndarray:
    """A fixed sample of n frequent tokens (all there are, if fewer), ascending."""
    frequent = np.flatnonzero(counts.tokens >= min_count)
    chosen = np.random.default_rng(seed).permutation(frequent)[:n]
    return np.sort(chosen)


def heads(layer: Layer, counts: Counts, tokens: np.ndarray) -> pd.DataFrame:
    """The phenomena by head, one row each, over the given current tokens (n,).

    pair_auroc (weighted by how often a token occurs), pair_auroc_unweighted, first_3 (how often the
    true predecessor is among the first three), auroc (the paper's; means over the tokens that have
    one), mass_last_1, _5 and _16 (the position-only attention
    that the middle position pays to its last so many positions, its own among them), rise_share
    (the share of steps j to j + 1 at which T^p rises), diagonal_share (how often the best past
    token of a token is that token itself).
    """
    bias = position_bias(layer, layer.n_positions // 2)
    attention = bias.attention.cpu()  # (H, i + 1)
    measured, pairs = auroc(layer, counts, tokens), pair_auroc(layer, counts, tokens)
    table = {
        "head": range(layer.n_heads),
        "pair_auroc": pairs.mean(),
        "pair_auroc_unweighted": pairs.unweighted_mean(),
        "first_3": pairs.share_in_first(TOP),
        "auroc": measured.mean(),
        **{f"mass_last_{n}": attention[:, -n:].sum(dim=1).numpy() for n in REACHES},
        "rise_share": rise_share(bias.p).numpy(),
        "diagonal_share": measured.itself.mean(axis=1),
    }
    return pd.DataFrame(table)


def uniform_shares(layer: Layer) -> dict[int, float]:
    """What the `mass_last_…` columns of `heads` would be, were all positions attended alike."""
    return {n: n / (layer.n_positions // 2 + 1) for n in REACHES}


def whole_share(layer: Layer, ids: np.ndarray, past: np.ndarray, current: np.ndarray) -> np.ndarray:
    """How often the text of each pair ends there, rather than going on within the same word: (n,).

    `ids` is the corpus; a pair goes on if the token after it begins with a letter. 0 for a pair
    that the corpus does not have.
    """
    V = layer.vocab_size
    goes_on = np.array([layer.tokenizer.text(t)[:1].isalpha() for t in range(V)])
    is_past, is_current = (np.bincount(t, minlength=V) > 0 for t in (past, current))
    place = np.flatnonzero(is_past[ids[:-2]] & is_current[ids[1:-1]])
    first, second, third = (np.asarray(ids[place + n], dtype=np.int64) for n in range(3))
    keys = second * V + first
    wanted = current.astype(np.int64) * V + past
    order = np.argsort(wanted)
    found = np.searchsorted(wanted[order], keys).clip(max=max(0, len(wanted) - 1))
    hit = wanted[order][found] == keys if len(wanted) else np.zeros(0, dtype=bool)
    total, whole = (
        np.bincount(found[hit], weights, minlength=len(wanted))
        for weights in (None, ~goes_on[third[hit]])
    )
    share = np.empty(len(wanted))
    share[order] = whole / np.maximum(total, 1)
    return share


def candidates(layer: Layer, counts: Counts, ids: np.ndarray) -> pd.DataFrame:
    """All names and words of two tokens in the corpus `ids`, whether a head binds them or not.

    A pair is taken if the corpus has it at least MIN_PAIR_COUNT times, MIN_PMI bits above chance,
    and more often as a whole than as a part of a longer word. Words are a beginning, with its
    space, and a lower-case ending of two letters or more; names are two capitalised words, or a
    capitalised one that the corpus hardly has in lower case.

    One row a pair, by falling count: past_id, current_id, past, current, joined, is_name, count,
    pmi.
    """
    texts = np.array([layer.tokenizer.text(t) for t in range(layer.vocab_size)], dtype=object)
    capitalised, beginning, ending = (
        np.array([bool(pattern.fullmatch(text)) for text in texts])
        for pattern in (_CAPITALISED, _BEGINNING, _ENDING)
    )
    frequent = counts.pruned(MIN_PAIR_COUNT)
    past, current = frequent.past, np.repeat(np.arange(len(texts)), np.diff(frequent.offsets))
    bits = frequent.pmi(past, current)
    one_word = beginning[past] & ending[current]
    kept = (bits >= MIN_PMI) & (one_word | (capitalised[past] & capitalised[current]))
    kept[kept] = whole_share(layer, ids, past[kept], current[kept]) > 0.5
    table = pd.DataFrame({"past_id": past[kept].astype(np.int64), "current_id": current[kept]})
    table["past"], table["current"] = texts[table["past_id"]], texts[table["current_id"]]
    table["joined"] = table["past"] + table["current"]
    table["count"], table["pmi"] = frequent.pair_counts[kept].astype(np.int64), bits[kept]
    pairs = zip(table["joined"], table["count"], strict=True)
    table["is_name"] = np.array([_is_name(layer, counts, *pair) for pair in pairs], dtype=bool)
    return table.sort_values(["count", "joined"], ascending=False, ignore_index=True)


def top_ranks(layer: Layer, pairs: pd.DataFrame) -> np.ndarray:
    """The rank that each head gives the past token of each of the `candidates`, shape (H, n).

    Among all V tokens by T^ee for the current token, from 1; TOP + 1 stands for all beyond TOP.
    """
    best = best_past(layer, np.arange(layer.vocab_size)).numpy()  # (H, V, k)
    hits = best[:, pairs["current_id"]] == pairs["past_id"].to_numpy()[:, None]  # (H, n, k)
    return np.where(hits.any(axis=2), hits.argmax(axis=2) + 1, TOP + 1)  # (H, n)


def chance_hits(layer: Layer, pairs: pd.DataFrame) -> float:
    """How many of the `candidates` a head with random rankings would have among its TOP."""
    return len(pairs) * TOP / layer.vocab_size


def binding_heads(ranks: np.ndarray, chance: float) -> np.ndarray:
    """The heads that have at least BINDS times as many of the `candidates` on top as chance has."""
    return np.flatnonzero((ranks <= TOP).sum(axis=1) >= max(1.0, BINDS * chance))


def joined_names(pairs: pd.DataFrame, ranks: np.ndarray, heads: np.ndarray) -> pd.DataFrame:
    """Those of the `candidates` whose parts one of some heads binds to each other, best first.

    The columns head and rank are those of the head that ranks the pair highest.
    """
    if not len(heads):
        return pairs.assign(head=0, rank=0).iloc[:0]
    ranks = ranks[heads]  # (heads, n)
    found = pairs.assign(head=heads[ranks.argmin(axis=0)], rank=ranks.min(axis=0))
    found = found[found["rank"] <= TOP]
    return found.sort_values(["rank", "count"], ascending=[True, False], ignore_index=True)


def _is_name(layer: Layer, counts: Counts, joined: str, count: int) -> bool:
    if joined.islower():
        return False
    lower = layer.tokenizer.encode(joined.lower())
    if " " in joined.strip() or len(lower) > 2:
        return True
    return len(lower) == 2 and counts.pair(*lower) < 0.05 * count
