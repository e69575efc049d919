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
