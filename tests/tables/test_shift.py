"""The tables of the forward-pass shift against what the library computes."""

import numpy as np
import pytest

import detok
from detok.tables import shift as tables


def test_the_lines_of_the_curve(a_run: detok.Run) -> None:
    table = tables.curve(a_run, 1, 3)
    lines = dict(iter(table.groupby("line")))
    assert set(lines) == {"target", "rival", "control"}
    towards = {"target": 7, "rival": 7, "control": tables.stranger(a_run, 3)}
    of = {"target": 7, "rival": tables.rival(a_run), "control": 7}
    for name, rows in lines.items():
        assert rows["eta"].tolist() == list(tables.ETAS)
        assert set(rows["towards"]) == {towards[name]}
        found = detok.forward_shift(a_run.model, a_run.ids, towards[name], 1, tables.ETAS)
        expected = found.log_probs[:, of[name]].exp()
        np.testing.assert_allclose(rows["after"], expected, rtol=0, atol=1e-12)
        before = a_run.log_probs[of[name]].exp().item()
        np.testing.assert_allclose(rows["before"], before, rtol=0, atol=1e-12)


def test_the_rival_is_the_best_of_all_others(a_run: detok.Run) -> None:
    order = a_run.log_probs.argsort(descending=True).tolist()
    order.remove(7)
    assert tables.rival(a_run) == order[0]
    own = detok.run(a_run.model, a_run.ids)
    assert tables.rival(own) == own.log_probs.argsort(descending=True)[1]


@pytest.mark.parametrize("sample", range(5))
def test_the_stranger_is_another_token(a_run: detok.Run, sample: int) -> None:
    stranger = tables.stranger(a_run, sample)
    assert stranger not in (7, tables.rival(a_run))
    assert stranger == tables.stranger(a_run, sample)


def test_every_layer_by_itself(a_run: detok.Run) -> None:
    table = tables.by_layer(a_run, 0.05)
    assert table["layer"].tolist() == [0, 1, 2]
    for layer, after in zip(table["layer"], table["after"], strict=True):
        found = detok.forward_shift(a_run.model, a_run.ids, 7, layer, 0.05)
        assert after == pytest.approx(found.after.item(), abs=1e-12)
    assert set(table["before"]) == {a_run.probability}
