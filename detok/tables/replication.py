"""The table of what was published, and what was measured of it."""

import pandas as pd

from detok.replication.formats import asked, measured
from detok.replication.report import CHECKS, Report

COLUMNS = ["what", "published", "where", "measured", "verdict", "tolerance", "how", "id"]
NOT_YET = "not measured yet"


def table(report: Report | None) -> pd.DataFrame:
    """The checks that say something of a model, those that differ first; all claims before a run.

    Columns: what, published, where, measured, verdict, tolerance, how, id.
    """
    if report is None:
        found = [(check, "", NOT_YET) for check in CHECKS if not check.only_gpt2]
    else:
        found = [(r.check, measured(r), r.finding.verdict) for r in asked(report)]
    rows = [
        (
            check.what,
            check.published,
            check.where,
            text,
            verdict,
            check.tolerance,
            check.how,
            check.id,
        )
        for check, text, verdict in found
    ]
    return pd.DataFrame(rows, columns=COLUMNS)
