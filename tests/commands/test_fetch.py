"""`python -m detok fetch`: what it says, and an interruption after which it goes on."""

import io
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

import detok
from detok.commands import fetch, progress_line
from detok.commands.main import main
from detok.commands.progress_line import ProgressLine
from detok.model.files import read_config
from detok.model.sizes import sizes_of
from tests.support.commands import TIMEOUT_S, Machine
from tests.support.hub_server import Hub
from tests.support.models import random_checkpoint

pytestmark = pytest.mark.slow

SIZES = {"n_layer": 1, "n_embd": 256, "n_head": 4, "n_positions": 128, "vocab_size": 20_000}


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint whose first layer, of 21 MB, takes several pieces."""
    folder = tmp_path_factory.mktemp("large")
    random_checkpoint(folder, **SIZES)
    return folder


def test_fetching_then_having_it(
    hub: Hub, machine: Machine, checkpoint: Path, layer: detok.Layer
) -> None:
    commit = hub.add("owner/model", checkpoint)
    folder = machine.entries / "owner--model" / commit
    shown, complained = machine.run("fetch", "owner/model")
    weights = folder / "model.safetensors"
    said = f"bytes   {weights.stat().st_size:,}\ncommit  {commit}\nfolder  {folder}\n"
    n_bytes = 4 * sizes_of(read_config(checkpoint)).n_numbers
    fetched, _, rest = shown.partition("\n")
    of_first = f"owner/model: {n_bytes / 1000:.1f} kB of the first layer fetched in "
    assert fetched.startswith(of_first)
    assert rest == said
    assert not complained
    loaded = detok.load(str(folder), device="cpu")
    assert loaded.K_pos.shape == layer.K_pos.shape

    hub.requests.clear()
    assert machine.run("fetch", "owner/model") == (f"owner/model: here already\n{said}", "")
    assert not hub.files_asked("owner/model")
    # A commit never moves: nobody is asked.
    hub.requests.clear()
    shown, _ = machine.run("fetch", "owner/model", "--revision", commit)
    assert shown == f"owner/model: here already\n{said}"
    assert not hub.requests


def test_a_branch_that_has_moved(
    hub: Hub, machine: Machine, checkpoint: Path, tmp_path: Path
) -> None:
    first = hub.add("owner/model", checkpoint)
    machine.run("fetch", "owner/model")
    second = hub.add("owner/model", shutil.copytree(checkpoint, tmp_path / "moved"))
    shown, _ = machine.run("fetch", "owner/model")
    assert "fetched" in shown
    assert f"commit  {second}\n" in shown
    shown, _ = machine.run("fetch", "owner/model", "--revision", first)
    assert "here already" in shown
    assert f"commit  {first}\n" in shown


def test_what_is_here_while_the_hub_is_not(hub: Hub, machine: Machine, checkpoint: Path) -> None:
    hub.add("owner/model", checkpoint)
    machine.run("fetch", "owner/model")
    hub.stop()
    shown, complained = machine.run("fetch", "owner/model")
    assert shown.startswith("owner/model: here already\n")
    assert complained.startswith("whether the hub has a newer commit is not known: ")
    _, complained = machine.run("fetch", "owner/other", status=2)
    assert complained.startswith("detok: 'owner/other' is not on this machine yet")
    _, complained = machine.run("fetch", "owner/other", status=2, HF_HUB_OFFLINE="1")
    assert "HF_HUB_OFFLINE is set" in complained


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["owner/none"], "'owner/none' is neither a folder here nor a public model of the hub"),
        (["owner/model", "--revision", "v9"], "the hub has no revision 'v9' of 'owner/model'"),
        (["owner/old"], "has no model.safetensors (only a pickled pytorch_model.bin"),
        (["a b"], "'a b' is neither a folder nor a hub id"),
        (["./none"], "'./none' is not a folder"),
    ],
)
def test_what_cannot_be_fetched(
    hub: Hub,
    machine: Machine,
    checkpoint: Path,
    tmp_path: Path,
    arguments: list[str],
    sentence: str,
) -> None:
    hub.add("owner/model", checkpoint)
    old = shutil.copytree(checkpoint, tmp_path / "old")
    (old / "model.safetensors").rename(old / "pytorch_model.bin")
    hub.add("owner/old", old)
    shown, complained = machine.run("fetch", *arguments, status=2)
    assert not shown
    assert sentence in complained
    assert complained.count("\n") == 1


def begin(machine: Machine, hub: Hub, n_bytes: int) -> subprocess.Popen[str]:
    """A fetch of which so many bytes have been sent."""
    process = machine.start("fetch", "owner/large")
    end = time.monotonic() + TIMEOUT_S
    while sum(request.sent for request in hub.requests) < n_bytes:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)
    return process


def test_an_interruption_goes_on(hub: Hub, machine: Machine, large: Path) -> None:
    hub.add("owner/large", large)
    hub.pause = 0.1
    process = begin(machine, hub, 1 << 20)
    journal = machine.entries / "owner--large"
    # The first tensor, the embedding, is five pieces of 4 MB.
    while not any(any(path.read_bytes()[:5]) for path in journal.glob("*.part/pieces")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    shown, complained = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 130
    assert not shown
    assert complained == "detok: stopped; the same command goes on from there.\n"

    hub.pause = 0.0
    shown, _ = machine.run("info", "owner/large")
    assert re.search(r"on this disk +[0-9.]+ MB of an interrupted fetch\n", shown)
    hub.requests.clear()
    shown, _ = machine.run("fetch", "owner/large")
    assert re.search(
        r": 21\.7 MB of the first layer fetched, [0-9.]+ MB of them earlier, in", shown
    )
    sent = sum(r.sent for r in hub.requests if r.path.endswith(".safetensors"))
    assert sent < 0.95 * 4 * sizes_of(read_config(large)).n_numbers
    (folder,) = (path.parent for path in journal.glob("*/entry.json"))
    assert detok.load(str(folder), device="cpu").vocab_size == SIZES["vocab_size"]


def test_an_interruption_while_the_hub_is_silent(hub: Hub, machine: Machine, large: Path) -> None:
    hub.add("owner/large", large)
    hub.pause = 0.1
    process = begin(machine, hub, 1 << 20)
    hub.silent = True
    started = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    _, complained = process.communicate(timeout=TIMEOUT_S)
    hub.silent = False
    assert process.returncode == 130
    assert complained == "detok: stopped; the same command goes on from there.\n"
    assert time.monotonic() - started < 20


def test_the_line_of_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    clock = SimpleNamespace(monotonic=lambda: now)
    monkeypatch.setattr(fetch, "time", clock)
    monkeypatch.setattr(progress_line, "_FILE_EVERY_S", 0)
    stream = io.StringIO()
    meter = fetch._Meter(ProgressLine(stream))
    meter.show(40_000_000, 160_000_000)
    now = 10.0
    meter.show(80_000_000, 160_000_000)
    meter.show(160_000_000, 160_000_000)
    assert stream.getvalue().splitlines() == [
        f"{'█' * 5}{'░' * 15}  25%  40.0 MB of 160 MB",
        f"{'█' * 10}{'░' * 10}  50%  80.0 MB of 160 MB, 4.00 MB a second, 20 s left",
        f"{'█' * 20} 100%  160 MB of 160 MB, 12.0 MB a second, 0 s left",
    ]
    assert meter.said() == "160 MB of the first layer fetched, 40.0 MB of them earlier, in 10 s"


@pytest.mark.parametrize("model", ["mini", "checkpoint"])
def test_what_needs_no_hub(
    model: str, checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    id_ = "mini" if model == "mini" else str(checkpoint)
    assert main(["fetch", id_]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"{id_}: here already\nbytes   ")
    assert "commit" not in shown
