"""`python -m detok info`: the card of what is here, and of what only the hub has."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import detok
from detok.bundled import BUNDLED
from detok.commands.main import main
from detok.counting.in_memory import count_ids
from detok.counting.provenance import TOKENIZER_HASH
from detok.model.vocabulary import Vocabulary
from tests.support.commands import Machine
from tests.support.families import MODELS, D, H, L, V, random_member
from tests.support.hub_server import Hub
from tests.support.models import byte_tokenizer, random_model

pytestmark = pytest.mark.slow


def card(shown: str) -> dict[str, str]:
    """The lines of a card, by their names."""
    return {line[:16].strip(): line[16:] for line in shown.splitlines()[1:]}


@pytest.fixture
def folder(checkpoint: Path, tmp_path: Path) -> Path:
    """A copy of the random checkpoint."""
    return shutil.copytree(checkpoint, tmp_path / "model")


def info(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, str]:
    capsys.readouterr()  # what making a checkpoint has written
    assert main(["info", *map(str, arguments)]) == 0
    shown = capsys.readouterr()
    assert not shown.err
    assert shown.out.splitlines()[0] == str(arguments[0])
    return card(shown.out)


NUMBERS = (V + L) * D + 2 * D + (D + 1) * 3 * D + (D + 1) * D


def test_a_folder_and_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    size = (folder / "model.safetensors").stat().st_size
    found = info(capsys, folder)
    assert found == {
        "architecture": "gpt2",
        "layers": "1",
        "heads": f"{H}, each {D // H} wide",
        "width": f"{D}",
        "positions": f"{L}",
        "tokens": f"{V}",
        "softmax": "divides by √8 = 2.828",
        "a token sees": "itself and what comes before it",
        "type": "float32",
        "first layer": f"{4 * NUMBERS / 1000:.1f} kB of {size / 1000:.1f} kB",
        "on this disk": f"{size / 1000:.1f} kB in {folder}",
        "counts": "none fits its tokenizer",
    }
    other = (folder / "model.safetensors").rename(folder / "other.safetensors")
    assert info(capsys, other) == found


def test_the_bundled_one_has_counts(capsys: pytest.CaptureFixture[str]) -> None:
    found = info(capsys, "mini")
    assert found["type"] == "float16"
    assert found["counts"] == str(BUNDLED["mini"] / "counts.parquet")


@pytest.mark.parametrize("kind", MODELS)
def test_every_family_as_it_is_loaded(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random_member(tmp_path, *MODELS[kind][0])
    layer = detok.load(tmp_path, device="cpu")
    found = info(capsys, tmp_path)
    assert found["architecture"] == kind
    assert found["layers"] == f"{layer.n_layers}"
    assert found["heads"] == f"{layer.n_heads}, each {layer.d_head} wide"
    assert found["width"] == f"{layer.W_E.shape[1]}"
    assert found["positions"] == f"{layer.n_positions}"
    assert found["tokens"] == f"{layer.vocab_size}"
    assert ("after" in found["a token sees"]) == (not layer.is_causal)
    root = f"√{layer.d_head} = " if layer.scale == layer.d_head**0.5 else ""
    scale = "nothing" if layer.scale == 1 else f"{root}{layer.scale:.4g}"
    assert found["softmax"] == f"divides by {scale}"


def test_rows_without_a_token_and_several_types(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    byte_tokenizer(290).save(str(folder / "tokenizer.json"))
    path = folder / "model.safetensors"
    tensors = load_file(path)
    tensors["transformer.wte.weight"] = tensors["transformer.wte.weight"].to(torch.bfloat16)
    save_file(tensors, path, metadata={"format": "pt"})
    found = info(capsys, folder)
    assert found["tokens"] == "300 rows, 290 of them with a token"
    assert found["type"] == "bfloat16, float32"
    assert found["first layer"].startswith(f"{(4 * NUMBERS - 2 * V * D) / 1000:.1f} kB of ")


def test_several_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "model.safetensors").unlink()
    random_model(n_layer=3).save_pretrained(folder, max_shard_size="5KB")
    size = sum(path.stat().st_size for path in folder.glob("model-*"))
    needed = f"{4 * NUMBERS / 1000:.1f} kB"
    assert info(capsys, folder)["first layer"] == f"{needed} of {size / 1000:.1f} kB"
    # Of the last one ln_f alone would be read, and then it is not known how large the model is.
    last = max(folder.glob("model-*"))
    left = size - last.stat().st_size
    last.unlink()
    found = info(capsys, folder)
    assert found["first layer"] == f"{4 * (NUMBERS - D) / 1000:.1f} kB"
    assert found["on this disk"] == f"{left / 1000:.1f} kB in {folder}"


def test_no_weight_is_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Values that `load` refuses are not looked at."""
    path = folder / "model.safetensors"
    tensors = load_file(path)
    tensors["transformer.wte.weight"][0] = torch.nan
    save_file(tensors, path, metadata={"format": "pt"})
    with pytest.raises(detok.CheckpointError, match="NaN"):
        detok.load(folder)
    info(capsys, folder)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("weights", "damaged or incomplete"),
        ("no weights", "has no model.safetensors"),
        ("tokenizer", "tokenizer"),
        ("no tokenizer", "has no tokenizer"),
        ("no config", "it has no config.json"),
        ("config", "cannot be read as JSON"),
        ("sizes", "expected (V, d) = (301, 16) from config.json"),
        ("architecture", "rotates queries and keys by their positions in a way"),
        ("type", "has type I8; expected weights that are not quantized"),
    ],
)
def test_damage_is_one_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], damage: str, sentence: str
) -> None:
    weights, config = folder / "model.safetensors", folder / "config.json"
    tokenizer = folder / "tokenizer.json"
    said = json.loads(config.read_text())
    match damage:
        case "weights":
            weights.write_bytes(weights.read_bytes()[:-10])
        case "no weights":
            weights.unlink()
        case "tokenizer":
            tokenizer.write_text("{}")
        case "no tokenizer":
            tokenizer.unlink()
        case "no config":
            config.unlink()
        case "config":
            config.write_text("{")
        case "sizes":
            config.write_text(json.dumps(said | {"vocab_size": 301}))
        case "architecture":
            config.write_text(json.dumps(said | {"model_type": "mixtral"}))
        case "type":
            tensors = load_file(weights)
            tensors["transformer.wte.weight"] = tensors["transformer.wte.weight"].to(torch.int8)
            save_file(tensors, weights)
    capsys.readouterr()
    assert main(["info", str(folder)]) == 2
    shown = capsys.readouterr()
    assert not shown.out
    assert sentence in shown.err
    assert shown.err.count("\n") == 1


