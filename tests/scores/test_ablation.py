"""Attention without some terms: dropping none, one, all, and names that are no terms."""

import pytest
import torch

import detok
from detok.scores.decomposition import TERMS

IDS = [70, 12, 250, 12, 9, 9, 31]


@pytest.fixture(scope="module")
def terms(layer: detok.Layer) -> detok.Terms:
    return detok.terms(layer, IDS)


def test_dropping_nothing_leaves_the_models_own_attention(terms: detok.Terms) -> None:
    found = detok.ablate(terms, [])
    torch.testing.assert_close(found.left, detok.attention(terms), atol=1e-12, rtol=0)
    assert torch.equal(found.left, found.full)
    assert (found.divergence < 1e-12).all()


def test_dropping_everything_leaves_uniform_attention(terms: detok.Terms) -> None:
    found = detok.ablate(terms, TERMS)
    n = len(IDS)
    uniform = torch.ones(n, n, dtype=torch.float64).tril() / torch.arange(1, n + 1)[:, None]
    assert torch.equal(found.left, uniform.expand_as(found.left))
    weights = found.full.clamp(min=1e-300)
    expected = (weights * (weights.log() - uniform.clamp(min=1e-300).log())).sum(dim=-1)
    torch.testing.assert_close(found.divergence, expected, atol=1e-9, rtol=0)


@pytest.mark.parametrize("name", TERMS)
def test_dropping_one_term_is_its_contribution(
    layer: detok.Layer, terms: detok.Terms, name: str
) -> None:
    expected = detok.contributions(layer, IDS)[TERMS.index(name)]
    found = detok.ablate(terms, {name})
    torch.testing.assert_close(found.divergence, expected, atol=1e-10, rtol=0)
    assert (found.left - found.full).abs().max() > 1e-3


@pytest.mark.parametrize("drop", [{"pp", "p"}, ["ee", "ep", "ee"], ("e",)])
def test_what_is_left_is_the_softmax_of_the_other_terms(
    terms: detok.Terms, drop: set[str] | list[str] | tuple[str, ...]
) -> None:
    zeroed = {name: torch.zeros_like(getattr(terms, name)) for name in drop}
    expected = detok.attention(detok.Terms(**{**vars(terms), **zeroed}))
    torch.testing.assert_close(detok.ablate(terms, drop).left, expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("drop", ["pp", {"x"}, ["ee", "EE"]])
def test_names_that_are_no_terms(terms: detok.Terms, drop: str | set[str] | list[str]) -> None:
    with pytest.raises(detok.InputError, match="expected a collection of names out of ee, pp"):
        detok.ablate(terms, drop)
