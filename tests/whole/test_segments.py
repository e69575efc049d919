"""The mask by segments: its invariants, and that the six terms give its attention too."""

from typing import Any

import pytest
import torch
from transformers import GPT2LMHeadModel

import detok
from detok.whole.segments import visible_by_segments
from tests.support.whole import same


@pytest.mark.parametrize("lengths", [(), (1,), (1, 1, 1), (1,) * 9])
def test_segments_of_one_token_are_causal(a_run: detok.Run, lengths: tuple[int, ...]) -> None:
    found = detok.segment_attention(a_run, lengths)
    same(found.attention, a_run.attention)
    same(found.log_probs, a_run.log_probs)
    assert not found.difference.abs().max() > 1e-10


def test_one_segment_is_attention_both_ways(
    oracle: GPT2LMHeadModel, ids: list[int], a_run: detok.Run
) -> None:
    found = detok.segment_attention(a_run, [9])
    assert found.visible.all()
    with torch.no_grad():
        nothing_hidden = torch.zeros(1, 1, 9, 9, dtype=torch.float64)
        own = oracle(torch.tensor([ids]), attention_mask=nothing_hidden, output_attentions=True)
    same(found.attention, torch.cat(own.attentions))
    same(found.log_probs, own.logits[0, -1].log_softmax(0))


@pytest.mark.parametrize("lengths", [(3, 2), (4, 5), (1, 6), (2, 1, 3)])
def test_what_is_seen(a_run: detok.Run, lengths: tuple[int, ...]) -> None:
    found = detok.segment_attention(a_run, lengths)
    segment = [number for number, length in enumerate(lengths) for _ in range(length)]
    segment += [-1] * (9 - len(segment))
    for i in range(9):
        for j in range(9):
            sees = j <= i or (segment[i] == segment[j] != -1)
            assert found.visible[i, j] == sees
            assert (found.attention[:, :, i, j] > 0).all() == sees
    same(found.attention.sum(-1), torch.ones(3, 4, 9, dtype=torch.float64))
    same(found.difference.sum(-1), torch.zeros(3, 4, 9, dtype=torch.float64))
    assert found.difference.abs().max() > 1e-3


def test_the_first_layer_from_the_six_terms(
    first: detok.Layer, ids: list[int], a_run: detok.Run
) -> None:
    """Rows keep their scores: the same terms, another sum for softmax to divide by."""
    found = detok.segment_attention(a_run, [4, 3])
    terms = detok.terms(first, ids)
    scores = terms.total / terms.scale
    same(found.attention[0], scores.masked_fill(~found.visible, -torch.inf).softmax(-1))
    exp = (scores - scores.amax(-1, keepdim=True)).exp()
    Z, Z_MAS = exp.tril().sum(-1), (exp * found.visible).sum(-1)
    same(found.attention[0].tril(), a_run.attention[0] * (Z / Z_MAS)[:, :, None])


def test_a_text_of_one_token_and_a_full_one(whole: detok.Model) -> None:
    one = detok.segment_attention(detok.run(whole, [5]), [1])
    same(one.attention, torch.ones(3, 4, 1, 1, dtype=torch.float64))
    full = detok.segment_attention(detok.run(whole, range(16)), [8, 8])
    assert not full.attention[:, :, :8, 8:].any()


@pytest.mark.parametrize(
    ("lengths", "sentence"),
    [
        ([3, 0, 2], "segments have 3, 0, 2 tokens; expected a whole number in each, at least 1"),
        ([1.5], "segments have 1.5 tokens; expected a whole number in each, at least 1"),
        ([-1], "segments have -1 tokens"),
        (3, "lengths are 3; expected the tokens of each segment"),
        ([2.5], r"segments have 2\.5 tokens"),
        ([5, 5], "segments have 10 tokens together; expected at most n = 9"),
    ],
)
def test_segments_that_cannot_be(a_run: detok.Run, lengths: Any, sentence: str) -> None:
    with pytest.raises(detok.InputError, match=sentence):
        detok.segment_attention(a_run, lengths)


def test_the_mask_alone() -> None:
    assert visible_by_segments([2, 1], 4).int().tolist() == [
        [1, 1, 0, 0],
        [1, 1, 0, 0],
        [1, 1, 1, 0],
        [1, 1, 1, 1],
    ]
