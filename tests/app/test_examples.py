"""What a visitor begins with."""

import pytest

import detok
from detok.app import cached, examples, gate


@pytest.fixture(scope="module")
def mini() -> detok.Layer:
    return detok.load("mini", device="cpu")


def test_a_model_that_rebuilds_nothing_begins_with_a_word_all_the_same(layer: detok.Layer) -> None:
    assert examples.word(layer) == examples.WORD


def test_the_first_word_is_one_that_a_head_rebuilds(mini: detok.Layer) -> None:
    pieces = mini.tokenizer.encode(examples.word(mini))
    assert len(pieces) == 2
    assert detok.previous_piece_ranks(mini, pieces).min() == 1


def test_a_large_model_begins_with_the_same_word_whether_its_own_are_known_or_not(
    mini: detok.Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cached, "SMALL", mini.vocab_size - 1)
    cached._rebuilt_job.clear()
    assert examples.word(mini) == examples.WORD
    job = cached.rebuilt_job(mini)
    assert job.is_under_way
    job.wait(60)
    assert job.state == "done"
    assert examples.word(mini) == examples.WORD
    cached._rebuilt_job.clear()


def test_a_job_that_a_visitor_has_cancelled_is_not_begun_again_by_a_page(
    layer: detok.Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cached, "SMALL", 0)
    cached._rebuilt_job.clear()
    job = cached._rebuilt_job(layer)
    with gate.LONG.turn():
        cached.rebuilt_job(layer)
        job.cancel()
        job.wait(60)
    assert cached.rebuilt_job(layer).state == "cancelled"
    assert job.was_cancelled
    cached.compute_rebuilt(layer)
    job.wait(60)
    assert job.state == "done"
    cached._rebuilt_job.clear()


@pytest.mark.parametrize("word", [" tranquil", "tranquil ", "Sherlock"])
def test_a_sentence_has_the_word_as_a_word(word: str) -> None:
    assert f" {word.strip()} " in examples.sentence(word)


def test_the_pieces_of_a_word_stand_in_its_sentence(mini: detok.Layer) -> None:
    word = detok.rebuilt_words(mini).words.iloc[0]
    text, ids, i = examples.around(mini, int(word["past_id"]), int(word["current_id"]))
    assert mini.tokenizer.encode(text) == ids
    assert ids[i - 1 : i + 1] == [word["past_id"], word["current_id"]]
    assert len(ids) > 2


def test_where_a_sentence_has_no_room_the_pieces_stand_alone(layer: detok.Layer) -> None:
    assert examples.around(layer, 5, 70) == (layer.tokenizer.text(5, 70), [5, 70], 1)
