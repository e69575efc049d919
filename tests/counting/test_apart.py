"""A count in a process of its own comes to the same, within its bounds, and ends when told."""

import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import detok
from detok.counting import apart
from detok.counting.apart import Bounds, count_apart
from detok.counting.in_memory import count_ids
from tests.support.corpora import SMALL, write

BOUNDS = Bounds(tokens=100_000, memory=1 << 28, seconds=60)
TEXTS = [f"A text of {n} unfit words, {n * n}!" for n in range(40)]


def counted(folder: Path, *files: Path, bounds: Bounds = BOUNDS, **more: object) -> detok.Counts:
    folder.mkdir()
    given = {"name": "small", "vocab_size": 500, "column": "text", "corpus": "", "progress": print}
    count_apart(list(files), SMALL, folder / "counts.parquet", bounds=bounds, **(given | more))
    return detok.Counts.load(folder / "counts.parquet", SMALL)


def test_it_is_the_count_of_the_files(tmp_path: Path) -> None:
    texts = write(tmp_path / "texts", TEXTS)
    shares: list[float] = []
    found = counted(tmp_path / "out", texts, corpus="some texts", progress=shares.append)
    expected = detok.count(TEXTS, SMALL)
    for name in ("tokens", "offsets", "past", "pair_counts", "within"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    said = found.provenance
    assert (said["corpus"], said["tokenizer"], said["documents"]) == ("some texts", "small", "40")
    assert shares
    assert all(0 <= share <= 1 for share in shares)


def test_a_file_of_counts_is_taken_over_as_it_is(tmp_path: Path) -> None:
    detok.count(TEXTS, SMALL, corpus="others").save(tmp_path / "own.parquet")
    found = counted(tmp_path / "out", tmp_path / "own.parquet")
    assert found.origin == "others"
    taken = tmp_path / "out" / "counts.parquet"
    assert taken.read_bytes() == (tmp_path / "own.parquet").read_bytes()


def test_counts_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    counts = detok.count(TEXTS, SMALL)
    path = tmp_path / "own.parquet"

    def refused(number: int, match: str, *files: Path, **more: object) -> None:
        with pytest.raises(detok.InputError, match=match):
            counted(tmp_path / str(number), *(files or (path,)), **more)

    counts.save(path)
    refused(1, "holds counts and is one of 2", path, write(tmp_path / "texts", TEXTS))
    refused(2, "vocabulary of 400 tokens; expected at most V = 300", vocab_size=300)
    refused(3, "different pairs or more; expected at most 20", bounds=replace(BOUNDS, tokens=20))
    path.write_bytes(path.read_bytes()[:-100])
    refused(4, "expected")
    count_ids(np.arange(20), 400).save(path)
    refused(5, "counted with the tokenizer of unknown name")
    replace(counts, provenance=counts.provenance | {"note": "x" * 501}).save(path)
    refused(6, "in 501 characters; expected at most 500")


def test_more_tokens_than_are_counted_are_refused(tmp_path: Path) -> None:
    texts = write(tmp_path / "texts", TEXTS)
    with pytest.raises(detok.InputError, match="more than 10 tokens"):
        counted(tmp_path / "out", texts, bounds=replace(BOUNDS, tokens=10))


def bombs(folder: Path) -> list[Path]:
    """A few bytes that stand for 300 MB: in Parquet as one value, said often, and compressed."""
    n, mega = 300, 1 << 20
    text = pa.array(["x" * mega] * n, pa.string()).dictionary_encode()
    pq.write_table(pa.table({"text": text}), folder / "often.parquet", compression="zstd")
    table = pa.table({"text": ["x" * (n * mega)]})
    pq.write_table(table, folder / "once.parquet", compression="zstd", use_dictionary=False)
    with pa.CompressedOutputStream(str(folder / "long.jsonl.zst"), "zstd") as file:
        for _ in range(n):
            file.write(b" " * mega)
    return sorted(folder.iterdir())


@pytest.mark.slow
def test_a_small_file_does_not_become_a_large_one(tmp_path: Path) -> None:
    (tmp_path / "bombs").mkdir()
    for n, file in enumerate(bombs(tmp_path / "bombs")):
        assert file.stat().st_size < 100_000
        with pytest.raises(detok.InputError, match=r"memory|no document|tokens"):
            counted(tmp_path / str(n), file)


def test_a_count_that_is_not_wanted_ends(tmp_path: Path) -> None:
    class Unwanted(Exception):
        pass

    def stop(share: float) -> None:
        raise Unwanted

    texts = write(tmp_path / "texts", TEXTS)
    with pytest.raises(Unwanted):
        counted(tmp_path / "out", texts, progress=stop)
    time.sleep(1)
    assert not (tmp_path / "out" / "counts.parquet").exists()


def test_a_process_that_ends_too_soon_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart.sys, "executable", shutil.which("false"))
    with pytest.raises(detok.InputError, match="more memory or time than there is"):
        counted(tmp_path / "out", write(tmp_path / "texts", TEXTS))
