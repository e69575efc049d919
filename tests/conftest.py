"""Fixtures of many tests, and settings that make every run the same."""

import os
import sys
from dataclasses import replace

# Nothing in the tests may ask the real hub, whatever a mistake in them does; those of the hub
# override it in processes of their own. Set before any library reads it.
os.environ["HF_HUB_OFFLINE"] = "1"
# The app would open on GPT-2 where whoever runs the tests has it.
os.environ["DETOK_MODEL"] = "mini"

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from hypothesis import settings
from transformers import GPT2LMHeadModel

import detok
from detok.counting.counts import Counts
from detok.counting.in_memory import count_ids
from detok.heads.measured import Measured, measured
from tests.support import rotary_layers
from tests.support.models import random_checkpoint

settings.register_profile("detok", derandomize=True, deadline=None, database=None)
settings.load_profile("detok")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker("browser")


@pytest.fixture
def plain_main(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that start processes, which run the main module again: AppTest leaves its page."""
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a random checkpoint; tests that change it copy it first."""
    folder = tmp_path_factory.mktemp("checkpoint")
    random_checkpoint(folder)
    return folder


@pytest.fixture(scope="session")
def model(checkpoint: Path) -> GPT2LMHeadModel:
    """The random checkpoint as `transformers` reads it: float64, eager attention. Do not change."""
    model = GPT2LMHeadModel.from_pretrained(checkpoint, attn_implementation="eager")
    return model.double().eval()


@pytest.fixture(scope="session")
def layer(checkpoint: Path) -> detok.Layer:
    """The random checkpoint's first layer, in float64 on the CPU."""
    return detok.load(str(checkpoint), device="cpu", dtype=torch.float64)


@pytest.fixture(scope="session")
def both_ways(layer: detok.Layer) -> detok.Layer:
    """The same layer without its mask: every token sees every other."""
    return replace(layer, first=replace(layer.first, is_causal=False))


@pytest.fixture(scope="session")
def counts(layer: detok.Layer) -> Counts:
    """Zipfian text in which the tokens 270 to 299 never occur."""
    ids = (np.random.default_rng(1).pareto(0.9, 20_000) * 3).astype(int) % 270
    return count_ids(np.concatenate([ids, np.arange(270)]), layer.vocab_size)


@pytest.fixture(scope="session")
def no_counts(layer: detok.Layer) -> Counts:
    return Counts.empty(layer.vocab_size)


@pytest.fixture(scope="session")
def areas(layer: detok.Layer, counts: Counts) -> detok.Auroc:
    return detok.auroc(layer, counts)


@pytest.fixture(scope="session")
def heads(layer: detok.Layer, counts: Counts) -> Measured:
    """All measures of the heads over all tokens."""
    return measured(layer, counts)


@pytest.fixture(scope="session", params=rotary_layers.KINDS)
def rotary(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> detok.RotaryLayer:
    """A layer with rotary positions of each kind, in float64."""
    return rotary_layers.load(tmp_path_factory.mktemp("rotary"), request.param)


@pytest.fixture(scope="session")
def qwen2(tmp_path_factory: pytest.TempPathFactory) -> detok.RotaryLayer:
    """A layer with rotary positions that has all four terms, in float64."""
    return rotary_layers.load(tmp_path_factory.mktemp("qwen2"), "biases")


@pytest.fixture(scope="session")
def whole_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    random_checkpoint(folder, n_layer=3, n_head=4, n_embd=32)
    return folder


@pytest.fixture(scope="session")
def whole(whole_folder: Path) -> detok.Model:
    return detok.load_model(whole_folder, device="cpu", dtype=torch.float64)


@pytest.fixture(scope="session")
def oracle(whole_folder: Path) -> GPT2LMHeadModel:
    """The same model again, for the hooks that the tests and `transformers` leave on it."""
    oracle = GPT2LMHeadModel.from_pretrained(whole_folder, attn_implementation="eager")
    return oracle.double().eval()


@pytest.fixture(scope="session")
def first(whole_folder: Path) -> detok.Layer:
    return detok.load(whole_folder, device="cpu", dtype=torch.float64)


@pytest.fixture(scope="session")
def ids() -> list[int]:
    return torch.randint(300, (9,), generator=torch.Generator().manual_seed(1)).tolist()


@pytest.fixture(scope="session")
def a_run(whole: detok.Model, ids: list[int]) -> detok.Run:
    return detok.run(whole, ids, target=7)
