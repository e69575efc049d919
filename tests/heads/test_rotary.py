"""Measures of heads of a layer with rotary positions: those of T^ee at distance 1."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

import detok
from detok.counting.counts import Counts
from detok.heads.baselines import shared_scores
from detok.heads.rebuilt import best_past
from tests.support.double import attention_in_float64
from tests.support.families import random_member
from tests.support.rotary import ROTARY

TOKENS = [0, 30, 100]


def test_pair_auroc_equals_scikit_learn(rotary: detok.RotaryLayer, counts: Counts) -> None:
    found = detok.pair_auroc(rotary, counts, TOKENS)
    kept = counts.tokens > 0
    for n, token in enumerate(TOKENS):
        past, seen = counts.row(token)
        label = np.repeat([1, 0], [len(past), kept.sum()])
        weight = np.concatenate([seen, counts.tokens[kept]])
        for head, scores in enumerate(detok.affinity_scores(rotary, token, distance=1).numpy()):
            both = np.concatenate([scores[past], scores[kept]])
            expected = roc_auc_score(label, both, sample_weight=weight)
            assert found.area[head, n] == pytest.approx(expected, abs=1e-9)
            if found.best[n] >= 0:
                assert found.rank[head, n] == 1 + (scores > scores[found.best[n]]).sum()


def test_all_measures(rotary: detok.RotaryLayer, counts: Counts) -> None:
    areas = detok.auroc(rotary, counts, TOKENS)
    assert areas.area.shape == (rotary.n_heads, len(TOKENS))
    pairs = detok.pair_auroc(rotary, counts, TOKENS)
    table = detok.pair_summary(pairs, counts)
    assert len(table) == rotary.n_heads
    curves = detok.roc_curves(rotary, counts, TOKENS[0])
    for head, rows in curves.groupby("head"):
        x, y = rows["false_positive"], rows["true_positive"]
        assert np.trapezoid(y, x) == pytest.approx(areas.area[head, 0], abs=0.02)


def test_the_best_past_tokens(rotary: detok.RotaryLayer) -> None:
    best = best_past(rotary, np.array(TOKENS), k=3)
    for n, token in enumerate(TOKENS):
        expected = detok.affinity_scores(rotary, token, distance=1).topk(3, dim=1).indices
        assert best[:, n].tolist() == expected.tolist()


def test_what_all_current_tokens_share(rotary: detok.RotaryLayer, counts: Counts) -> None:
    query = detok.shared_query(rotary, counts.tokens)
    specific = detok.affinity_scores(rotary, 7, less=query)
    np.testing.assert_allclose(
        shared_scores(rotary, counts), detok.affinity_scores(rotary, 7) - specific, atol=1e-9
    )
    baselines = detok.auroc_baselines(rotary, counts, TOKENS)
    assert baselines.pair.area.shape == (1 + rotary.n_heads, len(TOKENS))


# A model without biases, whose scores are T^ee alone; one of halves, one of pairs, with a part of
# each head turned.
PLAIN = {"llama": ROTARY["llama"][0], "gptj": ROTARY["gptj"][0]}


def _without_beta(model: torch.nn.Module) -> None:
    """Makes a norm's bias 0, which would be part of queries and keys."""
    for name, parameter in model.named_parameters():
        if ".ln_" in name and name.endswith("bias"):
            torch.nn.init.zeros_(parameter)


@pytest.mark.parametrize("name", PLAIN)
def test_pair_auroc_is_that_of_the_rotated_scores_of_the_model_itself(
    name: str, tmp_path: Path, counts: Counts
) -> None:
    """Every past token right before token i, through the model of `transformers`."""
    model = random_member(tmp_path, *PLAIN[name])
    _without_beta(model)
    model.save_pretrained(tmp_path)
    layer = detok.load(tmp_path, device="cpu", dtype=torch.float64)
    assert layer.term_names == ("ee",) or not any(b.any() for b in (layer.b_Q, layer.b_K))
    found = detok.pair_auroc(layer, counts, TOKENS)
    V, background = layer.vocab_size, counts.tokens / counts.tokens.sum()
    for n, token in enumerate(TOKENS):
        scores = _scores_before(tmp_path, token, V, distance=1) * layer.scale  # (H, V)
        ours = detok.affinity_scores(layer, token)
        torch.testing.assert_close(scores - scores[:, :1], ours - ours[:, :1], rtol=1e-9, atol=1e-9)
        past, seen = counts.row(token)
        further = _scores_before(tmp_path, token, V, distance=2)
        for head in range(layer.n_heads):
            area = _area(scores[head].numpy(), past, seen, background)
            assert found.area[head, n] == pytest.approx(area, abs=1e-9)
            # It would not be so at another distance.
            assert abs(area - _area(further[head].numpy(), past, seen, background)) > 1e-4


def _scores_before(folder: Path, i: int, V: int, distance: int) -> torch.Tensor:
    """Scores of i with every token so far before it, scaled, less that of i with itself: (H, V)."""
    past = torch.arange(V)[:, None]
    rest = torch.tensor([5] * (distance - 1) + [i]).expand(V, -1)
    attention = attention_in_float64(folder, torch.cat([past, rest], dim=1))  # (V, H, n, n)
    weights = attention[:, :, -1].log()  # (V, H, n)
    return (weights[:, :, 0] - weights[:, :, -1]).T


def _area(scores: np.ndarray, past: np.ndarray, seen: np.ndarray, background: np.ndarray) -> float:
    """How often one of the past tokens is above one of the background, each pair looked at."""
    above = (scores[past, None] > scores) + (scores[past, None] == scores) / 2  # (past, V)
    return float((seen / seen.sum()) @ above @ background)
