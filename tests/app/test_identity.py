"""A layer is told from every other, and is the same one when it is loaded again."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import detok
from detok.app.identity import identity
from tests.support.models import random_checkpoint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random_checkpoint(tmp_path)
    return tmp_path


def load(folder: Path, **kwargs: torch.dtype) -> detok.Layer:
    return detok.load(str(folder), device="cpu", **kwargs)


def test_a_layer_that_is_loaded_again_is_the_same(folder: Path) -> None:
    before = identity(load(folder))
    (folder / "model.safetensors").touch()
    assert identity(load(folder)) == before


def other_weights(folder: Path) -> None:
    random_checkpoint(folder, seed=1)


def other_tokenizer(folder: Path) -> None:
    text = (folder / "tokenizer.json").read_text(encoding="utf-8")
    tokenizer = json.loads(text)
    tokenizer["model"]["merges"].pop(0)
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")


def other_epsilon(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["layer_norm_epsilon"] = 0.1
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


@pytest.mark.parametrize("change", [other_weights, other_tokenizer, other_epsilon])
def test_another_checkpoint_in_the_same_folder_is_another_layer(
    folder: Path, change: Callable[[Path], None]
) -> None:
    layer = load(folder)
    change(folder)
    # What was loaded before is asked only now: it is still what it was.
    assert identity(load(folder)) != identity(layer)


def test_number_type_and_commit_tell_layers_apart(folder: Path) -> None:
    layer = load(folder)
    commits = [replace(layer, source=replace(layer.source, revision=r)) for r in "ab"]
    others = [layer, load(folder, dtype=torch.float64), *commits]
    assert len(set(map(identity, others))) == 4
