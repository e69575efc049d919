"""A report as text: all three formats have every verdict and what it rests on."""

import json

import pytest

import detok
from detok.counting.counts import Counts
from detok.replication.formats import FORMATS, as_json, as_markdown, as_table, sentence
from tests.support.reports import FINDINGS, given


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_all_that_is_needed(
    layer: detok.Layer, counts: Counts, name: str
) -> None:
    text = FORMATS[name](given(layer, counts))
    torch = detok.replication.report.version("torch")
    for part in (layer.name, "torch", torch, "float64", "cpu", "claim 1", "3.5", "7.5", "Kamoda"):
        assert part.replace("_", "\\_" if name == "markdown" else "_") in text, part
    assert text.endswith("\n")


def test_what_differs_comes_first_and_what_does_not_apply_last(layer: detok.Layer) -> None:
    found = given(layer)
    for text in (as_table(found), as_markdown(found)):
        places = [text.index(part) for part in ("claim 1", "claim 0", "claim 2")]
        assert places == sorted(places)
        assert "claim 3" not in text
        assert text.index("a figure of another model") > places[-1]


def test_a_sentence_counts_them(layer: detok.Layer) -> None:
    assert sentence(given(layer)) == (
        "1 of 3 agree, 1 differs, 1 cannot be computed, 1 do not apply"
    )
    assert sentence(given(layer, findings=FINDINGS[:1])) == "1 of 1 agree, 0 differ"


def test_markdown_is_one_table_whatever_is_in_a_cell(layer: detok.Layer) -> None:
    rows = [line for line in as_markdown(given(layer)).splitlines() if line.startswith("|")]
    assert {row.replace("\\|", "").count("|") for row in rows} == {6}
    assert "| claim 1 | true (§1) | 3.5\\|1; by the authors' script: 7.5 | **differs** |" in rows[2]
    assert "2; needs counts of OpenWebText | **not computable** | none: it is exact |" in rows[4]


def test_json_has_the_numbers_and_what_does_not_apply(layer: detok.Layer, counts: Counts) -> None:
    found = json.loads(as_json(given(layer, counts)))
    assert found["n_by_verdict"]["not applicable"] == 1
    assert found["counts"]["tokens"] == counts.tokens.sum()
    assert [row["verdict"] for row in found["results"]] == [f.verdict for f in FINDINGS]
    assert found["results"][1] == {
        "id": "c1",
        "what": "claim 1",
        "published": "true",
        "where": "§1",
        "how": "by hand",
        "tolerance": "none: it is exact",
        "verdict": "differs",
        "measured": "3.5|1",
        "authors": "7.5",
        "reason": "",
        "values": {"paper": 3.5, "authors": 7.5},
    }


def test_a_line_of_the_table_fits_a_terminal(layer: detok.Layer) -> None:
    lines = as_table(given(layer)).splitlines()
    assert max(len(line) for line in lines if layer.name not in line) <= 100


def test_a_commit_and_pruned_counts_are_named(layer: detok.Layer, counts: Counts) -> None:
    found = given(layer, counts.pruned(3))
    found.about["commit"] = "abc123"
    assert "abc123" in as_table(found)
    assert "pairs seen at least 3 times" in as_table(found)
    assert "none that fit the tokenizer" in as_table(given(layer))
