"""Data sets as the library `datasets` saves and reads them; those of the hub: tests/commands."""

import random
import signal
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import detok
from detok.counting import dataset as counted, workers
from detok.counting.counts_file import read_provenance
from detok.counting.dataset import Dataset
from detok.counting.hub_address import HubAddress
from detok.counting.over_files import Summary
from detok.counting.progress import Progress
from tests.support.corpora import SMALL
from tests.support.texts import SPACES, WORDS, as_counters, plain_count

datasets = pytest.importorskip("datasets")
chance = random.Random(3)
TEXTS = ["".join(chance.choices(WORDS + SPACES, k=40)) + "." for _ in range(300)]
OPENED = counted._opened
OTHERS = ["the dog", "a cat"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One split, in several files."""
    datasets.disable_progress_bars()
    folder = tmp_path_factory.mktemp("datasets") / "saved"
    made = datasets.Dataset.from_dict({"text": TEXTS, "n": list(range(len(TEXTS)))})
    made.save_to_disk(folder, num_shards=3)
    return folder


@pytest.fixture(scope="module")
def splits(saved: Path) -> Path:
    folder = saved.parent / "splits"
    found = datasets.load_from_disk(saved)
    others = datasets.Dataset.from_dict({"text": OTHERS, "n": [0, 0]})
    datasets.DatasetDict({"train": found, "test": others}).save_to_disk(folder)
    return folder


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the data set were large, so that many shards are read apart."""
    monkeypatch.setattr(counted, "SHARD_BYTES", 2_000)
    counted._opened.cache_clear()


@pytest.fixture
def streamed(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """As if it lay on the hub, in Parquet files whose row groups are small."""
    for n in range(3):
        table = pa.table({"text": TEXTS[100 * n : 100 * n + 100]})
        pq.write_table(table, tmp_path / f"{n}.parquet", row_group_size=30)
    data = datasets.load_dataset(
        "parquet", data_files=str(tmp_path / "*.parquet"), split="train", streaming=True
    )
    opened = counted.Opened(data, "train", is_of_hub=True)
    monkeypatch.setattr(counted, "_opened", lambda *_: opened)
    monkeypatch.setattr(HubAddress, "pinned", lambda self: replace(self, revision="a" * 40))
    return Dataset("hf://datasets/owner/name")


def count(out: Path, *sources: object, **options: object) -> tuple[detok.Counts, Summary]:
    summary = detok.count_files(sources, SMALL, out, **options)
    return detok.Counts.load(out, SMALL), summary


def test_a_saved_data_set(saved: Path, tmp_path: Path) -> None:
    """By its path alone, beside a file."""
    (tmp_path / "a.txt").write_text("the dog")
    counts, summary = count(tmp_path / "c.parquet", saved, tmp_path / "a.txt")
    assert as_counters(counts) == plain_count([*TEXTS, "the dog"], SMALL)
    assert summary.documents == len(TEXTS) + 1
    assert counts.origin == "saved, a.txt"
    assert counts.provenance["datasets"].startswith("saved")


@pytest.mark.slow
@pytest.mark.usefixtures("small_shards", "plain_main")
def test_shards_are_counted_apart(saved: Path, tmp_path: Path) -> None:
    shares: list[float] = []
    one, _ = count(tmp_path / "1.parquet", saved, progress=lambda p: shares.append(p.share))
    assert as_counters(one) == plain_count(TEXTS, SMALL)
    assert len({*shares}) > 5
    assert shares[-1] == 1
    count(tmp_path / "2.parquet", saved, workers=2)
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()


def test_splits(splits: Path, tmp_path: Path) -> None:
    for split, texts in ((None, TEXTS), ("train", TEXTS), ("test", OTHERS)):
        out = tmp_path / f"{split}.parquet"
        counts, _ = count(out, Dataset(str(splits), split=split))
        assert as_counters(counts) == plain_count(texts, SMALL)
        assert f"split {split or 'train'}" in read_provenance(out)["datasets"]


@pytest.mark.usefixtures("small_shards")
def test_some_of_the_documents(saved: Path, tmp_path: Path) -> None:
    first, _ = count(tmp_path / "1.parquet", Dataset(str(saved), documents=70))
    assert as_counters(first) == plain_count(TEXTS[:70], SMALL)
    assert "the first 70 documents" in first.provenance["datasets"]
    more, _ = count(tmp_path / "2.parquet", Dataset(str(saved), documents=10_000))
    assert as_counters(more) == plain_count(TEXTS, SMALL)
    _, fifth = count(tmp_path / "3.parquet", Dataset(str(saved), share=0.2))
    n_shards = Dataset(str(saved)).opened().n_shards
    assert n_shards > 5
    assert len(TEXTS) / 5 - n_shards < fifth.documents <= len(TEXTS) / 5
    whole, _ = count(tmp_path / "4.parquet", Dataset(str(saved), share=1.0))
    assert as_counters(whole) == plain_count(TEXTS, SMALL)


def test_the_share_is_evenly_spaced() -> None:
    for share in (0.1, 0.3, 1 / 3, 0.999, 1.0):
        kept = [n for n in range(1, 10_001) if Dataset("a", share=share).keeps(n)]
        assert len(kept) == pytest.approx(10_000 * share, abs=1)
        gaps = {b - a for a, b in pairwise(kept)}
        assert max(gaps) - min(gaps) <= 1


class Killed(Exception):
    """Stands for the end of the process at any moment at which it reports progress."""


@pytest.mark.slow
@pytest.mark.usefixtures("small_portions")
@pytest.mark.parametrize("options", [{}, {"documents": 200}, {"share": 0.5}], ids=str)
@pytest.mark.parametrize("of_hub", [False, True])
def test_a_count_that_is_killed_or_interrupted_goes_on(
    saved: Path,
    streamed: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, float],
    of_hub: bool,
) -> None:
    if not of_hub:
        monkeypatch.setattr(counted, "_opened", OPENED)
    wanted = replace(streamed if of_hub else Dataset(str(saved)), **options)
    whole, out = tmp_path / "whole", tmp_path / "counts"
    count(whole, wanted)
    monkeypatch.setattr(workers, "KEEP_EVERY_S", 0.0)

    def end_at_random(progress: Progress) -> None:
        tokens.append(progress.tokens)
        if chance.random() < 0.02:
            raise Killed
        if chance.random() < 0.02:
            signal.raise_signal(signal.SIGINT)

    tokens: list[int] = []
    ends = 0
    while not out.exists():
        try:
            count(out, wanted, progress=end_at_random)
        except (Killed, KeyboardInterrupt):
            ends += 1
    assert ends > 3
    assert out.read_bytes() == whole.read_bytes()


def test_a_data_set_that_was_changed_is_another(saved: Path, tmp_path: Path) -> None:
    def kill(progress: Progress) -> None:
        raise Killed

    folder, out = tmp_path / "data", tmp_path / "c.parquet"
    datasets.Dataset.from_dict({"text": OTHERS}).save_to_disk(folder)
    with pytest.raises(Killed):
        count(out, folder, progress=kill)
    datasets.Dataset.from_dict({"text": TEXTS}).save_to_disk(folder)
    with pytest.raises(detok.InputError, match="begun with another files"):
        count(out, folder)


def test_a_branch_that_moved_meanwhile(
    streamed: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(progress: Progress) -> None:
        raise Killed

    out = tmp_path / "counts"
    with pytest.raises(Killed):
        count(out, streamed, progress=kill)
    monkeypatch.setattr(HubAddress, "pinned", lambda self: replace(self, revision="b" * 40))
    with pytest.raises(detok.InputError, match=f"holds a count of .*commit {'a' * 40}.* revision"):
        count(out, streamed)
    monkeypatch.setattr(HubAddress, "pinned", lambda self: self)
    counts, _ = count(out, replace(streamed, revision="a" * 40))
    assert as_counters(counts) == plain_count(TEXTS, SMALL)


def test_texts_that_cannot_be_counted(tmp_path: Path) -> None:
    made = datasets.Dataset.from_dict({"text": ["the dog", None, "", "a cat"]})
    made.save_to_disk(tmp_path / "data")
    counts, summary = count(tmp_path / "c.parquet", tmp_path / "data")
    assert as_counters(counts) == plain_count(["the dog", "a cat"], SMALL)
    assert [(kind, n) for kind, n, _ in summary.problems] == [
        ("documents whose column 'text' is no text", 1),
        ("empty documents", 1),
    ]
    assert "document 3 of shard 1" in summary.problems[1][2]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"split": "dev"}, "has no split 'dev'; expected one of train, test"),
        ({"config": "en"}, "expected neither"),
        ({"revision": "main"}, "expected neither"),
        ({"documents": 0}, "documents is 0; expected at least 1"),
        ({"share": 0.0}, "share is 0.0; expected more than 0"),
        ({"share": 1.5}, "share is 1.5; expected more than 0 and at most 1"),
        ({"share": 0.5, "documents": 3}, "expected one of them"),
    ],
)
def test_what_is_refused(
    splits: Path, tmp_path: Path, options: dict[str, object], sentence: str
) -> None:
    with pytest.raises(detok.InputError, match=sentence):
        count(tmp_path / "c.parquet", Dataset(str(splits), **options))
    assert not list(tmp_path.iterdir())


def test_what_is_not_there_or_damaged(saved: Path, tmp_path: Path) -> None:
    out = tmp_path / "c.parquet"
    with pytest.raises(detok.InputError, match="has no column 'body'; expected one of text, n"):
        count(out, saved, column="body")
    with pytest.raises(detok.InputError, match="cannot be read"):
        count(out, Dataset(str(tmp_path / "none")))
    (tmp_path / "state.json").write_text("{}")
    with pytest.raises(detok.InputError, match="cannot be read"):
        count(out, tmp_path)


def test_without_the_library(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted._opened.cache_clear()
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(detok.InputError, match=r"datasets.*pip install 'detok\[corpus\]'"):
        count(tmp_path / "c.parquet", saved)
