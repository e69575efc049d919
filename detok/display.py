"""How results show themselves: in a console by their shapes, in a notebook as a short table."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from html import escape
from typing import Any, ClassVar

import numpy as np

# Values of a list that are all shown.
LISTED = 12


class Displayed:
    """What shows its parts, and what may be called next, instead of every number that it holds.

    `also` are properties to show beside the fields of a dataclass, and `then` lines of Python in
    which a result has the name that it has in the README. The first line of its docstring says
    what it is and in which unit. A dataclass needs repr=False to leave `__repr__` to this one.
    """

    _also: ClassVar[tuple[str, ...]] = ()
    _then: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, *, also: tuple[str, ...] = (), then: tuple[str, ...] = ()) -> None:
        super().__init_subclass__()
        cls._also, cls._then = also or cls._also, then or cls._then

    def _parts(self) -> dict[str, Any]:
        """What it consists of, by name, without what it does not have."""
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in parts.items() if value is not None}

    def _table(self) -> tuple[Sequence[str], Iterable[Sequence[str]]]:
        """The headings and rows of its table in a notebook."""
        parts = self._parts() | {name: getattr(self, name) for name in self._also}
        if not any(_is_array(value) for value in parts.values()):
            return (), [(name, _brief(value)) for name, value in parts.items()]
        rows = [(name, _brief(value), *_ends(value)) for name, value in parts.items()]
        return ("", "shape or value", "type", "smallest", "largest"), rows

    def __repr__(self) -> str:
        parts = ", ".join(f"{name}={_brief(value)}" for name, value in self._parts().items())
        return f"{type(self).__name__}({parts})"

    def _repr_html_(self) -> str:
        headings, rows = self._table()
        about = (type(self).__doc__ or "").partition("\n")[0]
        head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
        body = "".join(
            f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
        )
        then = ", ".join(f"<code>{escape(line)}</code>" for line in self._then)
        return (
            f"<div><b>{type(self).__name__}</b> · {escape(about)}"
            f"<table>{head and f'<thead><tr>{head}</tr></thead>'}<tbody>{body}</tbody></table>"
            f"{then and f'Next: {then}'}</div>"
        )


def number(value: float) -> str:
    """A number in a few digits, whole ones in all of theirs."""
    return f"{value:.4g}" if isinstance(value, float) else f"{value:,}"


def _is_array(value: Any) -> bool:
    """Whether it is an array or a tensor."""
    return hasattr(value, "shape") and hasattr(value, "dtype")


def _brief(value: Any) -> str:
    if hasattr(value, "shape"):  # also of a DataFrame
        return str(tuple(value.shape))
    if isinstance(value, Displayed):
        return f"{type(value).__name__}(…)"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_brief(part)}" for name, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        if len(value) > LISTED:
            return f"{_brief(value[0])}, … {_brief(value[-1])} ({len(value):,})"
        return ", ".join(map(_brief, value)) or "none"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value)
    return str(value)


def _ends(value: Any) -> tuple[str, str, str]:
    """The type of an array, and its smallest and largest finite number, where there is one."""
    if not _is_array(value):
        return "", "", ""
    kind = str(value.dtype).removeprefix("torch.")
    array = value.cpu().double().numpy() if hasattr(value, "cpu") else value
    finite = array[np.isfinite(array)]
    ends = [number(end.item()) for end in (finite.min(), finite.max())] if finite.size else ["", ""]
    return kind, *ends
