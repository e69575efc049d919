"""The bundled excerpts: how many, how long, how large, and that none was trained on."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from tokenizers import Tokenizer

import detok
from detok.bundled import EXCERPTS
from tests.support.models import byte_tokenizer
from training.excerpts import MIN_TOKENS, shares, write
from training.texts import Document, is_held_out, read

SHARED = Path(__file__).parents[3] / "shared"
GPT2_TOKENIZER = SHARED / "gpt2-tokenizer" / "tokenizer.json"


def test_they_are_enough_and_small() -> None:
    table = detok.excerpts()
    assert list(table.columns) == ["author", "title", "text"]
    assert len(table) >= 100
    assert table["text"].is_unique
    assert EXCERPTS.stat().st_size <= 1_000_000
    # Of prose, GPT-2's tokenizer makes a token of three to five characters.
    assert table["text"].str.len().min() > 3 * MIN_TOKENS


@pytest.mark.skipif(not GPT2_TOKENIZER.exists(), reason="GPT-2's tokenizer is not at hand")
def test_each_has_as_many_tokens_as_gpt2_has_positions() -> None:
    tokenizer = Tokenizer.from_file(str(GPT2_TOKENIZER))
    lengths = [len(e.ids) for e in tokenizer.encode_batch(detok.excerpts()["text"].tolist())]
    assert min(lengths) >= 1100


def test_none_is_of_a_book_that_was_trained_on() -> None:
    """A title may have lost a line break; the split is by the name as the corpus has it."""
    for author, title in set(zip(*map(detok.excerpts().get, ["author", "title"]), strict=True)):
        names = [f"{author}: {title}", *_with_break(author, title)]
        assert any(is_held_out(Document(name, "")) for name in names), title


def _with_break(author: str, title: str) -> list[str]:
    words = title.split(" ")
    return [f"{author}: {' '.join(words[:n])}\r{' '.join(words[n:])}" for n in range(1, len(words))]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Sixty small books of numbered sentences."""
    for n in range(60):
        lines = [f"Book {n} has a line {m}. And it has “another.”" for m in range(40 * (n % 7 + 1))]
        (tmp_path / f"Author {n}: Title.txt").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def test_they_are_cut_at_sentences_of_held_out_books(corpus: Path, tmp_path: Path) -> None:
    tokenizer = byte_tokenizer(300)
    write(corpus, tokenizer, tmp_path / "new" / "excerpts.parquet")
    table = pq.read_table(tmp_path / "new" / "excerpts.parquet").to_pylist()
    held_out = {d.name: d.text for d in read(corpus) if is_held_out(d)}
    assert {f"{row['author']}: {row['title']}" for row in table} == set(held_out)
    for row in table:
        text = row["text"]
        assert text in held_out[f"{row['author']}: {row['title']}"]
        assert text.startswith("Book ")
        assert text.endswith((".", ".”"))
        assert len(tokenizer.encode(text)) >= MIN_TOKENS
    assert len({row["text"] for row in table}) == len(table)


def test_every_book_has_a_share() -> None:
    assert shares(np.array([1, 1, 1]), 3).tolist() == [1, 1, 1]
    found = shares(np.array([100, 10_000, 40_000]), 12)
    assert found.sum() == 12
    assert found[0] < found[1] < found[2]
