"""Figures as files: SVG, and PDF of the same drawing."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from detok.charts.files import as_pdf, as_svg
from detok.charts.paper import specification
from detok.errors import InputError
from detok.figures.figure import Drawn, Figure
from detok.figures.setting import Setting

FORMATS = ("svg", "pdf")


@dataclass(frozen=True)
class Made:
    """A figure that was written."""

    figure: Figure
    how: str
    paths: list[Path]
    seconds: float


@dataclass(frozen=True)
class LeftOut:
    """A figure that cannot be drawn of this model."""

    figure: Figure
    why: str


def make(
    figures: Sequence[Figure], setting: Setting, folder: Path, formats: Sequence[str]
) -> Iterator[Made | LeftOut]:
    """Draws the figures one by one and writes them to a folder."""
    for figure in figures:
        start = monotonic()
        try:
            drawn = figure.draw(setting)
        except InputError as error:
            yield LeftOut(figure, str(error))
            continue
        svg = to_svg(figure, drawn, setting)
        contents = {"svg": svg.encode(), "pdf": b""}
        if "pdf" in formats:
            contents["pdf"] = as_pdf(svg)
        paths = [folder / f"figure-{figure.number}.{format_}" for format_ in formats]
        for path, format_ in zip(paths, formats, strict=True):
            path.write_bytes(contents[format_])
        yield Made(figure, drawn.how, paths, monotonic() - start)


def to_svg(figure: Figure, drawn: Drawn, setting: Setting) -> str:
    """The drawing of a figure, which refers to nothing outside itself."""
    title = f"Fig. {figure.number} · {figure.title}"
    spec = specification(drawn.chart, title, [setting.model])
    return _with_own_ids(as_svg(spec), figure.number)


def _with_own_ids(svg: str, number: str) -> str:
    """Numbers the gradients anew: Vega counts on from one drawing of a process to the next."""
    ids = dict.fromkeys(re.findall(r'id="(gradient_\d+)"', svg))
    own = {id_: f"figure-{number}-gradient-{n}" for n, id_ in enumerate(ids)}
    return re.sub(r"\bgradient_\d+\b", lambda found: own.get(found[0], found[0]), svg)


def check_folder(folder: Path) -> None:
    """Makes the folder; raises an error that names it if nothing can be written there."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; expected a folder to write figures to")
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / ".writable"
    probe.touch()
    probe.unlink()
