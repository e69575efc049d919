"""What a report of replication says, in sentences."""

from detok.replication.formats import facts, not_asked, sentence
from detok.replication.report import Report
from detok.tables.replication import NOT_YET

_VERDICTS = {
    "agrees": ("agrees", "agree"),
    "differs": ("differs", "differ"),
    "not computable": ("cannot be computed",) * 2,
    NOT_YET: ("claim to be measured", "claims to be measured"),
}


def answer(report: Report) -> str:
    """How many of the published figures agree."""
    return f"{sentence(report)}."


def verdicts(found: dict[str, int]) -> str:
    """How many claims have which verdict, one after the other."""
    return ", ".join(f"{n:,} {_VERDICTS[verdict][n > 1]}" for verdict, n in found.items())


def computed(report: Report) -> str:
    """Of what, with what, and on what: all that is needed to get the same."""
    return "; ".join(f"{name}: {value}" for name, value in facts(report).items()) + "."


def left_out(report: Report) -> str:
    """How many checks do not apply to this model, by the reason; nothing if all do."""
    return " ".join(
        f"{len(names)} more do not apply: {reason}." for reason, names in not_asked(report).items()
    )
