"""The forward-pass shift is that of an edited copy, and follows the gradient."""

from copy import deepcopy

import pytest
import torch
from transformers import GPT2LMHeadModel

import detok
from tests.support.whole import same


@pytest.mark.parametrize("layer", range(3))
def test_it_is_what_an_edited_model_says(
    whole: detok.Model, oracle: GPT2LMHeadModel, ids: list[int], a_run: detok.Run, layer: int
) -> None:
    found = detok.forward_shift(whole, ids, 7, layer, [-0.01, 0.0, 0.05])
    same(found.unchanged, a_run.log_probs)
    same(found.log_probs[1], a_run.log_probs)
    assert found.before == pytest.approx(a_run.probability)
    edited = deepcopy(oracle)
    with torch.no_grad():
        step = torch.outer(a_run.neurons[layer, -1], whole.W_U[7])
        edited.transformer.h[layer].mlp.c_proj.weight += 0.05 * step
        same(found.log_probs[2], edited(torch.tensor([ids])).logits[0, -1].log_softmax(0))
    same(found.after, found.log_probs[:, 7].exp())


def test_its_slope_is_the_weight_gradient_along_it(
    whole: detok.Model, ids: list[int], a_run: detok.Run
) -> None:
    lens, h = detok.backward_lens(a_run), 1e-6
    for layer in range(3):
        shift = detok.forward_shift(whole, ids, 7, layer, [-h, h])
        slope = (shift.log_probs[0, 7] - shift.log_probs[1, 7]) / (2 * h)
        step = torch.outer(a_run.neurons[layer, -1], whole.W_U[7])
        same(slope, (lens.weight_gradient(layer) * step).sum(), within=1e-6)


@pytest.mark.parametrize("n", [1, 16])
def test_one_token_and_a_full_text(whole: detok.Model, n: int) -> None:
    shift = detok.forward_shift(whole, range(n), 0, 2, 0.1)
    assert shift.log_probs.shape == (1, 300)
    assert shift.log_probs.exp().sum().item() == pytest.approx(1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (([], 7, 0, 0.1), "no tokens"),
        (([1], 300, 0, 0.1), "token id 300 is out of range"),
        (([1], 7, 3, 0.1), "layer is 3; expected 0 ≤ layer < B = 3"),
        (([1], 7, 0, float("inf")), "eta is inf; expected a finite number"),
        (([1], 7, 0, None), "eta is None"),
    ],
)
def test_what_it_cannot_take(whole: detok.Model, arguments: tuple, sentence: str) -> None:
    with pytest.raises(detok.InputError, match=sentence):
        detok.forward_shift(whole, *arguments)
