"""Contributions of the terms against a slow double loop, and what must not move them."""

import math
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
import torch
from hypothesis import given, strategies as st

import detok
from detok.scores.contributions import divergences
from detok.scores.decomposition import TERMS, scaled, summed
from detok.scores.reference import direct_error
from tests.support.models import random_checkpoint

IDS = [70, 12, 250, 12, 9, 9, 31]


def slow_softmax(row: list[float]) -> list[float]:
    highest = max(row)
    weights = [math.exp(x - highest) for x in row]
    return [w / sum(weights) for w in weights]


def slow_contribution(terms: detok.Terms, name: str, head: int, i: int) -> float:
    """Eqs. 18–22 as they are written, in Python numbers."""
    scale = terms.scale
    row, without = [], []
    for j in range(i + 1):
        parts = {t: terms.matrix(t).expand_as(terms.ee)[head, i, j].item() for t in TERMS}
        row.append(sum(parts.values()) / scale)
        without.append((sum(parts.values()) - parts[name]) / scale)
    P, Q = slow_softmax(row), slow_softmax(without)
    return sum(p * math.log(p / q) for p, q in zip(P, Q, strict=True))


@pytest.mark.parametrize("block", [1, 40, 1 << 20])
def test_they_equal_a_double_loop(
    layer: detok.Layer, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The package has the function of that name.
    module = import_module("detok.scores.decomposition")
    monkeypatch.setattr(module, "BLOCK_SOFTMAX", block)
    found = detok.contributions(layer, IDS)
    terms = detok.terms(layer, IDS)
    assert found.shape == (6, layer.n_heads, len(IDS))
    for t, name in enumerate(TERMS):
        for head in range(layer.n_heads):
            expected = [slow_contribution(terms, name, head, i) for i in range(len(IDS))]
            assert found[t, head].tolist() == pytest.approx(expected, abs=1e-12, rel=1e-9)
    assert (found[:, :, 1:] > 0).all()  # no trivial case


SHAPES = [
    {"n_head": 1, "n_embd": 4, "n_positions": 3, "vocab_size": 257},
    {"n_head": 4, "n_embd": 48, "n_positions": 40, "vocab_size": 400},
    {"n_head": 12, "n_embd": 96, "n_positions": 24, "vocab_size": 1000},
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_texts_of_any_length_in_float32(tmp_path: Path, shape: dict[str, int]) -> None:
    random_checkpoint(tmp_path, **shape)
    layers = [
        detok.load(str(tmp_path), device="cpu", dtype=dtype)
        for dtype in (torch.float32, torch.float64)
    ]
    for n in (1, 2, shape["n_positions"]):
        ids = torch.randint(shape["vocab_size"], (n,), generator=torch.Generator().manual_seed(n))
        narrow, exact = (detok.contributions(layer, ids) for layer in layers)
        torch.testing.assert_close(narrow, exact, atol=1e-5, rtol=1e-3)
        assert (exact[:, :, 0] < 1e-12).all()
        assert direct_error(layers[0], ids) < 1e-5
        assert direct_error(layers[1], ids) < 1e-12


def rows(of: st.SearchStrategy[float], most: int = 8) -> st.SearchStrategy[list[list[float]]]:
    return st.integers(1, most).flatmap(
        lambda n: st.lists(st.lists(of, min_size=n, max_size=n), min_size=2, max_size=2)
    )


def divergence(scores: torch.Tensor, removed: torch.Tensor) -> float:
    """Alone and, in case that differs, with a wider row beside it."""
    wide = torch.full_like(removed, 1400.0)
    wide[0] = 0.0
    alone = next(divergences(scores, [removed]))
    both = next(divergences(scores.expand(2, -1), [torch.stack([removed, wide])]))
    torch.testing.assert_close(both[0], alone, atol=1e-10, rtol=1e-9)
    return alone.item()


@given(rows(st.floats(-200, 200)), st.integers(0, 3))
def test_no_scale_of_the_scores_gives_nan_or_a_negative(pair: list, masked: int) -> None:
    scores, removed = torch.tensor(pair, dtype=torch.float64)
    scores[1:][-masked:] = -torch.inf if masked else scores[1:][-masked:]
    found = divergence(scores, removed)
    # By the definition, from logarithms of probabilities.
    log_p, log_q = scores.log_softmax(0), (scores - removed).log_softmax(0)
    expected = (log_p.exp() * (log_p - log_q))[scores.isfinite()].sum().item()
    assert found >= 0
    assert found == pytest.approx(expected, abs=1e-10, rel=1e-9)


@pytest.mark.parametrize("scale", [200.0, 1e6])
def test_opposite_scores_of_any_scale(scale: float) -> None:
    scores = torch.tensor([scale, -scale], dtype=torch.float64)
    # P is all on the first, Q is even; then Q is all on the second.
    assert divergence(scores, scores) == pytest.approx(math.log(2))
    assert divergence(scores, 2 * scores) == pytest.approx(2 * scale)


@given(rows(st.floats(-30, 30)), st.floats(-100, 100))
def test_a_constant_along_the_row_changes_nothing(pair: list, constant: float) -> None:
    scores, removed = torch.tensor(pair, dtype=torch.float64)
    expected = pytest.approx(divergence(scores, removed), abs=1e-10)
    assert divergence(scores + constant, removed) == expected
    assert divergence(scores, removed + constant) == expected
    assert divergence(scores, torch.full_like(scores, constant)) == pytest.approx(0, abs=1e-12)


def test_masked_scores_take_no_part(layer: detok.Layer) -> None:
    """What follows a position does not change its contributions."""
    whole, part = (detok.contributions(layer, ids) for ids in (IDS, IDS[:4]))
    torch.testing.assert_close(whole[:, :, :4], part, atol=1e-12, rtol=0)
    terms = detok.terms(layer, IDS)
    scores = terms.sight.masked(summed(scaled(terms).values()))
    assert (scores.isneginf() == torch.ones(7, 7).triu(1).bool()).all()


def test_the_check_notices_a_wrong_term(layer: detok.Layer) -> None:
    assert direct_error(layer, IDS) < 1e-12
    assert direct_error(replace(layer, b_Q=layer.b_Q * 1.01), IDS) > 1e-5
    assert direct_error(replace(layer, K_pos=layer.K_pos * 1.01), IDS) > 1e-5


def test_refused_ids(layer: detok.Layer) -> None:
    with pytest.raises(detok.InputError, match="no tokens; expected at least 1"):
        detok.contributions(layer, [])
    with pytest.raises(detok.InputError, match="n = 17 tokens; expected at most L = 16"):
        detok.contributions(layer, range(17))
