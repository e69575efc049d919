"""The six terms' attributions are what the loss does, and add up."""

from collections.abc import Callable

import pytest
import torch

import detok
from detok.scores.decomposition import TERMS
from detok.whole.forward import Changes, forward
from tests.support.whole import same


@pytest.mark.parametrize("n", [1, 2, 9, 16])
def test_they_add_up(whole: detok.Model, first: detok.Layer, n: int) -> None:
    run = detok.run(whole, [(11 * t + n) % 300 for t in range(n)])
    found = detok.term_attribution(run, first)
    assert found.by_term.shape == (4, len(TERMS))
    same(found.by_term.sum(1), found.total)
    R = detok.reversed_attention(run).R[0]
    same(found.total, (R * (run.queries[0] @ run.keys[0].mT)).sum((1, 2)))
    assert n == 1 or found.by_term.abs().min() > 0


def test_autograd_finds_the_same(
    whole: detok.Model, first: detok.Layer, ids: list[int], a_run: detok.Run
) -> None:
    """The derivative of the loss by a factor of every term and head at once."""
    terms = detok.terms(first, ids)
    matrices = torch.stack([terms.matrix(name).expand(4, 9, 9) for name in TERMS]).clone()
    factors = torch.zeros(6, 4, 1, 1, dtype=torch.float64, requires_grad=True)
    change = (factors * matrices).sum(0)
    blocks = list(forward(whole, a_run.hidden[0], Changes(scores={0: change})))
    loss = -whole.logits(blocks[-1].after[-1]).log_softmax(0)[7]
    (expected,) = torch.autograd.grad(loss, factors)
    same(detok.term_attribution(a_run, first).by_term, expected[:, :, 0, 0].T)


@pytest.mark.parametrize("head", range(4))
def test_adding_and_removing_a_little_of_a_term(
    first: detok.Layer, a_run: detok.Run, head: int
) -> None:
    found = detok.term_attribution(a_run, first).by_term[head]
    same(detok.finite_differences(a_run, first, head, 1e-5), found, within=1e-8)
    # A hundredth is little enough to see the same.
    coarse = detok.finite_differences(a_run, first, head)
    assert coarse.tolist() == pytest.approx(found.tolist(), rel=0.05, abs=1e-3)


@pytest.mark.parametrize("rows", [1, 20, 108])
def test_they_are_those_of_one_pass_after_the_other(
    first: detok.Layer, a_run: detok.Run, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    """Of all positions in all layers, at once or not."""
    monkeypatch.setattr("detok.whole.attribution.ROWS", rows)
    terms = detok.terms(first, a_run.ids)
    expected = []
    for name in TERMS:
        losses = []
        for epsilon in (0.01, -0.01):
            change = torch.zeros_like(a_run.attention[0])
            change[2] = epsilon * terms.matrix(name)[2]
            *_, last = forward(a_run.model, a_run.hidden[0], Changes(scores={0: change}))
            losses.append(-a_run.model.logits(last.after)[-1].log_softmax(0)[a_run.target])
        expected.append((losses[0] - losses[1]) / 0.02)
    same(detok.finite_differences(a_run, first, 2), torch.stack(expected))


def test_in_float32_too(whole_folder: object, ids: list[int], first: detok.Layer) -> None:
    model = detok.load_model(whole_folder, device="cpu")
    layer = detok.load(whole_folder, device="cpu")
    found = detok.term_attribution(detok.run(model, ids, 7), layer)
    wide = detok.load_model(whole_folder, device="cpu", dtype=torch.float64)
    expected = detok.term_attribution(detok.run(wide, ids, 7), first)
    same(found.by_term, expected.by_term, within=1e-4)
    same(found.by_term.sum(1), found.total, within=1e-4)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda r, x: detok.finite_differences(r, x, 4), "head is 4; expected 0 ≤ head < H"),
        (lambda r, x: detok.finite_differences(r, x, 0, 0), "epsilon is 0"),
        (lambda r, x: detok.finite_differences(r, x, 0, "0.1"), "epsilon is '0.1'"),
        (lambda r, x: detok.term_attribution(r, detok.load("mini")), "'mini' is not the first one"),
    ],
)
def test_what_it_cannot_take(
    first: detok.Layer, a_run: detok.Run, call: Callable, sentence: str
) -> None:
    with pytest.raises(detok.InputError, match=sentence):
        call(a_run, first)
