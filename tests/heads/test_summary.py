"""The AUROC in a few numbers: intervals, kinds, and samples."""

from dataclasses import replace

import numpy as np
import pytest

import detok
from detok import InputError
from detok.counting.counts import Counts
from detok.counting.in_memory import count_ids
from detok.heads.areas import TOP
from detok.heads.summary import has_area, sample_of_tokens
from detok.model.token_kinds import CONTINUES, ENDS, TOKEN_KINDS, kinds_at, token_kinds


@pytest.fixture(scope="module")
def counts(layer: detok.Layer) -> Counts:
    """The last forty tokens never occur."""
    ids = np.random.default_rng(1).integers(0, layer.vocab_size - 40, 5000)
    return count_ids(ids, layer.vocab_size)


@pytest.fixture(scope="module")
def found(layer: detok.Layer, counts: Counts) -> detok.Auroc:
    return detok.auroc(layer, counts)


def test_the_summary_of_all_tokens(found: detok.Auroc, counts: Counts) -> None:
    table = detok.auroc_summary(found, counts)
    area = found.area[:, found.has_area]
    assert found.n_left_out == 40
    np.testing.assert_allclose(table["mean"], found.mean())
    np.testing.assert_allclose(table["median"], np.median(area, axis=1))
    np.testing.assert_allclose(
        table["q75"] - table["q25"], np.subtract(*np.quantile(area, [0.75, 0.25], axis=1))
    )
    np.testing.assert_allclose(table["std"], area.std(axis=1))
    np.testing.assert_allclose(table["diagonal_share"], found.itself.mean(axis=1))
    np.testing.assert_allclose(
        table["known_share"], found.known[:, found.n_past > 0].mean(axis=1) / TOP
    )
    assert (table["mean_low"] == table["mean"]).all()
    assert (table["mean_high"] == table["mean"]).all()


def test_the_authors_convention_counts_tokens_without_predecessors(
    found: detok.Auroc, counts: Counts
) -> None:
    table = detok.auroc_summary(found, counts, "authors")
    np.testing.assert_allclose(table["mean"], found.mean("authors"))
    assert (table["mean"] < detok.auroc_summary(found, counts)["mean"]).all()
    for function in (detok.auroc_summary, detok.auroc_by_kind):
        with pytest.raises(InputError, match="expected 'paper' or 'authors'"):
            function(found, counts, "others")


def test_intervals_of_samples_cover_the_mean_of_all() -> None:
    """95 % of them should: 19 of 20 at these seeds, for each of eight heads."""
    layer = detok.load("mini")
    counts = Counts.load(layer.source.folder / "counts.parquet")
    all_tokens = sample_of_tokens(layer.vocab_size, 1500, seed=99)
    whole = detok.auroc(layer, counts, all_tokens)  # stands for all tokens
    inside = []
    for seed in range(40):
        chosen = np.random.default_rng(seed).permutation(len(all_tokens))[:150]
        part = replace(
            whole,
            tokens=whole.tokens[chosen],
            n_past=whole.n_past[chosen],
            area=whole.area[:, chosen],
            known=whole.known[:, chosen],
            itself=whole.itself[:, chosen],
        )
        table = detok.auroc_summary(part, _of_some(counts, all_tokens))
        inside.append((table["mean_low"] <= whole.mean()) & (whole.mean() <= table["mean_high"]))
        assert (table["mean_high"] - table["mean_low"]).between(0.02, 0.12).all()
    assert 0.9 <= np.mean(inside) <= 0.99


def _of_some(counts: Counts, tokens: np.ndarray) -> Counts:
    """Counts in which only some tokens have predecessors."""
    sizes = np.zeros(counts.vocab_size, dtype=np.int64)
    sizes[tokens] = np.diff(counts.offsets)[tokens]
    return replace(counts, offsets=np.concatenate([[0], np.cumsum(sizes)]))


def test_a_sample_is_drawn_once_each_and_by_its_seed() -> None:
    first = sample_of_tokens(1000, 100, 1)
    assert len(set(first.tolist())) == 100
    assert first.tolist() == sample_of_tokens(1000, 100, 1).tolist()
    assert first.tolist() != sample_of_tokens(1000, 100, 2).tolist()
    assert sample_of_tokens(30, 100).tolist() == list(range(30))


def test_by_kind(layer: detok.Layer, found: detok.Auroc) -> None:
    kinds = token_kinds(layer)
    table = detok.auroc_by_kind(found, kinds)
    assert table["kind"].unique().tolist() == list(TOKEN_KINDS)
    assert table.groupby("head")["n"].sum().tolist() == [layer.vocab_size - 40] * layer.n_heads
    chosen = found.has_area & (kinds == CONTINUES)
    row = table[(table["head"] == 1) & (table["kind"] == CONTINUES)].iloc[0]
    assert row["mean"] == pytest.approx(found.area[1, chosen].mean())


def test_by_kind_where_the_ends_of_words_are_known(layer: detok.Layer, found: detok.Auroc) -> None:
    kinds = token_kinds(layer)
    kinds[kinds == CONTINUES] = ENDS
    table = detok.auroc_by_kind(found, kinds)
    assert table["kind"].unique().tolist() == list(kinds_at("end"))


def test_nothing_counted_has_no_auroc(layer: detok.Layer) -> None:
    none = Counts.empty(layer.vocab_size)
    assert not has_area(none).any()
    found = detok.auroc(layer, none)
    table = detok.auroc_summary(found, none)
    assert table["mean"].isna().all()
    assert table["diagonal_share"].between(0, 1).all()
    assert detok.auroc_by_kind(found, token_kinds(layer))["mean"].isna().all()
