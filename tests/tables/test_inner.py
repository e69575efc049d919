"""The tables of the inner vocabulary."""

import numpy as np
import pandas as pd
import pytest
import torch

import detok
from detok.tables import inner as tables

TEXT = "Bed tone"


@pytest.fixture(scope="module")
def run(whole: detok.Model) -> detok.Run:
    return detok.run(whole, whole.tokenizer.encode(TEXT), target=7)


def test_words_of_several_tokens(run: detok.Run) -> None:
    vocabulary, ids = run.model.tokenizer, run.ids.tolist()
    numbers = vocabulary.words(TEXT)
    table = tables.words(run)
    several = [word for word in dict.fromkeys(numbers) if numbers.count(word) > 1]
    assert table["start"].tolist() == [numbers.index(word) for word in several]
    for row in table.itertuples():
        assert row.stop - row.start == numbers.count(numbers[row.start])
        assert row.pieces == " + ".join(map(vocabulary.show, ids[row.start : row.stop]))
        if not pd.isna(row.token_id):
            spelled = vocabulary.text(row.token_id).strip().lower()
            assert spelled == vocabulary.text(*ids[row.start : row.stop]).strip().lower()
            assert row.token_id not in ids[row.start : row.stop]


def test_the_nearest_spelling_that_is_one_token(whole: detok.Model) -> None:
    """The vocabulary has “en” and “·e”, but neither “En” nor “EN”."""
    vocabulary = whole.tokenizer
    token = vocabulary.id_of("en")
    for text in ("EN", "En", " EN"):
        run = detok.run(whole, vocabulary.encode(text), target=7)
        (row,) = tables.words(run).itertuples()
        assert row.token_id == token
        assert row.single == "en"
    none = detok.run(whole, vocabulary.encode("zqk"), target=7)
    assert tables.words(none)["token_id"].isna().all()


def test_tokens_that_no_text_has_are_in_no_words(whole: detok.Model) -> None:
    """“e” and “n” one after the other would have been one token."""
    vocabulary = whole.tokenizer
    ids = [vocabulary.id_of("e"), vocabulary.id_of("n")]
    assert tables.words(detok.run(whole, ids, target=7)).empty


def test_a_word_that_is_not_there(run: detok.Run) -> None:
    with pytest.raises(detok.InputError, match="begins at position 99; expected one of"):
        tables.word(run, 99)


def test_the_curve_is_the_librarys(run: detok.Run) -> None:
    word = tables.words(run).iloc[0]
    token = None if pd.isna(word["token_id"]) else int(word["token_id"])
    expected = detok.inner_vocabulary(run, int(word["start"]), int(word["stop"]), token)
    curve = tables.curve(run, word)
    pd.testing.assert_frame_equal(curve.drop(columns="elsewhere"), expected)
    last = word["stop"] - 1
    cosines = [
        torch.cosine_similarity(run.hidden[2, last], run.hidden[2, j], dim=0).item()
        for j in range(run.n)
        if j != last
    ]
    assert curve["elsewhere"][2] == pytest.approx(np.mean(cosines))


def test_long_tables_and_their_best(whole: detok.Model) -> None:
    run = detok.run(whole, whole.tokenizer.encode("EN a"), target=7)
    word = tables.words(run).iloc[0]
    curve = tables.curve(run, word)
    ranks = tables.ranks(run, word, curve)
    assert ranks["rank"].tolist() == [*curve["next_rank"], *curve["word_rank"]]
    assert ranks["token"].unique().tolist() == ["·a, which follows", "en, the word as one token"]
    for row, column in zip(
        tables.best(ranks).itertuples(), ["next_rank", "word_rank"], strict=True
    ):
        assert row.rank == curve[column].min()
        assert row.layer == curve[column].idxmin()
        assert (row.first, row.last) == (curve[column].iloc[0], curve[column].iloc[-1])
    cosines = tables.cosines(curve)
    assert cosines["cosine"].tolist() == [*curve["cosine"], *curve["elsewhere"]]
    assert tables.closest(curve)["cosine"] == curve["cosine"].max()


def test_at_the_end_the_target_follows(whole: detok.Model) -> None:
    run = detok.run(whole, whole.tokenizer.encode("EN"), target=7)
    word = tables.words(run).iloc[0]
    ranks = tables.ranks(run, word, tables.curve(run, word))
    assert ranks["token"][0] == f"{run.model.tokenizer.show(7)}, the target"
