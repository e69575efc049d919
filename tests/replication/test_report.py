"""A report: what it counts, says of itself, and how it is watched and cancelled."""

import json
from pathlib import Path

import pytest
import torch
import transformers

import detok
from detok.counting.counts import Counts
from detok.replication import study as measures
from detok.replication.check import judged
from detok.replication.formats import as_json
from detok.replication.report import report
from detok.version import __version__
from tests.support import claims
from tests.support.families import LEARNED, random_member
from tests.support.reports import FINDINGS, checks, given


def test_it_says_what_is_needed_to_get_the_same(layer: detok.Layer, counts: Counts) -> None:
    about = given(layer, counts).about
    assert about["model"] == layer.name
    assert about["commit"] is None
    assert about["counts"]["tokens"] == counts.tokens.sum()
    assert about["counts"]["pairs"] == len(counts.past)
    assert about["versions"] == {
        "detok": __version__,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
    assert (about["device"], about["dtype"]) == ("cpu", "float64")
    assert about["seconds"] >= 0
    assert given(layer).about["counts"] is None


def test_it_differs_if_anything_does(layer: detok.Layer) -> None:
    found = given(layer)
    assert found.differs
    assert found.n_by_verdict == {
        "differs": 1,
        "agrees": 1,
        "not computable": 1,
        "not applicable": 1,
    }
    without = tuple(finding for finding in FINDINGS if finding.verdict != "differs")
    assert not given(layer, findings=without).differs


def test_it_can_be_watched_and_cancelled(layer: detok.Layer) -> None:
    seen = []
    report(layer, None, checks=checks(*FINDINGS), progress=lambda *done: seen.append(done))
    assert seen == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]

    def cancel(done: int, _: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        report(layer, None, checks=checks(*FINDINGS), progress=cancel)


def test_a_finding_keeps_its_numbers() -> None:
    assert judged(True, "1", "2", paper=1, authors=2).values == {"paper": 1, "authors": 2}


@pytest.mark.slow
@pytest.mark.parametrize("family", LEARNED)
def test_models_of_every_family_have_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, family: str
) -> None:
    """No check fails on them, and their terms add up."""
    monkeypatch.setattr(measures, "N_TEXTS", 2)
    random_member(tmp_path, *LEARNED[family][0])
    found = report(detok.load(tmp_path, device="cpu"), claims.counts())
    verdicts = {result.check.id: result.finding.verdict for result in found.results}
    assert verdicts["eq17-identity"] == "agrees"
    of_gpt2 = {result.check.id for result in found.results if result.check.only_gpt2}
    assert {verdicts[name] for name in of_gpt2} == {"not applicable"}
    json.loads(as_json(found))


def test_numbers_that_are_none_are_left_out_of_json(layer: detok.Layer) -> None:
    found = given(
        layer, findings=(judged(False, "nothing", a=[1.0, float("nan")], b=float("inf")),)
    )
    assert json.loads(as_json(found))["results"][0]["values"] == {"a": [1.0, None], "b": None}
