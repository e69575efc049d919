"""The tables of a text's attention under a mask by segments, beside the causal one."""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pandas as pd

from detok.tables.common import array, cells
from detok.tables.text import labels, pairs_of
from detok.whole.run import Run
from detok.whole.segments import SegmentAttention

MASKS = ("causal", "segments")
LIKELIEST = 8  # tokens after the text under each mask


def lengths_of(cuts: Iterable[int], end: int) -> tuple[int, ...]:
    """The tokens of each segment of a prompt of `end` tokens.

    A segment begins at each of the `cuts`, places from 1 on; those in the answer cut nothing.
    """
    begins = [0, *sorted({cut for cut in cuts if 0 < cut < end}), end]
    return tuple(stop - start for start, stop in pairwise(begins) if stop > start)


def segments(run: Run, lengths: tuple[int, ...]) -> pd.DataFrame:
    """The segments of a prompt, and the answer if there is one.

    Columns: segment (from 1; 0 for the answer), first, last (tokens), text.
    """
    stops = np.cumsum(lengths, dtype=int).tolist()
    spans = [(number, *span) for number, span in enumerate(pairwise([0, *stops]), start=1)]
    end = stops[-1] if stops else 0
    spans += [(0, end, run.n)] if end < run.n else []
    shown = run.model.tokenizer.show_each(run.ids.tolist())
    rows = [(number, start, stop - 1, "".join(shown[start:stop])) for number, start, stop in spans]
    return pd.DataFrame(rows, columns=["segment", "first", "last", "text"])


def attention(
    run: Run, found: SegmentAttention, layer: int, head: int, window: range
) -> pd.DataFrame:
    """Attention weights of a head for all j that i sees under the mask, in a window of the text.

    Columns: i, j, token_id_i, token_id_j, current, past (labels), causal (0 for what only the mask
    by segments lets i see), segments, difference (what the pair gains).
    """
    inside = slice(window.start, window.stop)
    of = (layer, head, inside, inside)
    causal, segments = array(found.causal[of]), array(found.attention[of])  # (rows, rows)
    visible = found.visible[inside, inside].cpu().numpy()
    columns = cells({"i": window, "j": window}, visible)
    columns |= pairs_of(run.model, run.ids.tolist(), columns)
    values = {"causal": causal, "segments": segments, "difference": segments - causal}
    return pd.DataFrame(columns | {name: weights[visible] for name, weights in values.items()})


def drawn(attention: pd.DataFrame) -> pd.DataFrame:
    """The three maps of `attention`, each with what can be seen under its mask.

    Columns: i, j, current, past (labels), map ("causal", "segments", "difference"), weight.
    """
    table = attention.melt(
        ["i", "j", "current", "past"],
        [*MASKS, "difference"],
        var_name="map",
        value_name="weight",
    )
    seen = (table["map"] != "causal") | (table["j"] <= table["i"])
    return table[seen].reset_index(drop=True)


def moved(run: Run, found: SegmentAttention, layer: int, head: int) -> pd.Series:
    """How much attention of a head goes to later tokens, and what becomes of the rest.

    n_rows: tokens that see later ones; later: the share they give to these, mean (NaN if there are
    none); even: that share if each spread its attention evenly over all that it sees; largest: the
    largest change of a weight; kept: by how much weights of tokens j ≤ i are other than the causal
    ones times what the row leaves to them, at most.
    """
    causal, segments = (array(m[layer, head]) for m in (found.causal, found.attention))  # (n, n)
    visible = found.visible.cpu().numpy()
    past = np.tri(run.n, dtype=bool)
    later = visible & ~past
    rows = later.any(axis=1)
    left = np.where(past, segments, 0).sum(axis=1, keepdims=True)  # (n, 1)
    even = later.sum(axis=1) / visible.sum(axis=1)
    return pd.Series(
        {
            "layer": layer,
            "head": head,
            "n_rows": int(rows.sum()),
            "later": 1 - left[rows].mean() if rows.any() else np.nan,
            "even": even[rows].mean() if rows.any() else np.nan,
            "largest": np.abs(segments - causal).max(),
            "kept": np.abs(np.where(past, segments - causal * left, 0)).max(),
        },
        dtype=object,
    )


