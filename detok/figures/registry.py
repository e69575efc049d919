"""All figures by number, in the paper's order."""

from collections.abc import Sequence

from detok.errors import InputError
from detok.figures import affinity, frequency, heads, layernorm, positions, terms
from detok.figures.figure import Figure


def _place(figure: Figure) -> tuple[int, str]:
    number, _, part = figure.number.partition("-")
    return int(number), part


_ROOMS = (affinity, frequency, heads, layernorm, positions, terms)
FIGURES = {
    figure.number: figure
    for figure in sorted((figure for room in _ROOMS for figure in room.FIGURES), key=_place)
}


def chosen(numbers: Sequence[str] | None) -> list[Figure]:
    """The figures of these numbers, in the paper's order; None means all.

    Raises: InputError for a number that no figure has.
    """
    wanted = FIGURES if numbers is None else {number.strip().upper() for number in numbers}
    unknown = [number for number in numbers or () if number.strip().upper() not in FIGURES]
    if unknown or not wanted:
        found = f"there is no figure {unknown[0]!r}" if unknown else "no figure is chosen"
        raise InputError(f"{found}; expected some of {', '.join(FIGURES)}")
    return [figure for number, figure in FIGURES.items() if number in wanted]
