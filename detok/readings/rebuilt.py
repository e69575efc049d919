"""What is said of the words that a model rebuilds."""

import pandas as pd

from detok.heads.rebuilt import TOP
from detok.model.any_layer import AnyLayer
from detok.readings import words

PLACES = {1: "first", 2: "second", 3: "third"}
N_HEADS = 3  # that are named


def finding(layer: AnyLayer, word: pd.Series) -> str:
    """That a head ranks the first piece of a word on top, of one row of `Rebuilt.words`."""
    past, current = (layer.tokenizer.show(word[column]) for column in ("past_id", "current_id"))
    before = f"{words.words_for(layer).partner} {current}"
    place = PLACES[word["rank"]]
    return f"Head {word['head']} ranks {past} {place} of {layer.vocab_size:,} tokens {before}."


def pieces(layer: AnyLayer, word: pd.Series) -> str:
    """The two pieces of a word, and the head that puts them together."""
    show = layer.tokenizer.show
    place = "" if word["rank"] == 1 else f", {PLACES[word['rank']]}"
    return f"{show(word['past_id'])} + {show(word['current_id'])}, head {word['head']}{place}"


def tried(by_head: pd.DataFrame, n_tried: int) -> str:
    """How many words were tried, and which heads rebuild more of them than chance does."""
    if not n_tried:
        return (
            "No word of the bundled excerpts is two tokens to this model: none could be tried for "
            "whether a head puts it together."
        )
    what = (
        f"Tried: the {words.amount(n_tried, 'word')} of the bundled excerpts that "
        f"{'is' if n_tried == 1 else 'are'} two tokens to this model."
    )
    chance = "as many as it would have if the pieces were paired at random"
    on_top = f"the first piece among the first {TOP} of all tokens for the second"
    rebuilding = by_head[by_head["rebuilds"]]
    if rebuilding.empty:
        most = by_head.iloc[0]
        return (
            f"{what} No head puts them together: none has {on_top} much more often than chance. "
            f"The most has head {most['head']}, for {most['hits']:,} of them, where chance has "
            f"{most['by_chance']:.1f}: {chance}."
        )
    named = ", ".join(
        f"head {row.head} for {row.hits:,} ({row.by_chance:.1f} by chance)"
        for row in rebuilding.head(N_HEADS).itertuples()
    )
    n = len(rebuilding)
    have = "1 head has" if n == 1 else f"{n} heads have"
    most = ", most often" if n > N_HEADS else ":"
    return (
        f"{what} {have} {on_top} far more often than by chance{most} {named}. Chance is {chance}."
    )


def cell(layer: AnyLayer, past: int, current: int, cell: pd.Series, weight: float) -> str:
    """What the maps of the whole score and of ee alone have where the word's pieces meet.

    `cell` has ee, and sum unless ee is the whole score, less their row's mean; `weight` is of the
    head's attention.
    """
    show = layer.tokenizer.show
    scores = f"the whole score is {cell['ee']:+.1f} in the frame"
    if "sum" in cell:
        scores = f"the whole score is {cell['sum']:+.1f} in the frame, ee alone {cell['ee']:+.1f}"
    return (
        f"In this sentence {show(past)} gets {weight:.0%} of the attention of {show(current)} in "
        f"that head: {scores}."
    )


def maps(layer: AnyLayer) -> str:
    """How to read a map of the whole score and of ee alone, or of ee if it is the whole score."""
    # A cap does not ignore it.
    ignored = ", which softmax ignores" if layer.soft_cap is None else ""
    rows = (
        f"Rows are current tokens i, columns {words.words_for(layer).seen} tokens j. Each row is "
        f"shown less its mean{ignored}"
    )
    if len(layer.term_names) == 1:
        return f"{rows}. The whole score is one term, ee, the one of the two tokens."
    return (
        f"{rows}; each map has a scale of its own. The whole score is the sum of "
        f"{words.terms(layer)}, of which ee is the one of the two tokens."
    )


def every_term(layer: AnyLayer) -> str:
    """Where a link leads to the terms of a sentence."""
    if len(layer.term_names) == 1:
        return "Every score of this sentence"
    return f"All {words.terms(layer)} of this sentence"
