"""The file of counts: it gives back what was saved, and others and damaged ones are refused."""

import os
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, strategies as st

from detok import InputError
from detok.counting import counts_file
from detok.counting.counts import Counts
from detok.counting.in_memory import count_ids
from tests.support.texts import CORPORA, END, V


def same(a: Counts, b: Counts) -> bool:
    arrays = ("tokens", "offsets", "past", "pair_counts")
    equal = all(np.array_equal(getattr(a, name), getattr(b, name)) for name in arrays)
    return equal and (a.min_count, a.provenance) == (b.min_count, b.provenance)


@pytest.mark.parametrize("vocab_size", [V, 70_000])
@pytest.mark.parametrize("n", [0, 1, 500])
def test_the_file_gives_back_what_was_saved(tmp_path: Path, n: int, vocab_size: int) -> None:
    ids = np.random.default_rng(0).integers(vocab_size - V, vocab_size, n)
    provenance = {"corpus": "Bücher", "tokens": str(n)}
    saved = count_ids(ids, vocab_size, vocab_size - 1, provenance).pruned(2)
    saved.save(tmp_path / "counts.parquet")
    loaded = Counts.load(tmp_path / "counts.parquet")
    assert same(saved, loaded)
    assert loaded.min_count == 2
    assert loaded.past.dtype == saved.past.dtype


def test_the_file_has_a_row_a_token(tmp_path: Path) -> None:
    count_ids(np.array([1, 2, 1, 2, END, 0, 1]), V, END).save(tmp_path / "counts.parquet")
    rows = pq.read_table(tmp_path / "counts.parquet").to_pylist()
    assert len(rows) == V
    assert rows[1] == {"count": 3, "past": [0, 2], "past_count": [1, 1]}
    assert rows[END] == {"count": 1, "past": [], "past_count": []}


@given(CORPORA, CORPORA, st.integers(1, 4))
def test_row_groups_do_not_depend_on_the_portions(
    ids: list[int], more: list[int], size: int
) -> None:
    """Written at once or row by row, the file has the same bytes."""
    whole = count_ids(np.array(ids + more, dtype=np.int64), V)
    files = []
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(counts_file, "ROW_GROUP_PAIRS", size)
        path = Path(folder) / "counts.parquet"
        whole.save(path)
        files.append(path.read_bytes())
        with counts_file.Writer(path, whole.tokens, 1, {}) as file:
            for current in range(V):
                past, pair_counts = whole.row(current)
                file.write(np.full(len(past), current), past, pair_counts)
        files.append(path.read_bytes())
        assert same(Counts.load(path), whole)
        sizes = np.diff(whole.offsets)
        assert pq.ParquetFile(path).num_row_groups >= (sizes >= size).sum()
    assert files[0] == files[1]


def test_files_of_others_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        Counts.load(tmp_path / "none.parquet")
    (tmp_path / "text.parquet").write_text("no counts")
    with pytest.raises(InputError, match="cannot be read"):
        Counts.load(tmp_path / "text.parquet")
    pq.write_table(pa.table({"count": [1, 2]}), tmp_path / "other.parquet")
    with pytest.raises(InputError, match="no counts of detok's"):
        Counts.load(tmp_path / "other.parquet")


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "counts.parquet"
    count_ids(np.array([1, 2, 1, 2, 0]), V).save(path)
    table = pq.read_table(path)

    newer = table.replace_schema_metadata({**table.schema.metadata, b"detok_counts": b"9"})
    pq.write_table(newer, path)
    with pytest.raises(InputError, match="version 9 of detok's counts; expected version 2"):
        Counts.load(path)

    swapped = table.column("past").slice(1).combine_chunks().to_pylist()
    wrong = table.set_column(1, "past", pa.array([[1, 2], *swapped], pa.list_(pa.uint16())))
    pq.write_table(wrong.replace_schema_metadata(table.schema.metadata), path)
    with pytest.raises(InputError, match="damaged"):
        Counts.load(path)

    pq.write_table(table.drop_columns("past_count"), path)
    with pytest.raises(InputError, match="damaged"):
        Counts.load(path)

    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="cannot be read"):
        Counts.load(path)


def rewritten(path: Path, **columns: pa.Array) -> None:
    """Other columns in a file without a checksum, as older versions wrote them."""
    table = pq.read_table(path)
    for name, values in columns.items():
        table = table.set_column(table.schema.get_field_index(name), name, values)
    metadata = {k: v for k, v in table.schema.metadata.items() if k != b"checksum"}
    pq.write_table(table.replace_schema_metadata(metadata), path)


def lists(*rows: list[int | None] | None, of: pa.DataType) -> pa.Array:
    return pa.array(rows, pa.list_(of))


