"""The tables of LayerNorm."""

import pytest

import detok
from detok.tables import layernorm as tables


def test_the_steps_of_the_switch_end_with_the_score() -> None:
    layer = detok.load("mini")
    bias = detok.position_bias(layer, 100)
    plain = detok.position_bias(layer, 100, layernorm=False)
    table = tables.switch(layer, plain, bias, 2)
    assert table["j"].tolist() == [0, 0, 0, 50, 50, 50]
    for j, rows in table.groupby("j"):
        raw, _, score = rows["score"]
        assert raw == pytest.approx(plain.total[2, j].item(), rel=1e-5)
        assert score == pytest.approx(bias.total[2, j].item())
        assert rows["score"].iloc[1] / rows["sigma_j"].iloc[0] == pytest.approx(score, rel=1e-4)
