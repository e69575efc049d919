"""Models of the hub: downloaded once, then cached; and a sentence for all that goes wrong."""

import json
import shutil
import socket
import time
from collections.abc import Iterator
from http import HTTPStatus
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import detok
from tests.support.hub_client import Client
from tests.support.hub_server import Hub
from tests.support.models import random_checkpoint, random_model

pytestmark = pytest.mark.slow

WANTED = ["config.json", "model.safetensors", "tokenizer.json"]
UNWANTED = [
    *["pytorch_model.bin", "model.onnx", "tf_model.h5", "flax_model.msgpack", "README.md"],
    *["model.fp16.safetensors", "rust_model.ot", "training_args.bin"],
]
# What a visitor is made to wait for a hub that is out of reach.
PATIENCE_S = 12.0
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


def assert_refused(answer: dict[str, Any], *found: str, kind: str = "NotDownloadable") -> None:
    assert answer["error"] == kind, answer
    assert "\n" not in answer["sentence"]
    for part in found:
        assert part in answer["sentence"]


def assert_loaded(answer: dict[str, Any], layer: detok.Layer) -> None:
    assert answer["error"] is None, answer
    torch.testing.assert_close(torch.tensor(answer["K_pos"]), layer.K_pos.float())


# What works


def test_downloads_only_what_is_needed(
    hub: Hub, client: Client, model: str, folder: Path, layer: detok.Layer
) -> None:
    answer = client.load(model)
    assert_loaded(answer, layer)
    assert answer["revision"] == hub.add(model, folder)
    assert answer["files"] == WANTED
    assert hub.files_asked(model) == ["config.json", "tokenizer.json", "model.safetensors"]
    downloaded = sum((folder / name).stat().st_size for name in WANTED)
    assert downloaded <= sum(request.sent for request in hub.requests) < downloaded + 2000
    # Nobody else was contacted, for telemetry or otherwise.
    assert all("127.0.0.1" in contact for contact in answer["contacted"])
    others = {request.path for request in hub.requests if model not in request.path}
    assert others <= {"/api/agent-harnesses"}


def test_second_load_needs_no_network(
    hub: Hub, client: Client, model: str, layer: detok.Layer
) -> None:
    first = client.load(model)
    n_requests = len(hub.requests)
    assert client.load(model) | {"seconds": 0} == first | {"seconds": 0}
    assert len(hub.requests) == n_requests
    hub.stop()
    try:
        answer = client.load(model)
    finally:
        hub.start()
    assert_loaded(answer, layer)
    assert answer["seconds"] < 1


def test_cached_model_on_a_network_without_answer(hub: Hub, client: Client, model: str) -> None:
    client.load(model)
    hub.silent = True
    try:
        answer = client.load(model)
    finally:
        hub.silent = False
    assert answer["error"] is None
    assert answer["seconds"] < 1


def test_revision(hub: Hub, client: Client, model: str, tmp_path: Path, layer: detok.Layer) -> None:
    other = tmp_path / "other"
    random_checkpoint(other, seed=1)
    commit = hub.add(model, other, "v2")
    by_name = client.load(model, "v2")
    by_commit = client.load(model, commit)
    assert by_name["revision"] == by_commit["revision"] == commit
    assert by_name["K_pos"] == by_commit["K_pos"] == detok.load(str(other)).K_pos.tolist()
    main = client.load(model)
    assert_loaded(main, layer)
    assert main["revision"] != commit


def test_commit_that_is_not_cached(hub: Hub, client: Client, model: str, folder: Path) -> None:
    commit = hub.add(model, folder)
    assert client.load(model, commit)["revision"] == commit
    n_requests = len(hub.requests)
    assert client.load(model, commit)["revision"] == commit
    assert len(hub.requests) == n_requests


def test_empty_revision_is_the_default_one(client: Client, model: str, layer: detok.Layer) -> None:
    assert_loaded(client.load(model, ""), layer)


def test_id_without_owner(hub: Hub, client: Client, folder: Path, layer: detok.Layer) -> None:
    hub.add("gpt0", folder)
    assert_loaded(client.load("gpt0"), layer)


def test_sharded(hub: Hub, client: Client, model: str, folder: Path, layer: detok.Layer) -> None:
    (folder / "model.safetensors").unlink()
    random_model().save_pretrained(folder, max_shard_size="5KB")
    answer = client.load(model)
    assert_loaded(answer, layer)
    assert len([name for name in answer["files"] if name.startswith("model-")]) > 2
    n_requests = len(hub.requests)
    assert_loaded(client.load(model), layer)
    assert len(hub.requests) == n_requests


def test_older_tokenizer(hub: Hub, client: Client, model: str, folder: Path) -> None:
    entries = json.loads((folder / "tokenizer.json").read_text())["model"]
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.json").write_text(json.dumps(entries["vocab"] | {"<|endoftext|>": 299}))
    (folder / "merges.txt").write_text("\n".join(" ".join(pair) for pair in entries["merges"]))
    answer = client.load(model)
    assert answer["vocab_size"] == 300
    assert answer["files"] == ["config.json", "merges.txt", "model.safetensors", "vocab.json"]


def test_cache_that_others_filled_in_part(
    hub: Hub, client: Client, model: str, layer: detok.Layer
) -> None:
    # As after `transformers.AutoConfig.from_pretrained`, or an interrupted download.
    folder = client.cache / f"models--{model.replace('/', '--')}"
    commit = client.load(model)["revision"]
    for name in ("model.safetensors", "tokenizer.json"):
        link = folder / "snapshots" / commit / name
        link.resolve().unlink()
        link.unlink()
        hub.requests.clear()
        assert_loaded(client.load(model), layer)
        assert hub.files_asked(model) == [name]


# What the hub refuses


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
    (folder / "config.json").write_text('{"model_type": "llama"}')
    assert_refused(client.load(model), "model_type = 'llama'", kind="CheckpointError")
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


# What the network does


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


def test_download_that_breaks_off_once_is_resumed(
    hub: Hub, client: Client, model: str, folder: Path, layer: detok.Layer
) -> None:
    # Larger than the pieces of 10 MB in which huggingface_hub writes a file.
    path = folder / "model.safetensors"
    save_file(load_file(path) | {"other": torch.zeros(6_000_000)}, path)
    hub.breaks[path.name] = 1
    assert_loaded(client.load(model), layer)
    assert hub.files_asked(model)[-2:] == [path.name] * 2
    assert sum(request.sent for request in hub.requests) < 1.2 * path.stat().st_size


def test_download_that_breaks_off(hub: Hub, client: Client, model: str, layer: detok.Layer) -> None:
    hub.breaks["model.safetensors"] = 100
    answer = client.load(model)
    hub.breaks.clear()
    assert_refused(answer, "could not be downloaded", "try again")
    assert_loaded(client.load(model), layer)


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
