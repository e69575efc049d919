"""A report as text: for a terminal, in Markdown, as JSON."""

import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from textwrap import wrap
from typing import Any

from detok.replication.check import VERDICTS
from detok.replication.figures import PUBLISHED_IN
from detok.replication.report import Report, Result

_WIDTH = 100


def sentence(report: Report) -> str:
    """How many figures agree, in one line."""
    n = report.n_by_verdict
    asked = sum(n.values()) - n["not applicable"]
    parts = [f"{n['agrees']} of {asked} agree", f"{n['differs']} differ{'s' * (n['differs'] == 1)}"]
    if n["not computable"]:
        parts.append(f"{n['not computable']} cannot be computed")
    if n["not applicable"]:
        parts.append(f"{n['not applicable']} do not apply")
    return ", ".join(parts)


def facts(report: Report) -> dict[str, str]:
    """What a reader must know to get the same, by name."""
    about, counts = report.about, report.about["counts"]
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    found = {
        "published": PUBLISHED_IN,
        "model": about["model"],
        "commit": about["commit"] or "none: it is not of the hub",
        "counts": "none that fit the tokenizer",
        "versions": versions,
        "computed": f"in {about['dtype']} on {about['device']}, {about['seconds']:g} seconds",
    }
    if counts is not None:
        rare = f", pairs seen at least {counts['min_count']} times" * (counts["min_count"] > 1)
        found["counts"] = f"{counts['tokens']:,} tokens of {counts['corpus']}{rare}"
    return found


def asked(report: Report) -> list[Result]:
    """The results that say something of this model: what differs first, then in the paper's order.

    What only GPT-2 can be asked is left out.
    """
    found = [r for r in report.results if r.finding.verdict != "not applicable"]
    return sorted(found, key=lambda result: VERDICTS.index(result.finding.verdict))


def not_asked(report: Report) -> dict[str, list[str]]:
    """The names of the results that do not apply, by the reason."""
    found: dict[str, list[str]] = {}
    for result in report.results:
        if result.finding.verdict == "not applicable":
            found.setdefault(result.finding.reason, []).append(result.check.id)
    return found


def measured(result: Result) -> str:
    """What was measured, by either convention, and why that is no verdict."""
    finding = result.finding
    parts = [finding.measured] if finding.measured else []
    if finding.authors:
        parts.append(f"by the authors' script: {finding.authors}")
    if finding.reason:
        parts.append(finding.reason)
    return "; ".join(parts)


def as_table(report: Report) -> str:
    """The report for a terminal."""
    lines = [f"{sentence(report)}.", ""]
    lines += [f"{name:<11}{value}" for name, value in facts(report).items()]
    for result in asked(report):
        check = result.check
        verdict = f"{result.finding.verdict.upper():<16}"
        indent = " " * len(verdict)
        lines += ["", *wrap(check.what, _WIDTH, initial_indent=verdict, subsequent_indent=indent)]
        for name, text in (
            ("published", f"{check.published} ({check.where})"),
            ("measured", measured(result)),
            ("how", check.how),
            ("tolerance", check.tolerance),
        ):
            lines += _indented(name, text)
    for reason, names in not_asked(report).items():
        lines += ["", *wrap(f"NOT APPLICABLE, {len(names)}: {reason}.", _WIDTH)]
    return "\n".join(lines) + "\n"


def _indented(name: str, text: str) -> list[str]:
    first, rest = f"  {name:<14}", " " * 16
    return wrap(text, _WIDTH, initial_indent=first, subsequent_indent=rest)


def as_markdown(report: Report) -> str:
    """The report as a Markdown section without a heading."""
    lines = [f"**{_escaped(sentence(report))}.**", ""]
    lines += [f"- {name}: {_escaped(value)}" for name, value in facts(report).items()]
    lines += ["", "| what | published | measured | verdict | tolerance, and why |"]
    lines += ["| --- | --- | --- | --- | --- |"]
    for result in asked(report):
        check = result.check
        cells = (
            check.what,
            f"{check.published} ({check.where})",
            measured(result),
            f"**{result.finding.verdict}**",
            check.tolerance,
        )
        lines.append("| " + " | ".join(_cells(cells)) + " |")
    for reason, names in not_asked(report).items():
        lines += ["", f"Not applicable, {len(names)}: {_escaped(reason)}."]
    return "\n".join(lines) + "\n"


def _cells(cells: tuple[str, ...]) -> Iterator[str]:
    for cell in cells:
        yield cell if cell.startswith("**") else _escaped(cell)


def _escaped(text: str) -> str:
    return "".join(f"\\{c}" if c in r"\`*_[]<>|" else c for c in text)


def as_json(report: Report) -> str:
    """All of the report: every check with its numbers, and what does not apply too."""
    content = {
        **report.about,
        "published_in": PUBLISHED_IN,
        "n_by_verdict": report.n_by_verdict,
        "results": [_row(result) for result in report.results],
    }
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _row(result: Result) -> dict[str, Any]:
    check, finding = result.check, asdict(result.finding)
    names = ("id", "what", "published", "where", "how", "tolerance")
    finding["values"] = _finite(finding["values"])
    return {name: getattr(check, name) for name in names} | finding


def _finite(value: Any) -> Any:
    """The same without what JSON has no number for."""
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


FORMATS = {"table": as_table, "markdown": as_markdown, "json": as_json}
