"""What is said of the inner vocabulary follows from its tables."""

import detok
from detok.readings import inner as readings
from detok.tables import inner as tables


def test_ranks_and_cosines(whole: detok.Model) -> None:
    run = detok.run(whole, whole.tokenizer.encode("EN a"), target=7)
    word = tables.words(run).iloc[0]
    curve = tables.curve(run, word)
    said = readings.ranks(run, word, tables.best(tables.ranks(run, word, curve)))
    ranks = curve["word_rank"]
    at = ranks.idxmin()
    when = f"after layer {at - 1}" if at else "before all layers"
    assert said.startswith("At N (position 1), the last piece of E + N: ·a, which follows, has")
    assert (
        f"en, the word as one token, has rank {ranks.iloc[0]:,} before all layers and "
        f"{ranks.iloc[-1]:,} in the end; its best is {ranks.min():,}, {when}." in said
    )
    assert "of 300 tokens in random order, one is at 150 on average" in said
    said = readings.cosines(word, tables.closest(curve))
    assert f"cosine {curve['cosine'].max():.2f}, where" in said


def test_a_word_that_no_token_spells(whole: detok.Model) -> None:
    run = detok.run(whole, whole.tokenizer.encode("zqk"), target=7)
    word = tables.words(run).iloc[0]
    table = tables.ranks(run, word, tables.curve(run, word))
    assert "No single token spells this word" in readings.ranks(run, word, tables.best(table))
