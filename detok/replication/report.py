"""All checks of one model, and what a reader must know to get the same."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain
from typing import Any

from detok.counting.counts import Counts
from detok.model.any_layer import AnyLayer
from detok.replication.affinity import AFFINITY
from detok.replication.check import VERDICTS, Check, Finding
from detok.replication.frequency import FREQUENCY
from detok.replication.heads import HEADS
from detok.replication.layernorm import LAYERNORM
from detok.replication.positions import POSITIONS
from detok.replication.study import Study
from detok.replication.terms import TERMS_CHECKS
from detok.version import __version__

# By what they are of; pages, and files of the other rooms, have the same names.
SUBJECTS: dict[str, Sequence[Check]] = {
    "terms": TERMS_CHECKS,
    "positions": POSITIONS,
    "layernorm": LAYERNORM,
    "frequency": FREQUENCY,
    "heads": HEADS,
    "affinity": AFFINITY,
}
CHECKS: tuple[Check, ...] = tuple(chain.from_iterable(SUBJECTS.values()))


@dataclass(frozen=True)
class Result:
    """A check with what it found."""

    check: Check
    finding: Finding


@dataclass(frozen=True)
class Report:
    """What was found of one model; it holds no tensor."""

    about: dict[str, Any]  # the model, its counts, the versions of libraries, device and seconds
    results: tuple[Result, ...]

    @property
    def n_by_verdict(self) -> dict[str, int]:
        """How many results each verdict has, in the order of VERDICTS."""
        found = Counter(result.finding.verdict for result in self.results)
        return {verdict: found[verdict] for verdict in VERDICTS}

    @property
    def differs(self) -> bool:
        """Whether any figure is not what was published."""
        return bool(self.n_by_verdict["differs"])


def report(
    layer: AnyLayer,
    counts: Counts | None,
    *,
    checks: Sequence[Check] = CHECKS,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Runs the checks on a model with the counts that fit its tokenizer, if there are any.

    `progress` is called with the checks done and their total; an exception it raises cancels.
    """
    start = time.monotonic()
    study = Study(layer, counts)
    results = []
    for done, check in enumerate(checks):
        if progress is not None:
            progress(done, len(checks))
        results.append(Result(check, check.run(study)))
    if progress is not None:
        progress(len(checks), len(checks))
    return Report(_about(layer, counts, time.monotonic() - start), tuple(results))


def _about(layer: AnyLayer, counts: Counts | None, seconds: float) -> dict[str, Any]:
    return {
        "model": layer.name,
        "commit": layer.source.revision,
        "counts": None
        if counts is None
        else {
            "corpus": counts.origin,
            "tokens": int(counts.tokens.sum()),
            "pairs": len(counts.past),
            "min_count": counts.min_count,
        },
        "versions": {
            "detok": __version__,
            "torch": version("torch"),
            "transformers": version("transformers"),
        },
        "device": str(layer.device),
        "dtype": str(layer.dtype).removeprefix("torch."),
        "seconds": round(seconds, 1),
    }
