"""Every kind of file is read, and what is broken in one is left out and reported."""

import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import detok
from detok.counting import parts, reader
from detok.counting.over_files import Summary
from tests.support.corpora import SMALL
from tests.support.texts import as_counters, plain_count

TEXTS = ["the dog rained", "naïve\n\n  cats", "don't <|endoftext|> no"]
LINES = "".join(json.dumps({"id": 1, "text": text}) + "\n" for text in TEXTS).encode()


def zstd(content: bytes) -> bytes:
    return pa.compress(content, "zstd", asbytes=True)


def count(path: Path, **options: object) -> tuple[detok.Counts, Summary]:
    out = path.parent / f"{path.name}-counts.parquet"
    summary = detok.count_files([path], SMALL, out, **options)
    return detok.Counts.load(out, SMALL), summary


def problems(summary: Summary) -> dict[str, int]:
    return {kind: n for kind, n, _ in summary.problems}


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd])
def test_text_and_json_lines(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    end = {bytes: "", gzip.compress: ".gz", zstd: ".zst"}[pack]
    text = tmp_path / f"a.TXT{end}"
    # Two members in a row are one file, as `cat a.gz b.gz` makes them.
    text.write_bytes(pack(TEXTS[0].encode()) + pack(b" again"))
    assert as_counters(count(text)[0]) == plain_count([TEXTS[0] + " again"], SMALL)
    lines = tmp_path / f"a.jsonl{end}"
    lines.write_bytes(pack(LINES))
    counts, summary = count(lines)
    assert as_counters(counts) == plain_count(TEXTS, SMALL)
    assert (summary.documents, summary.problems) == (3, [])


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())],
    ids=str,
)
@pytest.mark.parametrize("codec", ["none", "snappy", "zstd", "gzip"])
def test_parquet(tmp_path: Path, kind: pa.DataType, codec: str) -> None:
    column = pa.array([*TEXTS, None, ""]).cast(kind)
    table = pa.table({"id": [1] * 5, "body": column})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=2, compression=codec)
    counts, summary = count(tmp_path / "a.parquet", column="body")
    assert as_counters(counts) == plain_count(TEXTS, SMALL)
    assert problems(summary) == {
        "documents whose column 'body' is no text": 1,
        "empty documents": 1,
    }


def test_broken_lines_are_left_out_and_reported(tmp_path: Path) -> None:
    bad = [
        b'{"text": "cut off',
        b'["text"]',
        b'{"title": "the dog"}',
        b'{"text": 3}',
        b'{"text": null}',
        b'{"text": ""}',
        b'{"text": "\\ud800"}',
        b'{"text": "caf\xe9"}',
        b"[" * 100_000,
        b"  ",
    ]
    good = [json.dumps({"text": text}).encode() for text in TEXTS]
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + good[0] + b"\n" + b"\n".join([*bad, good[1], good[2]]))
    counts, summary = count(path)
    assert as_counters(counts) == plain_count(TEXTS, SMALL)
    assert problems(summary) == {
        "broken lines": 2,
        "documents or lines that are not UTF-8": 1,
        "documents whose column 'text' is no text": 2,
        "documents with half of a surrogate pair": 1,
        "empty documents": 1,
        "lines without the column 'text'": 2,
    }
    first = {kind: where for kind, _, where in summary.problems}["broken lines"]
    assert first == f"{path}, byte {3 + len(good[0]) + 1}"


