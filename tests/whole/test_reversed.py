"""Reversed attention is the gradient of the scores, and patching follows it."""

from collections.abc import Callable

import pytest
import torch

import detok
from detok.whole.forward import Changes, forward
from tests.support.whole import gradients, same


@pytest.mark.parametrize("n", [1, 2, 9, 16])
def test_the_identities(whole: detok.Model, n: int) -> None:
    ids = [(7 * t + n) % 300 for t in range(n)]
    run = detok.run(whole, ids, target=ids[0])
    found = detok.reversed_attention(run)
    d_q, d_k = gradients(whole, ids, ids[0], ("queries", "keys"))
    same(found.R @ run.keys, d_q)
    same(found.R.mT @ run.queries, d_k)
    same(found.R.sum(-1), torch.zeros_like(found.R[..., 0]))
    assert torch.equal(found.R, found.R.tril())
    same(found.R[..., 0, 0], torch.zeros(3, 4, dtype=torch.float64), within=1e-15)
    same(found.norms, found.R.square().sum((2, 3)).sqrt())
    same(found.forward_norms, run.attention.square().sum((2, 3)).sqrt())
    assert (n == 1) or found.norms.max() > 1e-3  # not trivially so
    # The last layer's other positions have no say in the last one's answer.
    assert not found.R[-1, :, :-1].any()


def test_R_is_the_gradient_of_the_scores(
    whole: detok.Model, ids: list[int], a_run: detok.Run
) -> None:
    """By changing the scores of one layer at a time and asking autograd."""
    R = detok.reversed_attention(a_run).R
    for layer in range(3):
        change = torch.zeros(4, 9, 9, dtype=torch.float64, requires_grad=True)
        blocks = list(forward(whole, a_run.hidden[0], Changes(scores={layer: change})))
        loss = -whole.logits(blocks[-1].after[-1]).log_softmax(0)[7]
        same(torch.autograd.grad(loss, change)[0], R[layer])


def test_strongest_pairs(a_run: detok.Run) -> None:
    found = detok.reversed_attention(a_run)
    pairs = found.strongest(1, 2, k=4)
    assert len(pairs) == 4
    best = found.R[1, 2].abs().flatten().topk(4).values
    same(torch.tensor([abs(value) for *_, value in pairs], dtype=torch.float64), best)
    for i, j, value in pairs:
        assert found.R[1, 2, i, j].item() == value
        assert j <= i
    assert len(found.strongest(0, 0, k=1000)) == 45
    for arguments, sentence in (
        ((3, 0), "layer is 3; expected 0 ≤ layer < B = 3"),
        ((0, 4), "head is 4"),
        ((0, 0, 0), "k is 0; expected at least 1"),
        ((0, 0, "2"), "k is '2'; expected at least 1, a whole number"),
        ((0, 0, 1.5), "k is 1.5; expected at least 1, a whole number"),
    ):
        with pytest.raises(detok.InputError, match=sentence):
            found.strongest(*arguments)


def test_patching_follows_the_gradient(
    whole: detok.Model, ids: list[int], a_run: detok.Run
) -> None:
    found = detok.reversed_attention(a_run)
    h = 1e-4
    patched = detok.patched(whole, ids, found, [-h, 0, h])
    same(patched.log_probs[1], a_run.log_probs)
    assert patched.log_probs[0, 7] > a_run.log_probs[7] > patched.log_probs[2, 7]
    slope = (patched.log_probs[2, 7] - patched.log_probs[0, 7]) / (2 * h)
    (d_A,) = gradients(whole, ids, 7, ("attention",))
    same(-slope, (d_A * found.R).sum(), within=1e-6)
    same(patched.probability(7), patched.log_probs[:, 7].exp())


@pytest.mark.parametrize("rows", [1, 20, 100])
def test_a_curve_is_one_pass_after_the_other(
    whole: detok.Model,
    ids: list[int],
    a_run: detok.Run,
    monkeypatch: pytest.MonkeyPatch,
    rows: int,
) -> None:
    """Of all positions in all layers, at once or not."""
    monkeypatch.setattr("detok.whole.forward.ROWS", rows)
    found, etas = detok.reversed_attention(a_run), [-3.0, 0.1, 0.0, 30.0, 1.0]
    patched = detok.patched(whole, ids, found, etas)
    for eta, log_probs in zip(etas, patched.log_probs, strict=True):
        *_, last = forward(whole, a_run.hidden[0], Changes(attention=found.R, eta=eta))
        same(log_probs, whole.logits(last.after)[-1].log_softmax(0))


def test_the_mean_of_several_texts(whole: detok.Model, ids: list[int]) -> None:
    both = [detok.reversed_attention(detok.run(whole, text, 7)) for text in (ids, ids[::-1])]
    mean = detok.ReversedAttention((both[0].R + both[1].R) / 2, both[0].norms, both[0].norms)
    same(
        detok.patched(whole, ids, both, 0.5).log_probs,
        detok.patched(whole, ids, mean, 0.5).log_probs,
    )


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda m, r: detok.patched(m, [1, 2], r, 0.1), "shape .*of a text as long as this one"),
        (lambda m, r: detok.patched(m, [1, 2], [], 0.1), "there is no direction"),
        (lambda m, r: detok.patched(m, range(9), r.R, 0.1), "there is no direction"),
        (lambda m, r: detok.patched(m, range(9), None, 0.1), "there is no direction"),
        (lambda m, r: detok.patched(m, [], r, 0.1), "no tokens"),
        (lambda m, r: detok.patched(m, range(9), r, []), "expected a finite number, or several"),
        (lambda m, r: detok.patched(m, range(9), r, float("nan")), "expected a finite number"),
        (lambda m, r: detok.patched(m, range(9), r, "much"), "eta is 'much'; expected a number"),
    ],
)
def test_what_patching_cannot_take(
    whole: detok.Model, a_run: detok.Run, call: Callable, sentence: str
) -> None:
    with pytest.raises(detok.InputError, match=sentence):
        call(whole, detok.reversed_attention(a_run))
