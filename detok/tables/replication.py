"""The table of what was published, and what was measured of it."""

import re

import pandas as pd

from detok.replication.formats import asked, measured
from detok.replication.report import CHECKS, Report

COLUMNS = ["what", "verdict", "published", "measured", "where", "tolerance", "how", "id"]
NOT_YET = "not yet"
_TERM = re.compile(r"\bT\^([ep]{1,2})\b")
_RAISED = str.maketrans("ep", "ᵉᵖ")


def table(report: Report | None) -> pd.DataFrame:
    """The checks that say something of a model, those that differ first; all claims before a run.

    Columns: what, verdict, published, measured, where, tolerance, how, id.
    """
    if report is None:
        found = [(check, "", NOT_YET) for check in CHECKS if not check.only_gpt2]
    else:
        found = [(r.check, measured(r), r.finding.verdict) for r in asked(report)]
    rows = [
        (c.what, verdict, c.published, text, c.where, c.tolerance, c.how, c.id)
        for c, text, verdict in found
    ]
    return pd.DataFrame(rows, columns=COLUMNS).map(_as_formulas)


def _as_formulas(text: str) -> str:
    """With the names of terms as on the other pages, Tᵉᵉ for T^ee."""
    return _TERM.sub(lambda term: "T" + term[1].translate(_RAISED), text)