def gains(run: Run, found: SegmentAttention, layer: int, head: int) -> pd.DataFrame:
    """What each token j gets of a head's attention under both masks, the largest gain first.

    Columns: j, token_id, token (label), segment (from 1; 0 for the answer), seen_causal and
    seen_segments (the tokens that see it), causal and segments (its weight, mean over all tokens
    i), gain, and even: the gain if every token spread its attention evenly over all that it sees.
    """
    n = run.n
    visible = found.visible.cpu().numpy()
    past = np.tri(n, dtype=bool)
    weights = [array(m[layer, head]).mean(axis=0) for m in (found.causal, found.attention)]
    evenly = [(mask / mask.sum(axis=1, keepdims=True)).mean(axis=0) for mask in (past, visible)]
    number = np.zeros(n, dtype=int)
    number[: sum(found.lengths)] = np.repeat(np.arange(len(found.lengths)) + 1, found.lengths)
    ids = run.ids.tolist()
    table = pd.DataFrame(
        {
            "j": np.arange(n),
            "token_id": ids,
            "token": labels(run.model, ids),
            "segment": number,
            "seen_causal": past.sum(axis=0),
            "seen_segments": visible.sum(axis=0),
            "causal": weights[0],
            "segments": weights[1],
            "gain": weights[1] - weights[0],
            "even": evenly[1] - evenly[0],
        }
    )
    return table.sort_values("gain", ascending=False, kind="stable", ignore_index=True)


def listed(gains: pd.DataFrame) -> pd.DataFrame:
    """`gains` to be read: without what repeats the token, and with the answer by its name."""
    names = gains["segment"].astype(str).where(gains["segment"] > 0, "answer")
    return gains.drop(columns=["j", "token_id"]).assign(segment=names)


def next_tokens(run: Run, found: SegmentAttention, k: int = LIKELIEST) -> pd.DataFrame:
    """The target, and the k tokens that are most probable after the text under each mask.

    Columns: token_id, token, target (whether it is), causal and segments (probabilities),
    rank_causal and rank_segments; the most probable under the causal mask first.
    """
    log_probs = [array(found.causal_log_probs), array(found.log_probs)]  # (V,) each
    best = [np.argsort(-values, kind="stable")[:k] for values in log_probs]
    chosen = list(dict.fromkeys([*best[0].tolist(), *best[1].tolist(), run.target]))
    columns = {name: np.exp(values[chosen]) for name, values in zip(MASKS, log_probs, strict=True)}
    ranks = {
        f"rank_{name}": [1 + int((values > values[t]).sum()) for t in chosen]
        for name, values in zip(MASKS, log_probs, strict=True)
    }
    table = pd.DataFrame(
        {
            "token_id": chosen,
            "token": [run.model.tokenizer.show(t) for t in chosen],
            "target": [t == run.target for t in chosen],
            **columns,
            **ranks,
        }
    )
    return table.sort_values("causal", ascending=False, kind="stable", ignore_index=True)


def shared(found: SegmentAttention) -> float:
    """How much probability of the token after the text is where it is under both masks, 0 to 1."""
    causal, segments = (np.exp(array(p)) for p in (found.causal_log_probs, found.log_probs))
    return float(np.minimum(causal, segments).sum())


def either(next_tokens: pd.DataFrame) -> pd.DataFrame:
    """The probabilities of `next_tokens`, long.

    Columns: token_id, token (label, the target's says so), mask, probability, rank.
    """
    table = next_tokens
    label = table["token"].where(~table["target"], table["token"] + " (target)")
    parts = [
        pd.DataFrame(
            {
                "token_id": table["token_id"],
                "token": label,
                "mask": mask,
                "probability": table[mask],
                "rank": table[f"rank_{mask}"],
            }
        )
        for mask in MASKS
    ]
    return pd.concat(parts, ignore_index=True)
