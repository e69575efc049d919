"""The tables of LayerNorm against what the library computes."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import detok
from detok.tables import layernorm as tables


def test_the_variances_of_all_positions(layer: detok.Layer) -> None:
    stats = detok.layernorm_stats(layer)
    table = tables.variances(stats)
    np.testing.assert_array_equal(table["variance"], stats.var_p)
    np.testing.assert_array_equal(table["sigma"], stats.sigma_mean)
    assert table.loc[table["outlier"], "position"].tolist() == stats.outliers


def test_the_histograms_have_every_token_once(layer: detok.Layer) -> None:
    table = tables.norms(detok.layernorm_stats(layer))
    assert table.groupby("which")["tokens"].sum().tolist() == [layer.vocab_size] * 2
    assert (table["low"] < table["high"]).all()


def test_norms_that_are_all_0_have_a_histogram(layer: detok.Layer) -> None:
    stats = detok.layernorm_stats(layer)
    zeros = torch.zeros_like(stats.norm_before)
    stats = replace(stats, norm_before=zeros, norm_after=zeros)
    assert tables.norms(stats).groupby("which")["tokens"].sum().tolist() == [300, 300]
    assert stats.norm_spreads == (0, 0)


def test_the_steps_of_the_switch_end_with_the_score() -> None:
    layer = detok.load("mini")
    plain, bias = (detok.position_bias(layer, 100, layernorm=on) for on in (False, True))
    table = tables.switch(layer, plain, bias, 2)
    assert table["j"].tolist() == [0, 0, 0, 50, 50, 50]
    for j, rows in table.groupby("j"):
        without, _, score = rows["score"]
        assert without == pytest.approx(plain.total[2, j].item(), rel=1e-5)
        assert score == pytest.approx(bias.total[2, j].item())
        assert rows["score"].iloc[1] / rows["sigma_j"].iloc[0] == pytest.approx(score, rel=1e-4)


def test_the_last_rows_are_products_without_layernorm(layer: detok.Layer) -> None:
    table = tables.last_rows(layer, 1)
    products = layer.Q_pos[1] @ layer.K_pos[1].mT  # (L, L)
    assert table["i"].unique().tolist() == [11, 12, 13, 14, 15]
    for row in table.itertuples():
        assert row.score == pytest.approx(products[row.i, row.j].item(), abs=1e-12)
