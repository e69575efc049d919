"""What is fetched of a model, kept, and used again."""

import json
import zlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import detok
from detok.model.hub.ranges import AT_ONCE
from tests.support.hub_checks import (
    ENTRY,
    LARGE_BYTES,
    assert_loaded,
    assert_refused,
    nothing_is_left,
)
from tests.support.hub_client import Client
from tests.support.hub_server import Hub
from tests.support.models import random_checkpoint, random_model

pytestmark = pytest.mark.slow


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


def entry_of_an_older_detok(client: Client, model: str) -> tuple[Path, dict[str, torch.Tensor]]:
    """The entry of a model as it was when what heads write was not fetched; and as it is now."""
    commit = client.load(model)["revision"]
    entry = client.entries / model.replace("/", "--") / commit
    path = entry / "model.safetensors"
    whole = load_file(path)
    kept = {k: t for k, t in whole.items() if "c_proj" not in k and "ln_f" not in k}
    assert len(kept) == len(whole) - 2
    save_file(kept, path, metadata={"format": "pt"})
    said = json.loads((entry / "entry.json").read_text())
    said |= {"size": path.stat().st_size, "crc32": zlib.crc32(path.read_bytes())}
    (entry / "entry.json").write_text(json.dumps(said))
    return path, whole


def test_entry_of_an_older_detok_is_used(
    hub: Hub, client: Client, model: str, layer: detok.Layer
) -> None:
    path, _ = entry_of_an_older_detok(client, model)
    hub.requests.clear()
    assert_loaded(client.load(model), layer)
    assert not hub.requests
    # What its sentence says mends it.
    client.run(f"""
import re, detok
try:
    detok.ov_readings(detok.load({model!r}))
except detok.InputError as error:
    assert "an older detok left them out" in str(error), error
    eval(re.search(r"detok.fetch\\(.*?\\)", str(error))[0])
else:
    raise AssertionError("it was there")
detok.ov_readings(detok.load({model!r}))
""")
    assert len(load_file(path)) == 8


@pytest.mark.parametrize("breaks", [False, True])
def test_what_an_older_detok_did_not_fetch_is_fetched_alone(
    hub: Hub, client: Client, large: str, breaks: bool
) -> None:
    path, whole = entry_of_an_older_detok(client, large)
    hub.requests.clear()
    if breaks:
        answer = client.fetch(large, give_up_at=LARGE_BYTES - 100)
        assert answer["error"] is not None
        assert client.load(large)["error"] is None  # as it was
    answer = client.fetch(large)
    assert answer["error"] is None
    assert answer["reported"][-1] == [LARGE_BYTES, LARGE_BYTES]
    asked = [r.sent for r in hub.requests if r.path.endswith(".safetensors")]
    assert 4 * 257 * 256 < sum(asked) < 0.1 * LARGE_BYTES
    found = load_file(path)
    assert found.keys() == whole.keys()
    assert all(torch.equal(found[name], whole[name]) for name in whole)
    detok.ov_readings(detok.load(path.parent, device="cpu"))
    hub.requests.clear()
    assert client.fetch(large)["error"] is None
    assert "model.safetensors" not in hub.files_asked(large)


def test_a_model_without_what_heads_write_is_fetched(
    hub: Hub, client: Client, model: str, folder: Path, layer: detok.Layer
) -> None:
    path = folder / "model.safetensors"
    save_file({k: t for k, t in load_file(path).items() if "ln_f" not in k}, path)
    assert_loaded(client.load(model), layer)
    assert client.fetch(model)["error"] is None


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
