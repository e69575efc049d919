"""Writes the sample of texts that ships with detok: excerpts of books kept from the training.

Every held-out book gives excerpts, spread evenly over it, in proportion to the root of its length,
so that long books do not crowd out short ones. An excerpt begins with a paragraph and ends with a
sentence, and has at least MIN_TOKENS tokens of GPT-2's tokenizer.
"""

import argparse
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tokenizers import Tokenizer

from training.texts import Document, is_held_out, read

N_EXCERPTS = 120
MIN_TOKENS = 1100
MAX_BYTES = 1_000_000
# Books begin with title pages and contents, and end with notes.
MARGIN = 0.05

_SENTENCE_END = re.compile(r"[.!?][”’\"')\]]*(?=\s)")


def shares(lengths: np.ndarray, total: int) -> np.ndarray:
    """How many excerpts each book gives, (books,): at least one, `total` in all."""
    wanted = np.sqrt(lengths) / np.sqrt(lengths).sum() * (total - len(lengths))  # beyond the first
    given = np.floor(wanted).astype(int)
    rest = total - len(lengths) - given.sum()
    given[np.argsort(given - wanted, kind="stable")[:rest]] += 1
    return given + 1


def excerpt(text: str, start: int, tokenizer: Tokenizer) -> str | None:
    """The text from the first paragraph that begins after `start`; None if too little follows."""
    if start:
        start = text.find("\n", start) + 1
        if not start:
            return None
    # Ten characters a token are plenty for English.
    part = text[start : start + 10 * MIN_TOKENS].lstrip()
    offsets = tokenizer.encode(part, add_special_tokens=False).offsets
    if len(offsets) < MIN_TOKENS:
        return None
    end = _SENTENCE_END.search(part, offsets[MIN_TOKENS - 1][1])
    return part[: end.end()] if end else None


def excerpts(document: Document, n: int, tokenizer: Tokenizer) -> list[str]:
    """At most n excerpts of a book that do not overlap, spread evenly between its margins."""
    length = len(document.text)
    low = int(MARGIN * length)
    found, end = [], 0
    for start in np.linspace(low, length - low, n, endpoint=False).astype(int):
        text = excerpt(document.text, max(int(start), end), tokenizer)
        if text is not None:
            found.append(text)
            end = document.text.find(text) + len(text)
    return found


def write(corpus: Path, tokenizer: Tokenizer, path: Path) -> pa.Table:
    """Writes the excerpts of all held-out books of a corpus as Parquet: author, title, text."""
    books = sorted(filter(is_held_out, read(corpus)))
    counts = shares(np.array([len(book.text) for book in books]), N_EXCERPTS)
    rows = []
    for book, n in zip(books, counts, strict=True):
        author, title = (" ".join(part.split()) for part in book.name.split(": ", 1))
        rows += [
            {"author": author, "title": title, "text": text}
            for text in excerpts(book, n, tokenizer)
        ]
    table = pa.Table.from_pylist(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="zstd", compression_level=19)
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path} has {path.stat().st_size} bytes; expected at most {MAX_BYTES}")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="a folder of texts")
    parser.add_argument("--tokenizer", type=Path, required=True, help="GPT-2's tokenizer.json")
    parser.add_argument("--out", type=Path, default=Path("detok/bundled/excerpts.parquet"))
    args = parser.parse_args()
    write(args.corpus, Tokenizer.from_file(str(args.tokenizer)), args.out)


if __name__ == "__main__":
    main()
