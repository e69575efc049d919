"""T^ee in two parts, against the formula one pair at a time, and on models of every kind."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import GPT2LMHeadModel

import detok
from detok.counting.counts import Counts
from detok.scores.specific import PARTS
from tests.support.families import MODELS, random_member
from tests.support.models import byte_tokenizer, hard_checkpoint, random_model

IDS = [70, 12, 250, 12, 9, 9, 31]
EXACT = {"atol": 1e-12, "rtol": 1e-12}


@pytest.fixture(scope="module")
def query(layer: detok.Layer, counts: Counts) -> torch.Tensor:
    return detok.shared_query(layer, counts.tokens)


def direct_query(layer: detok.Layer, model: GPT2LMHeadModel, weights: np.ndarray) -> torch.Tensor:
    """Σ c(i) e_i W'^Q / σ_i over Σ c(i), from the checkpoint's own matrices, token by token."""
    block, d = model.transformer.h[0], layer.d_model
    W_Q = (block.ln_1.weight[:, None] * block.attn.c_attn.weight[:, :d]).detach()
    sigma = layer.sigma.block(0, layer.vocab_size).mean(dim=1)
    total = torch.zeros(d, dtype=torch.float64)
    for i, e in enumerate(model.transformer.wte.weight.detach()):
        total += float(weights[i]) * (e - e.mean()) @ W_Q / sigma[i]
    return (total / float(weights.sum())).unflatten(0, (layer.n_heads, -1))


def test_the_mean_query(layer: detok.Layer, model: GPT2LMHeadModel, counts: Counts) -> None:
    expected = direct_query(layer, model, counts.tokens)
    torch.testing.assert_close(detok.shared_query(layer, counts.tokens), expected, **EXACT)
    as_tensor = torch.from_numpy(counts.tokens) * 7
    torch.testing.assert_close(detok.shared_query(layer, as_tensor), expected, **EXACT)


def test_without_counts_all_tokens_weigh_the_same(
    layer: detok.Layer, model: GPT2LMHeadModel, no_counts: Counts
) -> None:
    expected = direct_query(layer, model, np.ones(layer.vocab_size))
    for found in (detok.shared_query(layer), detok.shared_query(layer, no_counts.tokens)):
        torch.testing.assert_close(found, expected, **EXACT)


@pytest.mark.parametrize("with_counts", [True, False])
def test_holes_weigh_nothing_and_are_not_ranked(
    layer: detok.Layer, model: GPT2LMHeadModel, counts: Counts, with_counts: bool
) -> None:
    holes = [3, 150, 299]
    holed = replace(layer, holes=torch.tensor(holes))
    weights = counts.tokens.copy() if with_counts else np.ones(layer.vocab_size)
    weights[holes] = 0
    query = detok.shared_query(holed, counts.tokens if with_counts else None)
    torch.testing.assert_close(query, direct_query(layer, model, weights), **EXACT)
    shared = detok.shared_scores(holed, query)
    assert (shared[:, holes] == -torch.inf).all()
    assert shared.isfinite().sum() == layer.n_heads * (layer.vocab_size - 3)
    for side in ("past", "current"):
        specific = detok.affinity_scores(holed, 70, side=side, less=query)
        assert (specific[:, holes] == -torch.inf).all()


@pytest.mark.parametrize("positions", [None, (6, 2)])
@pytest.mark.parametrize("heads", [None, [1], [1, 0]])
def test_both_parts_add_up_to_the_score(
    layer: detok.Layer,
    query: torch.Tensor,
    heads: list[int] | None,
    positions: tuple[int, int] | None,
) -> None:
    j = None if positions is None else positions[1]
    shared = detok.shared_scores(layer, query, heads=heads, position=j)
    for token in (70, 12, 299):
        asked: dict[str, Any] = {"heads": heads, "positions": positions}
        whole = detok.affinity_scores(layer, token, **asked)
        specific = detok.affinity_scores(layer, token, **asked, less=query)
        torch.testing.assert_close(shared + specific, whole, **EXACT)
        # As a past token it has the same share in every score.
        whole = detok.affinity_scores(layer, token, side="current", **asked)
        specific = detok.affinity_scores(layer, token, side="current", **asked, less=query)
        torch.testing.assert_close(shared[:, [token]] + specific, whole, **EXACT)


def test_one_pair_at_a_time(layer: detok.Layer, query: torch.Tensor) -> None:
    sigma = layer.sigma.block(0, layer.vocab_size)
    found = detok.affinity_scores(layer, 70, less=query)
    exact = detok.affinity_scores(layer, 70, less=query, positions=(6, 2))
    for h, j in [(0, 5), (1, 70), (1, 288)]:
        q, k = layer.Q_E[h, 70], layer.K_E[h, j]
        mean = sigma.mean(dim=1)
        expected = sum((q[x] / mean[70] - query[h, x]) * k[x] / mean[j] for x in range(len(q)))
        assert found[h, j].item() == pytest.approx(expected.item(), abs=1e-12)
        expected = ((q / sigma[70, 6] - query[h]) * k / sigma[j, 2]).sum()
        assert exact[h, j].item() == pytest.approx(expected.item(), abs=1e-12)


def test_the_specific_part_is_zero_on_average(
    layer: detok.Layer, query: torch.Tensor, counts: Counts
) -> None:
    """Over the current tokens as they occur: what all have in common is in the other part."""
    specific = detok.affinity_scores(layer, 70, side="current", less=query)
    weights = torch.from_numpy(counts.tokens / counts.tokens.sum())
    torch.testing.assert_close(specific @ weights, torch.zeros(2, dtype=torch.float64), **EXACT)


def test_the_table_the_matrix_and_the_ranks_follow(layer: detok.Layer, query: torch.Tensor) -> None:
    scores = [detok.affinity_scores(layer, t, less=query) for t in IDS[:4]]
    table = detok.affinity(layer, IDS[0], heads=1, k=9, less=query)
    best = scores[0][1].topk(9)
    assert table["token_id"].tolist() == best.indices.tolist()
    assert table["score"].tolist() == best.values.tolist()
    matrix = detok.affinity_matrix(layer, IDS[:4], past=[5, 6], less=query)
    expected = torch.stack([row[:, [5, 6]] for row in scores], dim=1)
    torch.testing.assert_close(matrix, expected, **EXACT)
    ranks = detok.previous_piece_ranks(layer, IDS[:4], less=query)
    for t in range(3):
        above = scores[t + 1] > scores[t + 1][:, [IDS[t]]]
        assert ranks[:, t].tolist() == (1 + above.sum(dim=1)).tolist()


def test_equal_queries_leave_nothing_specific(tmp_path: Path) -> None:
    """All that such a model's tokens attend to, they attend to whichever they are."""
    model = random_model()
    with torch.no_grad():
        model.transformer.wpe.weight.zero_()  # σ is then a token's own
    model.save_pretrained(tmp_path)
    byte_tokenizer(300).save(str(tmp_path / "tokenizer.json"))
    layer = detok.load(tmp_path, device="cpu", dtype=torch.float64)
    sigma = layer.moments.token_mean[:, None]  # (V, 1)
    equal = replace(layer, Q_E=sigma * layer.b_Q[:, None])
    query = detok.shared_query(equal)
    torch.testing.assert_close(query, layer.b_Q, **EXACT)
    for side in ("past", "current"):
        assert detok.affinity_scores(equal, 70, side=side).abs().max() > 0.1
        assert detok.affinity_scores(equal, 70, side=side, less=query).abs().max() < 1e-12
    terms = detok.split_ee(equal, IDS, query)
    assert terms.ee.abs().max() > 0.1
    assert terms.ee_specific.abs().max() < 1e-12


