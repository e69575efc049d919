"""Reads a folder of texts and splits its documents into a training and a held-out part."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq

# One document in this many is held out: enough books for a stable loss, few enough to leave
# nearly everything for training.
HELD_OUT_ONE_IN = 20


class Document(NamedTuple):
    name: str
    text: str


def read(folder: Path) -> Iterator[Document]:
    """Every document of a folder's `*.parquet` (columns author, title, text) and `*.txt` files."""
    files = sorted(p for p in folder.iterdir() if p.suffix in {".parquet", ".txt"})
    if not files:
        raise ValueError(f"found no .parquet or .txt file in {folder}; expected at least one")
    for path in files:
        if path.suffix == ".txt":
            yield Document(path.stem, path.read_text(encoding="utf-8"))
            continue
        for batch in pq.ParquetFile(path).iter_batches(batch_size=16):
            for row in batch.to_pylist():
                yield Document(f"{row['author']}: {row['title']}", row["text"])


def is_held_out(document: Document) -> bool:
    """Whether a document is kept from training, by a hash of its name: the split never moves."""
    digest = hashlib.sha256(document.name.encode()).digest()
    return int.from_bytes(digest[:8]) % HELD_OUT_ONE_IN == 0
