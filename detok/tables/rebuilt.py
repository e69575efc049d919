"""The tables of the words that a model rebuilds."""

import pandas as pd

from detok.heads.rebuilt import Rebuilt

LONG, LEAST = 7, 2  # letters of a word that tells much, and of each of its pieces


def gallery(words: pd.DataFrame, n: int) -> pd.DataFrame:
    """At most n words of `Rebuilt.words` to show, of which no two share a piece.

    Those of which a head ranks the first piece first come before others, then those that are long,
    and no piece of them a letter, then the frequent.
    """
    past, current = (words[column].str.strip().str.len() for column in ("past", "current"))
    short = (past + current < LONG) | (past < LEAST) | (current < LEAST)
    ordered = words.assign(short=short).sort_values(
        ["rank", "short", "count"], ascending=[True, True, False], kind="stable"
    )
    chosen = ordered.drop_duplicates("past_id").drop_duplicates("current_id")
    return chosen.head(n).drop(columns="short").reset_index(drop=True)


def by_head(found: Rebuilt) -> pd.DataFrame:
    """How many words each head rebuilds, most first. Columns: head, hits, by_chance, rebuilds."""
    heads = range(len(found.hits))
    table = pd.DataFrame({"head": heads, "hits": found.hits, "by_chance": found.by_chance})
    table["rebuilds"] = table["head"].isin(found.heads)
    order = ["rebuilds", "hits"]
    return table.sort_values(order, ascending=False, kind="stable", ignore_index=True)


def cell(maps: pd.DataFrame, i: int, j: int) -> pd.Series:
    """A cell of `tables.terms.maps`: each term by its name, and sum, less their row's mean."""
    rows = maps[(maps["i"] == i) & (maps["j"] == j)]
    return rows.set_index("term")["centred"]