@pytest.mark.parametrize("heads", [None, 1])
def test_a_text_in_seven_parts(layer: detok.Layer, query: torch.Tensor, heads: int | None) -> None:
    terms = detok.split_ee(layer, IDS, query, heads=heads)
    plain = detok.terms(layer, IDS, heads=heads)
    for name in (*detok.TERMS, "total"):
        assert torch.equal(getattr(terms, name), getattr(plain, name))
    torch.testing.assert_close(terms.ee_shared[:, None] + terms.ee_specific, terms.ee, **EXACT)
    total = sum(terms.matrix(name) for name in terms.names)
    torch.testing.assert_close(total, terms.total, **EXACT)
    assert terms.names == PARTS
    for row, head in enumerate([0, 1] if heads is None else [heads]):
        for j, token in enumerate(IDS):
            sigma = layer.sigma.block(token, token + 1)[0, j]
            expected = query[head] @ layer.K_E[head, token] / sigma
            assert terms.ee_shared[row, j].item() == pytest.approx(expected.item(), abs=1e-12)


def test_the_shared_part_knows_no_current_token(layer: detok.Layer, query: torch.Tensor) -> None:
    """Other tokens before and after change nothing of it: only j itself is in it."""
    other = [1, 2, 250, 4, 5, 6, 7]
    found, there = (detok.split_ee(layer, ids, query).ee_shared[:, 2] for ids in (IDS, other))
    assert torch.equal(found, there)


