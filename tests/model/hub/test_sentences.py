"""What the hub refuses, in a sentence."""

import socket
import time
from http import HTTPStatus
from pathlib import Path

import pytest

import detok
from tests.support.hub_checks import (
    PATIENCE_S,
    assert_refused,
)
from tests.support.hub_client import Client
from tests.support.hub_server import Hub

pytestmark = pytest.mark.slow


def test_unknown_model(client: Client) -> None:
    answer = client.load("owner/unknown")
    assert_refused(answer, "'owner/unknown' is neither a folder here nor a public model of the hub")


def test_unknown_revision(client: Client, model: str) -> None:
    assert_refused(client.load(model, "v9"), f"no revision 'v9' of '{model}'; expected a branch")


def test_gated_model(hub: Hub, client: Client, model: str) -> None:
    hub.gated.add(model)
    assert_refused(client.load(model), "asks for permission", "HF_TOKEN")


@pytest.mark.parametrize("name", ["a b/c/d", "a b", "owner/", "-x", "a--b", "a..b", "x.git", "é"])
def test_malformed_id(hub: Hub, client: Client, name: str) -> None:
    hub.requests.clear()
    answer = client.load(name)
    assert_refused(answer, f"{name!r} is neither a folder nor a hub id", kind="CheckpointError")
    assert not [request for request in hub.requests if "models" in request.path]


def test_other_architecture_is_refused_before_its_weights_are_downloaded(
    hub: Hub, client: Client, model: str, folder: Path
) -> None:
    (folder / "config.json").write_text('{"model_type": "mixtral"}')
    assert_refused(client.load(model), "model_type = 'mixtral'", kind="CheckpointError")
    assert hub.files_asked(model) == ["config.json"]


@pytest.mark.parametrize(
    ("missing", "found"),
    [
        ("config.json", "on the hub has no config.json"),
        ("model.safetensors", "only a pickled pytorch_model.bin, which detok never opens"),
        ("tokenizer.json", "on the hub has no tokenizer"),
    ],
)
def test_model_without_a_file(
    hub: Hub, client: Client, model: str, folder: Path, missing: str, found: str
) -> None:
    (folder / missing).unlink()
    for _ in range(2):
        assert_refused(client.load(model), found, kind="CheckpointError")
    assert set(hub.files_asked(model)) <= {"config.json"}


def test_damaged_config_on_the_hub(client: Client, model: str, folder: Path) -> None:
    (folder / "config.json").write_text("<!DOCTYPE html>")
    assert_refused(client.load(model), "cannot be read as JSON", kind="CheckpointError")


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_hub_in_trouble(hub: Hub, client: Client, model: str, status: int) -> None:
    hub.status = HTTPStatus(status)
    try:
        answer = client.load(model)
    finally:
        hub.status = None
    assert_refused(answer, f"the hub answered HTTP {status}", "'mini'")
    assert answer["seconds"] < PATIENCE_S


def test_something_else_answers(hub: Hub, client: Client, model: str) -> None:
    # The log-in page of a network, say, to whatever one asks.
    hub.status = HTTPStatus.OK
    try:
        answer = client.load(model)
    finally:
        hub.status = None
    assert_refused(answer, "could not be downloaded", "'mini'")


def test_offline_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    # That of this process: conftest sets HF_HUB_OFFLINE.
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("a connection was made"))
    started = time.perf_counter()
    with pytest.raises(detok.NotDownloadable, match="HF_HUB_OFFLINE is set"):
        detok.load("owner/a-model-that-nobody-has-in-the-cache")
    assert time.perf_counter() - started < 2


def test_console_shows_no_traceback(client: Client, model: str) -> None:
    client.load(model)
    log = client.log.read_text()
    for noise in ("Traceback", "Warning: ", "warnings.warn", "Exception"):
        assert noise not in log
