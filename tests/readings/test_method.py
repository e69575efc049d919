"""The method's sentences: every page is in them, and they are true of the model that is shown."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import detok
from detok.readings import method
from tests.support.pages import PAGES


def test_every_page_is_named_in_order() -> None:
    assert list(method.PAGES) == [Path(page).stem for page in PAGES[1:]]
    for about in method.PAGES.values():
        assert about.question.endswith("?")
        assert about.look_for.endswith(".")


def test_the_title_of_a_page() -> None:
    assert method.title("4_Six-term_contributions") == "Six-term contributions"


def test_all_six_terms_have_a_formula() -> None:
    assert tuple(method.TERMS) == detok.TERMS
    for name, (formula, _) in method.TERMS.items():
        assert formula.startswith(f"T^{{{name}}}_")
        assert f"T^{{{name}}}_" in method.SUM


@pytest.mark.parametrize(
    ("scale", "in_formula", "in_words"),
    [
        (8**0.5, r"\frac{s_{ij}}{\sqrt{d'}}", "divided by sqrt(d_head)"),
        (1.0, r"\; s_{ij}", "scores as they are"),
        (2.0, r"\frac{s_{ij}}{2}", "divided by 2"),
    ],
)
def test_attention_is_divided_by_what_this_model_divides_by(
    layer: detok.Layer, scale: float, in_formula: str, in_words: str
) -> None:
    assert layer.d_head == 8
    layer = replace(layer, first=replace(layer.first, scale=scale))
    assert in_formula in method.attention(layer)
    assert in_words in method.units(layer)


def test_a_model_without_a_mask_sees_all_positions(layer: detok.Layer) -> None:
    assert r"j \le i" in method.attention(layer)
    layer = replace(layer, first=replace(layer.first, is_causal=False))
    assert r"\le" not in method.attention(layer)
    said = " ".join([*method.symbols(layer).values(), *method.exact(layer)])
    assert "past" not in said


def test_half_precision_is_told_where_it_is(layer: detok.Layer) -> None:
    assert "held in" not in " ".join(method.inexact(layer))
    half = replace(layer, W_E=layer.W_E.half())
    assert "held in float16" in " ".join(method.inexact(half))
    assert "float64" in " ".join(method.exact(layer))
    assert layer.W_E.dtype == torch.float64


def test_the_paper_is_cited_with_where_it_is() -> None:
    assert "Kamoda" in method.CITATION
    assert all(link.startswith("https://") for link in method.LINKS.values())


def test_a_rotary_model_has_the_formulas_of_its_own_terms(rotary: detok.RotaryLayer) -> None:
    terms = method.terms(rotary)
    assert tuple(terms) == rotary.term_names
    of_norms = rotary.query.norm is not None
    for name, (formula, _) in terms.items():
        assert formula.startswith(f"T^{{{name}}}")
        assert ("W'^{" in formula) is (not of_norms and name != "bb")
    (_, folded), (turned, product), (_, _), (_, total) = method.steps(rotary)
    assert total.split(r",\qquad")[0] == "s_{ij} = " + " + ".join(f"T^{{{n}}}" for n in terms)
    norm = rotary.first.norm
    assert ("beta" in folded) is (norm is not None and norm.is_centred)
    assert ("gamma" in folded) is (norm is not None)
    assert ("norm" in product) is of_norms
    assert ("key head" in turned) is (rotary.n_key_heads < rotary.n_heads)
    assert len(terms) > 1 or "one term" in method.heading(rotary)
    assert "cos" in method.waves(rotary)


def test_what_a_rotary_model_does_with_a_score(rotary: detok.RotaryLayer) -> None:
    formula = method.attention(rotary)
    assert ("tanh" in formula) is (rotary.soft_cap is not None)
    assert (rf"i - {rotary.window} < j \le i" in formula) is (rotary.window is not None)
    symbols = method.symbols(rotary)
    assert r"\Delta" in symbols
    assert "e_i,\\ p_i" not in symbols
    said = " ".join([*symbols.values(), *method.exact(rotary), *method.inexact(rotary)])
    assert "six" not in said
    assert ("key head" in said) is (rotary.n_key_heads < rotary.n_heads)
    assert ("before the cap" in said) is (rotary.soft_cap is not None)
    n = 2 * int((rotary.theta > 0).sum())
    assert f"{n} of {rotary.d_head} coordinates are turned" in said
    half = replace(rotary, W_E=rotary.W_E.half())
    assert "held in float16" in " ".join(method.inexact(half))


def test_learned_positions_have_no_waves(layer: detok.Layer) -> None:
    assert method.waves(layer) == ""
    assert [formula for _, formula in method.steps(layer)][-1] == method.SUM
    assert method.terms(layer) == method.TERMS