def test_attention_without_either_part(layer: detok.Layer, query: torch.Tensor) -> None:
    terms = detok.split_ee(layer, IDS, query)
    plain = detok.terms(layer, IDS)
    both = detok.ablate(terms, ["ee_shared", "ee_specific"])
    torch.testing.assert_close(both.left, detok.ablate(plain, ["ee"]).left, **EXACT)
    without = replace(plain, ee=terms.ee_specific)
    left = detok.ablate(terms, ["ee_shared"]).left
    torch.testing.assert_close(left, detok.attention(without), **EXACT)
    with pytest.raises(detok.InputError, match="out of ee_shared, ee_specific, pp"):
        detok.ablate(terms, ["ee"])


def test_a_pair_in_seven_parts(layer: detok.Layer, query: torch.Tensor) -> None:
    terms = detok.split_ee(layer, IDS, query)
    six = detok.explain_pair(layer, IDS, i=5, j=2, head=1)
    pair = detok.explain_pair(layer, IDS, i=5, j=2, head=1, query=query)
    for score, before in ((pair.chosen, six.chosen), (pair.runner_up, six.runner_up)):
        assert list(score.parts) == list(PARTS)
        for name, value in score.parts.items():
            matrix = terms.matrix(name).expand_as(terms.ee)[1, 5, score.j] / layer.scale
            assert value == pytest.approx(matrix.item(), abs=1e-12)
        assert (score.j, score.weight) == (before.j, pytest.approx(before.weight))
        assert score.total == pytest.approx(before.total, abs=1e-12)
    assert pair.widest[0] in PARTS


MEMBERS = [
    *(MODELS[family][0] for family in ("bert", "gpt_neo", "opt", "whisper", "gpt_bigcode")),
    MODELS["gpt2"][2],  # which divides by nothing
]


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member[0])
def test_every_family(tmp_path: Path, member: tuple[str, Mapping[str, Any]]) -> None:
    """Also without a mask, and where softmax divides by 1."""
    random_member(tmp_path, *member)
    layer = detok.load(tmp_path, device="cpu", dtype=torch.float64)
    query = detok.shared_query(layer, np.arange(layer.vocab_size))
    whole, specific = (detok.affinity_scores(layer, 70, less=less) for less in (None, query))
    torch.testing.assert_close(detok.shared_scores(layer, query) + specific, whole, **EXACT)
    terms = detok.split_ee(layer, IDS, query)
    torch.testing.assert_close(terms.ee_shared[:, None] + terms.ee_specific, terms.ee, **EXACT)
    assert torch.equal(detok.attention(terms), detok.attention(detok.terms(layer, IDS)))
    found = detok.explain_pair(layer, IDS, i=6, j=2, head=1, query=query).chosen
    weight = detok.attention(terms)[1, 6, 2].item()
    assert found.weight == pytest.approx(weight, abs=1e-10)
    assert found.parts["ee_shared"] == pytest.approx(terms.ee_shared[1, 2].item() / layer.scale)


