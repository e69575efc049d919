"""What a check is: a published statement, how it is measured, and the rule of its verdict."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from detok.errors import InputError
from detok.model.layer import Layer
from detok.model.rotary_layer import RotaryLayer
from detok.replication.study import Study

Verdict = Literal["agrees", "differs", "not applicable", "not computable"]
# In the order of a report.
VERDICTS: tuple[Verdict, ...] = ("differs", "agrees", "not computable", "not applicable")
GPT2_ONLY = "a figure of GPT-2 small, which this model is not"
LEARNED_ONLY = "a statement about terms of models with learned positions, which this is not"
ANY = (Layer, RotaryLayer)


@dataclass(frozen=True)
class Finding:
    """What a check has found of one model."""

    verdict: Verdict
    measured: str = ""
    authors: str = ""  # the same by the authors' script, where that departs from the paper
    reason: str = ""  # why there is no verdict
    values: Mapping[str, Any] = field(default_factory=dict)  # the numbers themselves


def judged(agrees: bool, measured: str, authors: str = "", /, **values: Any) -> Finding:
    """A finding with a verdict."""
    return Finding("agrees" if agrees else "differs", measured, authors, values=values)


def not_applicable(reason: str) -> Finding:
    """A statement that says nothing of this model."""
    return Finding("not applicable", reason=reason)


def not_computable(reason: str, like: Finding | None = None) -> Finding:
    """Something is missing; what could be measured without it is shown, but not judged."""
    if like is None:
        return Finding("not computable", reason=reason)
    return Finding("not computable", like.measured, like.authors, reason, like.values)


@dataclass(frozen=True)
class Check:
    """One published statement, and the function that measures it."""

    id: str
    what: str
    published: str
    where: str
    how: str  # how it is measured
    tolerance: str  # and why it is as large as it is
    measure: Callable[[Study], Finding]
    only_gpt2: bool = True  # or else a statement of the paper that any model can be asked
    takes: tuple[type, ...] = (Layer,)  # the kinds of layers that have what is measured

    def run(self, study: Study) -> Finding:
        """The finding of this check; what cannot be measured is one too, not an error."""
        if self.only_gpt2 and not study.is_gpt2_small:
            return not_applicable(GPT2_ONLY)
        if not isinstance(study.layer, self.takes):
            return not_applicable(LEARNED_ONLY)
        try:
            return self.measure(study)
        except InputError as error:
            return not_computable(str(error))
