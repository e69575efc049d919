"""What is asked of any layer, asked of one with rotary positions, against its terms of a text."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import detok
from detok.scores.decomposition import scaled
from detok.scores.reference import direct_error

IDS = torch.randint(4, 300, (40,), generator=torch.Generator().manual_seed(2)).tolist()


def close(found: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def test_the_terms_that_there_are(rotary: detok.RotaryLayer) -> None:
    terms = detok.terms(rotary, IDS)
    has_norm = rotary.query.norm is not None
    has_bias = rotary.first.b_Q is not None or (
        rotary.first.norm is not None and rotary.first.norm.bias is not None
    )
    alone = ("ee",) if rotary.slopes is None else ("ee", "bb")
    assert terms.names == (("ee", "be", "eb", "bb") if has_bias and not has_norm else alone)
    assert terms.names == rotary.term_names
    for name in {"ee", "be", "eb", "bb"} - set(terms.names):
        assert getattr(terms, name) is None


def test_distance_alone_decides(rotary: detok.RotaryLayer) -> None:
    """The same tokens at the same distance, wherever they stand."""
    terms = detok.terms(rotary, [*IDS[:5], *IDS[:5]])
    close(terms.total[:, :5, :5], terms.total[:, 5:, 5:])


def test_bb_is_the_same_along_every_diagonal(qwen2: detok.RotaryLayer) -> None:
    bb = detok.terms(qwen2, IDS).bb
    assert bb is not None
    for distance in (0, 3, 20):
        diagonal = bb.diagonal(-distance, dim1=1, dim2=2)
        close(diagonal, diagonal[:, :1].expand_as(diagonal))
    assert bb[:, 20].std() > 1e-3


@pytest.mark.parametrize("side", ["past", "current"])
@pytest.mark.parametrize("heads", [None, [3, 1], 2])
def test_affinity_is_ee_at_a_distance(rotary: detok.RotaryLayer, side: str, heads: object) -> None:
    """Of all tokens of the vocabulary; compared with those of a text."""
    chosen = [3, 1] if heads == [3, 1] else [2] if heads == 2 else list(range(rotary.n_heads))
    if max(chosen) >= rotary.n_heads:
        pytest.skip("has fewer heads")
    ee = detok.terms(rotary, IDS).ee[chosen]
    for i, j in ((4, 0), (4, 3), (4, 4)):
        token, others = (IDS[i], IDS[j]) if side == "past" else (IDS[j], IDS[i])
        scores = detok.affinity_scores(rotary, token, side=side, heads=heads, distance=i - j)
        assert scores.shape == (len(chosen), 300)
        close(scores[:, others], ee[:, i, j])


def test_affinity_is_that_of_neighbours_unless_asked_for(rotary: detok.RotaryLayer) -> None:
    table = detok.affinity(rotary, IDS[3], k=300)
    for _, rows in table.groupby("head"):
        assert sorted(rows["token_id"]) == list(range(300))
    found = table.set_index(["head", "token_id"])["score"].loc[:, IDS[2]]
    ee = detok.terms(rotary, IDS).ee[:, 3, 2]
    np.testing.assert_allclose(found, ee, rtol=1e-9, atol=1e-9)
    ranks = detok.previous_piece_ranks(rotary, IDS[2:4])[:, 0]
    scores = detok.affinity_scores(rotary, IDS[3], distance=1)
    assert ranks.tolist() == (1 + (scores > scores[:, [IDS[2]]]).sum(dim=1)).tolist()


def test_affinity_matrix(rotary: detok.RotaryLayer) -> None:
    ee = detok.terms(rotary, IDS).ee
    close(detok.affinity_matrix(rotary, [IDS[4]], past=[IDS[1]], distance=3)[:, 0, 0], ee[:, 4, 1])


def test_what_a_query_shared_by_all_takes_off(rotary: detok.RotaryLayer) -> None:
    counts = np.zeros(300)
    counts[[7, 9]] = 3, 1
    q = rotary.queries(torch.tensor([7, 9]))  # (H, 2, d')
    query = detok.shared_query(rotary, counts)
    close(query, 0.75 * q[:, 0] + 0.25 * q[:, 1])
    whole, left = (
        detok.affinity_scores(rotary, 11, distance=2, less=less) for less in (None, query)
    )
    shared = [detok.affinity_scores(rotary, t, distance=2) for t in (7, 9)]
    close(whole - left, 0.75 * shared[0] + 0.25 * shared[1])
    back = detok.affinity_scores(rotary, 12, side="current", distance=2, less=query)
    close(back[:, 11], left[:, 12])


def test_refused_places(rotary: detok.RotaryLayer, layer: detok.Layer) -> None:
    n = rotary.n_distances
    for distance in (-1, n, 0.5):
        with pytest.raises(detok.InputError, match=f"expected 0 ≤ distance < {n}"):
            detok.affinity(rotary, 5, distance=distance)
    with pytest.raises(detok.InputError, match="expected a distance"):
        detok.affinity(rotary, 5, positions=(3, 2))
    with pytest.raises(detok.InputError, match="distance is 1; expected None"):
        detok.affinity(layer, 5, distance=1)
    with pytest.raises(detok.InputError, match="expected a model with learned positions"):
        detok.position_bias(rotary, 3)
    assert not hasattr(rotary, "W_pos")


def test_contributions_are_those_of_ablation(rotary: detok.RotaryLayer) -> None:
    nats, terms = detok.contributions(rotary, IDS), detok.terms(rotary, IDS)
    assert nats.shape == (len(terms.names), rotary.n_heads, len(IDS))
    for row, name in zip(nats, terms.names, strict=True):
        without = detok.ablate(terms, {name})
        torch.testing.assert_close(row, without.divergence, rtol=1e-7, atol=1e-9)
        left = terms.sight.masked((terms.total - terms.matrix(name)) / terms.scale).softmax(dim=-1)
        close(without.left, left)
        seen = without.full > 0
        ratio = torch.where(seen, without.full / without.left, 1.0).log()
        torch.testing.assert_close((without.full * ratio).sum(-1), row, rtol=1e-6, atol=1e-8)
    assert nats.max() > 1e-3


def test_mean_contributions(rotary: detok.RotaryLayer) -> None:
    found = detok.mean_contributions(rotary, [IDS[:9], IDS[:4]])
    assert found.mean.shape == (len(rotary.term_names), rotary.n_heads, 9)
    close(found.mean[..., 4:], detok.contributions(rotary, IDS[:9])[..., 4:])
    assert found.n.tolist() == [2] * 4 + [1] * 5


def test_a_pair_is_explained(rotary: detok.RotaryLayer) -> None:
    terms = detok.terms(rotary, IDS)
    weights = detok.attention(terms)
    pair = detok.explain_pair(rotary, IDS, i=20, j=18, head=1)
    assert tuple(pair.chosen.parts) == terms.names
    for name, part in scaled(terms).items():
        assert pair.chosen.parts[name] == pytest.approx(part[1, 20, 18].item(), abs=1e-9)
    assert pair.chosen.weight == pytest.approx(weights[1, 20, 18].item(), abs=1e-9)
    assert pair.runner_up is not None
    assert weights[1, 20, pair.runner_up.j] > 0
    if rotary.first.window is not None:
        assert not weights[:, 20, : 21 - rotary.first.window].any()
        with pytest.raises(detok.InputError, match="what i sees of the text"):
            detok.explain_pair(rotary, IDS, i=20, j=2, head=1)


def test_mean_attention_is_that_of_the_terms(rotary: detok.RotaryLayer) -> None:
    texts = [IDS[:12], IDS[12:24]]
    measured = detok.mean_attention(rotary, texts, 11)
    expected = [detok.attention(detok.terms(rotary, ids))[:, 11] for ids in texts]
    close(measured.mean, (expected[0] + expected[1]) / 2)


def test_the_check_notices_what_is_left_out(qwen2: detok.RotaryLayer) -> None:
    assert direct_error(qwen2, IDS) < 1e-12
    for part in ("query", "key"):
        wrong = replace(getattr(qwen2, part), b=None)
        assert direct_error(replace(qwen2, **{part: wrong}), IDS) > 1e-3
    assert direct_error(replace(qwen2, theta=qwen2.theta * 1.01), IDS) > 1e-4
