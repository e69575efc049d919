"""Which files a corpus has."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from detok import InputError
from detok.counting.files import files_in


def test_files_of_folders_are_sorted_and_come_once(tmp_path: Path) -> None:
    texts = tmp_path / "texts"
    inner = texts / "deep" / "er"
    inner.mkdir(parents=True)
    for path in (inner / "a.TXT", inner / "table.csv", texts / "b.jsonl", texts / "c.txt.gz"):
        path.write_text("the dog")
    expected = [texts / "b.jsonl", texts / "c.txt.gz", inner / "a.TXT"]
    assert files_in([texts]) == sorted(expected)
    assert files_in([texts / "c.txt.gz", texts]) == [expected[1], *sorted(expected[::2])]


def test_what_is_not_there_or_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not there"):
        files_in([tmp_path / "none"])
    (tmp_path / "table.csv").write_text("not,read")
    with pytest.raises(InputError, match="holds no text file"):
        files_in([tmp_path])
    with pytest.raises(InputError, match=r"table\.csv is of no kind that detok reads"):
        files_in([tmp_path / "table.csv"])


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("kind", [pipe, device])
@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.parquet", "a.txt.gz"])
def test_only_regular_files_are_read(
    tmp_path: Path, kind: Callable[[Path], None], name: str
) -> None:
    kind(tmp_path / name)
    for path in (tmp_path, tmp_path / name):
        with pytest.raises(InputError, match=r"a\..* is a folder, pipe or device; expected a reg"):
            files_in([path])


def test_a_link_is_of_the_kind_that_its_own_name_says(tmp_path: Path) -> None:
    """As in the cache of the hub, where names lead to files that are called by a hash."""
    (tmp_path / "0123").write_text("the dog")
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).symlink_to("0123")
    assert files_in([tmp_path]) == [tmp_path / "a.txt"]
