"""The table of replication."""

from collections import Counter

import detok
from detok.replication.report import CHECKS, SUBJECTS
from detok.tables import replication as tables
from tests.support.reports import given


def test_before_a_run_it_has_what_will_be_asked() -> None:
    table = tables.table(None)
    assert table["id"].tolist() == [check.id for check in CHECKS if not check.only_gpt2]
    assert set(table["verdict"]) == {tables.NOT_YET}
    found = tables.by_subject(table)
    assert {s: sum(n.values()) for s, n in found.items()} == dict(Counter(table["subject"]))
    assert set(found) <= set(SUBJECTS)


def test_after_a_run_it_has_what_was_found(layer: detok.Layer) -> None:
    table = tables.table(given(layer)).set_index("id")
    assert table["verdict"].to_dict() == {
        "c1": "differs",
        "c0": "agrees",
        "c2": "not computable",
    }
    assert table.loc["c1", "measured"] == "3.5|1; by the authors' script: 7.5"
    assert table.loc["c2", "measured"] == "2; needs counts of OpenWebText"
    assert table.loc["c0", "tolerance"] == "none: it is exact"
