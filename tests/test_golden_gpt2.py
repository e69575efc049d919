"""The checks of the real GPT-2 themselves: their figures, that they run, and that they can fail."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from detok.bundled import REFERENCE_FIGURES
from detok.replication.figures import FIGURES, NOTEBOOK, RANKED, TABLE_1
from detok.replication.report import CHECKS
from tests.support.hub_server import Hub
from tests.support.models import random_model

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
REFERENCE = SHARED / "paper" / "reference_figures.json"
TOKENIZER = SHARED / "gpt2-tokenizer" / "tokenizer.json"
# What holds of random weights too, and what no weights have without counts of OpenWebText.
HOLDS = {
    "test_a_short_text_has_the_models_own_attention",
    "test_it_is_as_published[eq17-identity]",
}
LEFT_OUT = {
    f"test_it_is_as_published[{name}]"
    for name in (
        "fig2d-best-head",
        "fig5-spearman-h7",
        "fig5-spearman-h1",
        "fig6-spearman-var",
        "owt_count",
    )
}


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    if not REFERENCE.exists():
        pytest.skip("../shared/paper/reference_figures.json is not there")
    return json.loads(REFERENCE.read_text(encoding="utf-8"))


def without(entry: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in names}


def test_the_figures_are_the_published_ones(reference: dict[str, Any]) -> None:
    """The package's own copy says besides where each was published, and what a rank is of."""
    own = json.loads(REFERENCE_FIGURES.read_text(encoding="utf-8"))
    names = "where", "current", "past", "head"
    own["paper"] = [without(figure, *names) for figure in own["paper"]]
    own["table1_some_head"] = without(own["table1_some_head"], "where")
    own["published_notebook"] = without(own["published_notebook"], "where", "current_id")
    assert without(own, "published_in") == reference


def test_every_figure_has_a_check() -> None:
    """Of its own name, or a check for each of its numbers."""
    checked = {check.id for check in CHECKS}
    assert len(checked) == len(CHECKS)
    for name in (*FIGURES, *(rank.id for rank in TABLE_1), "owt_count"):
        assert any(each.startswith(name) for each in checked), name
    for head in (7, 0):
        for row in NOTEBOOK[f"head_{head}"]:
            assert f"notebook-h{head}-{row['j_id']}-score" in checked
    assert all(check.published and check.where and check.tolerance for check in CHECKS)


def test_a_ranks_tokens_are_those_that_its_sentence_names() -> None:
    assert {
        rank.id: f"rank of {rank.past!r} for token i {rank.current!r}, T_ee, head {rank.head}"
        for rank in RANKED
    } == {name: f.what for name, f in FIGURES.items() if f.what.startswith("rank of")}
    assert f"token i 'iens' (id {NOTEBOOK['current_id']})" in NOTEBOOK["what"]


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    yield hub
    hub.stop()


def run_golden(home: Path, hub: Hub, **environment: str) -> dict[str, str]:
    """The outcome of every check by its name, from a run of the README's command on another hub."""
    report = home / "report.xml"
    own = {k: v for k, v in os.environ.items() if "proxy" not in k.lower() and k[:3] != "HF_"}
    own |= {"HF_ENDPOINT": hub.url, "HF_HOME": str(home / "hf"), "HOME": str(home)}
    subprocess.run(
        [sys.executable, "-m", "pytest", "tests/golden_gpt2.py", f"--junitxml={report}"],
        cwd=ROOT,
        env=own | environment,
        capture_output=True,
    )
    outcomes = {}
    for case in ElementTree.parse(report).iter("testcase"):
        found = next((part for part in case if part.tag in ("failure", "error", "skipped")), None)
        outcomes[case.attrib["name"]] = (
            "passed" if found is None else f"{found.tag}: {found.attrib['message']} {found.text}"
        )
    return outcomes


@pytest.mark.slow
def test_random_weights_fail_every_check(tmp_path: Path, hub: Hub) -> None:
    """By an assertion on a figure, each of them, but for what holds of any weights."""
    if not TOKENIZER.exists():
        pytest.skip("../shared/gpt2-tokenizer is not there")
    folder = tmp_path / "model"
    random_model(n_head=12, n_embd=48, n_positions=1024, vocab_size=50_257).save_pretrained(folder)
    shutil.copy(TOKENIZER, folder)
    hub.add("gpt2", folder)
    outcomes = run_golden(tmp_path, hub, DETOK_TEST_HUB="1")
    assert outcomes.keys() >= HOLDS | LEFT_OUT
    for name, outcome in outcomes.items():
        expected = "passed" if name in HOLDS else "failure: AssertionError: "
        expected = "skipped" if name in LEFT_OUT else expected
        assert outcome.startswith(expected), f"{name}: expected {expected!r}, found {outcome}"


@pytest.mark.slow
def test_without_being_asked_for_nothing_is_downloaded(tmp_path: Path, hub: Hub) -> None:
    outcomes = run_golden(tmp_path, hub, DETOK_TEST_HUB="")
    assert outcomes
    for outcome in outcomes.values():
        assert outcome.startswith("skipped")
        assert "DETOK_TEST_HUB=1 asks for it" in outcome
    assert not hub.requests
