"""A hub and a machine that are new to each other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import Machine
from tests.support.hub_server import Hub


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    yield hub
    hub.stop()


@pytest.fixture
def machine(hub: Hub, tmp_path: Path) -> Machine:
    return Machine(tmp_path / "home", hub.url)
