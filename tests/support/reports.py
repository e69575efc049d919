"""Reports of replication that take no time: checks whose findings are given."""

import detok
from detok.counting.counts import Counts
from detok.replication.check import Check, Finding, judged, not_applicable, not_computable
from detok.replication.report import Report, report

FINDINGS = (
    judged(True, "4.25", paper=4.25),
    judged(False, "3.5|1", "7.5", paper=3.5, authors=7.5),
    not_computable("needs counts of OpenWebText", judged(True, "2")),
    not_applicable("a figure of another model"),
)


def checks(*findings: Finding) -> list[Check]:
    """A check for each finding, that any model can be asked."""
    return [
        Check(
            id=f"c{n}",
            what=f"claim {n}",
            published="true",
            where=f"§{n}",
            how="by hand",
            tolerance="none: it is exact",
            measure=lambda _, finding=finding: finding,
            only_gpt2=False,
        )
        for n, finding in enumerate(findings)
    ]


def given(
    layer: detok.Layer, counts: Counts | None = None, findings: tuple[Finding, ...] = FINDINGS
) -> Report:
    """A report of a layer in which the findings are these."""
    return report(layer, counts, checks=checks(*findings))
