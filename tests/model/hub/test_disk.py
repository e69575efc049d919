"""A disk that is full, or that cannot be written."""

import errno
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from huggingface_hub import constants

import detok
from detok.model.hub import fetch
from detok.model.hub.remote import Location, Remote
from tests.support.hub_checks import (
    assert_refused,
)
from tests.support.hub_client import Client
from tests.support.hub_server import Hub

pytestmark = pytest.mark.slow


class FakeRemote:
    """What `fetch_first_layer` asks of a remote, without one."""

    model_id, commit = "owner/fake", "0" * 40
    explaining = Remote.explaining
    revision = None

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def config(self) -> dict[str, Any]:
        return {}

    def file(self, name: str) -> Path:
        return self.folder / name

    def tokenizer(self) -> list[Path]:
        return [self.folder / "tokenizer.json"]

    def url(self, file: str) -> str:
        return file

    def tensors(self, _: dict[str, Any]) -> list[Location]:
        return [Location("wte.weight", "F32", (4, 4), "model.safetensors", 100, 64)]


@pytest.fixture
def entries_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this process keeps entries."""
    monkeypatch.setattr(constants, "HF_ASSETS_CACHE", str(tmp_path / "assets"))
    return tmp_path / "assets" / "detok" / "first_layers" / "owner--fake"


def test_disk_that_has_no_room(
    checkpoint: Path, entries_at: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    with pytest.raises(detok.NotDownloadable, match="has 1 MB free, and 'owner/fake' needs 67 MB"):
        fetch.fetch_first_layer(FakeRemote(checkpoint))
    assert not list(entries_at.glob("*/*"))


@pytest.mark.parametrize("n_whole", [0, 1])
def test_disk_that_fills_up(
    checkpoint: Path, entries_at: Path, monkeypatch: pytest.MonkeyPatch, n_whole: int
) -> None:
    def fill(_: object, path: Path, journal: Path, *__: object) -> None:
        journal.write_bytes(bytes([n_whole]))
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(fetch, "fetch_ranges", fill)
    with pytest.raises(detok.NotDownloadable, match=r"the disk is full: .*; make room"):
        fetch.fetch_first_layer(FakeRemote(checkpoint))
    assert not list(entries_at.glob("*/*"))


def test_folder_that_cannot_be_written(hub: Hub, model: str, tmp_path: Path) -> None:
    # A file where a folder is to be: permissions do not hold for root.
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "assets").write_text("")
    client = Client(tmp_path, hub.url)
    assert_refused(client.load(model), "could not be downloaded")
    client.close()
