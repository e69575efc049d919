"""What a visitor is told of the counts that a page uses, and what can be named to be counted."""

from pathlib import Path

import numpy as np
import pytest

import detok
from detok.app import cached, corpus
from detok.counting.in_memory import count_ids
from detok.counting.provenance import TOKENIZER_HASH
from tests.support.pages import run, texts


def notice(model: str = "") -> str:
    """What a page says of the counts, that the app opens on with a model."""
    cached.counts_for_all.clear()
    return texts(run("pages/6_Token_frequency.py", **({"model": model} if model else {})))


def test_the_page_says_which_counts() -> None:
    shown = notice("mini")
    n_tokens = detok.counts_for(detok.load("mini")).tokens.sum()
    counted = f"Counts: {n_tokens:,} tokens of the public-domain books that mini was trained on"
    assert counted in shown
    assert "not used" not in shown
    assert "your own" not in shown


def test_a_page_without_counts_says_so(monkeypatch: pytest.MonkeyPatch, checkpoint: Path) -> None:
    monkeypatch.setenv("DETOK_MODEL", str(checkpoint))
    assert "no token counts" in notice()


def test_a_page_passes_over_counts_that_do_not_fit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, layer: detok.Layer
) -> None:
    known = {"tokenizer": "ours", TOKENIZER_HASH: layer.tokenizer.sha256}
    count_ids(np.array([1, 2]), layer.vocab_size, None, known).save(tmp_path / "own.parquet")
    monkeypatch.setenv("DETOK_COUNTS", str(tmp_path / "own.parquet"))
    shown = notice("mini")
    assert "own.parquet was counted with the tokenizer ours (V = 300" in shown
    assert "the public-domain books that mini was trained on" in shown


def test_only_what_is_in_the_operators_folders_can_be_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert corpus.offered() == {}
    folder = tmp_path / "texts"
    (folder / "more").mkdir(parents=True)
    for name in ("a.txt", "b.jsonl.gz", "c.py", ".hidden.txt"):
        (folder / name).touch()
    monkeypatch.setenv("DETOK_CORPORA", str(folder))
    assert list(corpus.offered()) == ["texts/a.txt", "texts/b.jsonl.gz", "texts/more"]
    monkeypatch.setenv("DETOK_CORPORA", str(folder / "none"))
    with pytest.raises(detok.InputError, match=r"DETOK_CORPORA is .*; expected folders"):
        corpus.offered()


@pytest.mark.parametrize("name", ["../../a.txt", "..\\a.txt", "/etc/a.txt"])
def test_an_upload_stays_in_its_folder(tmp_path: Path, name: str) -> None:
    (path,) = corpus._written([(name, b"text")], tmp_path)
    assert path == tmp_path / "0" / "a.txt"
    assert path.read_bytes() == b"text"


@pytest.mark.parametrize("name", ["a.pdf", "\0.txt", f"{'a' * 300}.txt", "..", ""])
def test_a_file_that_cannot_be_counted_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(detok.InputError, match="expected"):
        corpus._written([("a.txt", b"text"), (name, b"text")], tmp_path)
