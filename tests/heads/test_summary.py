"""The AUROC in a few numbers: intervals, kinds, extremes, ROC curves, and what is said of them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import detok
from detok import InputError
from detok.charts import heads as charts
from detok.counting.counts import Counts
from detok.counting.in_memory import count_ids
from detok.heads.areas import TOP
from detok.heads.curves import N_POINTS
from detok.heads.summary import has_area, sample_of_tokens
from detok.model.token_kinds import CONTINUES, TOKEN_KINDS, token_kinds
from detok.readings import heads as readings
from detok.tables import heads as tables


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
    table = tables.by_kind(found, kinds, "paper")
    assert table["kind"].unique().tolist() == list(TOKEN_KINDS)
    assert table.groupby("head")["n"].sum().tolist() == [layer.vocab_size - 40] * layer.n_heads
    chosen = found.has_area & (kinds == CONTINUES)
    row = table[(table["head"] == 1) & (table["kind"] == CONTINUES)].iloc[0]
    assert row["mean"] == pytest.approx(found.area[1, chosen].mean())
    assert row["label"] == f"{CONTINUES} ({chosen.sum()})"
    assert f"{CONTINUES}: head" in readings.by_kind(tables.best_by_kind(table))


def test_nothing_counted_is_said_to_have_no_auroc(layer: detok.Layer) -> None:
    none = Counts.empty(layer.vocab_size)
    assert not has_area(none).any()
    found = detok.auroc(layer, none)
    table = detok.auroc_summary(found, none)
    assert table["mean"].isna().all()
    assert table["diagonal_share"].between(0, 1).all()
    assert "No head has an AUROC" in readings.answer(tables.best(table))
    assert "Known pairs" not in readings.shares(table, tables.extent(found, none))
    kinds = token_kinds(layer)
    assert tables.by_kind(found, kinds, "paper")["mean"].isna().all()


def test_the_sentences_name_the_best_head_and_what_was_left_out(
    found: detok.Auroc, counts: Counts
) -> None:
    table = detok.auroc_summary(found, counts)
    best = table["mean"].idxmax()
    assert f"Head {best} tells" in readings.answer(tables.best(table))
    assert "confidence" not in readings.answer(tables.best(table))
    said = readings.summary(table, tables.extent(found, counts), "paper")
    assert "Over all 300 tokens. 40 have no observed predecessor and are left out" in said
    said = readings.summary(table, tables.extent(found, counts), "authors")
    assert "count as 0" in said


def test_extremes_are_sorted_and_have_enough_predecessors(
    layer: detok.Layer, found: detok.Auroc, counts: Counts
) -> None:
    kinds = token_kinds(layer)
    table = tables.extremes(layer, found, counts, kinds, 1, 18)
    best, worst = (table[table["end"] == end] for end in ("best", "worst"))
    enough = found.has_area & (found.n_past >= 18)
    assert best["area"].iloc[0] == found.area[1, enough].max()
    assert worst["area"].iloc[0] == found.area[1, enough].min()
    assert best["area"].is_monotonic_decreasing
    assert worst["area"].is_monotonic_increasing
    assert (table["predecessors"] >= 18).all()
    assert not table["token_id"].duplicated().any()
    token = int(best["token_id"].iloc[0])
    past, weight = counts.row(token)
    joined = layer.tokenizer.show(int(past[weight.argmax()]), token)
    assert best["joined"].iloc[0] == joined
    n_ranked = len(tables.ranked(found, 18))
    said = readings.extremes(table, tables.extent(found, counts), n_ranked, 1, 18)
    assert f"{enough.sum()} tokens among all 300" in said
    nothing = tables.extremes(layer, found, counts, kinds, 1, 300)
    assert nothing.empty
    said = readings.extremes(nothing, tables.extent(found, counts), 0, 1, 300)
    assert "choose a smaller number" in said


def test_the_area_under_a_thinned_curve_is_the_auroc(layer: detok.Layer, counts: Counts) -> None:
    curves = tables.token_curves(layer, counts, 5)
    for _, curve in curves.groupby("head"):
        x, y = curve["false_positive"].to_numpy(), curve["true_positive"].to_numpy()
        assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
        assert (np.diff(x) >= 0).all()
        assert (np.diff(y) >= 0).all()
        assert len(curve) <= 2 * (N_POINTS + 1)
        assert np.trapezoid(y, x) == pytest.approx(curve["area"].iloc[0], abs=0.01)


def test_the_whole_curve_has_the_auroc_as_its_area(
    layer: detok.Layer, counts: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detok.heads.curves.N_POINTS", 100_000)
    curves = tables.token_curves(layer, counts, 5)
    for _, curve in curves.groupby("head"):
        area = np.trapezoid(curve["true_positive"], curve["false_positive"])
        assert area == pytest.approx(curve["area"].iloc[0], abs=1e-9)


def test_a_token_without_an_auroc_has_no_curve(layer: detok.Layer, counts: Counts) -> None:
    curves = tables.token_curves(layer, counts, 299)
    assert curves.empty
    assert "no observed predecessor" in readings.token(
        layer, counts, 299, tables.token_areas(curves)
    )


def test_predecessors_have_the_ranks_of_a_search(layer: detok.Layer, counts: Counts) -> None:
    table = tables.predecessors(layer, counts, 5, 6)
    past, weight = counts.row(5)
    assert table["count"].tolist() == sorted(weight.tolist(), reverse=True)[:6]
    everything = detok.affinity(layer, 5, k=layer.vocab_size)
    for _, row in table.iterrows():
        assert row["token_id"] in past
        for head in range(layer.n_heads):
            of_head = everything[everything["head"] == head].set_index("token_id")
            assert row[f"head_{head}"] == of_head.loc[row["token_id"], "rank"]
    assert "1 is best" in readings.predecessors(tables.typical_ranks(table), layer)


@pytest.fixture(params=["means", "kinds", "curves"])
def spec(
    request: pytest.FixtureRequest, layer: detok.Layer, found: detok.Auroc, counts: Counts
) -> dict:
    kinds = token_kinds(layer)
    make = {
        "means": lambda: charts.summary(detok.auroc_summary(found, counts), 1),
        "kinds": lambda: charts.by_kind(tables.by_kind(found, kinds, "paper"), True),
        "curves": lambda: charts.curves(tables.token_curves(layer, counts, 5), 1),
    }
    return make[request.param]().to_dict()


def test_every_chart_has_titles_tooltips_and_data(spec: dict) -> None:
    encodings = [part["encoding"] for part in spec["layer"]]
    assert any("tooltip" in encoding for encoding in encodings)
    titled = [e for e in encodings if e.get("x", {}).get("title") and e.get("y", {}).get("title")]
    assert titled
    assert all(len(rows) for rows in spec["datasets"].values())


def test_a_kind_without_tokens_leaves_no_cell() -> None:
    table = pd.DataFrame(
        {"head": 0, "kind": ["a", "b"], "label": ["a (1)", "b (0)"], "n": [1, 0]}
        | {name: [0.5, np.nan] for name in ("mean", "median", "std")}
    )
    (rows,) = charts.by_kind(table).to_dict()["datasets"].values()
    assert [row["kind"] for row in rows] == ["a"]
