"""The tables of two heads side by side hold what the library computes."""

import numpy as np
import pytest

import detok
from detok.scores.compare import Shared, Split, shared, split
from detok.scores.decomposition import TERMS
from detok.tables import compare as tables
from detok.tables.compare import Side

IDS = [70, 12, 250, 12, 9, 9, 31]
TEXT = "the sea is their land"


def same(ids: list[int] = IDS) -> Shared:
    return shared(Split(ids, ids, 99), Split(ids, ids, 99), True)


def test_attention_of_both(sides: tuple[Side, Side], layer: detok.Layer) -> None:
    found = tables.maps(*sides, same(), "", tables.ATTENTION)
    weights = detok.attention(detok.terms(layer, IDS)).numpy()
    seen = np.tri(7, dtype=bool)
    for head, values in enumerate((found.left, found.right)):
        assert values[seen] == pytest.approx(weights[head][seen])
        assert np.isnan(values[~seen]).all()
    assert found.difference[seen] == pytest.approx((weights[1] - weights[0])[seen])
    assert (found.has_same_cells, found.is_merged) == (True, False)
    assert [found.seen(i) for i in range(7)] == [range(i + 1) for i in range(7)]


@pytest.mark.parametrize("what", [tables.SUM, *TERMS])
def test_scores_are_scaled_and_less_their_rows_mean(
    sides: tuple[Side, Side], layer: detok.Layer, what: str
) -> None:
    found = tables.maps(*sides, same(), "", what)
    terms = detok.terms(layer, IDS)
    whole = terms.total if what == tables.SUM else terms.matrix(what).expand_as(terms.ee)
    scores = (whole / terms.scale).numpy()
    for head, values in enumerate((found.left, found.right)):
        for i in range(7):
            row = scores[head, i, : i + 1]
            assert values[i, : i + 1] == pytest.approx(row - row.mean(), abs=1e-9)
    spreads = [np.nanstd(values) for values in (found.left, found.right)]
    assert found.spreads == pytest.approx(spreads)


def test_softmax_of_the_centred_score_is_the_attention(sides: tuple[Side, Side]) -> None:
    score, attention = (
        tables.maps(*sides, same(), "", what) for what in (tables.SUM, tables.ATTENTION)
    )
    for i in range(7):
        e = np.exp(score.right[i, : i + 1])
        assert e / e.sum() == pytest.approx(attention.right[i, : i + 1])


def test_ranks_are_by_attention(sides: tuple[Side, Side]) -> None:
    found = tables.maps(*sides, same(), "", tables.RANK)
    weights = tables.maps(*sides, same(), "", tables.ATTENTION)
    for i in range(7):
        row = weights.left[i, : i + 1]
        assert found.left[i, : i + 1].tolist() == [1 + (row > own).sum() for own in row]
    assert np.isnan(found.left[0, 1:]).all()


def test_of_one_mask_and_none(layer: detok.Layer, both_ways: detok.Layer) -> None:
    """Attention is 0 behind the mask; scores are those of what both see."""
    sides = Side("left", layer, 0), Side("right", both_ways, 0)
    found = tables.maps(*sides, same(), "", tables.ATTENTION)
    assert not np.isnan(found.difference).any()
    assert (found.left[~np.tri(7, dtype=bool)] == 0).all()
    scores = tables.maps(*sides, same(), "", tables.SUM)
    assert scores.left == pytest.approx(scores.right, nan_ok=True)
    assert scores.seen(2) == range(3)
    unmasked = tables.maps(sides[1], sides[1]._replace(head=1), same(), "", tables.SUM)
    assert unmasked.seen(2) == range(7)


def test_models_that_split_a_text_differently(two_models: tuple[Side, Side]) -> None:
    left, right = two_models
    found = shared(split(left.layer, TEXT), split(right.layer, TEXT), False)
    assert not found.is_one_to_one
    attention = tables.maps(left, right, found, TEXT, tables.ATTENTION)
    assert (attention.has_same_cells, attention.is_merged) == (True, True)
    n = len(found.ends)
    assert attention.left.shape == attention.right.shape == (n, n)
    for values in (attention.left, attention.right):
        assert np.nansum(values, axis=1) == pytest.approx(1)
    shown = "".join(name.split(" ", 1)[1] for name in attention.left_labels)
    assert shown.replace("·", " ") == TEXT[: found.ends[-1]]
    scores = tables.maps(left, right, found, TEXT, "ee")
    assert not scores.has_same_cells
    assert (len(scores.left), len(scores.right)) == (len(found.left), len(found.right))
    own = tables.maps(left, left, same(found.left), "", "ee")
    assert scores.left == pytest.approx(own.left, nan_ok=True)
    mine, theirs = tables.cells(scores, 0, 99)
    assert "difference" not in mine
    for side, table, ids in (("left", mine, found.left), ("right", theirs, found.right)):
        assert table[f"{side}_token_j"].tolist() == [ids[j] for j in table["j"]]
    assert not [name for name in tables.cells(attention, 0, 99)[0] if "token" in name]
    assert (len(mine), len(theirs)) == tuple(
        m * (m + 1) // 2 for m in map(len, (found.left, found.right))
    )


