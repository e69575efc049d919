"""A random model of three layers, whole and by its first layer, in float64."""

from pathlib import Path

import pytest
import torch
from transformers import GPT2LMHeadModel

import detok
from tests.support.models import random_checkpoint


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
