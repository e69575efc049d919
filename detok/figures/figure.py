"""What a figure is."""

from collections.abc import Callable
from dataclasses import dataclass

from detok.charts.paper import Chart
from detok.figures.setting import Setting


@dataclass(frozen=True)
class Drawn:
    """A chart, and how what it shows was computed, in sentences."""

    chart: Chart
    how: str


@dataclass(frozen=True)
class Figure:
    """A figure of the paper: what is in it there, and what draws it for another model.

    `draw` raises an InputError that says what is missing where it cannot.
    """

    number: str
    title: str
    caption: str
    draw: Callable[[Setting], Drawn]