PASTS = [[], [0, 2], [1]]
U16, U32 = pa.uint16(), pa.uint32()


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"count": pa.array([-3, 2, 2])}, "a token occurs -3 times"),
        ({"count": pa.array([1.0, float("nan"), 2.0])}, "'count' has the type double"),
        ({"count": pa.array([1, None, 2])}, "damaged"),
        ({"count": pa.array([1, 1, 2])}, "a token has more pairs than it occurs"),
        ({"past": lists([], [-1, 2], [1], of=pa.int32())}, "'past' has the type list"),
        ({"past": lists([], [0.5, 2.0], [1.0], of=pa.float64())}, "'past' has the type list"),
        ({"past": lists([], [0, 3], [1], of=U16)}, "a past token 3 of 3"),
        ({"past": lists([], [2, 0], [1], of=U16)}, "do not ascend"),
        ({"past": lists([], [2, 2], [1], of=U16)}, "do not ascend"),
        ({"past": lists([], [0, None], [1], of=U16)}, "damaged"),
        ({"past": lists(None, [0, 2], [1], of=U16)}, "damaged"),
        ({"past_count": lists([], [1, -1], [2], of=pa.int64())}, "'past_count' has the type list"),
        ({"past_count": lists([], [1, 0], [2], of=U32)}, "a pair was seen 0 times"),
        ({"past_count": lists([], [1, 2**32 - 1], [2], of=U32)}, "more pairs than it occurs"),
        ({"past_count": lists([], [1], [1, 2], of=U32)}, "do not fit together"),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_values_that_no_counting_comes_to(
    tmp_path: Path, columns: dict[str, pa.Array], found: str
) -> None:
    path = tmp_path / "counts.parquet"
    counts = count_ids(np.array([0, 1, 2, 1, 2]), 3)
    counts.save(path)
    assert pq.read_table(path)["past"].to_pylist() == PASTS
    rewritten(path)
    assert same(Counts.load(path), counts)  # without a checksum it is read
    rewritten(path, **columns)
    with pytest.raises(InputError, match=f"damaged.*{found}" if found != "damaged" else found):
        Counts.load(path)


@pytest.mark.parametrize("min_count", ["0", "-1", "x", "1e3", "9" * 5000])
def test_a_min_count_that_is_none(tmp_path: Path, min_count: str) -> None:
    path = tmp_path / "counts.parquet"
    count_ids(np.array([0, 1, 2, 1, 2]), 3).save(path)
    table = pq.read_table(path)
    said = {**table.schema.metadata, b"min_count": min_count.encode()}
    pq.write_table(table.replace_schema_metadata(said), path)
    with pytest.raises(InputError, match="damaged"):
        Counts.load(path)


def test_metadata_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "counts.parquet"
    count_ids(np.array([0, 1, 2, 1, 2]), 3).save(path)
    table = pq.read_table(path)
    metadata = {b"\xff\xfe": b"\xff"}
    pq.write_table(table.replace_schema_metadata(metadata), path)
    with pytest.raises(InputError, match="no counts of detok's"):
        Counts.load(path)
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, **metadata}), path)
    assert Counts.load(path).vocab_size == 3


@pytest.mark.parametrize("seed", range(3))
def test_a_flipped_bit_is_refused_or_changes_nothing(tmp_path: Path, seed: int) -> None:
    path, chance = tmp_path / "counts.parquet", random.Random(seed)
    ids = np.random.default_rng(seed).integers(0, V, 5000)
    counts = count_ids(ids, V, END, {"corpus": "Bücher", "note": "of all kinds"})
    counts.save(path)
    whole = path.read_bytes()
    refused = 0
    for _ in range(150):
        flipped = bytearray(whole)
        flipped[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        path.write_bytes(flipped)
        try:
            assert same(Counts.load(path), counts)
        except InputError:
            refused += 1
    assert refused > 50


def test_the_checksum_holds_what_the_file_says_of_itself(tmp_path: Path) -> None:
    path = tmp_path / "counts.parquet"
    count_ids(np.array([0, 1, 2, 1, 2]), 3, provenance={"corpus": "Bücher"}).save(path)
    with pq.ParquetFile(path) as file:
        table, checksum = file.read(), file.metadata.metadata[b"checksum"]
    for corpus in ("Bücher", "others"):
        said = {**table.schema.metadata, b"provenance:corpus": corpus.encode()}
        with pq.ParquetWriter(path, table.schema.with_metadata(said)) as file:
            file.write_table(table.replace_schema_metadata(said))
            file.add_key_value_metadata({b"checksum": checksum})
        if corpus == "Bücher":
            assert Counts.load(path).origin == corpus
    assert "checksum" in refusal(path)


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        Counts.load(path)
    return str(caught.value)


@pytest.mark.parametrize("kind", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_only_a_regular_file_is_read(tmp_path: Path, kind: Callable[[Path], None]) -> None:
    path = tmp_path / "counts.parquet"
    kind(path)
    for read in (Counts.load, counts_file.read_provenance):
        with pytest.raises(InputError, match="folder, pipe or device; expected a regular file"):
            read(path)


def test_more_rows_than_any_vocabulary_has(tmp_path: Path) -> None:
    path = tmp_path / "counts.parquet"
    count_ids(np.array([0, 1, 2, 1, 2]), 3).save(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counts_file, "MAX_ROWS", 2)
        assert "3 rows, at most 2" in refusal(path)
