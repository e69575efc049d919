"""Models of the hub: downloaded once, then cached; and a sentence for all that goes wrong."""

import errno
import json
import re
import shutil
import socket
import time
from collections.abc import Iterator
from http import HTTPStatus
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file, save_file

import detok
from detok.model.hub import fetch
from detok.model.hub.ranges import AT_ONCE
from detok.model.hub.remote import Location, Remote
from tests.support.hub_client import Client
from tests.support.hub_server import Hub
from tests.support.models import random_checkpoint, random_model

pytestmark = pytest.mark.slow

ENTRY = ["config.json", "entry.json", "model.safetensors", "tokenizer.json"]
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


LARGE_BYTES = 4 * ((20_000 + 128 + 2) * 256 + (256 + 1) * 3 * 256)


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


def assert_refused(answer: dict[str, Any], *found: str, kind: str = "NotDownloadable") -> None:
    assert answer["error"] == kind, answer
    assert "\n" not in answer["sentence"]
    for part in found:
        assert part in answer["sentence"]


def assert_loaded(answer: dict[str, Any], layer: detok.Layer) -> None:
    assert answer["error"] is None, answer
    torch.testing.assert_close(torch.tensor(answer["K_pos"]), layer.K_pos.float())


# What works


def test_fetches_only_what_is_needed(
    hub: Hub, client: Client, model: str, folder: Path, layer: detok.Layer
) -> None:
    answer = client.load(model)
    assert_loaded(answer, layer)
    assert answer["revision"] == answer["latest"] == hub.add(model, folder)
    assert answer["files"] == ENTRY
    assert set(hub.files_asked(model)) == {"config.json", "tokenizer.json", "model.safetensors"}
    # Nobody else was contacted, for telemetry or otherwise.
    assert all("127.0.0.1" in contact for contact in answer["contacted"])
    others = {request.path for request in hub.requests if model not in request.path}
    assert others <= {"/api/agent-harnesses"}


@pytest.mark.parametrize("redirects", [False, True])
def test_bytes_moved_are_those_of_the_needed_tensors(
    hub: Hub, client: Client, large: str, redirects: bool
) -> None:
    hub.redirects = redirects
    answer = client.fetch(large)
    hub.redirects = False
    assert answer["error"] is None
    here, wanted = answer["reported"][-1]
    assert here == wanted == LARGE_BYTES
    assert [n for n, _ in answer["reported"]] == sorted(n for n, _ in answer["reported"])
    sent = sum(r.sent for r in hub.requests if r.path.endswith(".safetensors"))
    assert wanted < sent < 1.01 * wanted
    whole = hub.folder_of(large) / "model.safetensors"
    assert sent < 0.7 * whole.stat().st_size


def test_connections_are_used_again(hub: Hub, client: Client, large: str, tmp_path: Path) -> None:
    path = tmp_path / "part"
    path.touch()
    url = f"{hub.url}/{large}/resolve/main/model.safetensors"
    hub.n_accepted = 0
    client.run(f"""
from pathlib import Path
from detok.model.hub.ranges import BUFFER, Range, fetch_ranges
ranges = [Range({url!r}, at, BUFFER, at) for at in range(0, 40 * BUFFER, BUFFER)]
fetch_ranges(ranges, Path({str(path)!r}), Path({str(tmp_path / "journal")!r}))
""")
    assert hub.files_asked(large).count("model.safetensors") == 40
    assert hub.n_accepted <= AT_ONCE + 1  # and one for what the library asks first
    whole = hub.folder_of(large) / "model.safetensors"
    assert path.read_bytes() == whole.read_bytes()[: path.stat().st_size]


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
    random_model(n_layer=2).save_pretrained(folder, max_shard_size="5KB")
    answer = client.load(model)
    assert answer["error"] is None
    assert answer["files"] == ENTRY
    asked = {name for name in hub.files_asked(model) if name.startswith("model-")}
    assert 1 < len(asked) < len(list(folder.glob("model-*.safetensors")))
    n_requests = len(hub.requests)
    assert client.load(model)["K_pos"] == answer["K_pos"]
    assert len(hub.requests) == n_requests


def test_older_tokenizer(hub: Hub, client: Client, model: str, folder: Path) -> None:
    entries = json.loads((folder / "tokenizer.json").read_text())["model"]
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.json").write_text(json.dumps(entries["vocab"] | {"<|endoftext|>": 299}))
    (folder / "merges.txt").write_text("\n".join(" ".join(pair) for pair in entries["merges"]))
    answer = client.load(model)
    assert answer["vocab_size"] == 300
    assert answer["files"] == [*ENTRY[:2], "merges.txt", "model.safetensors", "vocab.json"]


