"""Weights whose scores, or what these are made of, leave the range of a layer's type."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import detok
from tests.support.families import random_member
from tests.support.rotary import ROTARY

IDS = [5, 70, 12, 250, 12, 9]
# With biases; queries and keys normed in heads; over all heads, without a first norm; ALiBi.
KINDS = {"qwen2": 0, "qwen3": 1, "olmo2": 1, "bloom": 0}


def test_no_score_or_term_exceeds_the_bound(rotary: detok.RotaryLayer, layer: detok.Layer) -> None:
    for own in (rotary, layer):
        terms, bound = detok.terms(own, IDS), own.score_bound()
        for name in terms.names:
            assert terms.matrix(name).abs().max() <= bound
        assert terms.total.abs().max() <= bound < 1e12


def test_what_scores_lose_by_distance_is_part_of_it(tmp_path: Path) -> None:
    random_member(tmp_path, *ROTARY["bloom"][0])
    multiply(tmp_path, "query_key_value", 1e-6)
    layer = detok.load(tmp_path, device="cpu")
    lost = detok.terms(layer, [5] * layer.n_positions).total.abs().max().item()
    assert 1 < lost <= layer.score_bound()


@pytest.fixture(params=KINDS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    random_member(tmp_path, *ROTARY[request.param][KINDS[request.param]])
    return tmp_path


def multiply(folder: Path, part: str, factor: float) -> None:
    path = folder / "model.safetensors"
    tensors = {
        name: (t.double() * factor).to(torch.float64 if factor > 1e30 else t.dtype)
        if part in name
        else t
        for name, t in load_file(path).items()
    }
    save_file(tensors, path, metadata={"format": "pt"})


@pytest.mark.parametrize("part", ["embed", "layers.0.", "h.0.", ""])
@pytest.mark.parametrize("factor", [1e20, 1e45, 1e160])
def test_a_rotary_layer_is_exact_or_refused(folder: Path, part: str, factor: float) -> None:
    """Never one whose scores are NaN or infinite; in float64 there is room for more."""
    ids = torch.tensor(IDS)
    multiply(folder, part, factor)
    for dtype in (torch.float32, torch.float64):
        try:
            layer = detok.load(folder, device="cpu", dtype=dtype)
        except detok.CheckpointError:
            continue
        terms = detok.terms(layer, ids)
        for name in terms.names:
            assert terms.matrix(name).isfinite().all()
        assert detok.affinity_scores(layer, 5, side="current").isfinite().all()
        assert detok.shared_query(layer).isfinite().all()


def test_large_embeddings_are_refused_where_their_squares_do_not_fit(tmp_path: Path) -> None:
    random_member(tmp_path, *ROTARY["llama"][0])
    multiply(tmp_path, "embed_tokens", 1e20)
    with pytest.raises(detok.CheckpointError, match=r"overflow torch\.float32; expected smaller"):
        detok.load(tmp_path, device="cpu")
    assert detok.load(tmp_path, device="cpu", dtype=torch.float64).score_bound() < 1e12
