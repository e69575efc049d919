"""Gradients of the MLP matrices are what the lens says they are made of."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from transformers import GPT2LMHeadModel

import detok
from tests.support.whole import same


def reading(oracle: GPT2LMHeadModel, x: torch.Tensor) -> torch.Tensor:
    """LL(x)."""
    with torch.no_grad():
        return oracle.lm_head(oracle.transformer.ln_f(x)).softmax(-1)


@pytest.mark.parametrize("n", [1, 2, 16])
def test_weight_gradients_are_those_of_autograd(
    whole: detok.Model, oracle: GPT2LMHeadModel, n: int
) -> None:
    ids = [(13 * t + n) % 300 for t in range(n)]
    lens = detok.backward_lens(detok.run(whole, ids, target=ids[-1]))
    loss = -oracle(torch.tensor([ids])).logits[0, -1].log_softmax(0)[ids[-1]]
    for layer, block in enumerate(oracle.transformer.h):
        matrices = [block.mlp.c_fc.weight, block.mlp.c_proj.weight]
        first, second = torch.autograd.grad(loss, matrices, retain_graph=True)
        same(lens.weight_gradient(layer, "first"), first)
        same(lens.weight_gradient(layer), second)
    assert torch.linalg.matrix_rank(lens.weight_gradient(2)) == 1


def test_ranks_and_norms(oracle: GPT2LMHeadModel, a_run: detok.Run) -> None:
    lens = detok.backward_lens(a_run)
    same(lens.second_norms, a_run.d_second.square().sum(-1).sqrt())
    same(lens.first_norms, a_run.d_first.square().sum(-1).sqrt())
    for layer in range(3):
        for i in range(9):
            ranks = [int(r[layer, i]) for r in (lens.most_ranks, lens.least_ranks)]
            if layer == 2 and i < 8:  # only the last position has a gradient there
                assert ranks == [0, 0]
                assert int(lens.input_ranks[layer, i]) == 0
                assert lens.second_norms[layer, i] == 0
                assert lens.tokens(layer, i) == ([], [])
                continue
            order = reading(oracle, a_run.d_second[layer, i]).argsort().tolist()
            assert ranks == [300 - order.index(7), 1 + order.index(7)]
            order = reading(oracle, a_run.mlp_inputs[layer, i]).argsort(descending=True).tolist()
            assert int(lens.input_ranks[layer, i]) == 1 + order.index(7)


@pytest.mark.parametrize("matrix", ["first", "second"])
def test_tokens_of_a_cell(oracle: GPT2LMHeadModel, a_run: detok.Run, matrix: str) -> None:
    lens = detok.backward_lens(a_run)
    most, least = lens.tokens(1, 4, k=5, matrix=matrix)
    read = a_run.d_second if matrix == "second" else a_run.mlp_inputs
    expected = reading(oracle, read[1, 4])
    for found, largest in ((most, True), (least, False)):
        ids, probabilities = zip(*found, strict=True)
        best = expected.topk(5, largest=largest)
        assert list(ids) == best.indices.tolist()
        same(torch.tensor(probabilities, dtype=torch.float64), best.values)
    assert len(lens.tokens(1, 4, k=1000)[0]) == 300


def test_where_nothing_has_a_gradient(a_run: detok.Run) -> None:
    """As of a target that is certain already."""
    nothing = replace(
        a_run,
        d_first=torch.zeros_like(a_run.d_first),
        d_second=torch.zeros_like(a_run.d_second),
    )
    lens = detok.backward_lens(nothing)
    for ranks in (lens.most_ranks, lens.least_ranks, lens.input_ranks):
        assert ranks.shape == (3, 9)
        assert not ranks.any()


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda x: x.tokens(3, 0), "layer is 3; expected 0 ≤ layer < B = 3"),
        (lambda x: x.tokens(0, 9), "position is 9; expected 0 ≤ position < n = 9"),
        (lambda x: x.tokens(0, 0, k=0), "k is 0"),
        (lambda x: x.tokens(0, 0, matrix="third"), "matrix is 'third'; expected 'first' or"),
        (lambda x: x.weight_gradient(-1), "layer is -1"),
    ],
)
def test_what_it_cannot_take(a_run: detok.Run, call: Callable, sentence: str) -> None:
    with pytest.raises(detok.InputError, match=sentence):
        call(detok.backward_lens(a_run))
