"""Models that the pages of all layers open on."""

from pathlib import Path

import pytest

from tests.support.models import random_checkpoint


@pytest.fixture(scope="session")
def deep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of twelve layers."""
    folder = tmp_path_factory.mktemp("deep")
    random_checkpoint(folder, n_layer=12, n_positions=64)
    return folder


@pytest.fixture
def twelve(monkeypatch: pytest.MonkeyPatch, deep: Path) -> Path:
    """The app opens on a model of twelve layers."""
    monkeypatch.setenv("DETOK_MODEL", str(deep))
    return deep
