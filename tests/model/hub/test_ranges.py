"""What a network and its servers do to a download, and how it goes on."""

import time
from http import HTTPStatus
from pathlib import Path

import pytest

import detok
from tests.support.hub_checks import (
    LARGE_BYTES,
    PATIENCE_S,
    assert_loaded,
    assert_refused,
    assert_same_tensors,
    nothing_is_left,
)
from tests.support.hub_client import Client
from tests.support.hub_server import Hub

pytestmark = pytest.mark.slow


def test_hub_that_is_down(hub: Hub, client: Client, model: str, layer: detok.Layer) -> None:
    hub.stop()
    try:
        answer = client.load(model)
    finally:
        hub.start()
    assert_refused(answer, "could not be downloaded", "Connection refused", "'mini'")
    assert answer["seconds"] < 2
    assert_loaded(client.load(model), layer)


def test_hub_that_never_answers(hub: Hub, model: str, tmp_path: Path) -> None:
    # A fresh process: the first request of one may wait for more than the later ones.
    client = Client(tmp_path, hub.url)
    hub.silent = True
    try:
        answer = client.load(model)
    finally:
        hub.silent = False
    assert_refused(answer, "the hub did not answer within 5 s", "'mini'")
    assert answer["seconds"] < PATIENCE_S
    client.close()


def test_connection_that_breaks_in_the_middle(
    hub: Hub, client: Client, large: str, large_folder: Path
) -> None:
    hub.breaks["model.safetensors"] = 7
    answer = client.fetch(large)
    assert answer["error"] is None
    assert hub.breaks.pop("model.safetensors") == 0
    sent = sum(r.sent for r in hub.requests if r.path.endswith(".safetensors"))
    assert sent < 1.01 * LARGE_BYTES
    assert_same_tensors(client, large, large_folder)


def test_download_that_breaks_off(hub: Hub, client: Client, model: str, layer: detok.Layer) -> None:
    hub.breaks["model.safetensors"] = 10**6
    answer = client.load(model)
    hub.breaks.clear()
    assert_refused(answer, "could not be downloaded", "try again")
    assert_loaded(client.load(model), layer)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_hub_in_trouble_for_a_moment(
    hub: Hub, client: Client, large: str, large_folder: Path, status: int
) -> None:
    hub.statuses = [HTTPStatus(status)] * 4
    assert client.fetch(large)["error"] is None
    assert not hub.statuses
    assert_same_tensors(client, large, large_folder)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_weights_that_the_hub_does_not_give(
    hub: Hub, client: Client, model: str, status: int
) -> None:
    hub.statuses = [HTTPStatus(status)] * 100
    answer = client.load(model)
    hub.statuses = []
    assert_refused(answer)
    assert nothing_is_left(client, model)


def test_server_without_ranges(hub: Hub, client: Client, model: str) -> None:
    hub.whole_only = True
    answer = client.load(model)
    hub.whole_only = False
    assert_refused(answer, "does not give parts of files", "hf download")
    assert nothing_is_left(client, model)


def test_server_that_gives_other_parts(hub: Hub, client: Client, model: str) -> None:
    hub.shifted = True
    answer = client.load(model)
    hub.shifted = False
    assert_refused(answer, "answered with bytes", "try again later")
    assert nothing_is_left(client, model)


def test_answers_that_are_too_short(
    hub: Hub, client: Client, large: str, large_folder: Path
) -> None:
    """Each brings half of what it was asked for, and says so."""
    hub.short = True
    answer = client.fetch(large)
    hub.short = False
    assert answer["error"] is None
    assert_same_tensors(client, large, large_folder)


def test_slow_answers(hub: Hub, client: Client, large: str, large_folder: Path) -> None:
    hub.pause = 0.2
    answer = client.fetch(large)
    hub.pause = 0.0
    assert answer["error"] is None
    assert len({here for here, _ in answer["reported"]}) > 3
    assert_same_tensors(client, large, large_folder)


def test_download_that_was_given_up_goes_on(
    hub: Hub, client: Client, large: str, large_folder: Path
) -> None:
    # The last pieces are slow, so that others are whole by then.
    hub.pause, hub.slow_from = 2.0, (large_folder / "model.safetensors").stat().st_size - 10**7
    answer = client.fetch(large, give_up_at=LARGE_BYTES // 3)
    hub.pause, hub.slow_from = 0.0, 0
    # What a callback raises is nobody's fault, and comes out as it is.
    assert answer["sentence"] == "given up"
    hub.requests.clear()
    answer = client.fetch(large)
    assert answer["error"] is None
    assert answer["reported"][0][0] > 0
    sent = sum(r.sent for r in hub.requests if r.path.endswith(".safetensors"))
    assert sent < 0.95 * LARGE_BYTES
    assert_same_tensors(client, large, large_folder)


def test_process_that_was_killed_leaves_what_another_goes_on_from(
    hub: Hub, large: str, large_folder: Path, tmp_path: Path
) -> None:
    first = Client(tmp_path, hub.url)
    hub.pause = 0.2
    first.begin("fetch", large, None, None)
    journal = first.entries / large.replace("/", "--")
    deadline = time.monotonic() + 30
    while not any(any(path.read_bytes()) for path in journal.glob("*.part/pieces")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    first.kill()
    hub.pause = 0.0
    hub.requests.clear()
    second = Client(tmp_path, hub.url)
    assert second.fetch(large)["error"] is None
    sent = sum(r.sent for r in hub.requests if r.path.endswith(".safetensors"))
    assert sent < LARGE_BYTES
    assert_same_tensors(second, large, large_folder)
    second.close()
