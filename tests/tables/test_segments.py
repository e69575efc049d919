"""The tables of a mask by segments hold what the library computes."""

import numpy as np
import pandas as pd
import pytest
import torch

import detok
from detok.tables import segments as tables, terms as term_tables

CUT = (4, 3)  # of 9 tokens, so that 7 and 8 are the answer


@pytest.fixture(scope="module")
def found(a_run: detok.Run) -> detok.SegmentAttention:
    return detok.segment_attention(a_run, CUT)


@pytest.mark.parametrize(
    ("cuts", "end", "lengths"),
    [
        ([], 9, (9,)),
        ([4], 7, (4, 3)),
        ([7, 4], 9, (4, 3, 2)),
        ([4, 7, 8], 7, (4, 3)),
        ([3], 0, ()),
        ([], 1, (1,)),
        (range(1, 9), 9, (1,) * 9),
    ],
)
def test_lengths(cuts: list[int], end: int, lengths: tuple[int, ...]) -> None:
    assert tables.lengths_of(cuts, end) == lengths


def test_the_segments_are_the_text(a_run: detok.Run) -> None:
    table = tables.segments(a_run, CUT)
    assert table["segment"].tolist() == [1, 2, 0]
    assert table[["first", "last"]].to_numpy().tolist() == [[0, 3], [4, 6], [7, 8]]
    shown = a_run.model.tokenizer.show_each(a_run.ids.tolist())
    assert "".join(table["text"]) == "".join(shown)
    assert tables.segments(a_run, ())["segment"].tolist() == [0]
    assert tables.segments(a_run, (9,))["segment"].tolist() == [1]


@pytest.mark.parametrize("window", [range(9), range(2, 8)])
def test_attention_is_in_its_place(
    a_run: detok.Run, found: detok.SegmentAttention, window: range
) -> None:
    table = tables.attention(a_run, found, 2, 1, window)
    assert {(row.i, row.j) for row in table.itertuples()} == {
        (i, j) for i in window for j in window if found.visible[i, j]
    }
    for row in table.itertuples():
        assert row.causal == a_run.attention[2, 1, row.i, row.j]
        assert row.segments == found.attention[2, 1, row.i, row.j]
        assert row.difference == row.segments - row.causal
        assert (row.token_id_i, row.token_id_j) == (a_run.ids[row.i], a_run.ids[row.j])
    if window == range(9):
        assert table.groupby("i")["segments"].sum().to_numpy() == pytest.approx(1)
        assert table.groupby("i")["difference"].sum().to_numpy() == pytest.approx(0)


def test_a_map_has_what_can_be_seen_under_its_mask(
    a_run: detok.Run, found: detok.SegmentAttention
) -> None:
    drawn = tables.drawn(tables.attention(a_run, found, 0, 0, range(9)))
    sizes = drawn.groupby("map").size()
    assert sizes["causal"] == 45
    assert sizes["segments"] == sizes["difference"] == int(found.visible.sum()) > 45
    causal = drawn[drawn["map"] == "causal"]
    assert (causal["j"] <= causal["i"]).all()
    assert (causal["weight"] > 0).all()


def test_what_goes_to_later_tokens(a_run: detok.Run, found: detok.SegmentAttention) -> None:
    moved = tables.moved(a_run, found, 1, 2)
    weights, visible = found.attention[1, 2], found.visible
    rows = [i for i in range(9) if visible[i, i + 1 :].any()]
    assert moved["n_rows"] == len(rows) == 5
    later = [weights[i, i + 1 :].sum().item() for i in rows]
    even = [(visible[i, i + 1 :].sum() / visible[i].sum()).item() for i in rows]
    assert moved["later"] == pytest.approx(np.mean(later))
    assert moved["even"] == pytest.approx(np.mean(even))
    assert moved["largest"] == found.difference[1, 2].abs().max()


def test_only_the_first_layers_rows_keep_their_scores(
    a_run: detok.Run, found: detok.SegmentAttention
) -> None:
    for head in range(4):
        assert tables.moved(a_run, found, 0, head)["kept"] < 1e-12
        assert tables.moved(a_run, found, 2, head)["kept"] > 1e-4


