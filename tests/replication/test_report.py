"""A report: what it counts, says of itself, and how it is watched and cancelled."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import transformers

import detok
from detok.counting.counts import Counts
from detok.replication import study as measures
from detok.replication.check import judged
from detok.replication.formats import as_json
from detok.replication.report import CHECKS, report
from detok.scores.look_back import look_back
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


def test_of_a_rotary_model_only_what_its_scores_have_is_asked(
    qwen2: detok.RotaryLayer, counts: Counts
) -> None:
    found = {r.check.id: r for r in report(qwen2, counts).results}
    assert found.keys() == {check.id for check in CHECKS}
    asked = {name for name, r in found.items() if r.finding.verdict != "not applicable"}
    assert asked == {"claim-position-near", "claim-heads-know-pairs"}
    near = found["claim-position-near"].finding
    i = near.values["i"]
    looks = look_back(qwen2, i, token_counts=counts.tokens)
    assert near.values["mass"] == looks[f"mass_last_5_at_{i}"].round(4).tolist()
    for result in found.values():
        if result.finding.verdict == "not applicable" and not result.check.only_gpt2:
            assert "learned positions" in result.finding.reason


def test_a_window_leaves_few_positions(qwen2: detok.RotaryLayer) -> None:
    narrow = replace(qwen2, first=replace(qwen2.first, window=7))
    (near,) = [c for c in CHECKS if c.id == "claim-position-near"]
    assert "sees 7 positions" in near.run(measures.Study(narrow, None)).reason
