"""Every family against `transformers`: whoever is registered is proved, or missing here."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import detok
from detok.model.families import FAMILIES
from detok.model.families.elsewhere import _WHY
from detok.scores import reference
from tests.support.double import attention_in_float64
from tests.support.families import LEARNED, MODELS, REFUSED, L, V, random_member

N = 512  # the tokens of a text, if so many have positions
MEMBERS = [(name, config) for members in MODELS.values() for name, config in members]
# Not among them the padding token of RoBERTa, which has no position.
IDS = torch.randint(4, V, (N,), generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module", params=MEMBERS, ids=lambda member: member[0])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random checkpoint of a family."""
    folder = tmp_path_factory.mktemp("member")
    random_member(folder, *request.param)
    return folder


def test_every_family_is_proved() -> None:
    assert MODELS.keys() == REFUSED.keys() == FAMILIES.keys()
    assert all(MODELS.values())


def test_the_terms_sum_to_the_models_own_attention(folder: Path) -> None:
    layer = detok.load(folder, device="cpu")
    for ids in (IDS[:10], IDS[:1], IDS[3:8]):
        assert reference.attention_error(layer, ids) < 1e-5
        assert reference.direct_error(layer, ids) < 1e-5
    exact = detok.load(folder, device="cpu", dtype=torch.float64)
    assert reference.direct_error(exact, IDS[: layer.n_positions]) < 1e-10
    with pytest.raises(detok.InputError, match="positions of this model"):
        detok.terms(layer, [5] * (layer.n_positions + 1))


def test_attention_is_that_of_float64(folder: Path) -> None:
    """The model's own, in the precision in which a wrong constant could not hide."""
    own = None
    for dtype, tolerance in ((torch.float64, 1e-10), (torch.float32, 1e-5)):
        layer = detok.load(folder, device="cpu", dtype=dtype)
        ids = IDS[: layer.n_positions]
        own = attention_in_float64(folder, ids) if own is None else own
        ours = detok.attention(detok.terms(layer, ids))
        torch.testing.assert_close(ours.double(), own, rtol=0, atol=tolerance)


ATTENTION = {
    "opt": "model.decoder.layers.0.self_attn",
    "whisper": "model.decoder.layers.0.self_attn",
    "biogpt": "biogpt.layers.0.self_attn",
}
LAST_NORM = {
    "opt": "model.decoder.final_layer_norm",
    "whisper": "model.decoder.layer_norm",
    "biogpt": "biogpt.layer_norm",
}


@pytest.mark.parametrize(
    ("name", "config"),
    [member for members in LEARNED.values() for member in members],
    ids=lambda each: str(each)[:40],
)
def test_what_heads_write_is_that_of_the_model(
    tmp_path: Path, name: str, config: Mapping[str, Any]
) -> None:
    """A token alone attends to itself: the difference of two such outputs has no bias in it."""
    model = random_member(tmp_path, name, config).double()
    layer = detok.load(tmp_path, device="cpu", dtype=torch.float64)
    first, kind = layer.first, model.config.model_type
    if first.undefined:
        assert first.W_O is None
        assert not FAMILIES[kind].plan(model.config.to_dict()).written
        return
    if model.get_output_embeddings() is None:
        pytest.skip("its head is in another class of the family")
    written = []
    attention = model.get_submodule(ATTENTION.get(kind, "transformer.h.0.attn"))
    attention.register_forward_hook(lambda _, __, output: written.append(output[0].flatten()))
    runs = model.get_decoder() if kind == "whisper" else model
    with torch.inference_mode():
        for token in (5, 6):
            runs(torch.tensor([[token]]))
    x = first.W_E[[5, 6]].double() + first.W_pos[0].double()
    ln_1 = first.ln_1_weight.double(), first.ln_1_bias.double()
    x = torch.nn.functional.layer_norm(x, x.shape[1:], *ln_1, first.ln_1_eps)
    ours = x @ first.W_V.double() @ first.W_O.double()
    torch.testing.assert_close(
        ours[1] - ours[0], written[1] - written[0], rtol=0, atol=1e-5 if "Neo" in name else 1e-10
    )
    last = model.get_submodule(LAST_NORM.get(kind, "transformer.ln_f"))
    assert torch.equal(last.weight, first.ln_f_weight.double())
    assert torch.equal(model.get_output_embeddings().weight, first.W_E.double())


