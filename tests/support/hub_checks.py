"""What the tests of the hub look at: what was loaded, refused, and left on the disk."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

import detok
from tests.support.hub_client import Client

ENTRY = ["config.json", "entry.json", "model.safetensors", "tokenizer.json"]
# The first layer of the model `large`.
LARGE_BYTES = 4 * ((20_000 + 128 + 2) * 256 + (256 + 1) * 3 * 256 + (256 + 1) * 256)
# What a visitor is made to wait for a hub that is out of reach.
PATIENCE_S = 12.0


def assert_refused(answer: dict[str, Any], *found: str, kind: str = "NotDownloadable") -> None:
    assert answer["error"] == kind, answer
    assert "\n" not in answer["sentence"]
    for part in found:
        assert part in answer["sentence"]


def assert_loaded(answer: dict[str, Any], layer: detok.Layer) -> None:
    assert answer["error"] is None, answer
    torch.testing.assert_close(torch.tensor(answer["K_pos"]), layer.K_pos.float())


def assert_same_tensors(client: Client, model: str, folder: Path) -> None:
    """What was fetched is the first layer as it is on the hub, and nothing else lies beside it."""
    home = client.entries / model.replace("/", "--")
    (entry,) = [path for path in home.iterdir() if path.is_dir()]
    assert sorted(path.name for path in entry.iterdir()) == ENTRY
    whole = load_file(folder / "model.safetensors")
    found = load_file(entry / "model.safetensors")
    assert len(found) == 8
    for name, tensor in found.items():
        assert torch.equal(tensor, whole[name])


def nothing_is_left(client: Client, model: str) -> bool:
    """Whether no file of weights lies where a whole or a partial one would."""
    return not list((client.entries / model.replace("/", "--")).glob("*/*"))
