"""What `detok.load` accepts, and the sentence that it gives for everything else."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import GPT2LMHeadModel

import detok
from detok.model import checkpoint as checkpoint_module
from tests.support.models import random_checkpoint, random_model

FIRST_LAYER = {
    "wte.weight",
    "wpe.weight",
    "h.0.ln_1.weight",
    "h.0.ln_1.bias",
    "h.0.attn.c_attn.weight",
    "h.0.attn.c_attn.bias",
}

# Read where they are: what the heads write, and the weight of the last LayerNorm.
WRITTEN = {"h.0.attn.c_proj.weight", "ln_f.weight"}


@pytest.fixture
def folder(checkpoint: Path, tmp_path: Path) -> Path:
    """A copy of the random checkpoint, to be changed."""
    return shutil.copytree(checkpoint, tmp_path / "copy")


def load(folder: Path | str) -> detok.Layer:
    return detok.load(str(folder), device="cpu", dtype=torch.float64)


def assert_same(layer: detok.Layer, expected: detok.Layer, **tolerance: float) -> None:
    ids = layer.tokenizer.encode("the rest is\na ton of tests")[:16]
    torch.testing.assert_close(
        detok.terms(layer, ids).total, detok.terms(expected, ids).total, **tolerance
    )


def edit_config(folder: Path, **changes: Any) -> None:
    """Sets keys of config.json; `...` removes one."""
    path = folder / "config.json"
    config = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({k: v for k, v in config.items() if v is not ...}))


def edit_weights(
    folder: Path, edit: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]
) -> None:
    path = folder / "model.safetensors"
    save_file(edit(load_file(path)), path, metadata={"format": "pt"})


def refusal(folder: Path | str, kind: type[Exception] = detok.CheckpointError) -> str:
    """The sentence with which a checkpoint is refused: one line, found and expected."""
    with pytest.raises(kind) as caught:
        load(folder)
    sentence = str(caught.value)
    assert isinstance(caught.value, ValueError)
    assert "expected" in sentence
    assert "\n" not in sentence
    return sentence


# Folders and config.json


def test_folder_that_does_not_exist(tmp_path: Path) -> None:
    for name in (str(tmp_path / "absent"), "./absent", "~/absent-folder", "~nobody-of-that-name"):
        sentence = refusal(name)
        assert sentence.startswith(f"{name!r} is not a folder")
        assert "mini" in sentence


@pytest.mark.parametrize("name", ["", "  \n"])
def test_no_name(name: str) -> None:
    assert refusal(name).startswith("'' is not a folder")


def test_file_instead_of_folder(folder: Path) -> None:
    assert "is not a folder" in refusal(folder / "config.json")


@pytest.mark.parametrize("name", ["a" * 5000, "a/b/c", "a b", "https://huggingface.co/gpt2", "\0"])
def test_neither_folder_nor_hub_id(name: str) -> None:
    assert "neither a folder nor a hub id" in refusal(name)


def test_spaces_around_the_name_are_overlooked(checkpoint: Path, layer: detok.Layer) -> None:
    assert_same(load(f" {checkpoint}\n"), layer)


def test_bundled_model_needs_no_network() -> None:
    assert detok.load("mini", device="cpu").source.revision is None


def test_a_local_model_has_no_revisions(folder: Path) -> None:
    for model in ("mini", folder, folder / "model.safetensors"):
        with pytest.raises(detok.CheckpointError, match="has no revision 'v2'; expected none"):
            detok.load(model, revision="v2")
        detok.load(model, revision="", device="cpu")


def test_missing_config(folder: Path) -> None:
    (folder / "config.json").unlink()
    assert "is no checkpoint: it has no config.json" in refusal(folder)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "cannot be read as JSON"),
        (b'{"model_type": "gpt2"', "cannot be read as JSON"),
        (b"\xff\xfe\x00", "cannot be read as JSON"),
        (b"[" * 100_000, "cannot be read as JSON"),
        (b'{"n_embd": ' + b"9" * 5000 + b"}", "cannot be read as JSON"),
        (b"[1, 2]", "holds a list"),
        (b"null", "holds a NoneType"),
    ],
)
def test_broken_config(folder: Path, content: bytes, found: str) -> None:
    (folder / "config.json").write_bytes(content)
    sentence = refusal(folder)
    assert found in sentence
    assert "config.json" in sentence


@pytest.mark.parametrize("key", ["vocab_size", "n_positions", "n_embd", "n_head", "n_layer"])
@pytest.mark.parametrize("value", [..., None, "16", 16.0, 0, -1, True, [16]], ids=repr)
def test_config_without_a_size(folder: Path, key: str, value: Any) -> None:
    edit_config(folder, **{key: value})
    found = None if value is ... else value
    assert refusal(folder).startswith(f"config.json has {key} = {found!r}")


@pytest.mark.parametrize("value", [None, "1e-5", 0, -1.0, True, float("nan"), float("inf")])
def test_layer_norm_epsilon_that_is_no_positive_number(folder: Path, value: Any) -> None:
    edit_config(folder, layer_norm_epsilon=value)
    assert refusal(folder).startswith(f"config.json has layer_norm_epsilon = {value!r}")


def test_layer_norm_epsilon_is_gpt2s_unless_given(folder: Path) -> None:
    edit_config(folder, layer_norm_epsilon=...)
    assert load(folder).sigma.eps == 1e-5
    edit_config(folder, layer_norm_epsilon=1)
    assert load(folder).sigma.eps == 1.0


def test_width_that_the_heads_do_not_divide(folder: Path) -> None:
    edit_config(folder, n_head=3)
    with pytest.raises(detok.CheckpointError, match="n_embd = 16, not a multiple of n_head = 3"):
        load(folder)


@pytest.mark.parametrize("architecture", ["mixtral", "", ["gpt2"], 2])
def test_unsupported_architecture(folder: Path, architecture: Any) -> None:
    edit_config(folder, model_type=architecture)
    sentence = refusal(folder)
    assert f"model_type = {architecture!r}" in sentence
    assert "expected one with learned absolute or rotary positions, or ALiBi: gpt2" in sentence


def test_no_architecture(folder: Path) -> None:
    edit_config(folder, model_type=...)
    assert "config.json names no supported architecture" in refusal(folder)


# Weights


@pytest.mark.parametrize(
    ("key", "value", "tensor", "letters"),
    [
        ("vocab_size", 301, "wte.weight", "(V, d) = (301, 16)"),
        ("n_positions", 15, "wpe.weight", "(L, d) = (15, 16)"),
        ("n_embd", 32, "wte.weight", "(V, d) = (300, 32)"),
    ],
)
def test_config_of_another_size(
    folder: Path, key: str, value: int, tensor: str, letters: str
) -> None:
    edit_config(folder, **{key: value})
    sentence = refusal(folder)
    assert f"tensor 'transformer.{tensor}' has shape" in sentence
    assert f"expected {letters} from config.json" in sentence


@pytest.mark.parametrize("name", sorted(FIRST_LAYER))
def test_tensor_of_another_shape(folder: Path, name: str) -> None:
    edit_weights(
        folder, lambda t: t | {f"transformer.{name}": t[f"transformer.{name}"][:-1].clone()}
    )
    assert f"tensor 'transformer.{name}' has shape" in refusal(folder)


@pytest.mark.parametrize("name", sorted(FIRST_LAYER))
def test_missing_tensor(folder: Path, name: str) -> None:
    edit_weights(folder, lambda t: {k: v for k, v in t.items() if k != f"transformer.{name}"})
    assert f"has no tensor {name!r}" in refusal(folder)


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_tensors_that_are_not_needed(folder: Path, name: str, layer: detok.Layer) -> None:
    """Without them the layer is the same; with a wrong shape they are refused as any other."""
    edit_weights(
        folder, lambda t: t | {f"transformer.{name}": t[f"transformer.{name}"][:-1].clone()}
    )
    assert f"tensor 'transformer.{name}' has shape" in refusal(folder)
    edit_weights(folder, lambda t: {k: v for k, v in t.items() if k != f"transformer.{name}"})
    assert_same(load(folder), layer)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_values_that_are_no_numbers(folder: Path, value: float, dtype: torch.dtype) -> None:
    def spoil(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        tensors["transformer.wte.weight"][7, 3] = value
        return {k: v.to(dtype) for k, v in tensors.items()}

    edit_weights(folder, spoil)
    assert "'transformer.wte.weight' has NaN or infinity" in refusal(folder)


@pytest.mark.parametrize("dtype", [torch.int8, torch.float8_e4m3fn])
def test_quantized_weights(folder: Path, dtype: torch.dtype) -> None:
    edit_weights(folder, lambda t: {k: v.to(dtype) for k, v in t.items()})
    sentence = refusal(folder)
    assert f"has type {dtype}" in sentence
    assert "quantized" in sentence


@pytest.mark.parametrize("length", [0, 4, 8, 100, 2000, -1000, -1])
def test_truncated_weights(folder: Path, length: int) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:length])
    assert "model.safetensors is missing, damaged or incomplete" in refusal(folder)


@pytest.mark.parametrize("content", [b"\xff" * 1000, b"<!DOCTYPE html>" * 100])
def test_weights_that_are_something_else(folder: Path, content: bytes) -> None:
    (folder / "model.safetensors").write_bytes(content)
    assert "damaged" in refusal(folder)


def test_git_lfs_pointer_instead_of_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n")
    assert "download it again" in refusal(folder)


def test_no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    assert "has no model.safetensors; expected one" in refusal(folder)


def test_pickled_weights_are_never_opened(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A pickle that leaves a trace when it is opened, and a torch.load that must not be called.
    (folder / "model.safetensors").unlink()
    trace = tmp_path / "opened"
    (folder / "pytorch_model.bin").write_bytes(f"cos\nsystem\n(S'touch {trace}'\ntR.".encode())
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("a pickle was opened"))
    assert "only a pickled pytorch_model.bin, which detok never opens" in refusal(folder)
    assert not trace.exists()


def test_names_without_prefix(folder: Path, layer: detok.Layer) -> None:
    edit_weights(folder, lambda t: {k.removeprefix("transformer."): v for k, v in t.items()})
    assert_same(load(folder), layer)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_weights(folder: Path, layer: detok.Layer, dtype: torch.dtype) -> None:
    model = GPT2LMHeadModel.from_pretrained(folder, dtype=dtype)
    model.save_pretrained(folder)
    half = load(folder)
    assert half.K_E.dtype == torch.float64
    assert_same(half, layer, rtol=0.05, atol=0.5)
    # Exact for the weights as they were rounded.
    model.float().save_pretrained(folder)
    assert_same(half, load(folder))


def test_other_layers_need_not_be_there(folder: Path, layer: detok.Layer) -> None:
    edit_weights(
        folder, lambda t: {k: v for k, v in t.items() if k[len("transformer.") :] in FIRST_LAYER}
    )
    assert_same(load(folder), layer)


def test_only_tensors_of_the_first_layer_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random_checkpoint(tmp_path, n_layer=3)
    read = []

    class Observed:
        def __init__(self, *arguments: Any, **options: Any) -> None:
            self.manager = safe_open(*arguments, **options)

        def __enter__(self) -> "Observed":
            self.file = self.manager.__enter__()
            return self

        def __exit__(self, *error: object) -> None:
            self.manager.__exit__(*error)

        def keys(self) -> list[str]:
            return self.file.keys()

        def get_tensor(self, name: str) -> torch.Tensor:
            read.append(name)
            return self.file.get_tensor(name)

    safe_open = checkpoint_module.safe_open
    monkeypatch.setattr(checkpoint_module, "safe_open", Observed)
    assert load(tmp_path).n_layers == 3
    assert sorted(read) == sorted(f"transformer.{name}" for name in FIRST_LAYER | WRITTEN)


# Weights in several files


@pytest.fixture
def sharded(folder: Path) -> Path:
    """The random checkpoint in several files."""
    (folder / "model.safetensors").unlink()
    random_model().save_pretrained(folder, max_shard_size="5KB")
    assert len(list(folder.glob("model-*.safetensors"))) > 2
    return folder


def test_sharded(sharded: Path, layer: detok.Layer) -> None:
    assert_same(load(sharded), layer)


def test_shards_without_the_first_layer_are_not_opened(sharded: Path, layer: detok.Layer) -> None:
    weight_map = json.loads((sharded / "model.safetensors.index.json").read_text())["weight_map"]
    needed = {weight_map[f"transformer.{name}"] for name in FIRST_LAYER}
    others = set(weight_map.values()) - needed
    assert others
    for name in others:
        (sharded / name).unlink()
    assert_same(load(sharded), layer)


def test_missing_shard(sharded: Path) -> None:
    weight_map = json.loads((sharded / "model.safetensors.index.json").read_text())["weight_map"]
    name = weight_map["transformer.wte.weight"]
    (sharded / name).unlink()
    assert f"{name} is missing, damaged or incomplete" in refusal(sharded)


def test_shard_without_its_tensor(sharded: Path) -> None:
    path = sharded / "model.safetensors.index.json"
    index = json.loads(path.read_text())
    weight_map = index["weight_map"]
    weight_map["transformer.wte.weight"] = weight_map["transformer.wpe.weight"]
    path.write_text(json.dumps(index))
    assert "does not contain tensor transformer.wte.weight" in refusal(sharded)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"weight_map": {}}', '{"weight_map": []}', '{"weight_map": {"a": 1}}'],
)
def test_broken_index(sharded: Path, content: str) -> None:
    (sharded / "model.safetensors.index.json").write_text(content)
    assert "model.safetensors.index.json" in refusal(sharded)


@pytest.mark.parametrize(
    "name", ["../model.safetensors", "/etc/passwd", "a/b.safetensors", "..", "", "c:\\x", "a\\b"]
)
def test_index_that_leads_elsewhere(sharded: Path, name: str) -> None:
    path = sharded / "model.safetensors.index.json"
    index = json.loads(path.read_text())
    index["weight_map"]["transformer.wte.weight"] = name
    path.write_text(json.dumps(index))
    assert f"says that tensors are in {name!r}; expected the name of a file" in refusal(sharded)


# Tokenizer, device, dtype


def test_no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.json").write_text("{}")  # of no use without merges.txt
    assert "has no tokenizer" in refusal(folder)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff\xfe\x00",
        b'{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}}',
        b'{"model": {"type": "BPE", "vocab": {}, "merges": []}}',
    ],
)
def test_broken_tokenizer(folder: Path, content: bytes) -> None:
    (folder / "tokenizer.json").write_bytes(content)
    assert "the tokenizer in" in refusal(folder)


def test_truncated_tokenizer(folder: Path) -> None:
    path = folder / "tokenizer.json"
    path.write_bytes(path.read_bytes()[:-100])
    assert "the tokenizer in" in refusal(folder)


@pytest.mark.parametrize("broken", ["vocab.json", "merges.txt"])
def test_broken_older_tokenizer(folder: Path, broken: str) -> None:
    split_tokenizer(folder)
    (folder / broken).write_text("{ a b c")
    assert "the tokenizer in" in refusal(folder)


def split_tokenizer(folder: Path) -> None:
    """Replaces tokenizer.json by the older pair of files."""
    model = json.loads((folder / "tokenizer.json").read_text())["model"]
    (folder / "tokenizer.json").unlink()
    merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
    added = {"<|endoftext|>": len(model["vocab"])} if "<|endoftext|>" not in model["vocab"] else {}
    (folder / "vocab.json").write_text(json.dumps(model["vocab"] | added))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")


def test_older_tokenizer_gives_the_same_ids(folder: Path, layer: detok.Layer) -> None:
    split_tokenizer(folder)
    older = load(folder).tokenizer
    assert len(older) == len(layer.tokenizer)
    for text in ("the rest  is\n\ta ton", " été 🐈‍⬛ \0", "one<|endoftext|> two", ""):
        assert older.encode(text) == layer.tokenizer.encode(text)
    for token_id in range(len(older)):
        assert older.bytes_of(token_id) == layer.tokenizer.bytes_of(token_id)


@pytest.mark.parametrize("device", ["cuda:99", "gpu", "", "cpu:x"])
def test_device_that_does_not_exist(checkpoint: Path, device: str) -> None:
    with pytest.raises(detok.InputError, match="is not available here; expected 'auto'"):
        detok.load(str(checkpoint), device=device)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.int64])
def test_dtype_that_is_too_short(checkpoint: Path, dtype: torch.dtype) -> None:
    with pytest.raises(detok.InputError, match=f"dtype is {dtype}; expected torch.float32"):
        detok.load(str(checkpoint), dtype=dtype)
