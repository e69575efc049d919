"""The page of replication: nothing is measured unasked, then once for all visitors."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import detok
from detok.app import cached, exports, store
from detok.app.navigation import PLACES
from detok.replication.check import Check, Finding, judged
from detok.replication.report import CHECKS
from tests.support.pages import downloads, figures, run, succeed, texts

REPLICATION = "pages/7_Replication.py"


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    store.clear()
    yield
    store.clear()


def only(monkeypatch: pytest.MonkeyPatch, *findings: Finding) -> None:
    """All checks are these, which take no time."""
    measure = cached.report
    checks = [
        Check(f"c{n}", f"claim {n}", "true", "§1", "by hand", "none", lambda _, f=f: f, False)
        for n, f in enumerate(findings)
    ]
    monkeypatch.setattr(
        cached, "report", lambda layer, counts, **kwargs: measure(layer, counts, checks=checks)
    )


def measure_all(test: AppTest) -> AppTest:
    """Asks for the report and waits for it."""
    button = next(b for b in test.button if b.label == "Measure all")
    button.click().run()
    job = cached.report_job(cached.load_layer("mini"))
    deadline = time.monotonic() + 60
    while job.is_under_way:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return succeed(test.run())


def test_nothing_is_measured_unasked() -> None:
    test = run(REPLICATION)
    table = test.dataframe[0].value
    assert set(table["verdict"]) == {"not yet"}
    assert set(table["id"]) == {check.id for check in CHECKS if not check.only_gpt2}
    assert not downloads(test)
    labels = [link.proto.label.split("**") for link in test.main.get("page_link")]
    leads = [parts[1] for parts in labels if len(parts) > 1]
    assert len(leads) == table["subject"].nunique() > 1
    assert set(leads) == set(table["subject"]) <= {place.title for place in PLACES.values()}
    assert cached.report_job(cached.load_layer("mini")).state == "idle"


def test_what_was_measured_is_there_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    findings = judged(True, "4.25"), judged(False, "3.5", "7.5"), Finding("not applicable")
    only(monkeypatch, *findings)
    measure_all(run(REPLICATION))
    another = run(REPLICATION)  # a visitor who comes later
    table = another.dataframe[0].value
    assert table["verdict"].tolist() == ["differs", "agrees"]
    assert table["measured"].tolist() == ["3.5; by the authors' script: 7.5", "4.25"]
    shown = texts(another)
    assert "1 of 2 agree, 1 differs, 1 do not apply." in shown
    n_tokens = detok.counts_for(detok.load("mini")).tokens.sum()
    assert f"model: mini; commit: none: it is not of the hub; counts: {n_tokens:,}" in shown
    assert f"torch {cached.torch.__version__}" in shown
    names = [button.proto.label for button in another.get("download_button")]
    assert names == [
        "Report (Markdown)",
        "Evidence of this page (zip)",
        "This page's figures (HTML)",
    ]
    whole = json.loads(exports.as_json(figures(another)["replication"]))["report"]
    assert [row["verdict"] for row in whole["results"]] == [f.verdict for f in findings]
    assert not any(b.label == "Measure all" for b in another.button)


def test_a_run_that_fails_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("of no interest to a visitor")

    monkeypatch.setattr(cached, "report", fail)
    test = measure_all(run(REPLICATION))
    assert "an error that nobody expected" in texts(test).lower()
    assert any(b.label == "Measure all" for b in test.button)
