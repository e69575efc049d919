"""`python -m detok report`: its formats, where it writes, and how it ends."""

import json
import re
from pathlib import Path

import pytest

import detok
from detok.commands.main import main
from detok.commands.report import BEGIN, END
from detok.replication import report as reports
from tests.support.reports import FINDINGS, checks
from tests.support.rotary_layers import load as load_rotary

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """All checks have given findings."""
    measure = reports.report
    monkeypatch.setattr(
        reports,
        "report",
        lambda layer, counts, **kwargs: measure(
            layer, counts, checks=checks(*FINDINGS), progress=kwargs["progress"]
        ),
    )


@pytest.mark.usefixtures("quick")
def test_it_goes_to_the_terminal(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(checkpoint)]) == 1
    assert "1 of 3 agree, 1 differs" in capsys.readouterr().out
    assert main(["report", str(checkpoint), "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["model"] == str(checkpoint)


def test_a_model_without_learned_positions_is_asked_what_it_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load_rotary(tmp_path, "biases")
    assert main(["report", str(tmp_path), "--format", "json"]) in (0, 1)
    results = json.loads(capsys.readouterr().out)["results"]
    verdicts = {result["id"]: result["verdict"] for result in results}
    assert verdicts["claim-position-near"] in ("agrees", "differs")
    assert verdicts["claim-position-rises"] == "not applicable"


@pytest.mark.usefixtures("quick")
def test_it_goes_to_a_file(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report.md"
    assert main(["report", str(checkpoint), "--format", "markdown", "--out", str(out)]) == 1
    assert "| claim 1 |" in out.read_text(encoding="utf-8")
    shown = capsys.readouterr()
    assert not shown.out
    assert shown.err.endswith(f"1 do not apply: {out}\n")


@pytest.mark.usefixtures("quick")
def test_it_goes_between_two_lines_of_a_file(checkpoint: Path, tmp_path: Path) -> None:
    file = tmp_path / "card.md"
    file.write_text(f"before\n{BEGIN}\nan older one\n{END}\nafter\n", encoding="utf-8")
    for _ in range(2):
        assert main(["report", str(checkpoint), "--into", str(file)]) == 1
        text = file.read_text(encoding="utf-8")
        assert text.startswith(f"before\n{BEGIN}\n\n**1 of 3 agree")
        assert text.endswith(f".\n\n{END}\nafter\n")
        assert "an older one" not in text


def test_if_nothing_differs_the_status_is_0(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure, agreeing = reports.report, checks(FINDINGS[0], *FINDINGS[2:])
    monkeypatch.setattr(
        reports, "report", lambda layer, counts, **_: measure(layer, counts, checks=agreeing)
    )
    assert main(["report", str(checkpoint)]) == 0


@pytest.mark.parametrize("text", ["", END + BEGIN, BEGIN + BEGIN + END])
def test_a_file_without_a_place_for_it(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    file = tmp_path / "card.md"
    file.write_text(text, encoding="utf-8")
    assert main(["report", str(checkpoint), "--into", str(file)]) == 2
    assert "expected each once, in this order" in capsys.readouterr().err
    assert file.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    "arguments",
    [["nowhere/at/all"], ["mini", "--out", "nowhere/at/all"], ["mini", "--into", "nowhere"]],
)
def test_what_can_be_mended_ends_in_a_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main(["report", *arguments]) == 2
    assert capsys.readouterr().err.startswith("detok: ")


def test_counts_that_cannot_be_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DETOK_COUNTS", str(README))
    assert main(["report", "mini"]) == 2
    assert str(README) in capsys.readouterr().err


@pytest.mark.slow
def test_the_readme_quotes_the_report_of_the_bundled_model() -> None:
    """Its verdicts; digits and seconds are those of another machine."""
    layer = detok.load("mini", device="cpu")
    found = reports.report(layer, detok.counts_for(layer))
    quoted = README.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    rows = re.findall(r"^\| (.*?) \|.*\| \*\*(.*?)\*\* \|.*\|$", quoted, re.MULTILINE)
    expected = {
        result.check.what: result.finding.verdict
        for result in found.results
        if result.finding.verdict != "not applicable"
    }
    shown = {what.replace("\\", ""): verdict for what, verdict in rows}
    assert shown == expected, "expected what `python -m detok report mini --into README.md` writes"