def test_counts(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    own = Vocabulary.from_folder(folder).sha256

    def save(path: Path, hash_: str) -> Path:
        known = {"tokenizer": "ours", TOKENIZER_HASH: hash_}
        count_ids(np.array([1, 2]), V, None, known).save(path)
        return path

    beside = save(folder / "counts.parquet", own)
    assert info(capsys, folder)["counts"] == str(beside)
    named = save(tmp_path / "named.parquet", own)
    monkeypatch.setenv("DETOK_COUNTS", str(named))
    assert info(capsys, folder)["counts"] == f"{named} (DETOK_COUNTS)"
    save(named, "0123456789")
    reason = f"{named} was counted with the tokenizer ours (hash 01234567); expected this model's"
    assert info(capsys, folder)["counts"] == f"{beside}; {reason} (hash {own[:8]})"
    beside.unlink()
    assert info(capsys, folder)["counts"].startswith(f"none fits its tokenizer; {named} was")


# The hub


def test_a_model_of_the_hub_before_and_after_it_is_fetched(
    hub: Hub, machine: Machine, checkpoint: Path, tmp_path: Path
) -> None:
    commit = hub.add("owner/model", checkpoint)
    shown, complained = machine.run("info", "owner/model")
    before = card(shown)
    assert not complained
    assert before["tokens"] == f"{V} rows"
    assert before["commit"] == commit
    assert before["on this disk"] == "nothing"
    assert before["counts"] == "not known before its tokenizer is here"
    assert set(hub.files_asked("owner/model")) == {"config.json", "model.safetensors"}
    assert not machine.entries.exists()

    machine.run("fetch", "owner/model")
    hub.requests.clear()
    after = card(machine.run("info", "owner/model")[0])
    assert not hub.requests
    weights = machine.entries / "owner--model" / commit / "model.safetensors"
    # How large the rest is was not kept.
    assert before["first layer"] == (
        f"{4 * NUMBERS / 1000:.1f} kB of "
        f"{(checkpoint / 'model.safetensors').stat().st_size / 1000:.1f} kB"
    )
    assert after["first layer"] == f"{4 * NUMBERS / 1000:.1f} kB"
    assert after["on this disk"] == f"{weights.stat().st_size / 1000:.1f} kB in {weights.parent}"
    assert after["counts"] == "none fits its tokenizer"
    same = before.keys() - {"tokens", "first layer", "on this disk", "counts"}
    assert {name: after[name] for name in same} == {name: before[name] for name in same}

    moved = hub.add("owner/model", shutil.copytree(checkpoint, tmp_path / "moved"))
    notes = machine.entries / "owner--model" / "branches.json"
    noted = json.loads(notes.read_text())
    noted["main"]["asked"] = 1.0
    notes.write_text(json.dumps(noted))
    found = card(machine.run("info", "owner/model")[0])
    assert found["commit"] == f"{commit}; its branch has moved to {moved}"
    hub.stop()
    assert card(machine.run("info", "owner/model")[0]) == found


def test_several_files_on_the_hub(hub: Hub, machine: Machine, folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    model = random_model(n_layer=2)
    model.save_pretrained(folder, max_shard_size="5KB")
    hub.add("owner/model", folder)
    found = card(machine.run("info", "owner/model")[0])
    whole = 4 * sum(parameter.numel() for parameter in model.parameters())
    assert found["first layer"] == f"{4 * NUMBERS / 1000:.1f} kB of {whole / 1000:.1f} kB"


def test_what_is_known_without_a_hub(hub: Hub, machine: Machine) -> None:
    hub.stop()
    shown, complained = machine.run("info", "gpt2")
    found = card(shown)
    assert found["first layer"] == "167 MB"
    assert found["positions"] == "1,024"
    assert "commit" not in found
    assert complained.startswith("This is from detok's own list: 'gpt2' is not on this machine yet")
    _, complained = machine.run("info", "gpt2", "--revision", "v2", status=2)
    assert complained.startswith("detok: 'gpt2' is not on this machine yet")
    _, complained = machine.run("info", "owner/other", status=2, HF_HUB_OFFLINE="1")
    assert "HF_HUB_OFFLINE is set" in complained


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["owner/none"], "'owner/none' is neither a folder here nor a public model of the hub"),
        (["owner/model", "--revision", "v9"], "the hub has no revision 'v9' of 'owner/model'"),
        (["a b"], "'a b' is neither a folder nor a hub id"),
        ([""], "'' is not a folder"),
    ],
)
def test_unknown_ids(
    hub: Hub, machine: Machine, checkpoint: Path, arguments: list[str], sentence: str
) -> None:
    hub.add("owner/model", checkpoint)
    shown, complained = machine.run("info", *arguments, status=2)
    assert not shown
    assert sentence in complained
