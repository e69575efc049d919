"""Files are shared out in parts, and those that are not what their names say are refused."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import detok
from detok.counting import parts
from detok.counting.parts import parts_of
from detok.counting.reader import Reader
from tests.support.corpora import SMALL

LINES = b'{"text": "the dog rained"}\n{"text": "a cat"}\n'


def zstd(content: bytes) -> bytes:
    return pa.compress(content, "zstd", asbytes=True)


@pytest.mark.parametrize("size", [1, 7, 20, 21, 22, 45, 1000])
def test_every_line_is_in_one_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", size)
    texts = [str(n) * (n % 9) for n in range(1, 30) if n % 9]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps({"text": text}) for text in texts) + "\n\n")
    all_parts = parts_of(path, "text", pytest.fail)
    assert sum(part.size for part in all_parts) == path.stat().st_size
    readers = [Reader(part, "text", False, pytest.fail) for part in all_parts]
    assert [piece.text for reader in readers for piece in reader.pieces()] == texts
    # One can go on after any of them.
    for reader in readers:
        positions = [0, *(piece.position for piece in reader.pieces())]
        rests = [list(reader.pieces(position)) for position in positions]
        assert [len(rest) for rest in rests] == list(range(len(positions)))[::-1]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_files_in_other_encodings(tmp_path: Path, encoding: str, name: str) -> None:
    (tmp_path / name).write_bytes(LINES.decode().encode(encoding))
    reports: list[tuple[str, str]] = []
    assert not parts_of(tmp_path / name, "text", lambda *report: reports.append(report))
    (report,) = reports
    assert report[0] == "documents or lines that are not UTF-8"
    assert report[1] == f"{tmp_path / name}, which is UTF-16 or UTF-32"


def test_row_groups_are_parts(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["the dog"] * 5}), path, row_group_size=2)
    groups = parts_of(path, "text", pytest.fail)
    assert [(part.start, part.stop) for part in groups] == [(0, 1), (1, 2), (2, 3)]
    assert 0 < sum(part.size for part in groups) <= path.stat().st_size


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.parquet", b"the dog", "something else; expected Parquet"),
        ("a.parquet", b"", "empty; expected Parquet"),
        ("a.parquet", b"PAR1 the dog PAR1", "damaged, or no Parquet"),
        ("a.txt.gz", b"the dog", "something else; expected gzip"),
        ("a.txt.gz", b"", "empty; expected gzip"),
        ("a.jsonl.zst", gzip.compress(LINES), "gzip; expected zstd"),
        ("a.txt", zstd(LINES), "zstd; expected plain text"),
        ("a.txt", b"PAR1\x15\x04", "Parquet; expected plain text"),
        ("a.jsonl", b"the dog\nrained\n", "holds no JSON lines, but 'the dog'"),
        ("a.jsonl", b'[{"text": "the dog"}]', "expected an object on each line"),
        ("a.jsonl.gz", gzip.compress(b"the dog"), "holds no JSON lines"),
        ("a.csv", b"the dog", "of no kind that detok reads"),
        ("a.parquet.gz", gzip.compress(b"PAR1"), "of no kind that detok reads"),
    ],
)
def test_files_that_are_not_what_their_name_says(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    (tmp_path / "good.txt").write_text("the dog")
    with pytest.raises(detok.InputError, match=sentence) as error:
        detok.count_files([tmp_path / "good.txt", path], SMALL, tmp_path / "counts.parquet")
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "counts.parquet.partial").exists()


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd])
def test_json_lines_are_judged_by_their_first_lines(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    """A line that is none may come before those that are."""
    end = {bytes: "", gzip.compress: ".gz", zstd: ".zst"}[pack]
    path = tmp_path / f"a.jsonl{end}"
    path.write_bytes(pack(b"\xef\xbb\xbf\nno object\n" + LINES))
    assert parts_of(path, "text", pytest.fail)
