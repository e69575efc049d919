"""Charts of results in a notebook: what they draw is what was computed, whole, or an error."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import detok
from detok import draw
from detok.charts.paper import Chart
from tests.support.charts import data, encodings

IDS = [70, 12, 250, 12, 9, 9, 31]
FUNCTIONS = [
    name
    for name, function in vars(draw).items()
    if inspect.isfunction(function) and function.__module__ == draw.__name__ and name[0] != "_"
]


@pytest.fixture(scope="module")
def charts(layer: detok.Layer, counts: detok.Counts) -> dict[str, Chart]:
    """One of each function, with its defaults."""
    terms = detok.terms(layer, IDS)
    baselines = detok.auroc_baselines(layer, counts)
    return {
        "affinity": draw.affinity(layer, detok.affinity(layer, 12, k=4)),
        "terms": draw.terms(layer, IDS, terms, head=1),
        "contributions": draw.contributions(layer, IDS, detok.contributions(layer, IDS)),
        "mean_contributions": draw.mean_contributions(
            detok.mean_contributions(layer, [IDS, IDS[:3], IDS[2:]])
        ),
        "ablate": draw.ablate(layer, IDS, detok.ablate(terms, {"pp"})),
        "explain_pair": draw.explain_pair(
            layer, IDS, detok.explain_pair(layer, IDS, i=5, j=2, head=1)
        ),
        "position_bias": draw.position_bias(layer, detok.position_bias(layer, 5)),
        "layernorm_stats": draw.layernorm_stats(detok.layernorm_stats(layer)),
        "pair_auroc": draw.pair_auroc(detok.pair_auroc(layer, counts), counts, baselines),
    }


def rows(chart: Chart) -> list[dict[str, Any]]:
    return data(chart.to_dict())


def test_each_has_the_name_of_what_it_draws() -> None:
    assert set(FUNCTIONS) <= set(detok.__all__)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_chart_is_valid_and_tells_its_values(charts: dict[str, Chart], name: str) -> None:
    spec = charts[name].to_dict()
    for part in spec.get("vconcat", [spec]):
        assert any(encoding.get("tooltip") for encoding in encodings(part))
    assert all(len(table) for table in spec["datasets"].values())


def test_affinity_is_what_was_found(layer: detok.Layer, charts: dict[str, Chart]) -> None:
    found = detok.affinity(layer, 12, k=4)
    drawn = rows(charts["affinity"])
    assert [row["score"] for row in drawn] == pytest.approx(found["score"].tolist())
    assert [row["shown"] for row in drawn] == list(map(layer.tokenizer.show, found["token_id"]))


def test_terms_are_those_of_the_head(layer: detok.Layer, charts: dict[str, Chart]) -> None:
    total = detok.terms(layer, IDS, heads=1).total[0] / layer.scale
    drawn = [row for row in rows(charts["terms"]) if row["term"] == "sum"]
    assert len(drawn) == 7 * 8 / 2
    for row in drawn:
        assert row["value"] == pytest.approx(total[row["i"], row["j"]].item(), rel=1e-5)


def test_ee_in_two_parts_is_drawn_as_two(layer: detok.Layer) -> None:
    split = detok.split_ee(layer, IDS, detok.shared_query(layer), heads=1)
    drawn = {row["term"] for row in rows(draw.terms(layer, IDS, split))}
    assert {"ee_shared", "ee_specific"} < drawn
    assert "ee" not in drawn


def test_contributions_of_one_head(layer: detok.Layer) -> None:
    nats = detok.contributions(layer, IDS)
    drawn = rows(draw.contributions(layer, IDS, nats, head=1))
    assert {row["head"] for row in drawn} == {1}
    for row in drawn:
        term = detok.TERMS.index(row["term"])
        assert row["nats"] == pytest.approx(nats[term, 1, row["i"]].item())


def test_attention_without_a_term(layer: detok.Layer) -> None:
    ablation = detok.ablate(detok.terms(layer, IDS, heads=1), {"pp"})
    drawn = rows(draw.ablate(layer, IDS, ablation, heads=1))
    assert {row["head"] for row in drawn} == {1}
    for row in drawn:
        left = ablation.left[0, row["i"], row["j"]].item()
        assert row["left"] == pytest.approx(left, rel=1e-5)


def test_the_bars_of_a_pair_end_at_its_score(layer: detok.Layer, charts: dict[str, Chart]) -> None:
    pair = detok.explain_pair(layer, IDS, i=5, j=2, head=1)
    assert pair.runner_up is not None
    ends = [row["end"] for row in rows(charts["explain_pair"]) if row["part"] == "score"]
    assert ends == pytest.approx([pair.chosen.total, pair.runner_up.total])


def test_measured_attention_stands_beside_that_by_position(layer: detok.Layer) -> None:
    bias, texts = detok.position_bias(layer, 5), [IDS, IDS[::-1]]
    measured = detok.mean_attention(layer, texts, 5)
    spec = draw.position_bias(layer, bias, measured, head=1, ends=True).to_dict()
    drawn = next(table for table in spec["datasets"].values() if "expected" in table[0])
    assert [row["mean"] for row in drawn] == pytest.approx(measured.mean[1].tolist())
    assert [row["expected"] for row in drawn] == pytest.approx(bias.attention[1].tolist())


def test_pair_auroc_has_the_means_and_the_baselines(
    layer: detok.Layer, counts: detok.Counts, charts: dict[str, Chart]
) -> None:
    tables = charts["pair_auroc"].to_dict()["datasets"].values()
    drawn = max(tables, key=len)
    assert [row["mean"] for row in drawn] == pytest.approx(detok.pair_auroc(layer, counts).mean())
    reached = detok.auroc_baselines(layer, counts).pair.mean()
    assert [row["shared"] for row in drawn] == pytest.approx(reached[1:])
    assert drawn[0]["frequency"] == pytest.approx(reached[0])


def test_baselines_of_other_tokens_are_refused(layer: detok.Layer, counts: detok.Counts) -> None:
    pairs, other = detok.pair_auroc(layer, counts), detok.auroc_baselines(layer, counts, [1, 2])
    with pytest.raises(detok.InputError, match=r"shape \(3, 2\); expected .* = \(3, 300\)"):
        draw.pair_auroc(pairs, counts, other)


def test_a_text_of_one_token_and_counts_of_no_text(
    layer: detok.Layer, no_counts: detok.Counts
) -> None:
    terms, pair = detok.terms(layer, [7]), detok.explain_pair(layer, [7], i=0, j=0, head=1)
    nothing = detok.pair_auroc(layer, no_counts), no_counts
    for chart in (
        draw.terms(layer, [7], terms),
        draw.ablate(layer, [7], detok.ablate(terms, {"pp"})),
        draw.explain_pair(layer, [7], pair),
        draw.pair_auroc(*nothing, detok.auroc_baselines(layer, no_counts)),
    ):
        assert data(chart.to_dict())
    with pytest.raises(detok.InputError, match="no term contributes"):
        draw.contributions(layer, [7], detok.contributions(layer, [7]))


def test_more_rows_than_altair_shows_by_itself() -> None:
    layer = detok.load("mini")
    ids = np.arange(draw.MAX_MAP)
    spec = draw.terms(layer, ids, detok.terms(layer, ids, heads=0)).to_dict()
    assert len(data(spec)) == 7 * draw.MAX_MAP * (draw.MAX_MAP + 1) / 2 > 5000


def test_a_model_whose_tokens_see_all_others(both_ways: detok.Layer) -> None:
    terms = detok.terms(both_ways, IDS)
    for chart in (
        draw.terms(both_ways, IDS, terms),
        draw.ablate(both_ways, IDS, detok.ablate(terms, {"pp"})),
    ):
        spec = chart.to_dict()
        titles = [e["x"]["title"] for e in encodings(spec) if "title" in e.get("x", {})]
        assert set(titles) == {"Attended token j"}
        assert {(row["i"], row["j"]) for row in data(spec)} >= {(0, 6), (6, 0)}


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda layer, t: draw.terms(layer, IDS[:3], t), "3 ids for a result of 7 tokens"),
        (lambda layer, t: draw.terms(layer, IDS, t, head=2), "head is 2; expected 0 ≤ head"),
        (lambda layer, t: draw.terms(layer, IDS, t, window=range(9)), r"range\(0, 9\) of 7 tok"),
        (lambda layer, t: draw.terms(layer, IDS, t, window=range(0)), r"range\(0, 0\) of 7 tok"),
        (
            lambda layer, t: draw.ablate(layer, IDS, detok.ablate(t, {"e"}), heads=0),
            "of 2 heads, and heads names 1",
        ),
        (
            lambda layer, t: draw.contributions(layer, IDS, torch.zeros(6, 2, 7)),
            "no term contributes more than 1e-06",
        ),
        (
            lambda layer, t: draw.contributions(layer, IDS, torch.ones(6, 2, 7), head=2),
            "head is 2; expected 0 ≤ head < H = 2",
        ),
        (
            lambda layer, t: draw.contributions(layer, IDS, torch.ones(6, 7)),
            r"have shape \(6, 7\); expected \(6, H, n\) with H = 2",
        ),
        (
            lambda layer, t: draw.affinity(layer, detok.position_summary(layer, 3)),
            "no column joined; expected one as of detok.affinity",
        ),
        (
            lambda layer, t: draw.explain_pair(
                layer, IDS[:4], detok.explain_pair(layer, IDS, i=5, j=2, head=0)
            ),
            "there are 4 ids, and the pair has position 5",
        ),
        (
            lambda layer, t: draw.position_bias(
                layer, detok.position_bias(layer, 3), detok.mean_attention(layer, [IDS], 4)
            ),
            "of position i = 4; expected i = 3",
        ),
    ],
)
def test_what_does_not_fit_is_said(
    layer: detok.Layer, make: Callable[[detok.Layer, detok.Terms], Chart], sentence: str
) -> None:
    with pytest.raises(detok.InputError, match=sentence):
        make(layer, detok.terms(layer, IDS))


def test_a_rotary_text_is_drawn_in_its_terms(rotary: detok.RotaryLayer) -> None:
    ids = [70, 12, 250, 12, 9]
    terms = detok.terms(rotary, ids)
    drawn = [
        detok.draw.terms(rotary, ids, terms, head=1),
        detok.draw.contributions(rotary, ids, detok.contributions(rotary, ids), head=1),
        detok.draw.mean_contributions(detok.mean_contributions(rotary, [ids])),
        detok.draw.ablate(rotary, ids, detok.ablate(terms, ["ee"])),
        detok.draw.explain_pair(rotary, ids, detok.explain_pair(rotary, ids, i=4, j=3, head=0)),
    ]
    for chart in drawn:
        chart.to_dict(validate=True)
    named = {row["term"] for row in data(drawn[1].to_dict())}
    # The key bias adds the same for all past tokens where nothing is turned.
    unmoved = set() if rotary.slopes is None else {"eb"}
    assert named == set(rotary.term_names) - unmoved
