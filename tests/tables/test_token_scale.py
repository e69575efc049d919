"""σ of every token, and the tokens at its ends."""

from dataclasses import replace

import torch

import detok
from detok.counting.counts import Counts
from detok.scores.token_scale import token_scale
from detok.tables import frequency, layernorm, token_scale as tables


def test_every_token_with_its_count(qwen2: detok.RotaryLayer, counts: Counts) -> None:
    without = replace(qwen2, holes=torch.tensor([5]))
    scale = token_scale(without)
    table = tables.tokens(without, scale, counts)
    assert table["token_id"].tolist() == [t for t in range(300) if t != 5]
    assert (table["count"].to_numpy() == counts.tokens[table["token_id"]]).all()
    assert table["sigma"].tolist() == scale.sigma.tolist()
    correlation = frequency.correlations(table)
    assert correlation["measure"].tolist() == ["σ"]
    expected = table.loc[table["count"] > 0, ["count", "sigma"]].corr(method="spearman").iloc[0, 1]
    assert abs(correlation["rho"].iloc[0] - expected) < 1e-9


def test_the_ends(qwen2: detok.RotaryLayer, counts: Counts) -> None:
    scale = token_scale(qwen2)
    ends = tables.ends(tables.tokens(qwen2, scale, counts), qwen2)
    assert ends["sigma"].tolist() == [
        scale.sigma.min().item(),
        scale.sigma.quantile(0.5).item(),
        scale.sigma.max().item(),
    ]
    assert ends.loc["largest", "shown"] == qwen2.tokenizer.show(int(scale.sigma.argmax()))


def test_the_histograms_have_every_token_once(qwen2: detok.RotaryLayer) -> None:
    table = layernorm.norms(token_scale(qwen2))
    assert table.groupby("which")["tokens"].sum().tolist() == [300, 300]
