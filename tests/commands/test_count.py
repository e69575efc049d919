"""`python -m detok count`: its sentences, and a process that is interrupted or killed."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import detok
from detok.bundled import BUNDLED
from detok.commands.main import main
from detok.counting.counts_file import read_provenance
from detok.counting.provenance import TOKENIZER_HASH
from detok.model.vocabulary import Vocabulary
from tests.support.hub_server import Hub
from tests.support.models import byte_tokenizer

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[2]


def test_counting_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "a.txt").write_text("the man the man")
    (texts / "b.jsonl").write_text('{"body": "the man"}\n{"body": \n')
    out = tmp_path / "counts.parquet"
    arguments = ["count", "--tokenizer", "mini", "--out", str(out), "--column", "body"]
    arguments += ["--memory", "0.1GiB", "--workers", "1", "--min-count", "2", str(texts)]
    assert main(arguments) == 0
    shown = capsys.readouterr().err
    assert "6 tokens of 2 documents, 1 different pairs seen at least 2 times, in 0 s" in shown
    assert f"left out: 1 broken lines, such as {texts / 'b.jsonl'}, byte 20" in shown
    mini = Vocabulary.from_folder(BUNDLED["mini"])
    counts = detok.Counts.load(out, mini)
    assert counts.pair(*mini.encode("the man")) == 2
    assert counts.origin == "texts"

    assert main(arguments) == 2
    assert capsys.readouterr().err == (
        f"detok: {out} is there already; delete it, or choose another file.\n"
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--memory", "lots"], "'lots' is no size; expected one such as 500MB or 2GB"),
        (["--memory", "1kB"], "memory is 1000 bytes; expected at least"),
        (["--workers", "0"], "workers is 0; expected at least 1"),
        (["--workers", "two"], "invalid int value: 'two'"),
        (["--tokenizer", "./none"], "'./none' is not a folder"),
        (["--tokenizer", "owner/none"], "HF_HUB_OFFLINE is set"),
        (["--tokenizer", "."], "the tokenizer in . cannot be read"),
        (["none.txt"], "none.txt is not there"),
    ],
)
def test_mistakes_are_one_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("the dog")
    arguments = ["count", "--tokenizer", "mini", "--out", "o.parquet", *options, "a.txt"]
    try:
        status = main(arguments)
    except SystemExit as end:  # which argparse raises
        status = int(end.code or 0)
    assert status == 2
    shown = capsys.readouterr().err
    assert sentence in shown
    assert "Traceback" not in shown
    assert shown.splitlines()[-1].endswith((".", sentence))


def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    # A group of its own, in which no process is to stay behind.
    return subprocess.Popen(
        [sys.executable, "-m", "detok", *arguments],
        cwd=REPOSITORY,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(condition: object, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)


def is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.usefixtures("plain_main")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_kill_and_an_interruption_change_nothing(tmp_path: Path, number: int) -> None:
    """A kill ends only the first process; Ctrl-C goes to all those of a terminal."""
    chance = random.Random(0)
    vocabulary = Vocabulary.from_folder(BUNDLED["mini"])
    # Nearly every pair is another one, so that the memory is full soon, and runs are put down.
    words = [vocabulary.text(token) for token in range(1000, len(vocabulary))]
    texts = tmp_path / "texts"
    texts.mkdir()
    for n in range(4):
        lines = (json.dumps({"text": " ".join(chance.choices(words, k=60))}) for _ in range(2000))
        (texts / f"{n}.jsonl").write_text("\n".join(lines))
    out, folder = tmp_path / "counts.parquet", tmp_path / "counts.parquet.partial"
    arguments = ["count", "--tokenizer", "mini", "--out", str(out), "--workers", "2"]
    arguments += ["--memory", "34MB", str(texts)]

    process = start(*arguments)
    wait_for(lambda: list(folder.glob("run-*")), process)
    if number == signal.SIGKILL:
        process.kill()
    else:
        os.killpg(process.pid, number)
    _, shown = process.communicate(timeout=60)
    end = time.monotonic() + 30
    while not is_gone(process.pid):
        assert time.monotonic() < end, "a counting process outlived the first one"
        time.sleep(0.05)
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert shown.startswith("detok: stopped; ")
        assert shown.endswith(f"kept in {folder}, and the same command goes on from there.\n")
        assert shown.count("\n") == 1

    assert not out.exists()
    assert main(arguments) == 0
    detok.count_files([texts], "mini", tmp_path / "whole.parquet")
    assert out.read_bytes() == (tmp_path / "whole.parquet").read_bytes()


def test_a_tokenizer_of_the_hub_needs_nothing_else(tmp_path: Path) -> None:
    hub = Hub()
    model = tmp_path / "model"
    model.mkdir()
    byte_tokenizer(300).save(str(model / "tokenizer.json"))
    (model / "model.safetensors").write_bytes(b"not to be downloaded")
    hub.add("owner/model", model)
    (tmp_path / "a.txt").write_text("the dog")
    own = {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf")}
    try:
        for n in range(2):
            arguments = ["--tokenizer", "owner/model", "--out", str(tmp_path / f"{n}.parquet")]
            process = start("count", *arguments, "--workers", "1", str(tmp_path / "a.txt"), **own)
            _, shown = process.communicate(timeout=60)
            assert process.returncode == 0, shown
            if n == 0:
                assert hub.files_asked("owner/model") == ["tokenizer.json"]
                hub.stop()  # the second call finds it in the cache
    finally:
        hub.stop()
    expected = Vocabulary(byte_tokenizer(300)).sha256
    assert read_provenance(tmp_path / "1.parquet")[TOKENIZER_HASH] == expected


@pytest.mark.parametrize("workers", [1, 2])
def test_a_disk_that_takes_no_more_is_a_sentence(tmp_path: Path, workers: int) -> None:
    """Files that cannot grow stand for a full disk; afterwards the count goes on."""
    resource = pytest.importorskip("resource")
    for n in range(4):
        (tmp_path / f"{n}.txt").write_text("the dog rained " * 100)
    out = tmp_path / "counts.parquet"
    command = [sys.executable, "-m", "detok", "count", str(tmp_path), "--tokenizer", "mini"]
    command += ["--out", str(out), "--workers", str(workers)]

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))

    full = subprocess.run(
        command, cwd=REPOSITORY, preexec_fn=limit, capture_output=True, text=True, check=False
    )
    assert full.returncode == 2, full.stderr
    assert "Traceback" not in full.stderr
    assert full.stderr.splitlines()[-1].startswith("detok: ")
    assert not out.exists()
    again = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert detok.Counts.load(out).provenance["documents"] == "4"
