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

from tests.support import published as golden
from tests.support.hub_server import Hub
from tests.support.models import random_model

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
REFERENCE = SHARED / "paper" / "reference_figures.json"
TOKENIZER = SHARED / "gpt2-tokenizer" / "tokenizer.json"
# What holds of random weights too.
HOLDS = {
    "test_the_six_terms_give_the_models_own_attention[16]",
    "test_the_six_terms_give_the_models_own_attention[1024]",
}


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    if not REFERENCE.exists():
        pytest.skip("../shared/paper/reference_figures.json is not there")
    return json.loads(REFERENCE.read_text(encoding="utf-8"))


def test_every_figure_is_checked_or_left_out(reference: dict[str, Any]) -> None:
    published = {figure["id"] for figure in reference["paper"]}
    assert golden.FIGURES.keys() | golden.LEFT_OUT.keys() == published | {"owt_count"}
    assert not golden.FIGURES.keys() & golden.LEFT_OUT.keys()
    # A count is what is left out, and nothing else.
    left_out = [f for f in reference["paper"] if f["id"] in golden.LEFT_OUT]
    assert all("OpenWebText" in figure["what"] for figure in left_out)


def test_the_figures_are_the_published_ones(reference: dict[str, Any]) -> None:
    published = {figure["id"]: figure["value"] for figure in reference["paper"]}
    assert {n: published[n] for n in golden.FIGURES} == golden.FIGURES
    assert [tuple(row) for row in reference["table1_some_head"]["rows"]] == golden.TABLE_1
    notebook = reference["published_notebook"]
    assert f"token i 'iens' (id {golden.IENS})" in notebook["what"]
    assert [
        (row["j_id"], row["joined"], row["score"], row["rank"]) for row in notebook["head_7"]
    ] == golden.NOTEBOOK_HEAD_7
    assert [(row["j_id"], row["score"]) for row in notebook["head_0"]] == golden.NOTEBOOK_HEAD_0


def test_the_ranks_are_of_what_the_reference_names(reference: dict[str, Any]) -> None:
    what = {figure["id"]: figure["what"] for figure in reference["paper"]}
    assert {
        name: f"rank of {past!r} for token i {current!r}, T_ee, head {head}"
        for name, (current, past, head) in golden.RANKED.items()
    } == {name: what[name] for name in what if what[name].startswith("rank of")}


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
    assert outcomes.keys() >= HOLDS
    for name, outcome in outcomes.items():
        expected = "passed" if name in HOLDS else "failure: AssertionError: "
        assert outcome.startswith(expected), f"{name}: expected {expected!r}, found {outcome}"


@pytest.mark.slow
def test_without_being_asked_for_nothing_is_downloaded(tmp_path: Path, hub: Hub) -> None:
    outcomes = run_golden(tmp_path, hub, DETOK_TEST_HUB="")
    assert outcomes
    for outcome in outcomes.values():
        assert outcome.startswith("skipped")
        assert "DETOK_TEST_HUB=1 asks for it" in outcome
    assert not hub.requests