def test_only_the_tensors_of_the_plan_are_needed(folder: Path, tmp_path: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    family = FAMILIES[config["model_type"]]
    needed = {prefix + name for prefix in family.prefixes for name in family.plan(config).shapes}
    for name in ("config.json", "tokenizer.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    tensors = load_file(folder / "model.safetensors")
    save_file({k: t for k, t in tensors.items() if k in needed}, tmp_path / "model.safetensors")
    layer = detok.load(tmp_path, device="cpu")
    # Also for the check by `transformers`, which makes up the rest of the layer.
    assert reference.attention_error(layer, IDS[:10]) < 1e-5


def test_every_question_is_answered(folder: Path) -> None:
    layer = detok.load(folder, device="cpu")
    if not isinstance(layer, detok.Layer):
        pytest.skip("has questions of its own")
    ids = IDS[: layer.n_positions].tolist()
    i = layer.n_positions // 2
    assert len(detok.affinity(layer, ids[0], k=3)) == 3 * layer.n_heads
    weights = detok.attention(detok.terms(layer, ids))
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(weights.shape[:2]))
    measured = detok.mean_attention(layer, [ids], i)
    seen = weights[:, i, : layer.n_visible(i)].double()
    torch.testing.assert_close(measured.mean, seen, rtol=0, atol=1e-5)
    bias = detok.position_bias(layer, i)
    assert bias.attention.shape == seen.shape
    pair = detok.explain_pair(layer, ids, i=i, j=0, head=1)
    assert pair.chosen.weight == pytest.approx(weights[1, i, 0].item(), abs=1e-5)
    nats = detok.contributions(layer, ids)
    dropped = detok.ablate(detok.terms(layer, ids), {"ee"})
    torch.testing.assert_close(nats[0], dropped.divergence, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(dropped.full, weights.double(), rtol=0, atol=1e-5)


CASES = [(kind, *case) for kind, cases in REFUSED.items() for case in cases]


@pytest.mark.parametrize(("kind", "change", "found"), CASES)
def test_what_cannot_be_represented_is_refused(
    tmp_path: Path, kind: str, change: Mapping[str, Any], found: str
) -> None:
    random_member(tmp_path, *MODELS[kind][0])
    path = tmp_path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(detok.CheckpointError) as caught:
        detok.load(tmp_path)
    assert found in str(caught.value)
    assert "expected" in str(caught.value)


def test_bert_sees_what_comes_after(tmp_path: Path) -> None:
    random_member(tmp_path, "BertModel", MODELS["bert"][0][1])
    layer = detok.load(tmp_path, device="cpu")
    assert not layer.is_causal
    assert layer.n_visible(0) == layer.n_positions
    assert detok.attention(detok.terms(layer, [5, 6, 7]))[:, 0, 1:].min() > 0
    assert detok.explain_pair(layer, [5, 6, 7], i=0, j=2, head=0).runner_up is not None
    detok.affinity_scores(layer, 5, positions=(0, 3))
    with pytest.raises(detok.InputError, match=r"expected 0 ≤ i, j < L = 16"):
        detok.affinity_scores(layer, 5, positions=(0, 16))


def test_older_names_of_layernorm(tmp_path: Path) -> None:
    """Those of bert-base-uncased as the hub has it."""
    random_member(tmp_path, *MODELS["bert"][0])
    before = detok.load(tmp_path, device="cpu")
    path = tmp_path / "model.safetensors"
    older = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    tensors = load_file(path)
    for name in list(tensors):
        for new, old in older.items():
            if name.endswith(new):
                tensors[name.removesuffix(new) + old] = tensors.pop(name)
    save_file(tensors, path, metadata={"format": "pt"})
    layer = detok.load(tmp_path, device="cpu")
    torch.testing.assert_close(layer.K_E, before.K_E, rtol=0, atol=0)


def test_self_assertion_without_a_query_bias_comes_from_layernorm(tmp_path: Path) -> None:
    """GPT-Neo has no b^Q: what is left of b'^Q is β W^Q."""
    random_member(tmp_path, *MODELS["gpt_neo"][0])
    first = detok.load(tmp_path, device="cpu").first
    assert not first.b_Q.any()
    path = tmp_path / "model.safetensors"
    tensors = load_file(path)
    tensors["transformer.h.0.ln_1.bias"].zero_()
    save_file(tensors, path, metadata={"format": "pt"})
    terms = detok.terms(detok.load(tmp_path, device="cpu"), IDS[:L])
    assert not terms.e.any()
    assert not terms.p.any()


def test_padding_of_roberta_has_no_position(tmp_path: Path) -> None:
    random_member(tmp_path, *MODELS["roberta"][0])
    layer = detok.load(tmp_path, device="cpu")
    assert layer.n_positions == L - 2
    with pytest.raises(detok.InputError, match="token id 1 is this model's padding"):
        detok.terms(layer, [5, 1, 6])


@pytest.mark.parametrize(
    ("architecture", "found"),
    [("mixtral", "rotates queries and keys"), ("t5", "ep, pe and p"), ("nonsense", "no sup")],
)
def test_an_architecture_elsewhere(tmp_path: Path, architecture: str, found: str) -> None:
    random_member(tmp_path, *MODELS["gpt2"][0])
    path = tmp_path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model_type": architecture}))
    with pytest.raises(detok.CheckpointError, match=found):
        detok.load(tmp_path)


def test_no_architecture_is_both_here_and_elsewhere() -> None:
    named = [name for names in _WHY.values() for name in names]
    assert len(named) == len(set(named))
    assert not set(named) & FAMILIES.keys()
