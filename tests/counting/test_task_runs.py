"""A count that is divided into tasks comes to the same as one."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import detok
from detok.commands.main import main
from detok.counting.encoding import Encoder
from detok.counting.pieces import pieces_of
from detok.counting.runs import State
from detok.counting.task_runs import Task, merge_runs
from detok.model.vocabulary import Vocabulary
from tests.support.corpora import SMALL
from tests.support.hub_client import REPOSITORY
from tests.support.models import byte_tokenizer
from tests.support.texts import SPACES, WORDS, as_counters, plain_count

TEXTS = [f"{a}{space}{b} {n}" for n, a in enumerate(WORDS) for b in WORDS for space in SPACES]


def run_task(
    folder: Path, number: int, n_tasks: int, texts: list[str], vocabulary: Vocabulary = SMALL
) -> None:
    encoder, state = Encoder.of(vocabulary), State()
    task = Task(folder, number, n_tasks, "small", vocabulary.sha256)
    pieces = (piece for text in texts for piece in pieces_of(text.encode(), encoder.cuts))
    task.count(pieces, encoder, state, memory=2000)


@pytest.mark.usefixtures("small_portions")
def test_the_runs_of_tasks(tmp_path: Path) -> None:
    """In any order, one of them twice, and one without a document."""
    folder, texts = tmp_path / "runs", TEXTS[:200]
    for number in (2, 0, 1, 2):
        run_task(folder, number, 4, texts[number::3])
    with pytest.raises(detok.InputError, match="has no run of the tasks 3 of 4"):
        merge_runs(folder, tmp_path / "counts.parquet")
    run_task(folder, 3, 4, [])
    assert not list(folder.glob("new-*"))
    summary = merge_runs(folder, tmp_path / "counts.parquet", memory=2000)
    counts = detok.Counts.load(tmp_path / "counts.parquet", SMALL)
    assert as_counters(counts) == plain_count(texts, SMALL)
    assert (summary.documents, summary.pairs) == (len(texts), len(counts.past))
    assert counts.origin == "runs"
    merge_runs(folder, tmp_path / "often.parquet", min_count=3, corpus="words")
    often = detok.Counts.load(tmp_path / "often.parquet", SMALL)
    assert as_counters(often) == as_counters(counts.pruned(3))
    assert often.origin == "words"


def test_tasks_that_do_not_fit_together(tmp_path: Path) -> None:
    run_task(tmp_path / "runs", 0, 2, ["the dog"])
    with pytest.raises(detok.InputError, match="begun with another tasks"):
        run_task(tmp_path / "runs", 1, 3, ["a cat"])
    with pytest.raises(detok.InputError, match="begun with another tokenizer"):
        run_task(tmp_path / "runs", 1, 2, ["a cat"], Vocabulary(byte_tokenizer(300)))


def test_runs_that_cannot_be_merged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def refused(folder: Path, sentence: str) -> None:
        assert main(["merge", str(folder), "--out", str(tmp_path / "counts.parquet")]) == 2
        said = capsys.readouterr().err
        assert sentence in said
        assert said.count("\n") == 1
        assert not (tmp_path / "counts.parquet").exists()

    refused(tmp_path / "none", "holds no count that can be read")
    (tmp_path / "settings.json").write_text("[]")
    refused(tmp_path, "holds no count that can be read")
    (tmp_path / "settings.json").write_text('{"format": "3"}')
    refused(tmp_path, "holds no runs of tasks")
    run_task(tmp_path / "empty", 0, 1, [])
    refused(tmp_path / "empty", "found no document to count")
    run_task(tmp_path / "runs", 0, 1, ["the dog"])
    (tmp_path / "runs" / "run-00000000" / "state.json").write_text("{")
    refused(tmp_path / "runs", "is damaged")
    (tmp_path / "runs" / "run-00000000" / "tokens").unlink()
    refused(tmp_path / "runs", "is damaged")


@pytest.mark.slow
def test_a_pipeline_of_datatrove_of_which_a_task_is_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table has the bytes of a count on one machine."""
    pytest.importorskip("datatrove")
    texts, small, runs = (tmp_path / name for name in ("texts", "small", "runs"))
    texts.mkdir()
    small.mkdir()
    SMALL.backend.save(str(small / "tokenizer.json"))
    for n in range(9):
        rows = {"id": [f"{n}-{k}" for k in range(100)], "text": TEXTS[100 * n : 100 * n + 100]}
        pq.write_table(pa.table(rows), texts / f"{n}.parquet")

    def run(killed: int) -> int:
        script = [sys.executable, "-m", "tests.support.datatrove_pipeline"]
        order = [*script, *map(str, (texts, small, runs, tmp_path / "logs", killed))]
        with (tmp_path / "said.txt").open("w") as said:
            process = subprocess.Popen(
                order, cwd=REPOSITORY, stdout=said, stderr=said, start_new_session=True
            )
            status = process.wait(timeout=120)
        # The engine's own process, which answers its queues, outlives one that is killed.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        return status

    def done() -> list[str]:
        return sorted(path.name for path in (tmp_path / "logs" / "completions").iterdir())

    merge = ["merge", str(runs), "--out", str(tmp_path / "merged.parquet"), "--corpus", "words"]
    assert run(killed=2) == -signal.SIGKILL
    assert done() == ["00000", "00001"]
    assert list(runs.glob("new-00000002-*"))
    assert main(merge) == 2
    assert "has no run of the tasks 2, 3 of 4" in capsys.readouterr().err

    before = {path: path.stat().st_mtime_ns for path in runs.glob("run-*")}
    assert run(killed=-1) == 0
    assert done() == ["00000", "00001", "00002", "00003"]
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    assert not list(runs.glob("new-*"))

    whole = tmp_path / "whole.parquet"
    detok.count_files([texts], str(small), whole, corpus="words")
    # Midnight may have passed meanwhile.
    known = json.loads((runs / "settings.json").read_text())
    known["date"] = detok.Counts.load(whole).provenance["date"]
    (runs / "settings.json").write_text(json.dumps(known))
    assert main(merge) == 0
    assert "of 900 documents" in capsys.readouterr().err
    assert (tmp_path / "merged.parquet").read_bytes() == whole.read_bytes()
