"""The figure of the page of replication: its table."""

import json

import detok
from detok.app import cached
from detok.app.figure import Figure, kept
from detok.app.provenance import about, counts_in_code, lines
from detok.readings import replication as readings
from detok.replication.formats import as_json
from detok.replication.report import Report
from detok.tables import replication as tables


@kept
def measured(layer: detok.Layer, _report: Report) -> Figure:
    """What was published beside what was measured: a model has one report, once it is made."""
    counts = cached.load_counts(layer)
    left_out = readings.left_out(_report)
    return Figure(
        name="replication",
        title="What was published, measured again",
        table=tables.table(_report),
        about=about(layer, "as each row says", counts),
        code=lines(
            layer,
            "tables.replication",
            "from detok.replication.report import report",
            f"counts = {counts_in_code(layer, none='None')}",
            "table = tables.table(report(layer, counts))",
        ),
        answer=readings.answer(_report),
        readings=(readings.computed(_report), *([left_out] if left_out else [])),
        more={"report": json.loads(as_json(_report))},
    )
