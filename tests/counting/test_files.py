"""Every kind of file is read, what is broken in one is reported, and false names are errors."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import detok
from detok.counting import files
from detok.counting.over_files import Summary
from detok.counting.pieces import PIECE_BYTES, pieces as pieces_of
from detok.model.vocabulary import Vocabulary
from tests.support.models import byte_tokenizer
from tests.support.texts import as_counters, plain_count

SMALL = Vocabulary(byte_tokenizer(400))
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
    found, summary = count(lines)
    assert as_counters(found) == plain_count(TEXTS, SMALL)
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
    found, summary = count(tmp_path / "a.parquet", column="body")
    assert as_counters(found) == plain_count(TEXTS, SMALL)
    assert problems(summary) == {
        "documents whose column 'body' is no text": 1,
        "empty documents": 1,
    }


def test_folders(tmp_path: Path) -> None:
    inner = tmp_path / "texts" / "deep" / "er"
    inner.mkdir(parents=True)
    (inner / "a.txt").write_text("the dog")
    (inner / "table.csv").write_text("not,read")
    (tmp_path / "texts" / "b.jsonl").write_bytes(LINES)
    found, _ = count(tmp_path / "texts")
    assert as_counters(found) == plain_count(["the dog", *TEXTS], SMALL)
    twice = detok.count_files(
        [tmp_path / "texts", inner / "a.txt"], SMALL, tmp_path / "twice.parquet"
    )
    assert twice.documents == 4
    assert files.files_in([tmp_path / "texts"]) == sorted(files.files_in([tmp_path / "texts"]))


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
    found, summary = count(path)
    assert as_counters(found) == plain_count(TEXTS, SMALL)
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
    found, summary = count(path)
    assert as_counters(found) == plain_count(["the dog\n\n", "\nunfit\n"], SMALL)
    assert summary.documents == 1
    assert problems(summary) == {"documents or lines that are not UTF-8": 2}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_files_in_other_encodings(tmp_path: Path, encoding: str, name: str) -> None:
    (tmp_path / name).write_bytes(LINES.decode().encode(encoding))
    (tmp_path / "b.txt").write_text("the dog")
    found, summary = count(tmp_path)
    assert as_counters(found) == plain_count(["the dog"], SMALL)
    assert problems(summary) == {"documents or lines that are not UTF-8": 1}


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
    found, summary = count(path)
    assert problems(summary) == {"compressed files that break off": 1}
    if name == "a.jsonl":
        assert 1000 < summary.documents < 20_000
        assert as_counters(found) == plain_count(texts[: summary.documents], SMALL)
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
    found, summary = count(tmp_path)
    assert as_counters(found) == plain_count(["the dog"], SMALL)
    assert problems(summary) == {
        "files in which the column 'text' is no text": 1,
        "files without the column 'text'": 1,
    }


def test_damage_in_parquet(tmp_path: Path) -> None:
    wrong = pa.array([b"caf\xe9", b"the dog"]).view(pa.string())
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": wrong}), path)
    found, summary = count(path)
    assert as_counters(found) == plain_count(["the dog"], SMALL)
    assert problems(summary) == {"documents or lines that are not UTF-8": 1}

    path = tmp_path / "b.parquet"
    table = pa.table({"text": ["the dog"] * 3 + ["a cat" * 3] * 3})
    pq.write_table(table, path, row_group_size=3, compression="zstd", use_dictionary=False)
    content = bytearray(path.read_bytes())
    at = pq.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
    content[at : at + 40] = b"\xff" * 40
    path.write_bytes(content)
    found, summary = count(path)
    assert as_counters(found) == plain_count(["the dog"] * 3, SMALL)
    assert problems(summary) == {"row groups of Parquet that are damaged": 1}


@pytest.mark.parametrize(
    ("name", "content", "found"),
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
    tmp_path: Path, name: str, content: bytes, found: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    (tmp_path / "good.txt").write_text("the dog")
    with pytest.raises(detok.InputError, match=found) as error:
        detok.count_files([tmp_path / "good.txt", path], SMALL, tmp_path / "counts.parquet")
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "counts.parquet.partial").exists()


def test_nothing_to_count(tmp_path: Path) -> None:
    out = tmp_path / "counts.parquet"
    with pytest.raises(detok.InputError, match="is not there"):
        detok.count_files([tmp_path / "none"], SMALL, out)
    with pytest.raises(detok.InputError, match="holds no text file"):
        detok.count_files([tmp_path], SMALL, out)
    (tmp_path / "a.txt").write_text("")
    (tmp_path / "b.jsonl").write_text("")
    with pytest.raises(detok.InputError, match=r"no document to count \(1 empty documents"):
        detok.count_files([tmp_path], SMALL, out)
    assert not out.exists()
    assert not out.with_name(out.name + ".partial").exists()


def test_a_file_that_vanishes_meanwhile(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text("the dog " * 9)

    def remove(_: object) -> None:
        (tmp_path / "b.txt").unlink(missing_ok=True)

    with pytest.raises(detok.InputError, match=r"b\.txt cannot be read \(No such file"):
        detok.count_files([tmp_path], SMALL, tmp_path / "counts.parquet", progress=remove)


def test_a_long_text_is_never_held_as_a_whole(tmp_path: Path) -> None:
    """Neither one without white space but at its ends of lines, nor one in other scripts."""
    for line in ("the dog rained ", "日本語を読む。\n", "x" * 300 + "\u2003\n"):
        text = line * (200_000 // len(line))
        path = tmp_path / "a.txt"
        path.write_text(text, encoding="utf-8")
        (part,) = files.parts_of(path, "text", lambda *_: None)
        pieces = list(pieces_of(part, "text", 0, True, lambda *_: None))
        assert "".join(piece.text for piece in pieces) == text
        if not line.endswith("\u2003\n"):
            assert max(len(piece.text.encode()) for piece in pieces) <= PIECE_BYTES
        assert [piece.is_joined for piece in pieces] == [False] + [True] * (len(pieces) - 1)
