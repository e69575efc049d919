"""A visitor's own counts: what is made of them is theirs, and goes when they do."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

import detok
from detok.app import own_counts, store
from detok.app.own_counts import MAX_IN_MEMORY, Own
from tests.support.corpora import SMALL


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    store.clear()
    yield
    store.clear()


def brought(folder: Path, text: str = "unfit words") -> Own:
    folder.mkdir()
    detok.count([text], SMALL, corpus="mine").save(folder / "counts.parquet")
    return Own.of(folder / "counts.parquet")


def test_what_is_kept_by_them_is_another_for_each_visitor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where two visitors have brought the same file."""
    visitor: list[Own | None] = [None]
    made = []

    @store.kept(max_entries=9, of=lambda: visitor[0])
    def result(number: int) -> object:
        made.append(number)
        return object()

    every = [None, *(brought(tmp_path / name) for name in "ab")]
    results = []
    for visitor[0] in every:
        results.append(result(1))
        assert result(1) is results[-1]
    assert len(set(map(id, results))) == len(made) == 3
    store.forget(every[1])
    for visitor[0], before in zip(every, results, strict=True):
        assert (result(1) is before) == (visitor[0] is not every[1])


def test_their_file_is_read_again_where_others_took_its_place(tmp_path: Path) -> None:
    every = [brought(tmp_path / str(n), "unfit " * n) for n in range(1, MAX_IN_MEMORY + 3)]
    loaded = [own_counts.loaded(own, 500) for own in every]
    assert own_counts.loaded(every[-1], 500) is loaded[-1]
    again = own_counts.loaded(every[0], 500)
    assert again is not loaded[0]
    assert again.tokens.tolist() == loaded[0].tokens.tolist()
    assert len(again.tokens) == 500


def test_their_index_counts_as_memory(tmp_path: Path) -> None:
    counts = own_counts.loaded(brought(tmp_path / "a", "unfit tranquil " * 40), len(SMALL))
    arrays = (counts.tokens, counts.offsets, counts.past, counts.pair_counts, counts.within)
    arrays += (counts._current, counts._keys)
    assert store.load()["bytes"] >= sum(array.nbytes for array in arrays)


def test_their_folder_goes_with_them(tmp_path: Path) -> None:
    own = brought(tmp_path / "a")
    own_counts.loaded(own, 500)
    gc.collect()
    assert own.path.exists()
    del own
    gc.collect()
    assert not (tmp_path / "a").exists()


def test_a_thread_of_no_visitor_has_none() -> None:
    assert own_counts.mine() is None


def test_a_label_tells_two_files_apart(tmp_path: Path) -> None:
    one, other = brought(tmp_path / "a"), brought(tmp_path / "b", "other words")
    assert one.origin == other.origin == "mine"
    assert one.label != other.label
    assert brought(tmp_path / "c").label == one.label
