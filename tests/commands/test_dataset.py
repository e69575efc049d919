"""`python -m detok count hf://datasets/…`: data sets and files of a hub on this machine."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import detok
from tests.support.commands import Machine
from tests.support.corpora import SMALL
from tests.support.hub_server import Hub
from tests.support.texts import as_counters, plain_count

pytest.importorskip("datasets")
pytestmark = pytest.mark.slow

PARTS = [[f"the dog {n} rained in {k}, don't" for n in range(1500)] for k in range(3)]
ENGLISH = [text for part in PARTS for text in part]
FRENCH = ["le chien", "un chat"]
CARD = """---
configs:
- config_name: en
  data_files:
  - {split: train, path: en/*.parquet}
  - {split: test, path: few.parquet}
  default: true
- config_name: fr
  data_files: fr.parquet
---
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    (folder / "README.md").write_text(CARD)
    (folder / "en").mkdir()
    files = {f"en/{k}.parquet": texts for k, texts in enumerate(PARTS)}
    for name, texts in (files | {"few.parquet": ENGLISH[:5], "fr.parquet": FRENCH}).items():
        table = pa.table({"n": range(len(texts)), "text": texts})
        pq.write_table(table, folder / name, row_group_size=500)
    lines = "".join(json.dumps({"text": text}) + "\n" for text in FRENCH)
    (folder / "fr.jsonl").write_text(lines)
    return folder


@pytest.fixture
def commit(hub: Hub, folder: Path) -> str:
    return hub.add("datasets/owner/name", folder)


@pytest.fixture
def tokenizer(tmp_path: Path) -> str:
    (tmp_path / "small").mkdir()
    SMALL.backend.save(str(tmp_path / "small" / "tokenizer.json"))
    return str(tmp_path / "small")


def arguments(tokenizer: str, out: Path, *more: str) -> list[str]:
    own = ["count", "--tokenizer", tokenizer, "--out", str(out), "--workers", "1"]
    return [*own, *more]


@pytest.mark.parametrize(
    ("more", "texts", "said"),
    [
        ([], ENGLISH, "split train"),
        (["--workers", "2"], ENGLISH, "split train"),
        (["--split", "test"], ENGLISH[:5], "split test"),
        (["--config", "fr"], FRENCH, "config fr, split train"),
        (["--documents", "2000"], ENGLISH[:2000], "the first 2,000 documents"),
    ],
    ids=["whole", "workers", "split", "config", "documents"],
)
def test_a_data_set(
    commit: str,
    machine: Machine,
    tokenizer: str,
    tmp_path: Path,
    more: list[str],
    texts: list[str],
    said: str,
) -> None:
    out = tmp_path / "counts.parquet"
    machine.run(*arguments(tokenizer, out, *more, "hf://datasets/owner/name"))
    counts = detok.Counts.load(out, SMALL)
    assert as_counters(counts) == plain_count(texts, SMALL)
    assert counts.origin == "owner/name"
    origin = counts.provenance["datasets"]
    assert origin.startswith("hf://datasets/owner/name, ")
    assert f"commit {commit}" in origin
    assert said in origin


def test_a_share_of_a_revision(
    hub: Hub, commit: str, machine: Machine, tokenizer: str, folder: Path, tmp_path: Path
) -> None:
    hub.add("datasets/owner/name", tmp_path / "none")  # the branch has moved
    out, source = tmp_path / "counts.parquet", "hf://datasets/owner/name"
    machine.run(*arguments(tokenizer, out, source, "--revision", commit, "--share", "0.01"))
    counts = detok.Counts.load(out, SMALL)
    assert as_counters(counts) == plain_count([t for some in PARTS for t in some[99::100]], SMALL)
    assert "1.000% of the documents" in counts.provenance["datasets"]


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ("owner/name/en", ENGLISH),
        ("owner/name/en/[01].parquet", None),
        ("owner/name/en/*1*", PARTS[1]),
        ("owner/name@{commit}/fr.jsonl", FRENCH),
        ("owner/name/en/1.parquet", PARTS[1]),
    ],
    ids=["folder", "none", "pattern", "commit", "file"],
)
def test_files_of_a_data_set(
    commit: str,
    machine: Machine,
    tokenizer: str,
    tmp_path: Path,
    source: str,
    texts: list[str] | None,
) -> None:
    out, source = tmp_path / "counts.parquet", f"hf://datasets/{source.format(commit=commit)}"
    status = 0 if texts is not None else 2
    _, complained = machine.run(*arguments(tokenizer, out, source), status=status)
    if texts is None:
        assert "is not there" in complained
        return
    counts = detok.Counts.load(out, SMALL)
    assert as_counters(counts) == plain_count(texts, SMALL)
    assert counts.origin == "owner/name"
    assert counts.provenance["datasets"].endswith(f"commit {commit}")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["hf://datasets/owner/none"], "the hub has no public data set 'owner/none'"),
        (["hf://datasets/name"], "'hf://datasets/name' is no address of a data set"),
        (["hf://datasets/owner/name@v9"], "the hub has no revision 'v9'"),
        (["hf://datasets/owner/name@v9", "--revision", "v8"], "expected one of them"),
        (["hf://datasets/owner/name", "--config", "de"], "BuilderConfig 'de' not found"),
        (["hf://datasets/owner/name", "--split", "dev"], "has no split 'dev'; expected one of"),
        (["hf://datasets/owner/name", "--column", "body"], "has no column 'body'"),
        (["hf://datasets/owner/name/none"], "is not there"),
        (["hf://datasets/owner/name/README.md"], "holds no text file"),
        (["hf://datasets/owner/name/en", "--share", "0.5"], "share is asked of no data set"),
    ],
)
def test_what_is_refused(
    commit: str,
    machine: Machine,
    tokenizer: str,
    tmp_path: Path,
    more: list[str],
    sentence: str,
) -> None:
    _, complained = machine.run(*arguments(tokenizer, tmp_path / "c.parquet", *more), status=2)
    assert sentence in complained.splitlines()[-1]


@pytest.mark.parametrize("source", ["owner/name", "owner/name/en"])
def test_a_hub_that_does_not_let_in_or_is_out_of_reach(
    hub: Hub, commit: str, machine: Machine, tokenizer: str, tmp_path: Path, source: str
) -> None:
    order = arguments(tokenizer, tmp_path / "c.parquet", f"hf://datasets/{source}")
    _, offline = machine.run(*order, status=2, HF_HUB_OFFLINE="1")
    assert "HF_HUB_OFFLINE is set; unset it" in offline
    hub.gated.add("datasets/owner/name")
    _, gated = machine.run(*order, status=2)
    assert "gated" in gated or "asks for permission" in gated
    hub.stop()
    _, gone = machine.run(*order, status=2)
    assert "cannot be read" in gone
