"""Killed in the middle, a full disk, a hub that goes away: what comes after it works."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

import detok
from benchmarks import browser, visitor
from detok.app import disk_cache
from detok.counting.in_memory import count_ids
from detok.heads.measured import measured
from tests.support.hub_server import Hub
from tests.support.models import random_checkpoint

ROOT = Path(__file__).parents[2]
TEXT = [5, 17, 280, 17, 5, 99, 280, 3, 42, 120] * 40
# What a process does that measures heads and keeps them, as the app does.
MEASURE = f"""
import os, resource, signal
import detok
from detok.app import disk_cache
from detok.counting.in_memory import count_ids
from detok.heads.measured import measured

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def halfway(done, total):
    if 2 * done > total:
        die()

layer = detok.load(os.environ["MODEL"], device="cpu")
counts = count_ids({TEXT}, layer.vocab_size)
"""
KILLED = {
    "in the middle of measuring": "measured(layer, counts, halfway)",
    "before what it wrote has its name": "os.replace = die\n"
    "disk_cache.save(layer, counts, measured(layer, counts))",
}


def go(code: str, checkpoint: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", MEASURE + code],
        cwd=ROOT,
        env={**os.environ, "MODEL": str(checkpoint), "DETOK_CACHE": str(cache)},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("when", KILLED)
def test_measures_of_a_process_that_was_killed(
    when: str, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They count as none, are measured again, and nothing of the first time stays."""
    killed = go(KILLED[when], checkpoint, tmp_path / "cache")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    left = [*tmp_path.glob("cache/*")]
    assert bool(left) == ("wrote" in when)
    monkeypatch.setenv("DETOK_CACHE", str(tmp_path / "cache"))
    layer = detok.load(str(checkpoint), device="cpu")
    counts = count_ids(TEXT, layer.vocab_size)
    assert disk_cache.load(layer, counts) is None
    table = measured(layer, counts)
    assert disk_cache.save(layer, counts, table)
    for part in left:
        assert part.exists()  # another process may be writing it
        os.utime(part, (0, 0))
    assert disk_cache.save(layer, counts, table)
    assert [*tmp_path.glob("cache/*")] == [disk_cache.path(layer, counts)]
    assert disk_cache.load(layer, counts) is not None


def test_a_disk_that_is_full_keeps_nothing(checkpoint: Path, tmp_path: Path) -> None:
    code = """
table = measured(layer, counts)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
print(disk_cache.save(layer, counts, table), disk_cache.load(layer, counts))
"""
    full = go(code, checkpoint, tmp_path / "cache")
    assert (full.stdout, full.returncode) == ("False None\n", 0), full.stderr
    assert not [*tmp_path.glob("cache/*")]


def elements(messages: list[ForwardMsg]) -> list[Element]:
    found = [m.delta.new_element for m in messages if m.WhichOneof("type") == "delta"]
    assert not any(element.WhichOneof("type") == "exception" for element in found)
    return found


def said(messages: list[ForwardMsg]) -> str:
    """All that a visitor reads on a page."""
    texts = [element.alert.body or element.markdown.body for element in elements(messages)]
    return "\n".join(texts).replace("\\", "")


def answered(address: str, until: Callable[[list[ForwardMsg]], bool]) -> list[ForwardMsg]:
    """The first answer that is as wanted of those to visitors who ask for the model in turn."""
    deadline = time.monotonic() + 60
    while True:
        with visitor.visitor(address) as connection:
            found = visitor.run(connection, "model=gpt2")
        if until(found):
            return found
        assert time.monotonic() < deadline, said(found)
        time.sleep(0.2)


def has_begun(messages: list[ForwardMsg]) -> bool:
    return any(element.progress.value > 4 for element in elements(messages))  # percent


def has_ended(messages: list[ForwardMsg]) -> bool:
    return "Fetching the first layer" not in said(messages)


@pytest.mark.slow
def test_a_hub_that_goes_away_in_the_middle_of_a_visit(tmp_path: Path) -> None:
    """A sentence and the model that was shown before; when it is back, it is asked again."""
    hub, folder = Hub(), tmp_path / "gpt2"
    folder.mkdir()
    random_checkpoint(folder, n_layer=2, n_head=4, n_embd=256, n_positions=64, vocab_size=20_000)
    hub.add("gpt2", folder)
    hub.pause = 3.0
    settings = {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(tmp_path / "home"),
        "HF_HUB_OFFLINE": "0",
        "DETOK_MODEL": "",
    }
    with browser.server(**settings) as address, visitor.visitor(address) as first:
        assert not has_ended(visitor.run(first, "model=gpt2"))
        answered(address, has_begun)
        hub.stop()
        found = said(answered(address, has_ended))
        assert "gpt2 could not be loaded" in found
        assert "Still showing **mini**" in found
        hub.start()
        hub.pause = 0.0
        found = said(answered(address, has_ended))
        assert "could not be loaded" not in found
        assert "gpt2: from the hub, commit" in found
    hub.stop()
