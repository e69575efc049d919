"""Files behind https:// are read as those on the disk are; here from a server on this machine."""

import gzip
import json
import sys
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import detok
from detok.counting import remote
from detok.counting.counts_file import read_provenance
from tests.support.corpora import SMALL
from tests.support.hub_server import Hub
from tests.support.texts import as_counters, plain_count

pytest.importorskip("aiohttp")

TEXTS = [f"the dog {n} rained, naïve cats don't" for n in range(3000)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    (folder / "README.md").write_text("texts")
    lines = "".join(json.dumps({"text": text}) + "\n" for text in TEXTS).encode()
    (folder / "lines.jsonl").write_bytes(lines)
    (folder / "lines.jsonl.gz").write_bytes(gzip.compress(lines))
    pq.write_table(pa.table({"text": TEXTS}), folder / "rows.parquet", row_group_size=1000)
    return folder


@pytest.fixture
def server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr(remote, "PAUSES_S", (0.0, 0.0))
    hub = Hub()
    hub.add("a/b", folder)
    yield hub
    hub.stop()


def address(server: Hub, name: str) -> str:
    return f"{server.url}/a/b/resolve/main/{name}?token=secret"


def count(tmp_path: Path, *sources: str, **options: object) -> detok.Counts:
    out = tmp_path / "counts.parquet"
    detok.count_files(sources, SMALL, out, **options)
    assert "secret" not in str(read_provenance(out))
    return detok.Counts.load(out, SMALL)


@pytest.mark.parametrize("name", ["lines.jsonl", "lines.jsonl.gz", "rows.parquet"])
def test_a_file_behind_an_address(server: Hub, tmp_path: Path, name: str) -> None:
    counts = count(tmp_path, address(server, name))
    assert as_counters(counts) == plain_count(TEXTS, SMALL)
    assert counts.origin == name


@pytest.mark.usefixtures("plain_main")
def test_by_two_processes(server: Hub, tmp_path: Path) -> None:
    counts = count(tmp_path, address(server, "rows.parquet"), workers=2)
    assert as_counters(counts) == plain_count(TEXTS, SMALL)


@pytest.mark.parametrize("name", ["lines.jsonl", "rows.parquet"])
def test_what_breaks_off_is_asked_for_again(server: Hub, tmp_path: Path, name: str) -> None:
    server.breaks[name] = 2
    counts = count(tmp_path, address(server, name))
    assert server.breaks[name] == 0
    assert as_counters(counts) == plain_count(TEXTS, SMALL)


def test_a_server_that_stays_away(server: Hub, tmp_path: Path) -> None:
    server.breaks["lines.jsonl"] = 1000
    with pytest.raises(detok.InputError, match=r"lines\.jsonl.* cannot be read"):
        count(tmp_path, address(server, "lines.jsonl"))
    assert server.breaks["lines.jsonl"] > 900
    server.stop()
    with pytest.raises(detok.InputError, match="cannot be read"):
        count(tmp_path, address(server, "lines.jsonl"))


def test_what_is_not_there_or_not_ours(server: Hub, tmp_path: Path) -> None:
    with pytest.raises(detok.InputError, match=r"none\.jsonl.* is not there"):
        count(tmp_path, address(server, "none.jsonl"))
    with pytest.raises(detok.InputError, match="holds no text file"):
        count(tmp_path, address(server, "lines.jsonl").replace("lines.jsonl", "README.md"))
    server.status = HTTPStatus.FORBIDDEN
    with pytest.raises(detok.InputError, match=r"cannot be read \(403"):
        count(tmp_path, address(server, "lines.jsonl"))


def test_a_server_that_sends_no_parts(server: Hub, tmp_path: Path) -> None:
    """A small file is held as a whole; of a large one the beginning is not taken for a part."""
    server.whole_only = True
    assert as_counters(count(tmp_path, address(server, "rows.parquet"))) == plain_count(
        TEXTS, SMALL
    )
    noise = [np.random.default_rng(n).bytes(6_000_000) for n in range(2)]
    large = server.folder_of("a/b") / "large.parquet"
    pq.write_table(pa.table({"other": noise, "text": TEXTS[:2]}), large, row_group_size=1)
    (tmp_path / "counts.parquet").unlink()
    with pytest.raises(detok.InputError, match="cannot be read"):
        count(tmp_path, address(server, "large.parquet"))


def test_without_the_library(server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(detok.InputError, match=r"aiohttp.*pip install 'detok\[corpus\]'"):
        count(tmp_path, address(server, "lines.jsonl"))