def test_the_cells_of_a_window(sides: tuple[Side, Side], layer: detok.Layer) -> None:
    found = tables.maps(*sides, same(), "", tables.ATTENTION)
    (table,) = tables.cells(found, 2, 3)
    assert set(table["i"]) == {2, 3, 4}
    assert len(table) == 6
    for row in table.itertuples():
        assert row.left == pytest.approx(found.left[row.i, row.j])
        assert row.difference == pytest.approx(row.right - row.left, abs=1e-6)
        assert row.current == f"{row.i} {layer.tokenizer.show(IDS[row.i])}"
        assert row.past == f"{row.j} {layer.tokenizer.show(IDS[row.j])}"
        assert (row.left_token_i, row.right_token_j) == (IDS[row.i], IDS[row.j])
    (last,) = tables.cells(found, 6, 3)
    assert set(last["i"]) == {4, 5, 6}
    (whole,) = tables.cells(found, 0, 99)
    counted = whole[whole["i"] > 0]  # row 0 is 1 always
    assert tables.extent([whole]) == counted[["left", "right"]].to_numpy().max() < 1


def test_the_largest_difference(sides: tuple[Side, Side]) -> None:
    found = tables.maps(*sides, same(), "", tables.SUM)
    i, j = tables.largest(found)
    size = np.abs(found.difference)
    assert size[i, j] == np.nanmax(size) > 0
    assert tables.largest_in_row(found, i) == j
    cell = tables.cell(found, i, j)
    assert cell.is_largest
    assert cell.difference == found.right[i, j] - found.left[i, j]
    assert not tables.cell(found, 0, 0).is_largest
    alike = tables.maps(sides[0], sides[0]._replace(name="right"), same(), "", tables.SUM)
    assert tables.largest(alike) is None


def test_how_far_rows_are_apart(sides: tuple[Side, Side]) -> None:
    found = tables.maps(*sides, same(), "", tables.ATTENTION)
    nats = tables.divergences(found)
    assert nats[0] == 0 < nats[1:].min()
    apart = tables.apart(nats, 3, is_causal=True)
    assert (apart.at_i, apart.largest) == (nats[3], nats.max())
    assert apart.mean == pytest.approx(nats[1:].mean())
    assert nats[apart.largest_at] == apart.largest
    assert tables.apart(nats, 3, is_causal=False).mean == pytest.approx(nats.mean())
    assert tables.apart(nats[:1], 0, is_causal=True).mean == 0


def test_a_row_of_both(sides: tuple[Side, Side]) -> None:
    ids = [n % 250 for n in range(3, 3 + 16 * 7, 7)]
    found = tables.maps(*sides, same(ids), "", tables.ATTENTION)
    row = tables.row(found, 15)
    assert row["side"].value_counts().to_dict() == dict.fromkeys(("left", "right"), 12)
    kept = set(row["j"])
    most = np.maximum(found.left[15], found.right[15])
    assert kept == set(np.argsort(-most)[:12])
    for each in row.itertuples():
        assert each.token_id == ids[each.j]
        assert each.weight == getattr(found, each.side)[15, each.j]
    assert set(tables.row(found, 2)["j"]) == {0, 1, 2}


def test_only_terms_that_both_have_are_compared(
    layer: detok.Layer, rotary: detok.RotaryLayer, qwen2: detok.RotaryLayer
) -> None:
    learned, of_rotary, other = (Side("left", each, 0) for each in (layer, rotary, qwen2))
    three = (tables.ATTENTION, tables.RANK, tables.SUM)
    assert tables.quantities(learned, learned) == (*three, *TERMS)
    assert tables.quantities(learned, of_rotary) == (*three, "ee")
    assert tables.quantities(other, of_rotary) == (*three, *rotary.term_names)


@pytest.mark.parametrize("what", [tables.ATTENTION, tables.SUM, tables.RANK, "ee"])
def test_a_rotary_head_beside_a_learned_one(
    layer: detok.Layer, rotary: detok.RotaryLayer, what: str
) -> None:
    found = tables.maps(Side("left", layer, 1), Side("right", rotary, 0), same(), "", what)
    learned, turned = detok.terms(layer, IDS), detok.terms(rotary, IDS)
    attention = [detok.attention(terms) for terms in (learned, turned)]
    sees = attention[1][0].numpy() > 0  # a window sees less
    for terms, weights, head, values in zip(
        (learned, turned), attention, (1, 0), (found.left, found.right), strict=True
    ):
        of_head = weights[head].numpy()
        if what == tables.ATTENTION:
            assert values[np.tri(7, dtype=bool)] == pytest.approx(of_head[np.tri(7, dtype=bool)])
            continue
        assert np.isnan(values[~sees]).all()
        part = terms.ee if what == "ee" else terms.total
        scores = (part[head] / terms.scale).numpy()
        for i in range(7):
            row, own = scores[i, sees[i]], values[i, sees[i]]
            if what == tables.RANK:
                assert own.tolist() == [1 + (row > score).sum() for score in row]
            else:
                assert own == pytest.approx(row - row.mean(), abs=1e-9)
    window = rotary.first.window or 7
    first = 0 if what == tables.ATTENTION else max(0, 7 - window)
    assert found.seen(6) == range(first, 7)


def test_merged_attention_of_a_window(other: detok.Layer, rotary: detok.RotaryLayer) -> None:
    of = shared(split(other, TEXT), split(rotary, TEXT), False)
    sides = Side("left", other, 0), Side("right", rotary, 0)
    found = tables.maps(*sides, of, TEXT, tables.ATTENTION)
    assert found.is_merged
    for values in (found.left, found.right):
        assert np.nansum(values, axis=1) == pytest.approx(1)
    seen = np.isfinite(found.right)
    assert seen.tolist() == np.isfinite(found.left).tolist()
    assert seen.tolist() == np.tri(found.n, dtype=bool).tolist()  # the wider one sees all of it