@pytest.mark.parametrize("lengths", [(), (1,) * 9])
def test_without_longer_segments_nothing_moves(a_run: detok.Run, lengths: tuple[int, ...]) -> None:
    moved = tables.moved(a_run, detok.segment_attention(a_run, lengths), 2, 0)
    assert moved["n_rows"] == 0
    assert moved["largest"] < 1e-12
    assert np.isnan(moved["later"])


def test_gains(a_run: detok.Run, found: detok.SegmentAttention) -> None:
    table = tables.gains(a_run, found, 2, 3)
    assert table["gain"].is_monotonic_decreasing
    assert table["gain"].sum() == pytest.approx(0, abs=1e-12)
    assert table["even"].sum() == pytest.approx(0, abs=1e-12)
    for row in table.itertuples():
        assert row.token_id == a_run.ids[row.j]
        assert row.seen_causal == 9 - row.j
        assert row.seen_segments == found.visible[:, row.j].sum()
        assert row.segment == (1 if row.j < 4 else 2 if row.j < 7 else 0)
        assert row.gain == pytest.approx(found.difference[2, 3, :, row.j].mean().item())
    listed = tables.listed(table)
    assert set(listed["segment"]) == {"1", "2", "answer"}
    assert len(listed) == 9


def test_even_gains_are_those_of_even_attention(a_run: detok.Run) -> None:
    """One segment: all tokens are seen alike, those that were seen by few gain most."""
    table = tables.gains(a_run, detok.segment_attention(a_run, [9]), 0, 0)
    even = table.sort_values("j")["even"]
    assert even.is_monotonic_increasing
    assert even.iloc[-1] == pytest.approx(1 / 9 - 1 / 81)


def test_next_tokens(a_run: detok.Run, found: detok.SegmentAttention) -> None:
    table = tables.next_tokens(a_run, found, k=3)
    both = {"causal": a_run.log_probs, "segments": found.log_probs}
    best = {int(t) for log_probs in both.values() for t in log_probs.topk(3).indices}
    assert set(table["token_id"]) == best | {a_run.target}
    assert table[table["target"]]["token_id"].tolist() == [a_run.target]
    for name, log_probs in both.items():
        for row in table.to_dict("records"):
            assert row[name] == pytest.approx(log_probs[row["token_id"]].exp().item())
            larger = (log_probs > log_probs[row["token_id"]]).sum().item()
            assert row[f"rank_{name}"] == 1 + larger
        assert (table[f"rank_{name}"] == 1).any()
    least = torch.minimum(*(log_probs.exp() for log_probs in both.values())).sum().item()
    assert tables.shared(found) == pytest.approx(least)
    either = tables.either(table)
    assert len(either) == 2 * len(table)
    assert either["token"].str.endswith("(target)").sum() == 2


@pytest.mark.parametrize("window", [range(9), range(3, 8)])
def test_the_terms_of_every_pair(
    first: detok.Layer, ids: list[int], found: detok.SegmentAttention, window: range
) -> None:
    terms = detok.terms(first, ids, heads=2)
    visible = found.visible.numpy()
    table = term_tables.square(first, ids, terms, window, visible)
    assert len(table) == 7 * len(window) ** 2
    one = table[table["term"] == "ep"]
    for row in one.itertuples():
        assert row.value == pytest.approx(terms.ep[0, row.i, row.j].item() / terms.scale)
        assert row.visible == visible[row.i, row.j]
        values = terms.ep[0, row.i][found.visible[row.i]] / terms.scale
        assert row.centred == pytest.approx(row.value - values.mean().item())
    causal = term_tables.square(first, ids, terms, window, np.tri(9, dtype=bool))
    seen = causal[causal["visible"]].drop(columns="visible").reset_index(drop=True)
    pd.testing.assert_frame_equal(seen, term_tables.maps(first, ids, terms, window))
