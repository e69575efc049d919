"""Only regular files of a checkpoint's own folder are read, and none that is too large."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file

import detok
from detok.model import files
from detok.model.card import card_of
from detok.model.tokens import read

CONFIG, WEIGHTS, TOKENIZER = "config.json", "model.safetensors", "tokenizer.json"
INDEX = "model.safetensors.index.json"
READERS = [detok.load, detok.load_model, card_of]


@pytest.fixture
def folder(checkpoint: Path, tmp_path: Path) -> Path:
    """A copy of the random checkpoint, to be changed."""
    return shutil.copytree(checkpoint, tmp_path / "copy")


def shard(folder: Path) -> None:
    """The weights in one file that an index names."""
    (folder / WEIGHTS).rename(folder / "part.safetensors")
    names = load_file(folder / "part.safetensors")
    index = {"weight_map": dict.fromkeys(names, "part.safetensors")}
    (folder / INDEX).write_text(json.dumps(index))


def refusal(folder: Path, reader: Callable = detok.load) -> str:
    with pytest.raises(detok.CheckpointError) as caught:
        reader(str(folder))
    sentence = str(caught.value)
    assert "expected" in sentence
    assert "\n" not in sentence
    return sentence


def to_endless_zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("kind", [os.mkfifo, to_endless_zeros, os.mkdir])
@pytest.mark.parametrize("name", [CONFIG, WEIGHTS, TOKENIZER, INDEX, "part.safetensors"])
@pytest.mark.parametrize("reader", READERS)
def test_pipes_devices_and_folders(
    folder: Path, name: str, kind: Callable, reader: Callable
) -> None:
    if name in (INDEX, "part.safetensors"):
        shard(folder)
    (folder / name).unlink()
    kind(folder / name)
    sentence = refusal(folder, reader)
    assert f"{name} is a folder, pipe or device; expected a regular file" in sentence


@pytest.mark.parametrize("name", ["vocab.json", "merges.txt", "added_tokens.json"])
def test_a_pipe_among_the_older_files_of_a_tokenizer(folder: Path, name: str) -> None:
    (folder / TOKENIZER).unlink()
    for other in ("vocab.json", "merges.txt"):
        (folder / other).write_text("{}")
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    assert f"{name} is a folder, pipe or device" in refusal(folder)


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS, TOKENIZER, INDEX, "part.safetensors"])
def test_links_out_of_the_folder(folder: Path, name: str) -> None:
    if name in (INDEX, "part.safetensors"):
        shard(folder)
    elsewhere = folder.parent / "elsewhere"
    (folder / name).rename(elsewhere)
    (folder / name).symlink_to("../elsewhere")
    assert f"{name} is a link out of its folder" in refusal(folder)


def test_links_within_the_folder_and_to_it(folder: Path) -> None:
    (folder / "inner").mkdir()
    (folder / WEIGHTS).rename(folder / "inner/weights")
    (folder / WEIGHTS).symlink_to("inner/weights")
    (folder.parent / "alias").symlink_to(folder)
    detok.load(folder.parent / "alias", device="cpu")


def as_the_hub_keeps_it(checkpoint: Path, home: Path) -> Path:
    """The folder of a commit as `huggingface_hub` makes it, of links to the files themselves."""
    folder, blobs = home / "snapshots/0123", home / "blobs"
    folder.mkdir(parents=True)
    blobs.mkdir()
    for n, path in enumerate(sorted(checkpoint.iterdir())):
        shutil.copy(path, blobs / str(n))
        (folder / path.name).symlink_to(f"../../blobs/{n}")
    return folder


def test_the_links_of_the_hubs_cache_work(checkpoint: Path, tmp_path: Path) -> None:
    folder = as_the_hub_keeps_it(checkpoint, tmp_path / "models--me--mine")
    for reader in READERS:
        reader(str(folder))
    detok.load(folder / WEIGHTS, device="cpu")


def test_other_links_in_a_folder_like_that_of_the_hub(checkpoint: Path, tmp_path: Path) -> None:
    other = as_the_hub_keeps_it(checkpoint, tmp_path / "models--you--yours")
    folder = as_the_hub_keeps_it(checkpoint, tmp_path / "models--me--mine")
    (folder / CONFIG).unlink()
    (folder / CONFIG).symlink_to(other / CONFIG)
    assert "is a link out of its folder" in refusal(folder)
    (folder / CONFIG).unlink()
    shutil.copy(checkpoint / CONFIG, folder / CONFIG)
    shutil.rmtree(tmp_path / "models--me--mine/blobs")
    (tmp_path / "models--me--mine/blobs").symlink_to(tmp_path / "models--you--yours/blobs")
    assert "is a link out of its folder" in refusal(folder)


def test_a_link_to_itself(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    (folder / WEIGHTS).symlink_to(WEIGHTS)
    assert "model.safetensors is missing, damaged or incomplete" in refusal(folder)


@pytest.mark.parametrize(
    ("module", "limit", "name"),
    [
        (files, "MAX_CONFIG", CONFIG),
        (files, "MAX_INDEX", INDEX),
        (read, "MAX_TOKENIZER", TOKENIZER),
    ],
)
def test_files_beyond_the_size_they_can_have(
    folder: Path, module: object, limit: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == INDEX:
        shard(folder)
    size = (folder / name).stat().st_size
    monkeypatch.setattr(module, limit, size)
    detok.load(folder, device="cpu")
    monkeypatch.setattr(module, limit, size - 1)
    assert f"{name} has" in refusal(folder)


def test_an_index_beside_pickled_weights(folder: Path) -> None:
    shard(folder)
    index = (folder / INDEX).read_text()
    (folder / "part.safetensors").rename(folder / "part.bin")
    (folder / INDEX).write_text(index.replace("part.safetensors", "part.bin"))
    assert "says that tensors are in 'part.bin'; expected .safetensors" in refusal(folder)


@pytest.mark.parametrize("token_id", [1_000_000, 50_000_000, 2**32 - 1])
def test_a_token_with_an_id_far_beyond_all_others(folder: Path, token_id: int) -> None:
    tokenizer = json.loads((folder / TOKENIZER).read_text())
    tokenizer["model"]["vocab"]["far"] = token_id
    (folder / TOKENIZER).write_text(json.dumps(tokenizer))
    assert f"301 tokens and one with the id {token_id:,}; expected ids below" in refusal(folder)


def test_an_index_whose_size_is_no_number(folder: Path) -> None:
    shard(folder)
    for size in ("1e400", "NaN", "-1", '"many"', "[]"):
        index = json.loads((folder / INDEX).read_text()) | {"metadata": {"total_size": 0}}
        (folder / INDEX).write_text(json.dumps(index).replace(": 0}", f": {size}}}"))
        assert files.indexed_size(folder) is None
