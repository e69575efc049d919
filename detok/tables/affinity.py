"""The tables of token affinity."""

import numpy as np
import pandas as pd
import torch

from detok.counting.counts import Counts
from detok.model.layer import Layer
from detok.scores.affinity import Side, affinity_matrix, previous_piece_ranks
from detok.scores.positions import ROUNDING
from detok.tables.common import array, first, long


def labelled(table: pd.DataFrame, layer: Layer) -> pd.DataFrame:
    """The result of `detok.affinity` with shown, joined_shown and label (rank and token)."""
    shown = [layer.tokenizer.show(t) for t in table["token_id"]]
    label = [f"{rank}.  {text}" for rank, text in zip(table["rank"], shown, strict=True)]
    return table.assign(shown=shown, joined_shown=table["joined"], label=label)


def with_counts(
    table: pd.DataFrame, layer: Layer, token: int, side: Side, counts: Counts | None
) -> pd.DataFrame:
    """The result of `detok.affinity` with its tokens made visible and its pairs looked up.

    Adds to `labelled`, in which spaces are visible in joined_shown too, with counts also count (how
    often the pair occurs in the corpus) and known (whether it does).
    """
    others = table["token_id"]
    pairs = [(t, token) if side == "past" else (token, t) for t in others]
    joined = [layer.tokenizer.show(*pair) for pair in pairs]
    table = labelled(table, layer).assign(joined_shown=joined)
    if counts is not None:
        past, current = np.array(pairs).T
        table["count"] = counts.pairs(past, current)
        table["known"] = table["count"] > 0
    return table


def side_by_side(table: pd.DataFrame, column: str = "joined_shown") -> pd.DataFrame:
    """One column a head, one row a rank: the joined strings, known pairs marked with ✓."""
    cells = table[column]
    if "known" in table:
        cells = cells.where(~table["known"], "✓ " + cells)
    wide = table.assign(cell=cells).pivot(index="rank", columns="head", values="cell")
    return wide.rename(columns=lambda head: f"Head {head}").reset_index(names="Rank")


def piece_ranks(
    layer: Layer, ids: list[int], words: list[int], less: torch.Tensor | None = None
) -> pd.DataFrame:
    """Rank of the piece before each piece of a word in every head, by Tᵉᵉ or its specific part.

    `words` are the numbers of the words that the tokens `ids` are in: of two tokens in different
    words there is no row. Columns: head, position (of the current piece in the text), token_id_j,
    token_id_i, pair, rank.
    """
    inside = [t for t in range(1, len(ids)) if words[t] == words[t - 1]]
    shown = layer.tokenizer.show_each(ids)
    names = [f"{t}: {shown[t - 1]} + {shown[t]}" for t in inside]
    none = torch.empty(layer.n_heads, 0, dtype=torch.long)
    pairs = [previous_piece_ranks(layer, ids[t - 1 : t + 1], less=less) for t in inside]
    ranks = torch.cat([none, *pairs], dim=1).numpy().T  # (pairs, H)
    table = long({"position": inside, "head": range(layer.n_heads)}, rank=ranks)
    by_pair = {
        "token_id_j": np.array([ids[t - 1] for t in inside], dtype=int),
        "token_id_i": np.array([ids[t] for t in inside], dtype=int),
        "pair": np.array(names, dtype=object),
    }
    table = table.assign(**{name: np.repeat(of, layer.n_heads) for name, of in by_pair.items()})
    return table[["head", "position", "token_id_j", "token_id_i", "pair", "rank"]]


def best_ranks(ranks: pd.DataFrame) -> pd.DataFrame:
    """The heads that rank the piece before highest, of each pair in `piece_ranks`.

    Columns: position, pair, rank, heads (their numbers); in the order of the text.
    """
    best: dict[int, list] = {}
    columns = (ranks[name].tolist() for name in ("position", "pair", "rank", "head"))
    for position, pair, rank, head in zip(*columns, strict=True):
        if position not in best or rank < best[position][2]:
            best[position] = [position, pair, rank, [head]]
        elif rank == best[position][2]:
            best[position][3].append(head)
    return pd.DataFrame(list(best.values()), columns=["position", "pair", "rank", "heads"])


def place_of(token: int | None, ids: list[int], words: list[int]) -> int | None:
    """Where a token stands in a text: last with a piece of its word before it, or else last."""
    places = [t for t, own in enumerate(ids) if own == token]
    inside = [t for t in places if t and words[t] == words[t - 1]]
    return next(iter([*reversed(inside), *reversed(places)]), None)


def strongest(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of an affinity table with the largest score."""
    return first(table, "score")


def sampled_tokens(layer: Layer, seed: int, n: int) -> list[int]:
    """n different tokens of the vocabulary, drawn at random; the same for the same seed."""
    ids = np.delete(np.arange(layer.vocab_size), layer.holes.tolist())
    drawn = np.random.default_rng(seed).choice(ids, min(n, len(ids)), replace=False)
    return sorted(drawn.tolist())


def pairs(
    layer: Layer, tokens: list[int], heads: list[int], less: torch.Tensor | None = None
) -> pd.DataFrame:
    """Tᵉᵉ, or its specific part, between all pairs of some tokens, long.

    Columns: head, row, column (numbers of the tokens), token_id_i, token_id_j, current, past
    (shown), score (unscaled).
    """
    matrix = array(affinity_matrix(layer, tokens, less=less)[heads])  # (heads, n, n)
    n = range(len(tokens))
    table = long({"head": heads, "row": n, "column": n}, score=matrix)
    ids, shown = np.array(tokens), np.array([layer.tokenizer.show(t) for t in tokens], dtype=object)
    row, column = table["row"].to_numpy(), table["column"].to_numpy()
    return pd.DataFrame(
        {
            "head": table["head"].to_numpy(),
            "row": row,
            "column": column,
            "token_id_i": ids[row],
            "token_id_j": ids[column],
            "current": shown[row],
            "past": shown[column],
            "score": table["score"].to_numpy(),
        }
    )


def own_copies(pairs: pd.DataFrame) -> pd.DataFrame:
    """How often a token's own copy is its best partner in `pairs`, no other being as good.

    Columns: head, own, n (tokens); the heads that have most come first.
    """
    heads, n = pairs["head"].unique(), pairs["row"].nunique()
    scores = pairs["score"].to_numpy().reshape(len(heads), n, n)
    own = scores.diagonal(axis1=1, axis2=2)  # (heads, n)
    # A token alone has no others, and NaN is what nothing is above.
    others = np.fmax.reduce(np.where(np.eye(n, dtype=bool), np.nan, scores), axis=2)  # (heads, n)
    rounding = ROUNDING * np.abs(scores).max(axis=2)  # (heads, n)
    best = (own > others + rounding).sum(axis=1)  # (heads,)
    table = pd.DataFrame({"head": heads, "own": best, "n": n})
    return table.sort_values("own", ascending=False, kind="stable", ignore_index=True)
