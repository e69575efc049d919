"""Token affinity against the formula, one pair at a time."""

import itertools

import pandas as pd
import pytest
import torch
from transformers import GPT2LMHeadModel

import detok
from detok.scores.affinity import affinity_matrix, affinity_scores, previous_piece_ranks


@pytest.fixture(scope="module")
def direct(layer: detok.Layer, model: GPT2LMHeadModel) -> torch.Tensor:
    """e_i W^QK e_jᵀ of all pairs, from the checkpoint's own matrices: (H, V, V), without σ."""
    block = model.transformer.h[0]
    d, H = layer.d_model, layer.n_heads
    centring = torch.eye(d, dtype=torch.float64) - 1 / d
    folded = centring @ block.ln_1.weight.detach().diag() @ block.attn.c_attn.weight.detach()
    W_Q, W_K, _ = folded.split(d, dim=1)  # (d, d)
    W_E = model.transformer.wte.weight.detach()  # (V, d)
    heads = zip(W_Q.split(d // H, dim=1), W_K.split(d // H, dim=1), strict=True)
    return torch.stack([W_E @ (q @ k.T) @ W_E.T for q, k in heads])  # (H, V, V)


@pytest.fixture(scope="module")
def sigma(layer: detok.Layer) -> torch.Tensor:
    """σ of every token at every position, (V, L)."""
    return layer.sigma.block(0, layer.vocab_size)


def test_past_tokens(layer: detok.Layer, direct: torch.Tensor, sigma: torch.Tensor) -> None:
    mean = sigma.mean(dim=1)
    expected = direct[:, 70, :] / (mean[70] * mean)
    torch.testing.assert_close(affinity_scores(layer, 70), expected)


def test_current_tokens(layer: detok.Layer, direct: torch.Tensor, sigma: torch.Tensor) -> None:
    mean = sigma.mean(dim=1)
    expected = direct[:, :, 70] / (mean[70] * mean)
    torch.testing.assert_close(affinity_scores(layer, 70, side="current"), expected)


@pytest.mark.parametrize("side", ["past", "current"])
def test_exact_positions(
    layer: detok.Layer, direct: torch.Tensor, sigma: torch.Tensor, side: str
) -> None:
    i, j = 6, 2
    scores = affinity_scores(layer, 70, heads=[1], side=side, positions=(i, j))
    if side == "past":
        expected = direct[1:2, 70, :] / (sigma[70, i] * sigma[:, j])
    else:
        expected = direct[1:2, :, 70] / (sigma[70, j] * sigma[:, i])
    torch.testing.assert_close(scores, expected)


def test_at_positions_it_is_the_term_of_a_text(layer: detok.Layer) -> None:
    ids = [3, 1, 4, 1, 5, 9, 2]
    ee = detok.terms(layer, ids).ee
    for j, i in itertools.combinations_with_replacement(range(7), 2):
        scores = affinity_scores(layer, ids[i], positions=(i, j))
        torch.testing.assert_close(scores[:, ids[j]], ee[:, i, j])


def test_the_table_is_the_best_of_all_scores(layer: detok.Layer) -> None:
    table = detok.affinity(layer, 70, heads=[1, 0], k=7)
    assert list(table.columns) == ["head", "rank", "token_id", "token", "score", "joined"]
    assert table["head"].tolist() == [1] * 7 + [0] * 7
    assert table["rank"].tolist() == [*range(1, 8)] * 2
    for head, rows in table.groupby("head"):
        scores = affinity_scores(layer, 70)[head]
        order = scores.argsort(descending=True)[:7]
        assert rows["token_id"].tolist() == order.tolist()
        assert rows["score"].tolist() == scores[order].tolist()
    assert (table["joined"] == [layer.tokenizer.text(t, 70) for t in table["token_id"]]).all()
    other_way = detok.affinity(layer, 70, heads=1, k=1, side="current")
    other = int(other_way["token_id"].iloc[0])
    assert other_way["joined"].iloc[0] == layer.tokenizer.text(70, other)


def test_a_token_may_be_given_as_text_and_k_may_exceed_the_vocabulary(layer: detok.Layer) -> None:
    by_id = detok.affinity(layer, layer.tokenizer.encode("a")[0], k=10_000)
    pd.testing.assert_frame_equal(by_id, detok.affinity(layer, "a", k=10_000))
    assert len(by_id) == layer.n_heads * layer.vocab_size


def test_matrix_and_ranks_agree_with_the_search(layer: detok.Layer) -> None:
    ids = [70, 12, 250, 12]
    matrix = affinity_matrix(layer, ids)
    ranks = previous_piece_ranks(layer, ids)
    assert ranks.shape == (layer.n_heads, 3)
    for t in range(1, 4):
        scores = affinity_scores(layer, ids[t])
        torch.testing.assert_close(matrix[:, t, :], scores[:, ids])
        for head in range(layer.n_heads):
            order = scores[head].argsort(descending=True).tolist()
            assert order.index(ids[t - 1]) + 1 == ranks[head, t - 1]
    assert previous_piece_ranks(layer, ids[:1]).shape == (layer.n_heads, 0)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"token": ""}, "the token is empty; expected the text or the id of one token"),
        ({"token": "ab cd"}, "is . tokens, .*expected one token"),
        ({"token": 300}, "token id 300 is out of range; expected 0 ≤ id < V = 300"),
        ({"token": -1}, "token id -1 is out of range"),
        ({"token": 1, "heads": [0, 2]}, "head 2 is out of range; expected 0 ≤ head < H = 2"),
        ({"token": 1, "heads": []}, "no head is chosen"),
        ({"token": 1, "heads": "all"}, "heads are 'all'; expected head numbers"),
        ({"token": 1, "positions": (2,)}, r"\(2,\); expected"),
        ({"token": 1, "k": 0}, "k is 0; expected at least 1"),
        ({"token": 1, "k": 2.5}, "k is 2.5; expected at least 1, a whole number"),
        ({"token": 1, "side": "next"}, "side is 'next'; expected 'past' or 'current'"),
        ({"token": 1, "positions": (2, 3)}, r"\(2, 3\); expected 0 ≤ j ≤ i < L = 16"),
        ({"token": 1, "positions": (16, 3)}, r"\(16, 3\); expected"),
    ],
)
def test_bad_input(layer: detok.Layer, arguments: dict, sentence: str) -> None:
    with pytest.raises(detok.InputError, match=sentence):
        detok.affinity(layer, **arguments)
