"""The table of what was published, and what was measured of it."""

import re

import pandas as pd

from detok.model.layer import Layer
from detok.replication.formats import asked, measured
from detok.replication.report import CHECKS, SUBJECTS, Report

COLUMNS = ["what", "verdict", "published", "measured", "where", "tolerance", "how", "id", "subject"]
NOT_YET = "not yet"
_SUBJECTS = {check.id: subject for subject, checks in SUBJECTS.items() for check in checks}
_TERM = re.compile(r"\bT\^([ep]{1,2})\b")
_RAISED = str.maketrans("ep", "ᵉᵖ")


def table(report: Report | None, kind: type = Layer) -> pd.DataFrame:
    """The checks that say something of a model, those that differ first.

    Before a run they are all claims that a layer of this kind can be asked.

    Columns: what, verdict, published, measured, where, tolerance, how, id, and subject: which of
    `SUBJECTS` it is of, if any.
    """
    if report is None:
        found = [
            (check, "", NOT_YET) for check in CHECKS if not check.only_gpt2 and kind in check.takes
        ]
    else:
        found = [(r.check, measured(r), r.finding.verdict) for r in asked(report)]
    rows = [
        (c.what, verdict, c.published, text, c.where, c.tolerance, c.how, c.id, _SUBJECTS.get(c.id))
        for c, text, verdict in found
    ]
    return pd.DataFrame(rows, columns=COLUMNS).map(_as_formulas, na_action="ignore")


def by_subject(table: pd.DataFrame) -> dict[str, dict[str, int]]:
    """How many claims of each subject have which verdict, of `table`."""
    return {
        subject: rows["verdict"].value_counts(sort=False).to_dict()
        for subject, rows in table.groupby("subject", sort=False)
    }


def _as_formulas(text: str) -> str:
    """With the names of terms as on the other pages, Tᵉᵉ for T^ee."""
    return _TERM.sub(lambda term: "T" + term[1].translate(_RAISED), text)
