"""The tables of the inner vocabulary: how the last piece of a word reads, layer by layer."""

import pandas as pd
import torch

from detok.errors import InputError
from detok.whole.inner import inner_vocabulary
from detok.whole.model import Model
from detok.whole.run import Run


def words(run: Run) -> pd.DataFrame:
    """The words of a text that are several tokens; none where it cannot be split as it was.

    Columns: start, stop (its tokens are start … stop − 1), word and pieces (as they are shown),
    token_id and single: the one token that spells it, if need be without the space before it or
    with its letters in another case, and how that is shown; where there is none, missing and "".
    """
    vocabulary, ids = run.model.tokenizer, run.ids.tolist()
    rows = []
    for start, stop in _spans(run):
        shown = vocabulary.show_each(ids)[start:stop]
        token = _single(run.model, ids[start:stop])
        single = "" if token is None else vocabulary.show(token)
        name = vocabulary.show(*ids[start:stop])
        rows.append((start, stop, name, " + ".join(shown), token, single))
    columns = ["start", "stop", "word", "pieces", "token_id", "single"]
    return pd.DataFrame(rows, columns=columns).astype({"token_id": "Int64"})


def _spans(run: Run) -> list[tuple[int, int]]:
    """Where the words of several tokens begin and end."""
    vocabulary, ids = run.model.tokenizer, run.ids.tolist()
    text = vocabulary.text(*ids)
    try:
        if vocabulary.encode(text) != ids:
            return []
        numbers = vocabulary.words(text)
    except InputError:
        return []
    starts = [t for t in range(len(ids)) if t == 0 or numbers[t] != numbers[t - 1]]
    ends = [*starts[1:], len(ids)]
    return [(start, stop) for start, stop in zip(starts, ends, strict=True) if stop > start + 1]


def _single(model: Model, pieces: list[int]) -> int | None:
    """The one token that spells a word, as exactly as there is one; none of its own pieces."""
    word = model.tokenizer.text(*pieces)
    bare = word.strip()
    cased = dict.fromkeys([bare, bare.lower(), bare.capitalize(), bare.upper()])
    for spelled in [word, *(space + each for each in cased for space in (" ", ""))]:
        try:
            token = model.token_id(spelled)
        except InputError:
            continue
        if token not in pieces:
            return token
    return None


def word(run: Run, start: int) -> pd.Series:
    """The row of `words` that begins at a position.

    Raises: InputError if there is none.
    """
    table = words(run)
    found = table[table["start"] == start]
    if found.empty:
        starts = ", ".join(map(str, table["start"])) or "none"
        raise InputError(
            f"no word of several tokens begins at position {start}; expected one of {starts}"
        )
    return found.iloc[0]


def curve(run: Run, word: pd.Series) -> pd.DataFrame:
    """The result of `detok.inner_vocabulary` for a word, and what its cosine is to be seen against.

    Adds `elsewhere`: the mean cosine of the state at the word's last piece to those at all other
    positions of the text.
    """
    token = int(word["token_id"]) if word["single"] else None
    table = inner_vocabulary(run, int(word["start"]), int(word["stop"]), token)
    last = int(word["stop"]) - 1
    others = [j for j in range(run.n) if j != last]
    states = run.hidden[:, last, None]  # (B + 1, 1, d)
    cosines = torch.cosine_similarity(states, run.hidden[:, others], dim=2)  # (B + 1, n − 1)
    return table.assign(elsewhere=cosines.mean(dim=1).tolist())


def ranks(run: Run, word: pd.Series, curve: pd.DataFrame) -> pd.DataFrame:
    """The ranks of a word's `curve`. Columns: layer, token (what is ranked, in words), rank."""
    show, stop = run.model.tokenizer.show, int(word["stop"])
    named = {"next_rank": f"{show(run.target)}, the target"}
    if stop < run.n:
        named["next_rank"] = f"{show(int(run.ids[stop]))}, which follows"
    if word["single"]:
        named["word_rank"] = f"{word['single']}, the word as one token"
    table = curve.melt("layer", list(named), "token", "rank")
    return table.assign(token=table["token"].map(named))


def cosines(curve: pd.DataFrame) -> pd.DataFrame:
    """The cosines of a `curve`. Columns: layer, state (to which), cosine."""
    named = {"cosine": "the word as one token", "elsewhere": "other positions, mean"}
    table = curve.melt("layer", list(named), "state", "value")
    return table.assign(state=table["state"].map(named)).rename(columns={"value": "cosine"})


def best(ranks: pd.DataFrame) -> pd.DataFrame:
    """Of each token that `ranks` has: token, layer and rank (its best, the first), first, last."""
    grouped = ranks.groupby("token", sort=False)
    best = ranks.loc[grouped["rank"].idxmin()].set_index("token")
    ends = grouped["rank"].agg(["first", "last"])
    return best.join(ends).reset_index()


def closest(curve: pd.DataFrame) -> pd.Series:
    """The row of a `curve` with the largest cosine."""
    return curve.loc[curve["cosine"].idxmax()]
