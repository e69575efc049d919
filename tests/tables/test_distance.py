"""The tables of a pair over distances hold what the library computes one distance at a time."""

import pytest
import torch

import detok
from detok.tables import distance as tables

CURRENT, PAST, HEADS, AT = 70, 12, [1, 0], range(1, 20)


@pytest.mark.parametrize("term", ["ee", "total"])
def test_the_curve_and_what_random_pairs_have(rotary: detok.RotaryLayer, term: str) -> None:
    curve = detok.distance_curve(rotary, CURRENT, PAST, heads=HEADS)
    at = range(1, min(20, rotary.n_distances))
    bias = detok.distance_bias(rotary, at, n_drawn=25)
    table = tables.curve(curve, bias, HEADS, term)
    assert len(table) == len(HEADS) * len(at)
    drawn = bias.tokens.tolist()
    for row in table[table["distance"].isin([1, 4])].itertuples():
        matrix = detok.affinity_matrix(rotary, drawn, distance=row.distance)[row.head]
        if term == "ee" or rotary.term_names == ("ee",):
            score = detok.affinity_scores(rotary, CURRENT, heads=row.head, distance=row.distance)
            assert row.score == pytest.approx(score[0, PAST].item())
            assert row.mean == pytest.approx(matrix.mean().item(), abs=1e-7)
            spread = matrix.std(unbiased=False).item()
            assert (row.high - row.low) / 2 == pytest.approx(spread)
        else:
            text = [PAST] * row.distance + [CURRENT]
            assert row.score == pytest.approx(detok.terms(rotary, text).total[row.head, -1, 0])
    assert ("low" in table) is (term == "ee" or rotary.term_names == ("ee",))


def test_the_peaks_are_the_largest_of_each_head(qwen2: detok.RotaryLayer) -> None:
    curve = detok.distance_curve(qwen2, CURRENT, PAST, heads=HEADS)
    table = tables.curve(curve, detok.distance_bias(qwen2, AT), HEADS, "ee")
    peaks = tables.peaks(table).set_index("head")
    for place, head in enumerate(HEADS):
        values = curve.ee.at(AT)[place]
        assert peaks.loc[head, "distance"] == AT[int(values.argmax())]
        assert peaks.loc[head, "score"] == pytest.approx(values.max().item())
        assert peaks.loc[head, "n"] == 1


def test_a_curve_without_a_peak_has_as_many_as_distances(qwen2: detok.RotaryLayer) -> None:
    flat = detok.RotaryLayer.__new__(detok.RotaryLayer)
    flat.__dict__.update(vars(qwen2) | {"theta": torch.zeros_like(qwen2.theta)})
    curve = detok.distance_curve(flat, CURRENT, PAST)
    bias = detok.distance_bias(flat, AT)
    heads = list(range(flat.n_heads))
    peaks = tables.peaks(tables.curve(curve, bias, heads, "ee"))
    assert peaks["distance"].tolist() == [1] * flat.n_heads
    assert peaks["n"].tolist() == [len(AT)] * flat.n_heads
    spectrum = tables.spectrum(curve, bias, heads)
    assert spectrum.empty
    assert tables.strongest(spectrum).empty


def test_the_spectrum_gives_the_curve_its_height(rotary: detok.RotaryLayer) -> None:
    """No curve is farther from its constant than all amplitudes together."""
    curve = detok.distance_curve(rotary, CURRENT, PAST, heads=HEADS)
    bias = detok.distance_bias(rotary, [1], n_drawn=12)
    table = tables.spectrum(curve, bias, HEADS)
    assert table.empty == (rotary.slopes is not None)
    assert not (table["period"] < 2).any()
    if table.empty:
        return
    for place, head in enumerate(HEADS):
        own = table[table["head"] == head]
        assert own["period"].is_monotonic_increasing
        assert own["share"].sum() == pytest.approx(1)
        swing = (curve.ee.at(range(50)) - curve.ee.constant[:, None])[place].abs().max()
        assert swing <= own["amplitude"].sum() + 1e-9
        best = tables.strongest(table).set_index("head").loc[head]
        assert best["amplitude"] == own["amplitude"].max()
    drawn = bias.tokens.tolist()
    of_pairs = [
        detok.distance_curve(rotary, i, j, heads=HEADS).ee.amplitude for i in drawn for j in drawn
    ]
    expected = torch.stack(of_pairs).square().mean(dim=0).sqrt()  # (heads, M)
    found = table.sort_values(["head", "period"])["usual"].to_numpy().reshape(2, -1)
    order = curve.ee.period.argsort()
    assert found == pytest.approx(expected[[HEADS.index(0), HEADS.index(1)]][:, order].numpy())
