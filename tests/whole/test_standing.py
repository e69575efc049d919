"""Ranks and probabilities that are found a block at a time are those of the whole distribution."""

import pytest
import torch

import detok
from detok.whole import standing
from tests.support.whole import same


def test_blocks_are_one_distribution(whole: detok.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "ROWS", 4)
    monkeypatch.setattr(standing, "TOKENS", 64)  # the last block has fewer
    x = torch.randn(9, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected = whole.logits(x).softmax(dim=1)  # (9, V)
    ascending = expected.argsort(dim=1).argsort(dim=1).int()  # (9, V), each token's place from 0
    for token in range(whole.vocab_size):
        found = standing.standing(whole, x, token)
        same(found.probabilities, expected[:, token])
        assert found.least.tolist() == (ascending[:, token] + 1).tolist()
        assert found.most.tolist() == (whole.vocab_size - ascending[:, token]).tolist()


def test_of_nothing(whole: detok.Model) -> None:
    found = standing.standing(whole, torch.zeros(0, 32, dtype=torch.float64), 7)
    assert len(found.most) == len(found.least) == len(found.probabilities) == 0
