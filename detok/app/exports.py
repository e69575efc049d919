"""The files of a figure, which say what is in them."""

import json
import re
from collections.abc import Callable, Iterator
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from detok.charts import files as drawings, paper

if TYPE_CHECKING:
    from detok.app.figure import Figure

LONGEST = 90  # characters of a text in a picture


def files(figure: "Figure") -> Iterator[tuple[str, Callable[[], bytes], str]]:
    """Each file of a figure: how its name ends, what makes it, and its media type."""
    yield "csv", lambda: as_csv(figure), "text/csv"
    yield "json", lambda: as_json(figure), "application/json"
    if figure.draw is not None:
        yield "svg", lambda: as_svg(figure).encode(), "image/svg+xml"
        yield "png", lambda: drawings.as_png(as_svg(figure)), "image/png"


def file_name(figure: "Figure") -> str:
    """Without its ending."""
    return re.sub(r"[^\w.+-]+", "-", f"detok-{figure.about['model']}-{figure.name}")


def as_csv(figure: "Figure") -> bytes:
    """The table in full precision, with what its numbers are in every row.

    Lines end as RFC 4180 has them; so a token that is a bare carriage return is in quotes.
    """
    marked = figure.table.assign(**figure.about)
    return marked.to_csv(index=False, lineterminator="\r\n").encode()


def as_json(figure: "Figure") -> bytes:
    """What the numbers are, and the rows of the table; what is missing is null."""
    rows = json.loads(figure.table.to_json(orient="records", double_precision=15))
    content = {"title": figure.title, **figure.about, **figure.more, "code": figure.code}
    return json.dumps(content | {"rows": rows}, ensure_ascii=False).encode()


def as_svg(figure: "Figure") -> str:
    """The drawing on a light ground, with its title, what it is of, and the model."""
    return drawings.as_svg(specification(figure))


def specification(figure: "Figure") -> dict[str, Any]:
    """The Vega-Lite of the drawing on a light ground."""
    about = figure.about
    models = dict.fromkeys(
        f"{about[f'{side}model']}, {about[f'{side}revision'][:19]}"
        for side in ("", "right_")
        if f"{side}model" in about
    )
    made = " · ".join([*models, f"detok {about['detok']}"])
    below = [shorten(figure.of, LONGEST, placeholder=" …"), about["values"], made]
    return paper.specification(paper.wide(figure.draw(False)), figure.title, [*filter(None, below)])
