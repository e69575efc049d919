"""A hub on this machine, a process that asks it, and models that it has."""

import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.support.hub_client import Client
from tests.support.hub_server import Hub
from tests.support.models import random_checkpoint

UNWANTED = [
    *["pytorch_model.bin", "model.onnx", "tf_model.h5", "flax_model.msgpack", "README.md"],
    *["model.fp16.safetensors", "rust_model.ot", "training_args.bin"],
]
NUMBERS = count()


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    hub = Hub()
    yield hub
    hub.stop()


@pytest.fixture(scope="module")
def client(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    client = Client(tmp_path_factory.mktemp("client"), hub.url)
    yield client
    client.close()


@pytest.fixture
def folder(checkpoint: Path, tmp_path: Path) -> Path:
    """A checkpoint as it lies on the hub, among other files."""
    folder = shutil.copytree(checkpoint, tmp_path / "model")
    for name in UNWANTED:
        (folder / name).write_bytes(b"not to be downloaded")
    return folder


@pytest.fixture
def model(hub: Hub, folder: Path) -> str:
    """The id of a model that the hub has and that is not cached yet."""
    model_id = f"owner/model-{next(NUMBERS)}"
    hub.add(model_id, folder)
    hub.requests.clear()
    return model_id


@pytest.fixture(scope="module")
def large_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint whose tensors take several pieces, and others beside them."""
    folder = tmp_path_factory.mktemp("large")
    sizes = {"n_layer": 6, "n_embd": 256, "n_head": 4, "n_positions": 128, "vocab_size": 20_000}
    random_checkpoint(folder, **sizes)
    return folder


@pytest.fixture
def large(hub: Hub, large_folder: Path) -> str:
    """The id of a model of 21 MB in the first layer, that is not cached yet."""
    model_id = f"owner/large-{next(NUMBERS)}"
    hub.add(model_id, large_folder)
    hub.requests.clear()
    return model_id
