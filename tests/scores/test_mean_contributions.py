"""Contributions over many texts: means and intervals, sampling, streams, and cancelling."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from scipy import stats

import detok
from detok.scores.texts import drawn

TEXTS = [[70, 12, 250], [9, 9, 31, 5, 7], [1], [44, 45, 46, 47], [200, 3]]


def stacked(layer: detok.Layer, i: int) -> np.ndarray:
    """The contributions at position i of the texts that reach it, (texts, 6, H)."""
    reaching = [ids for ids in TEXTS if len(ids) > i]
    return np.stack([detok.contributions(layer, ids)[:, :, i].numpy() for ids in reaching])


@pytest.mark.parametrize("i", range(5))
def test_mean_and_interval_of_every_position(layer: detok.Layer, i: int) -> None:
    found = detok.mean_contributions(layer, TEXTS)
    values = stacked(layer, i)
    assert found.n.tolist() == [5, 4, 3, 2, 1]
    assert found.mean[:, :, i].numpy() == pytest.approx(values.mean(axis=0), abs=1e-12)
    if len(values) == 1:
        assert found.low[:, :, i].isnan().all()
        assert found.high[:, :, i].isnan().all()
        return
    low, high = stats.t.interval(
        0.95, len(values) - 1, values.mean(axis=0), stats.sem(values, axis=0) + 1e-300
    )
    assert found.low[:, :, i].numpy() == pytest.approx(low.clip(min=0), abs=1e-10)
    assert found.high[:, :, i].numpy() == pytest.approx(high, abs=1e-10)


def test_strings_are_cut_and_empty_ones_left_out(layer: detok.Layer) -> None:
    found = detok.mean_contributions(layer, ["the", "", "x" * 40])
    assert (found.n_texts, found.n_cut, found.n_empty) == (2, 1, 1)
    assert found.mean.shape == (6, layer.n_heads, layer.n_positions)


def test_a_first_token_is_put_before_every_text(layer: detok.Layer) -> None:
    found = detok.mean_contributions(layer, [[5, 6]], first=299)
    torch.testing.assert_close(found.mean, detok.contributions(layer, [299, 5, 6]))
    assert detok.mean_contributions(layer, ["", "the"], first=299).n_empty == 1


def same(a: detok.MeanContributions, b: detok.MeanContributions) -> bool:
    return torch.equal(a.mean, b.mean) and torch.equal(a.n, b.n)


def test_a_sample_is_the_same_for_the_same_seed_and_from_a_stream(layer: detok.Layer) -> None:
    texts = [[t % 300, (7 * t) % 300] for t in range(60)]
    first, again = (detok.mean_contributions(layer, texts, sample=9, seed=3) for _ in range(2))
    assert same(first, again)
    assert first.n_texts == 9
    assert same(first, detok.mean_contributions(layer, iter(texts), sample=9, seed=3))
    assert not same(first, detok.mean_contributions(layer, texts, sample=9, seed=4))
    assert same(
        detok.mean_contributions(layer, texts, sample=99), detok.mean_contributions(layer, texts)
    )


def test_every_text_is_drawn_equally_often() -> None:
    numbers = [number for seed in range(900) for number, _ in drawn(range(6), 2, seed)]
    counts = np.bincount(numbers, minlength=6)
    assert counts.sum() == 1800
    assert stats.chisquare(counts).pvalue > 0.001


def test_texts_are_read_one_at_a_time_and_a_run_can_be_cancelled(layer: detok.Layer) -> None:
    read = []

    def stream() -> Iterator[list[int]]:
        for t in range(100):
            read.append(t)
            yield [t, t]

    def stop(done: int, total: int | None) -> None:
        assert total is None
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        detok.mean_contributions(layer, stream(), progress=stop)
    assert read == [0, 1, 2]


def test_progress_counts_to_the_number_of_texts(layer: detok.Layer) -> None:
    seen = []
    detok.mean_contributions(layer, TEXTS, progress=lambda *args: seen.append(args))
    assert seen == [(n, 5) for n in range(1, 6)]
    seen.clear()
    detok.mean_contributions(layer, TEXTS, sample=2, progress=lambda *args: seen.append(args))
    assert seen == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("texts", "options", "sentence"),
    [
        ([], {}, "none of the 0 texts has a token"),
        (["", ""], {}, "none of the 2 texts has a token"),
        (["the", "\ud800"], {}, "text 2 of those given: the text has '\\\\ud800'"),
        ([[1, 300]], {}, "text 1 of those given: token id 300 is out of range"),
        ([[1]], {"first": 300}, "token id 300"),
        ([[1]], {"sample": 0}, "sample is 0; expected at least 1"),
    ],
)
def test_refused_texts(layer: detok.Layer, texts: list, options: dict, sentence: str) -> None:
    with pytest.raises(detok.InputError, match=sentence):
        detok.mean_contributions(layer, texts, **options)
