"""Which files a corpus has."""

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