@pytest.mark.parametrize("case", ["cancelling", "large_mean"])
def test_hard_models_in_float32(tmp_path: Path, case: str) -> None:
    """Where the terms of a text are many times their sum, they are in float64."""
    hard_checkpoint(tmp_path, case)
    layer, exact = (
        detok.load(tmp_path, device="cpu", dtype=dtype) for dtype in (torch.float32, torch.float64)
    )
    query = detok.shared_query(layer)
    torch.testing.assert_close(query.double(), detok.shared_query(exact), atol=1e-4, rtol=1e-4)
    terms = detok.split_ee(layer, range(40), query)
    assert torch.equal(detok.attention(terms), detok.attention(detok.terms(layer, range(40))))
    summed = terms.ee_shared[:, None] + terms.ee_specific
    torch.testing.assert_close(summed, terms.ee, atol=1e-4, rtol=1e-6)


def test_what_cannot_be_used(layer: detok.Layer) -> None:
    for wrong in (torch.zeros(2, 3), torch.zeros(8)):
        for use in (
            lambda query: detok.affinity(layer, 70, less=query),
            lambda query: detok.affinity_matrix(layer, [70], less=query),
            lambda query: detok.shared_scores(layer, query),
            lambda query: detok.split_ee(layer, IDS, query),
            lambda query: detok.explain_pair(layer, IDS, i=1, j=0, head=0, query=query),
        ):
            with pytest.raises(detok.InputError, match=r"expected \(H, d'\) = \(2, 8\)"):
                use(wrong)
    with pytest.raises(detok.InputError, match=r"shape \(299,\); expected \(V,\) = \(300,\)"):
        detok.shared_query(layer, np.zeros(299))
    for number in (-1.0, np.nan, np.inf):
        with pytest.raises(detok.InputError, match=f"hold {number}; expected finite"):
            detok.shared_query(layer, np.full(300, number))
    with pytest.raises(detok.InputError, match="position 16 is out of range"):
        detok.shared_scores(layer, detok.shared_query(layer), position=16)


@pytest.mark.parametrize("distance", [None, 3])
def test_with_rotary_positions_the_two_parts_add_up_at_a_distance(
    rotary: detok.RotaryLayer, counts: Counts, distance: int | None
) -> None:
    query = detok.shared_query(rotary, counts.tokens)
    whole, specific = (
        detok.affinity_scores(rotary, 7, distance=distance, less=less) for less in (None, query)
    )
    shared = detok.shared_scores(rotary, query, distance=distance)
    torch.testing.assert_close(shared, whole - specific, atol=1e-9, rtol=1e-9)
    one = detok.shared_scores(rotary, query, heads=[1], distance=distance)
    torch.testing.assert_close(one, shared[[1]])


def test_a_place_of_the_other_kind_is_refused(
    rotary: detok.RotaryLayer, layer: detok.Layer, query: torch.Tensor
) -> None:
    with pytest.raises(detok.InputError, match="expected a distance"):
        detok.shared_scores(rotary, detok.shared_query(rotary), position=3)
    with pytest.raises(detok.InputError, match="expected None: positions are learned"):
        detok.shared_scores(layer, query, distance=1)
    with pytest.raises(detok.InputError, match="distance < "):
        detok.shared_scores(rotary, detok.shared_query(rotary), distance=10**6)


def test_a_pair_of_a_rotary_model_has_no_two_parts_of_ee(rotary: detok.RotaryLayer) -> None:
    with pytest.raises(detok.InputError, match="expected a model with learned positions"):
        detok.explain_pair(rotary, IDS, i=5, j=2, head=1, query=detok.shared_query(rotary))
