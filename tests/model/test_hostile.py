"""Checkpoints with values that are allowed and absurd: they work, or a sentence refuses them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers

import detok
from detok.model.card import card_of


@pytest.fixture
def folder(checkpoint: Path, tmp_path: Path) -> Path:
    """A copy of the random checkpoint, to be changed."""
    return shutil.copytree(checkpoint, tmp_path / "copy")


def edit_config(folder: Path, changes: dict[str, Any]) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def edit_weights(folder: Path, edit: Callable[[torch.Tensor], torch.Tensor]) -> None:
    path = folder / "model.safetensors"
    tensors = {name: edit(tensor) for name, tensor in load_file(path).items()}
    save_file(tensors, path, metadata={"format": "pt"})


def refusal(read: Callable[[], object], kind: type[Exception] = detok.CheckpointError) -> str:
    with pytest.raises(kind) as caught:
        read()
    sentence = str(caught.value)
    assert "expected" in sentence
    assert "\n" not in sentence
    assert len(sentence) < 400
    return sentence


def check_all_finite(layer: detok.Layer) -> None:
    n = layer.n_positions
    ids = torch.arange(n) % layer.vocab_size
    for term in vars(detok.terms(layer, ids)).values():
        assert not isinstance(term, torch.Tensor) or not term.isnan().any()
    attention = detok.attention(detok.terms(layer, ids))
    torch.testing.assert_close(attention.sum(dim=-1), torch.ones(layer.n_heads, n))
    bias = detok.position_bias(layer, n - 1)
    assert not any(torch.isnan(t).any() for t in vars(bias).values() if torch.is_tensor(t))


@pytest.mark.parametrize(
    "changes",
    [
        {"n_layer": 10**12},
        {"n_positions": 10**15},
        {"vocab_size": 10**30},
        {"n_embd": 10**4000, "n_head": 1},
        {"n_head": 10**4000},
        {"layer_norm_epsilon": 1e300},
        {"layer_norm_epsilon": 10**400},
        {"layer_norm_epsilon": "x" * 10**5},
        {"scale_attn_weights": "maybe"},
        {"add_cross_attention": ["x"] * 10**5},
    ],
    ids=lambda changes: str(changes)[:40],
)
def test_absurd_values_that_the_first_layer_depends_on(
    folder: Path, changes: dict[str, Any]
) -> None:
    edit_config(folder, changes)
    for read in (detok.load, detok.load_model, card_of):
        assert next(iter(changes)) in refusal(lambda read=read: read(str(folder)))


@pytest.mark.parametrize(
    "changes",
    [
        {"n_inner": 0},
        {"n_inner": "a"},
        {"n_inner": 10**30},
        {"n_layer": 5000},
        {"tie_word_embeddings": "no"},
        {"scale_attn_by_inverse_layer_idx": "x"},
        {"reorder_and_upcast_attn": 7},
        {"activation_function": 5},
        {"activation_function": ["gelu_new"]},
        {"activation_function": "nope"},
    ],
    ids=str,
)
def test_absurd_values_that_other_layers_depend_on(folder: Path, changes: dict[str, Any]) -> None:
    edit_config(folder, changes)
    detok.load(folder, device="cpu")
    assert next(iter(changes)) in refusal(lambda: detok.load_model(folder, device="cpu"))


def test_more_neurons_than_memory(folder: Path) -> None:
    edit_config(folder, {"n_inner": 10**9})
    sentence = refusal(lambda: detok.load_model(folder, device="cpu"), detok.InputError)
    assert "are free on cpu; expected more, or a smaller model" in sentence


@pytest.mark.parametrize(
    "changes",
    [
        {"quantization_config": "x"},
        {"quantization_config": {"quant_method": "gptq", "bits": 4}},
        {"dtype": "int8"},
        {"torch_dtype": 17},
        {"dtype": [1]},
        {"id2label": [1], "num_labels": -3},
        {"architectures": 7, "pruned_heads": {"0": ["a"]}},
        {"bos_token_id": "x", "eos_token_id": -5, "pad_token_id": 10**12},
        {"resid_pdrop": "a", "embd_pdrop": 7, "attn_pdrop": -1},
        {"use_cache": 7, "return_dict": 8, "torchscript": "x", "output_attentions": "y"},
        {"attn_implementation": "nope", "_attn_implementation": "nope"},
        {"_name_or_path": "https://example.org", "auto_map": {"AutoModel": "evil.py--Evil"}},
    ],
    ids=str,
)
def test_what_nothing_depends_on_is_overlooked(
    folder: Path, checkpoint: Path, changes: dict[str, Any]
) -> None:
    expected = detok.run(detok.load_model(checkpoint, device="cpu"), [1, 2, 3])
    edit_config(folder, changes)
    found = detok.run(detok.load_model(folder, device="cpu"), [1, 2, 3])
    torch.testing.assert_close(found.log_probs, expected.log_probs, rtol=0, atol=0)
    check_all_finite(detok.load(folder, device="cpu"))
    card_of(str(folder))


@pytest.mark.parametrize("value", [1e38, -1e38, 1e19])
@pytest.mark.parametrize("is_constant", [True, False])
def test_weights_whose_scores_overflow(folder: Path, value: float, is_constant: bool) -> None:
    edit_weights(
        folder, lambda t: torch.full_like(t, value) if is_constant else t * (value / t.abs().max())
    )
    assert "so large that scores overflow" in refusal(lambda: detok.load(folder, device="cpu"))
    model = detok.load_model(folder, device="cpu")
    assert "overflow torch.float32" in refusal(
        lambda: detok.run(model, [1, 2, 3]), detok.InputError
    )


def test_weights_beyond_the_type_of_the_layer(folder: Path) -> None:
    edit_weights(folder, lambda t: t.double() * 1e100)
    assert "scores overflow torch.float32" in refusal(lambda: detok.load(folder, device="cpu"))


@pytest.mark.parametrize("value", [0.0, 1e-38])
@pytest.mark.parametrize("is_constant", [True, False])
def test_weights_that_are_nothing(folder: Path, value: float, is_constant: bool) -> None:
    edit_weights(folder, lambda t: torch.full_like(t, value) if is_constant else t * value)
    check_all_finite(detok.load(folder, device="cpu"))
    run = detok.run(detok.load_model(folder, device="cpu"), [1, 2, 3])
    assert run.log_probs.isfinite().all()


def test_a_model_of_one_position(folder: Path) -> None:
    edit_config(folder, {"n_positions": 1})
    path = folder / "model.safetensors"
    tensors = load_file(path)
    tensors["transformer.wpe.weight"] = tensors["transformer.wpe.weight"][:1].clone()
    save_file(tensors, path, metadata={"format": "pt"})
    layer = detok.load(folder, device="cpu")
    check_all_finite(layer)
    detok.layernorm_stats(layer)
    assert len(detok.affinity(layer, 5)) > 0
    assert detok.run(detok.load_model(folder, device="cpu"), [1]).n == 1


@pytest.mark.parametrize("unknown", [None, "[UNK]"])
def test_a_vocabulary_of_whole_words(folder: Path, unknown: str | None) -> None:
    words = {unknown or "w0": 0} | {f"w{n}": n for n in range(1, 300)}
    tokenizer = Tokenizer(models.WordLevel(words, **({"unk_token": unknown} if unknown else {})))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    check_vocabulary(folder, tokenizer, can_encode=unknown is not None)


@pytest.mark.parametrize("unknown", [None, 0])
def test_a_vocabulary_of_probable_pieces(folder: Path, unknown: int | None) -> None:
    words = [("w0", 0.0), *((f"w{n}", -float(n)) for n in range(1, 300))]
    tokenizer = Tokenizer(models.Unigram(words, unknown))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    check_vocabulary(folder, tokenizer, can_encode=unknown is not None)


def check_vocabulary(folder: Path, tokenizer: Tokenizer, *, can_encode: bool) -> None:
    tokenizer.save(str(folder / "tokenizer.json"))
    layer = detok.load(folder, device="cpu")
    vocabulary = layer.tokenizer
    assert vocabulary.id_of("w5") == 5
    assert vocabulary.search("w12")[0] == 12
    check_all_finite(layer)
    refusal(lambda: vocabulary.id_of("nothing"), detok.InputError)
    if can_encode:
        assert vocabulary.encode("w5 w7") == [5, 7]
        assert detok.count(["w5 nothing w7"], vocabulary).tokens.sum() > 2
    else:
        for use in (vocabulary.encode, lambda text: detok.count([text], vocabulary)):
            sentence = refusal(lambda use=use: use("w5 w7"), detok.InputError)
            assert "has no token in place of words that it does not know" in sentence


def test_a_vocabulary_whose_token_for_unknown_parts_is_not_there(folder: Path) -> None:
    path = folder / "tokenizer.json"
    tokenizer = json.loads(path.read_text())
    del tokenizer["model"]["vocab"]["z"]
    tokenizer["model"]["unk_token"] = "<none>"
    path.write_text(json.dumps(tokenizer))
    layer = detok.load(folder, device="cpu")
    layer.tokenizer.encode("the rest")
    sentence = refusal(lambda: layer.tokenizer.encode("z"), detok.InputError)
    assert "cannot encode the text" in sentence
