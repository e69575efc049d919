"""A branch that has moved is noticed, and nobody waits for it."""

import re
from pathlib import Path

import pytest

import detok
from tests.support.hub_checks import (
    assert_loaded,
)
from tests.support.hub_client import Client
from tests.support.hub_server import Hub
from tests.support.models import random_checkpoint

pytestmark = pytest.mark.slow


def test_branch_that_has_moved_is_noticed(
    hub: Hub, client: Client, model: str, folder: Path, tmp_path: Path, layer: detok.Layer
) -> None:
    first = client.load(model)
    random_checkpoint(tmp_path / "other", seed=1)
    moved = hub.add(model, tmp_path / "other")
    hub.requests.clear()
    # Not on the same day,
    assert client.load(model)["latest"] == first["revision"]
    assert not hub.requests
    notes = client.entries / model.replace("/", "--") / "branches.json"
    notes.write_text(re.sub(r'"asked": [0-9.]+', '"asked": 1.0', notes.read_text()))
    # but on the next, with one request, and what is here stays what is used,
    for _ in range(2):
        answer = client.load(model)
        assert answer["latest"] == moved
        assert_loaded(answer, layer)
        assert answer["revision"] == first["revision"]
    assert len(hub.requests) == 1
    # until somebody asks for the new one.
    assert client.fetch(model)["error"] is None
    answer = client.load(model)
    assert answer["revision"] == answer["latest"] == moved
    assert answer["K_pos"] != first["K_pos"]


def test_a_silent_hub_is_not_waited_for_twice(hub: Hub, client: Client, model: str) -> None:
    client.load(model)
    notes = client.entries / model.replace("/", "--") / "branches.json"
    notes.write_text(re.sub(r'"asked": [0-9.]+', '"asked": 1.0', notes.read_text()))
    hub.silent = True
    try:
        seconds = [client.load(model)["seconds"] for _ in range(2)]
    finally:
        hub.silent = False
    assert seconds[0] < 4
    assert seconds[1] < 1
