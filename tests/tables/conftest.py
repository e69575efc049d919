"""Two heads of one model, and of two models, for the tests of what compares them."""

import pytest
import torch

import detok
from detok.tables.compare import Side
from tests.support.models import random_checkpoint


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> detok.Layer:
    """A model with more tokens, by which texts are split differently."""
    folder = tmp_path_factory.mktemp("other")
    random_checkpoint(folder, vocab_size=420, n_head=1, n_positions=30, seed=1)
    return detok.load(str(folder), device="cpu", dtype=torch.float64)


@pytest.fixture
def sides(layer: detok.Layer) -> tuple[Side, Side]:
    return Side("left", layer, 0), Side("right", layer, 1)


@pytest.fixture
def two_models(layer: detok.Layer, other: detok.Layer) -> tuple[Side, Side]:
    return Side("left", layer, 1), Side("right", other, 0)
