"""One pair's score taken apart, and its rival's."""

from typing import Any

import pytest
import torch

import detok
from detok.scores.decomposition import TERMS

IDS = [70, 12, 250, 12, 9, 9, 31]


@pytest.mark.parametrize(("i", "j", "head"), [(6, 2, 0), (6, 6, 1), (1, 0, 1), (3, 1, 0)])
def test_it_is_that_cell_of_the_terms_and_of_the_attention(
    layer: detok.Layer, i: int, j: int, head: int
) -> None:
    terms, weights = detok.terms(layer, IDS), detok.attention(detok.terms(layer, IDS))[head, i]
    pair = detok.explain_pair(layer, IDS, i=i, j=j, head=head)
    rival = max((k for k in range(i + 1) if k != j), key=lambda k: weights[k])
    assert (pair.chosen.j, pair.runner_up.j) == (j, rival)
    for score in (pair.chosen, pair.runner_up):
        expected = {
            name: terms.matrix(name).expand_as(terms.ee)[head, i, score.j].item()
            / layer.d_head**0.5
            for name in TERMS
        }
        assert score.parts == pytest.approx(expected, abs=1e-10)
        assert list(score.parts) == list(TERMS)
        assert score.total == pytest.approx(sum(expected.values()))
        assert score.weight == pytest.approx(weights[score.j].item())
        assert sorted(score.by_size) == sorted(TERMS)
        sizes = [abs(value) for value in score.by_size.values()]
        assert sizes == sorted(sizes, reverse=True)
    gaps = {name: pair.chosen.parts[name] - pair.runner_up.parts[name] for name in TERMS}
    term, gap = pair.widest
    assert gap == gaps[term]
    assert abs(gap) == max(map(abs, gaps.values()))


def test_the_first_token_has_no_rival(layer: detok.Layer) -> None:
    pair = detok.explain_pair(layer, IDS, i=0, j=0, head=1)
    assert pair.runner_up is None
    assert pair.widest is None
    assert pair.chosen.weight == 1


@pytest.mark.parametrize(
    ("i", "j", "head", "sentence"),
    [
        (7, 0, 0, "i is 7; expected 0 ≤ i < n = 7"),
        (3, 4, 0, "j is 4; expected 0 ≤ j < i \\+ 1 = 4"),
        (3, -1, 0, "j is -1"),
        (3, 1, 2, "head is 2; expected 0 ≤ head < H = 2"),
        (3.0, 1, 0, "i is 3.0"),
    ],
)
def test_refused_pairs(layer: detok.Layer, i: Any, j: int, head: int, sentence: str) -> None:
    with pytest.raises(detok.InputError, match=sentence):
        detok.explain_pair(layer, torch.tensor(IDS), i=i, j=j, head=head)
