"""Counts of tokens and bigrams: against a plain count, through the file, and refused input."""

import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, strategies as st

from detok import InputError
from detok.counting import counts_file, in_memory, pairs
from detok.counting.counts import Counts
from detok.counting.in_memory import count_ids
from detok.counting.provenance import TOKENIZER_HASH
from detok.model.vocabulary import Vocabulary
from tests.support.models import byte_tokenizer

V = 12
END = 3
# Few tokens, so that runs of one token, empty documents and repeated pairs are common.
CORPORA = st.lists(st.integers(0, V - 1) | st.just(END) | st.just(5), max_size=60)


def slow(ids: list[int], end_of_text: int | None) -> Counter:
    return Counter(pair for pair in pairwise(ids) if end_of_text not in pair)


def as_counter(found: Counts) -> Counter:
    rows = {current: found.row(current) for current in range(found.vocab_size)}
    return Counter(
        {(int(j), i): int(n) for i, row in rows.items() for j, n in zip(*row, strict=True)}
    )


def same(a: Counts, b: Counts) -> bool:
    arrays = ("tokens", "offsets", "past", "pair_counts")
    equal = all(np.array_equal(getattr(a, name), getattr(b, name)) for name in arrays)
    return equal and (a.min_count, a.provenance) == (b.min_count, b.provenance)


@given(CORPORA, st.sampled_from([None, END]), st.integers(1, 9))
def test_counts_equal_a_plain_count(ids: list[int], end: int | None, block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(in_memory, "BLOCK", block)  # so that pairs straddle blocks
        patch.setattr(pairs, "BLOCK", 3)
        patch.setattr(pairs, "RANGES", 3)
        found = count_ids(np.array(ids, dtype=np.uint16), V, end)
    expected = slow(ids, end)
    assert as_counter(found) == expected
    assert found.tokens.tolist() == [Counter(ids)[t] for t in range(V)]
    past, current = np.indices((V, V))
    table = [[expected[j, i] for i in range(V)] for j in range(V)]
    assert found.pairs(past, current).tolist() == table
    assert found.pair(5, 5) == expected[5, 5]


@given(CORPORA, st.integers(1, 5))
def test_pruning_drops_only_rare_pairs(ids: list[int], min_count: int) -> None:
    whole = count_ids(np.array(ids, dtype=np.int64), V, END)
    pruned = whole.pruned(min_count)
    assert pruned.min_count == min_count
    assert np.array_equal(pruned.tokens, whole.tokens)
    kept = {pair: n for pair, n in slow(ids, END).items() if n >= min_count}
    assert as_counter(pruned) == kept
    assert same(pruned.pruned(1), pruned)


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


def test_another_tokenizer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "counts.parquet"
    one, two = (Vocabulary(byte_tokenizer(n)) for n in (300, 301))
    assert one.sha256 == Vocabulary(byte_tokenizer(300)).sha256
    count_ids(np.array([1, 2]), 300, None, {"tokenizer": "one", TOKENIZER_HASH: one.sha256}).save(
        path
    )
    assert Counts.load(path, one).vocab_size == 300
    with pytest.raises(InputError, match=r"the tokenizer one \(V = 300, .*model's \(V = 301"):
        Counts.load(path, two)
    count_ids(np.array([1, 2]), 301).save(path)
    with pytest.raises(InputError, match="of unknown name"):
        Counts.load(path, two)


def test_the_hash_is_of_the_vocabulary_whatever_its_files(tmp_path: Path) -> None:
    backend = byte_tokenizer(300)
    backend.save(str(tmp_path / "tokenizer.json"))
    newer = Vocabulary.from_folder(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    backend.model.save(str(tmp_path))
    assert Vocabulary.from_folder(tmp_path).sha256 == newer.sha256 == Vocabulary(backend).sha256


def test_counts_of_a_model_with_more_embeddings_than_tokens() -> None:
    found = count_ids(np.array([1, 2, 1]), V).padded(V + 3)
    assert found.vocab_size == V + 3
    assert found.pair(1, 2) == found.pair(2, 1) == 1
    assert not found.row(V + 2)[0].size
    with pytest.raises(InputError, match="expected at most V = 5"):
        found.padded(5)


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


def test_ids_that_are_no_tokens_are_refused() -> None:
    with pytest.raises(InputError, match="token id 12 is out of range"):
        count_ids(np.array([1, V]), V)
    with pytest.raises(InputError, match="token id -1 is out of range"):
        count_ids(np.array([-1, 2]), V)
    with pytest.raises(InputError, match="expected integers"):
        count_ids(np.array([1.0, 2.0]), V)
    with pytest.raises(InputError, match=r"expected \(n,\)"):
        count_ids(np.array([[1, 2]]), V)
    found = count_ids(np.array([1, 2]), V)
    with pytest.raises(InputError, match="out of range"):
        found.pair(0, V)
    with pytest.raises(InputError, match="out of range"):
        found.row(-1)
