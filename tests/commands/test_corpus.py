"""`python -m detok corpus`: what it says of a file of counts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import detok
from detok.commands.main import main
from detok.counting.in_memory import count_ids
from tests.support.corpora import SMALL
from tests.support.rotary_layers import load as load_rotary


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    folder = tmp_path / "small"
    folder.mkdir()
    SMALL.backend.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "counts.parquet"
    detok.count(["(unfit) unfit, ?!", "the dog"] * 30, SMALL, corpus="rhymes").save(path)
    return path


def report(capsys: pytest.CaptureFixture[str], *arguments: object, err: str = "") -> str:
    assert main(["corpus", *map(str, arguments)]) == 0
    shown = capsys.readouterr()
    assert err in shown.err if err else not shown.err
    return shown.out


def test_with_a_tokenizer(file: Path, tokenizer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = report(capsys, file, "--tokenizer", tokenizer, "--top", 3)
    tokens = 30 * len(SMALL.encode("(unfit) unfit, ?!") + SMALL.encode("the dog"))
    assert "counts.parquet: counts of rhymes" in said
    assert f"{tokens:,} of 60 documents" in said
    words = said.split("Words that the tokenizer splits")[1].splitlines()
    assert words[1].split() == ["30", "the", *map(SMALL.show, SMALL.encode("the"))]
    never = len(SMALL) - len({*SMALL.encode("(unfit) unfit, ?!"), *SMALL.encode("the dog")})
    assert f"Tokens never seen: {never}, of which 3" in said


def test_without_one(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = report(capsys, file, err="Tokens are shown by their ids")
    assert f"#{SMALL.encode('the dog')[0]} " in said
    assert "Words that the tokenizer splits" not in said


@pytest.mark.slow
def test_with_a_model(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    vocabulary = detok.load("mini").tokenizer
    detok.count(["Once upon a time."], vocabulary).save(tmp_path / "counts.parquet")
    said = report(capsys, tmp_path / "counts.parquet", "--model", "mini")
    assert "By the embeddings e of mini" in said
    assert "median of the tokens that occur" in said


def test_counts_of_ids_and_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for ids in ([1, 2, 1], []):
        count_ids(np.array(ids, dtype=np.int64), 4).save(tmp_path / "ids.parquet")
        said = report(capsys, tmp_path / "ids.parquet", err="shown by their ids")
        assert "inside words  not known" in said
        assert f"Tokens never seen: {4 - len({*ids})}" in said


def test_a_model_without_learned_positions(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load_rotary(tmp_path / "rotary", "biases")
    assert main(["corpus", str(file), "--model", str(tmp_path / "rotary")]) == 2
    shown = capsys.readouterr()
    assert not shown.out
    assert "expected a model with learned positions" in shown.err


def test_provenance_that_is_absurd(
    tokenizer: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counts = detok.count(["the dog"], SMALL)
    said = {"documents": "9" * 5000, "tokenizer": "/dev/zero", "datasets": "pets, commit 1a"}
    replace(counts, provenance=counts.provenance | said).save(tmp_path / "counts.parquet")
    reported = report(capsys, tmp_path / "counts.parquet", err="is not here")
    assert "documents" not in reported
    assert "data sets     pets, commit 1a" in reported
    report(capsys, tmp_path / "counts.parquet", "--tokenizer", tokenizer)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["none.parquet"], "cannot be read"),
        (["{file}", "--top", "0"], "expected at least 1"),
        (["{file}", "--tokenizer", "mini"], "was counted with the tokenizer"),
        (["{file}", "--model", "mini"], "was counted with the tokenizer"),
    ],
)
def test_what_is_refused(
    file: Path, arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["corpus", *(a.format(file=file) for a in arguments)]) == 2
    assert sentence in capsys.readouterr().err
