"""`python -m detok figures`: every figure as a file, what is left out, and what is refused."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from detok.charts.paper import on_paper
from detok.commands.main import main
from detok.counting.in_memory import count_ids
from detok.counting.provenance import TOKENIZER_HASH
from detok.figures.registry import FIGURES
from detok.model.vocabulary import Vocabulary
from tests.support.families import V
from tests.support.figures import assert_is_pdf, letters, marks, outside

pytestmark = pytest.mark.slow

NEED_COUNTS = {"2-C", "2-D", "5", "6", "11"}
MARKS = {
    "2-B": {"rect"},
    "2-C": {"line"},
    "2-D": {"rect", "rule", "symbol"},
    "3-A": {"area", "line"},
    "3-B": {"line", "rule"},
    "3-C": {"line", "rule"},
    "3-D": {"line", "rule"},
    "3-E": {"area", "line", "symbol", "rule"},
    "4": {"area", "line"},
    "5": {"symbol", "line"},
    "6": {"symbol", "line", "rect"},
    "7": {"line"},
    "8": {"area", "line"},
    "9": {"line", "rule"},
    "10": {"line", "rule"},
    "11": {"symbol"},
    "12": {"rect"},
    "13": {"area", "line"},
}


@pytest.fixture
def folder(checkpoint: Path, tmp_path: Path) -> Path:
    """A copy of the random checkpoint."""
    return shutil.copytree(checkpoint, tmp_path / "model")


@pytest.fixture
def counted(folder: Path) -> Path:
    """The same with counts beside it."""
    ids = (np.random.default_rng(1).pareto(0.9, 20_000) * 3).astype(int) % 270
    known = {
        "corpus": "made-up <texts>",
        TOKENIZER_HASH: Vocabulary.from_folder(folder).sha256,
    }
    count_ids(ids, V, None, known).save(folder / "counts.parquet")
    return folder


def figures(
    capsys: pytest.CaptureFixture[str], *arguments: object, status: int = 0
) -> tuple[str, str]:
    capsys.readouterr()  # what making a checkpoint has written
    assert main(["figures", *map(str, arguments)]) == status
    shown = capsys.readouterr()
    return shown.out, shown.err


@pytest.mark.filterwarnings("error")  # which would be written to the terminal
def test_every_figure_is_written(
    counted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a" / "b"
    shown, complained = figures(capsys, counted, "--out", out, "--texts", 3, "--tokens", 100)
    assert not complained
    *lines, last = shown.splitlines()
    assert [line.split()[0] for line in lines] == list(FIGURES) == list(MARKS)
    assert last.startswith("18 of 18 figures of model, a local checkpoint")
    for number, expected in MARKS.items():
        svg = out / f"figure-{number}.svg"
        assert expected <= marks(svg), number
        assert f"Fig. {number} · {on_paper(FIGURES[number].title)}" in letters(svg)
        assert "model, a local checkpoint without a commit" in letters(svg)
        assert not outside(svg)
        assert_is_pdf(svg.with_suffix(".pdf"))
    page = (out / "index.html").read_text()
    assert page.count("<img ") == page.count("In the paper:") == 18
    assert "made-up &lt;texts&gt;" in page
    assert "Left out" not in page
    assert {path.name for path in out.iterdir()} == {
        "index.html",
        *(f"figure-{number}.{kind}" for number in FIGURES for kind in ("svg", "pdf")),
    }


def test_without_counts_some_are_left_out(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown, complained = figures(
        capsys, folder, "--out", tmp_path / "out", "--texts", 2, "--format", "svg"
    )
    left_out = dict(line.split(maxsplit=1) for line in complained.splitlines())
    assert left_out.keys() == NEED_COUNTS
    assert all("left out: there are no counts" in why for why in left_out.values())
    assert shown.splitlines()[-1].startswith("13 of 18 figures")
    written = {path.stem.removeprefix("figure-") for path in (tmp_path / "out").glob("*.svg")}
    assert written == FIGURES.keys() - NEED_COUNTS
    assert not list((tmp_path / "out").glob("*.pdf"))
    page = (tmp_path / "out" / "index.html").read_text()
    for number in NEED_COUNTS:
        assert f"<li>Figure {number}, " in page


def test_some_figures_of_some_heads(
    counted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    shown, _ = figures(
        capsys, counted, "--out", out, "--only", "7, 2-c,2-B", "--format", "pdf", "--head", 1
    )
    assert [line.split()[0] for line in shown.splitlines()[:-1]] == ["2-B", "2-C", "7"]
    assert {path.name for path in out.iterdir()} == {
        "index.html",
        "figure-2-B.pdf",
        "figure-2-C.pdf",
        "figure-7.pdf",
    }
    assert "<img" not in (out / "index.html").read_text()
    figures(capsys, counted, "--out", out, "--only", "7", "--format", "svg", "--head", 1)
    assert "Head 1" in letters(out / "figure-7.svg")
    assert "Head 0" not in letters(out / "figure-7.svg")


def test_the_same_command_draws_the_same(
    counted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for out in ("one", "two"):
        figures(capsys, counted, "--out", tmp_path / out, "--only", "2-B,2-D,13", "--texts", 2)
    for path in (tmp_path / "one").glob("*.svg"):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--only", "2-B,14"], "there is no figure '14'; expected some of 2-B, 2-C, 2-D, 3-A"),
        (["--only", ","], "no figure is chosen; expected some of 2-B"),
        (["--format", "png"], "there is no format 'png'; expected some of svg, pdf"),
        (["--head", "2"], "head 2 is out of range; expected 0 ≤ head < H = 2"),
        (["--token", "no such token"], "'no such token'"),
        (["--only", "2-C"], "none of these figures can be drawn"),
    ],
)
def test_what_cannot_be_is_a_sentence(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    sentence: str,
) -> None:
    shown, complained = figures(capsys, folder, "--out", tmp_path / "o", *arguments, status=2)
    assert not shown
    assert sentence in complained.splitlines()[-1]
    assert not list(tmp_path.glob("o/*"))


def test_a_folder_that_cannot_be_written(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.touch()
    for out, sentence in (
        (file, f"detok: {file} is a file; expected a folder to write figures to.\n"),
        (file / "in", f"detok: {file / 'in'}: Not a directory.\n"),
    ):
        shown, complained = figures(capsys, folder, "--out", out, status=2)
        assert (shown, complained) == ("", sentence)


def test_an_unknown_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, complained = figures(capsys, "a b", "--out", tmp_path / "o", status=2)
    assert complained.startswith("detok: 'a b' is neither a folder nor a hub id")
    assert complained.count("\n") == 1
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--head", "one"], "'one' are no heads; expected numbers such as 1,7"),
        (["--tokens", "0"], "'0'; expected a number of at least 1"),
        (["--texts", "-1"], "expected"),
    ],
)
def test_options_that_are_no_numbers(
    capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["figures", "mini", "--out", "o", *arguments])
    assert exit_.value.code == 2
    assert sentence in capsys.readouterr().err
