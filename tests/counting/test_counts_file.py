"""The file of counts: it gives back what was saved, and others and damaged ones are refused."""

import tempfile
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
