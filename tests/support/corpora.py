"""Corpora of files, and a count of them with a small vocabulary."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

import detok
from detok.model.vocabulary import Vocabulary
from tests.support.models import byte_tokenizer

SMALL = Vocabulary(byte_tokenizer(400))


def write(folder: Path, texts: list[str]) -> Path:
    """The texts in files of all kinds: a third in each."""
    folder.mkdir()
    for n, text in enumerate(texts[::3]):
        (folder / f"{n}.txt").write_bytes(text.encode())
    with (folder / "lines.jsonl").open("w") as file:
        for text in texts[1::3]:
            file.write(json.dumps({"text": text, "other": 1}, ensure_ascii=False) + "\n")
    table = pa.table({"other": [1] * len(texts[2::3]), "text": pa.array(texts[2::3], pa.string())})
    pq.write_table(table, folder / "rows.parquet", row_group_size=2)
    return folder


def count_into(out: Path, folder: Path, memory: int = 1 << 30, **options: object) -> bytes:
    """Counts a folder and gives the bytes of the table."""
    detok.count_files([folder], SMALL, out, memory=memory, **options)
    assert not out.with_name(out.name + ".partial").exists()
    return out.read_bytes()
