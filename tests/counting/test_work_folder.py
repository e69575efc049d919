"""The folder of an unfinished count: whose it is, and what is left of it."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import detok
from detok.counting.encoding import Encoder
from detok.counting.plan import Plan
from detok.counting.progress import Progress
from detok.counting.work_folder import WorkFolder
from detok.model.vocabulary import Vocabulary
from tests.support.corpora import SMALL, count_into, write
from tests.support.models import byte_tokenizer

REPOSITORY = Path(__file__).parents[2]


def test_another_count_is_not_gone_on_with(tmp_path: Path) -> None:
    folder = write(tmp_path / "texts", ["the dog", "a cat", "two"])
    out = tmp_path / "counts.parquet"

    def stop(_: Progress) -> None:
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        count_into(out, folder, progress=stop)
    with pytest.raises(detok.InputError, match="begun with another column"):
        count_into(out, folder, column="other")
    with pytest.raises(detok.InputError, match="begun with another tokenizer"):
        detok.count_files([folder], Vocabulary(byte_tokenizer(300)), out)
    (folder / "0.txt").write_text("the cat")
    with pytest.raises(detok.InputError, match="begun with another files"):
        count_into(out, folder)
    shutil.rmtree(out.with_name(out.name + ".partial"))
    count_into(out, folder)
    with pytest.raises(detok.InputError, match="is there already"):
        count_into(out, folder)


def test_two_counts_at_once_into_one_file(tmp_path: Path) -> None:
    folder = write(tmp_path / "texts", ["the dog"])

    def again(_: Progress) -> None:
        count_into(tmp_path / "counts.parquet", folder)

    with pytest.raises(detok.InputError, match="in use by another process"):
        count_into(tmp_path / "counts.parquet", folder, progress=again)


def plan(folder: Path) -> Plan:
    return Plan(folder / "counts.parquet", Encoder.of(SMALL))


@pytest.mark.slow
def test_the_lock_ends_with_its_process(tmp_path: Path) -> None:
    """However it ends; and what is left of it is not in the way."""
    script = (
        "import sys; from pathlib import Path; from tests.counting.test_work_folder import *\n"
        "folder = WorkFolder(plan(Path(sys.argv[1])), {'date': 'then'})\n"
        "print('locked', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        with pytest.raises(detok.InputError, match="in use by another process; wait for it"):
            WorkFolder(plan(tmp_path), {"date": "now"})
    finally:
        process.kill()
        process.communicate()
    with WorkFolder(plan(tmp_path), {"date": "now"}) as folder:
        assert folder.date == "then"
        folder.remove()
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_refused_or_left_can_be_opened_again(tmp_path: Path) -> None:
    for _ in range(2):
        with WorkFolder(plan(tmp_path), {"column": "text", "date": "now"}):
            pass
        with pytest.raises(detok.InputError, match="begun with another column"):
            WorkFolder(plan(tmp_path), {"column": "other", "date": "now"})


def test_a_folder_that_is_damaged(tmp_path: Path) -> None:
    with WorkFolder(plan(tmp_path), {"date": "now"}) as folder:
        (folder.path / "run-00000001").mkdir()
        with pytest.raises(detok.InputError, match=r"is damaged .* delete that folder"):
            folder.states()
