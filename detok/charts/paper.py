"""The charts of the pages as a figure on paper: sized, side by side, titled, in the light theme."""

import json
import re
from typing import Any

import altair as alt

from detok.charts.palette import ON_LIGHT
from detok.charts.wire import Chart, Single, whole

SINGLE, PANEL = (330, 250), (180, 140)  # pixels
WIDE = 640  # of a chart that is as wide as the page that it is on
# Their letters are equally wide, so that a drawing is the same with whichever of them there is.
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
# None of them has raised letters, and a line with one would be drawn in another font.
_RAISED = str.maketrans("ᵉᵖ", "ep")


def sized(chart: Single, width: int, height: int) -> Single:
    """A chart of one panel in this size; nothing can be clicked on paper."""
    chart = chart.properties(width=width, height=height)  # a copy
    chart.params = alt.Undefined
    return chart


def wide(chart: Chart) -> Chart:
    """A chart of a page, which has a width of its own unless it takes that of the page."""
    has_none = isinstance(chart, Single) and chart.width is alt.Undefined
    return chart.properties(width=WIDE) if has_none else chart


def all_heads(chart: Single | alt.FacetChart) -> Chart:
    """A chart of all heads, with larger panels than a page has; or of the only one."""
    if not isinstance(chart, alt.FacetChart):
        return sized(chart, *SINGLE)
    chart = chart.copy()
    chart.spec.width, chart.spec.height = PANEL
    return chart


def beside(charts: dict[str, Single], width: int, height: int, columns: int = 2) -> alt.ConcatChart:
    """Charts of one size by their titles, in rows."""
    parts = [sized(chart, width, height).properties(title=name) for name, chart in charts.items()]
    return alt.concat(*parts, columns=columns)


def below(charts: dict[str, Chart]) -> alt.VConcatChart:
    """Charts by their titles, one below the other."""
    titles = (alt.TitleParams(name, anchor="start") for name in charts)
    parts = [
        chart.properties(title=title) for chart, title in zip(charts.values(), titles, strict=True)
    ]
    return alt.vconcat(*parts)


def own_colors(chart: alt.ConcatChart) -> alt.ConcatChart:
    """Side by side, each with a scale of colours of its own."""
    return chart.resolve_scale(color="independent")


def one_height(chart: alt.ConcatChart) -> alt.ConcatChart:
    """Side by side, on one scale of heights."""
    return chart.resolve_scale(y="shared")


def left_and_right(left: Single, right: dict[str, Single], width: int, height: int) -> Chart:
    """A chart, and to its right some lower ones that are as high together."""
    gap = 60
    own = (height - gap * (len(right) - 1)) // len(right)
    return alt.hconcat(sized(left, width, height), beside(right, width, own, columns=1))


def specification(chart: Chart, title: str, subtitle: list[str]) -> dict[str, Any]:
    """The Vega-Lite of a figure with its title, without what only a pointer would find."""
    heading = alt.TitleParams(
        title, subtitle=subtitle, anchor="start", fontSize=15, subtitleColor=ON_LIGHT, offset=14
    )
    # Left aside what screen readers are told of each mark, most of a large file.
    figure = chart.properties(title=heading).configure(
        font=FONT,
        background="white",
        aria=False,
        axis=alt.AxisConfig(titlePadding=8),
        axisY=alt.AxisConfig(labelFlush=True),  # else titles of panels are not at one height
    )
    spec = whole(figure)
    _for_print(spec)
    return json.loads(on_paper(json.dumps(spec, ensure_ascii=False)))


def on_paper(text: str) -> str:
    """A text with terms as the fonts of the figures can write them."""
    return re.sub("T([ᵉᵖ]+)", lambda term: "T^" + term[1].translate(_RAISED), text)


def _for_print(part: dict[str, Any]) -> None:
    """Takes out points that only carry a tooltip, and makes see-through marks small in a PDF."""
    if "layer" in part:
        part["layer"] = [layer for layer in part["layer"] if not _is_invisible(layer)]
    mark = part.get("mark")
    if isinstance(mark, dict) and mark["type"] in ("area", "circle") and "opacity" in mark:
        # Each mark of less opacity as a whole would be a group of its own there.
        mark |= {"fillOpacity": mark["opacity"], "opacity": 1}
    for name in ("layer", "concat", "hconcat", "vconcat"):
        for inner in part.get(name, ()):
            _for_print(inner)
    if "spec" in part:
        _for_print(part["spec"])


def _is_invisible(layer: dict[str, Any]) -> bool:
    mark = layer.get("mark")
    return isinstance(mark, dict) and mark.get("opacity") == 0