@pytest.mark.parametrize("sharded", [False, True])
def test_whole_checkpoint_in_the_cache_is_used(
    hub: Hub, client: Client, model: str, folder: Path, layer: detok.Layer, sharded: bool
) -> None:
    """As after `AutoModel.from_pretrained`, of another program."""
    if sharded:
        (folder / "model.safetensors").unlink()
        random_model().save_pretrained(folder, max_shard_size="5KB")
    download = f"import huggingface_hub as hub; hub.hf_hub_download({model!r}, "
    for path in folder.iterdir():
        client.run(f"{download}{path.name!r})")
    hub.requests.clear()
    answer = client.load(model)
    assert_loaded(answer, layer)
    assert "entry.json" not in answer["files"]
    assert not hub.files_asked(model)
    # Whether the branch has moved is asked once.
    assert len(hub.requests) == 1
    assert client.load(model)["revision"] == answer["revision"]
    assert len(hub.requests) == 1


def test_cache_that_others_filled_in_part(
    hub: Hub, client: Client, model: str, layer: detok.Layer
) -> None:
    client.run(f"import huggingface_hub as hub; hub.hf_hub_download({model!r}, 'config.json')")
    hub.requests.clear()
    assert_loaded(client.load(model), layer)
    assert "config.json" not in hub.files_asked(model)


def test_damaged_entry_is_fetched_again(
    hub: Hub, client: Client, model: str, layer: detok.Layer
) -> None:
    commit = client.load(model)["revision"]
    weights = client.entries / model.replace("/", "--") / commit / "model.safetensors"
    whole = weights.read_bytes()
    for damaged in (whole[:-8] + b"\0\0\0\1\0\0\0\2", whole[:-100], b"", None):
        weights.unlink()
        if damaged is not None:
            weights.write_bytes(damaged)
        hub.requests.clear()
        assert_loaded(client.load(model), layer)
        assert "model.safetensors" in hub.files_asked(model)
        assert weights.read_bytes() == whole


def test_damaged_entry_without_network(hub: Hub, client: Client, model: str) -> None:
    commit = client.load(model)["revision"]
    (client.entries / model.replace("/", "--") / commit / "model.safetensors").write_bytes(b"")
    hub.stop()
    try:
        assert_refused(client.load(model), "could not be downloaded")
    finally:
        hub.start()


def test_two_processes_fetch_a_model_once(
    hub: Hub, client: Client, large: str, tmp_path: Path
) -> None:
    home = client.entries.parents[3]
    other = Client(tmp_path, hub.url, HF_HOME=str(home / "hf"))
    hub.pause = 0.05
    for process in (client, other):
        process.begin("fetch", large, None, None)
    answers = [process.end() for process in (client, other)]
    hub.pause = 0.0
    assert [answer["error"] for answer in answers] == [None, None]
    sent = sum(r.sent for r in hub.requests if r.path.endswith(".safetensors"))
    assert sent < 1.02 * LARGE_BYTES
    other.close()


# Branches


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


def assert_same_tensors(client: Client, model: str, folder: Path) -> None:
    """What was fetched is the first layer as it is on the hub, and nothing else lies beside it."""
    home = client.entries / model.replace("/", "--")
    (entry,) = [path for path in home.iterdir() if path.is_dir()]
    assert sorted(path.name for path in entry.iterdir()) == ENTRY
    whole = load_file(folder / "model.safetensors")
    found = load_file(entry / "model.safetensors")
    assert len(found) == 6
    for name, tensor in found.items():
        assert torch.equal(tensor, whole[name])


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


def nothing_is_left(client: Client, model: str) -> bool:
    """Whether no file of weights lies where a whole or a partial one would."""
    return not list((client.entries / model.replace("/", "--")).glob("*/*"))


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


def test_shapes_are_checked_before_weights_are_fetched(
    hub: Hub, client: Client, model: str, folder: Path
) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": 299}))
    answer = client.load(model)
    assert_refused(answer, "shape (300, 16); expected (V, d) = (299, 16)", kind="CheckpointError")
    assert nothing_is_left(client, model)


def test_quantized_weights_are_refused_before_they_are_fetched(
    client: Client, model: str, folder: Path
) -> None:
    path = folder / "model.safetensors"
    save_file({k: t.to(torch.int8) for k, t in load_file(path).items()}, path)
    assert_refused(client.load(model), "has type I8", "not quantized", kind="CheckpointError")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_stays_as_it_is(
    client: Client, model: str, folder: Path, dtype: torch.dtype
) -> None:
    path = folder / "model.safetensors"
    save_file({k: t.to(dtype) for k, t in load_file(path).items()}, path)
    answer = client.load(model)
    assert answer["error"] is None
    entry = client.entries / model.replace("/", "--") / answer["revision"]
    assert {t.dtype for t in load_file(entry / "model.safetensors").values()} == {dtype}


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