def test_lines_of_a_text_that_are_no_utf_8(tmp_path: Path) -> None:
    """They are left out, and no pair crosses the gap."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfthe dog\n\nrained caf\xe9 no\n\nunfit\nna\xefve")
    counts, summary = count(path)
    assert as_counters(counts) == plain_count(["the dog\n\n", "\nunfit\n"], SMALL)
    assert summary.documents == 1
    assert problems(summary) == {"documents or lines that are not UTF-8": 2}


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_a_compressed_file_that_breaks_off(
    tmp_path: Path, pack: Callable[[bytes], bytes], name: str
) -> None:
    path = tmp_path / f"{name}.{'gz' if pack is gzip.compress else 'zst'}"
    texts = [f"the dog {n} rained" for n in range(20_000)]
    lines = "".join(f'{{"text": "{text}"}}\n' for text in texts)
    whole = pack(lines.encode())
    path.write_bytes(whole[: len(whole) // 2])
    counts, summary = count(path)
    assert problems(summary) == {"compressed files that break off": 1}
    if name == "a.jsonl":
        assert 1000 < summary.documents < 20_000
        assert as_counters(counts) == plain_count(texts[: summary.documents], SMALL)
    else:
        assert summary.tokens > 10_000


def test_parquet_without_a_usable_column(tmp_path: Path) -> None:
    pq.write_table(pa.table({"body": ["a dog"]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"text": [3]}), tmp_path / "b.parquet")
    with pytest.raises(
        detok.InputError, match=r"no document to count .*a\.parquet, which has body"
    ):
        count(tmp_path)
    pq.write_table(pa.table({"text": ["the dog"]}), tmp_path / "c.parquet")
    counts, summary = count(tmp_path)
    assert as_counters(counts) == plain_count(["the dog"], SMALL)
    assert problems(summary) == {
        "files in which the column 'text' is no text": 1,
        "files without the column 'text'": 1,
    }


def test_damage_in_parquet(tmp_path: Path) -> None:
    wrong = pa.array([b"caf\xe9", b"the dog"]).view(pa.string())
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": wrong}), path)
    counts, summary = count(path)
    assert as_counters(counts) == plain_count(["the dog"], SMALL)
    assert problems(summary) == {"documents or lines that are not UTF-8": 1}

    path = tmp_path / "b.parquet"
    table = pa.table({"text": ["the dog"] * 3 + ["a cat" * 3] * 3})
    pq.write_table(table, path, row_group_size=3, compression="zstd", use_dictionary=False)
    content = bytearray(path.read_bytes())
    at = pq.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
    content[at : at + 40] = b"\xff" * 40
    path.write_bytes(content)
    counts, summary = count(path)
    assert as_counters(counts) == plain_count(["the dog"] * 3, SMALL)
    assert problems(summary) == {"row groups of Parquet that are damaged": 1}


def test_a_file_that_vanishes_meanwhile(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text("the dog " * 9)

    def remove(_: object) -> None:
        (tmp_path / "b.txt").unlink(missing_ok=True)

    with pytest.raises(detok.InputError, match=r"b\.txt cannot be read \(No such file"):
        detok.count_files([tmp_path], SMALL, tmp_path / "counts.parquet", progress=remove)


def test_lines_beyond_the_longest_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever part they begin in, and where the next lines begin."""
    long = b'{"text": "' + b"dog " * 200 + b'"}\n'
    lines = LINES.splitlines(keepends=True)
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"".join([lines[0], long, long, *lines[1:], long.rstrip(b"\n")]))
    monkeypatch.setattr(reader, "LINE_BYTES", 100)
    for size in (1 << 26, 7, 50, 400):
        monkeypatch.setattr(parts, "PART_BYTES", size)
        counts, summary = count(path)
        assert as_counters(counts) == plain_count(TEXTS, SMALL)
        assert problems(summary) == {"lines of more than 100 bytes": 3}
        (tmp_path / "a.jsonl-counts.parquet").unlink()


@pytest.mark.parametrize("empty", [b"\n", b" \r\n", b"\n\t"])
def test_empty_lines_are_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty: bytes
) -> None:
    lines = LINES.splitlines(keepends=True)
    path = tmp_path / "a.jsonl"
    path.write_bytes(empty * 9_000 + lines[0] + empty * 50 + b"".join(lines[1:]) + empty * 9_000)
    for size in (1 << 26, 5_000, 9_001):
        monkeypatch.setattr(parts, "PART_BYTES", size)
        counts, summary = count(path)
        assert as_counters(counts) == plain_count(TEXTS, SMALL)
        assert not summary.problems
        (tmp_path / "a.jsonl-counts.parquet").unlink()


def test_empty_lines_are_read_in_blocks(tmp_path: Path) -> None:
    """Millions of them line by line would take a second each."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n" * 1_000_000 + LINES)

    class Counted(io.BufferedReader):
        lines = 0

        def readline(self, size: int | None = -1) -> bytes:
            Counted.lines += 1
            return super().readline(size)

    (part,) = parts.parts_of(path, "text", lambda *_: None)
    with Counted(io.FileIO(path)) as stream:
        wanted = reader.Reader(part, "text", True, lambda *_: None)
        assert len(list(wanted._lines(stream, 0, lambda _: 0.0))) == len(TEXTS)
    assert Counted.lines < 1_000


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux alone tells the peak")
@pytest.mark.parametrize("word", ["a", "\0"])
def test_a_text_of_one_word_takes_no_more_memory(tmp_path: Path, word: str) -> None:
    """Encoded at once, a byte of it would take 150, and this text a GB."""
    text = word * 6_000_000
    (tmp_path / "a.txt").write_text(text)
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": text}))
    SMALL.backend.save(str(tmp_path / "tokenizer.json"))
    # `resource` would give what the process that started it took, if that is more.
    script = (
        "import sys, detok\n"
        "detok.count_files(['a.txt', 'a.jsonl'], '.', 'counts.parquet', memory=1 << 24)\n"
        "status = dict(line.split(':') for line in open('/proc/self/status'))\n"
        "sys.stdout.write(status['VmHWM'].split()[0])"
    )
    root = str(Path(__file__).parents[2])
    found = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": root},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert int(found.stdout) < 400_000  # kB
    counts = detok.Counts.load(tmp_path / "counts.parquet", SMALL)
    assert sum(len(SMALL.text(t)) * n for t, n in enumerate(counts.tokens)) == 2 * len(text)
