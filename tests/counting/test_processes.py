"""Several processes count what one does; none is lost unnoticed."""

import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import detok
from detok.counting.progress import Progress
from tests.support.corpora import SMALL, count_into, write
from tests.support.texts import as_counters, plain_count

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("small_portions", "plain_main")]
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("workers", [2, 3])
def test_several_processes_give_the_same_table(tmp_path: Path, workers: int) -> None:
    chance = random.Random(workers)
    texts = [" ".join(chance.choices(["the", "dog", "unfit", "rained"], k=200)) for _ in range(40)]
    folder = write(tmp_path / "texts", texts)
    table = count_into(tmp_path / "one.parquet", folder)
    assert count_into(tmp_path / "more.parquet", folder, workers=workers) == table
    assert as_counters(detok.Counts.load(tmp_path / "one.parquet")) == plain_count(texts, SMALL)


def test_an_interruption_of_several_processes_loses_nothing(tmp_path: Path) -> None:
    folder = write(tmp_path / "texts", ["the dog rained " * 50] * 40)
    table = count_into(tmp_path / "one.parquet", folder)
    out, tokens = tmp_path / "counts.parquet", []

    def interrupt(progress: Progress) -> None:
        tokens.append(progress.tokens)
        if len(tokens) == 5:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as interruption:
        count_into(out, folder, workers=2, progress=interrupt)
    states = out.with_name(out.name + ".partial").glob("run-*/state.json")
    kept = sum(json.loads(state.read_text())["tokens"] for state in states)
    assert kept == tokens[-1] > 0
    assert f"{kept:,} tokens are counted and kept" in str(interruption.value)
    assert count_into(out, folder, workers=3) == table


def test_a_worker_that_dies_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "texts", ["the dog rained " * 50] * 40)
    out = tmp_path / "counts.parquet"

    def kill(progress: Progress) -> None:
        import multiprocessing

        for process in multiprocessing.active_children():
            process.kill()

    with pytest.raises(detok.InputError, match="ended before its time"):
        count_into(out, folder, workers=2, progress=kill)
    assert count_into(out, folder) == count_into(tmp_path / "one.parquet", folder)


def test_an_error_of_a_process_is_raised_here(tmp_path: Path) -> None:
    """The sentence for what the user can mend, the trace for what is a bug."""
    folder = write(tmp_path / "texts", ["the dog rained " * 50] * 40)

    def remove(_: Progress) -> None:
        for file in folder.glob("*.txt"):
            file.unlink()

    with pytest.raises(detok.InputError, match=r"\.txt cannot be read \(No such file"):
        count_into(tmp_path / "counts.parquet", folder, workers=2, progress=remove)


def test_what_counts_needs_no_torch() -> None:
    names = [f"detok.counting.{path.stem}" for path in (ROOT / "detok/counting").glob("[a-z]*.py")]
    script = "\n".join([f"import {name}" for name in sorted(names)] + ["import sys"])
    script += "\nassert not {'torch', 'transformers', 'streamlit'} & sys.modules.keys()"
    assert len(names) > 15
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)
