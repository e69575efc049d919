"""The whole model is read as `transformers` reads it, or refused in a sentence."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import GPT2LMHeadModel

import detok
from detok.model import memory
from detok.whole.checkpoint import needed, shapes


def changed(folder: Path, to: Path, **config: object) -> Path:
    """The checkpoint again, with another config.json."""
    shutil.copytree(folder, to)
    path = to / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | config))
    return to


def test_its_weights_are_those_that_transformers_reads(
    whole: detok.Model, whole_folder: Path
) -> None:
    theirs = GPT2LMHeadModel.from_pretrained(whole_folder).double().state_dict()
    ours = whole.network.state_dict()
    assert ours.keys() == theirs.keys()
    for name, weight in theirs.items():
        assert torch.equal(ours[name], weight), name
    assert whole.W_U is whole.network.lm_head.weight
    assert not any(p.requires_grad for p in whole.network.parameters())


def test_an_untied_unembedding_is_read(whole_folder: Path, tmp_path: Path) -> None:
    folder = changed(whole_folder, tmp_path / "untied", tie_word_embeddings=False)
    with pytest.raises(detok.CheckpointError, match=r"no tensor 'lm_head.weight'"):
        detok.load_model(folder, device="cpu")
    weights = load_file(folder / "model.safetensors")
    weights["lm_head.weight"] = torch.randn(300, 32)
    save_file(weights, folder / "model.safetensors")
    model = detok.load_model(folder, device="cpu")
    assert torch.equal(model.W_U, weights["lm_head.weight"])
    assert torch.equal(model.W_E, weights["transformer.wte.weight"])


def test_the_bundled_model_and_a_file(whole_folder: Path) -> None:
    assert detok.load_model("mini", device="cpu").name == "mini"
    file = whole_folder / "model.safetensors"
    assert detok.load_model(file, device="cpu").n_layers == 3


def test_it_shows_itself(whole: detok.Model) -> None:
    assert "B=3, H=4, d=32, L=16, V=300, torch.float64" in repr(whole)
    assert "layers B" in whole._repr_html_()
    assert (whole.n_neurons, whole.d_head) == (128, 8)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"model_type": "mixtral"}, "supported architecture"),
        ({"activation_function": "none such"}, "activation_function = 'none such'"),
        ({"n_layer": 4}, "no tensor 'h.3.ln_1.weight'"),
        ({"n_inner": 100}, r"shape \(32, 128\); expected \(d, m\) = \(32, 100\)"),
        ({"n_inner": "wide"}, "n_inner = 'wide'; expected a positive integer"),
    ],
)
def test_a_checkpoint_that_cannot_be_used(
    whole_folder: Path, tmp_path: Path, config: dict, sentence: str
) -> None:
    folder = changed(whole_folder, tmp_path / "changed", **config)
    with pytest.raises(detok.CheckpointError, match=sentence):
        detok.load_model(folder, device="cpu")


def test_another_family_is_refused_by_its_name() -> None:
    sizes = {"vocab_size": 30, "max_position_embeddings": 8, "hidden_size": 8, "num_heads": 2}
    with pytest.raises(detok.CheckpointError, match=r"model_type = 'gpt_neo'.*expected 'gpt2'"):
        shapes({"model_type": "gpt_neo", "num_layers": 1, **sizes})


def test_a_model_of_the_hub_that_is_not_here() -> None:
    with pytest.raises(detok.NotDownloadable, match=r"detok.fetch_whole\('someone/none'\) brings"):
        detok.load_model("someone/none")
    with pytest.raises(detok.CheckpointError, match="is not a folder"):
        detok.load_model("/no/such/folder")
    with pytest.raises(detok.InputError, match=r"expected torch.float32 or torch.float64"):
        detok.load_model("mini", dtype=torch.float16)


def test_memory_is_estimated_first(whole_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = json.loads((whole_folder / "config.json").read_text())
    numbers = sum(p.numel() for p in GPT2LMHeadModel.from_pretrained(whole_folder).parameters())
    assert 4 * numbers < needed(config, torch.float32) < 8 * numbers
    monkeypatch.setattr(memory, "available", lambda _: 100 << 20)
    with pytest.raises(detok.InputError, match=r"all layers takes about 0\.2 GB, and 0\.1 GB"):
        detok.load_model(whole_folder, device="cpu")
