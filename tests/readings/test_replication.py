"""What is said of a report."""

import detok
from detok.readings import replication as readings
from tests.support.reports import FINDINGS, given


def test_sentences_are_those_of_the_report(layer: detok.Layer) -> None:
    found = given(layer)
    assert readings.answer(found).startswith("1 of 3 agree, 1 differs")
    assert f"model: {layer.name}; commit: none" in readings.computed(found)
    assert readings.left_out(found) == "1 more do not apply: a figure of another model."
    assert readings.left_out(given(layer, findings=FINDINGS[:1])) == ""


def test_verdicts_are_said_of_one_claim_and_of_several() -> None:
    found = {"differs": 1, "agrees": 3, "not computable": 1}
    assert readings.verdicts(found) == "1 differs, 3 agree, 1 cannot be computed"
    assert readings.verdicts({"not yet": 2}) == "2 claims to be measured"
