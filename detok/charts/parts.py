"""Parts that several charts are made of."""

import altair as alt


def panels(
    chart: alt.Chart | alt.LayerChart,
    width: int,
    height: int | alt.Step,
    title: str | None = None,
) -> alt.FacetChart:
    """A panel a head, four in a row. The chart's data have the column head."""
    header = alt.Header(labelExpr="'Head ' + datum.value", labelFontWeight="bold")
    facet = alt.Facet("head:O", title=title, header=header)
    return chart.properties(width=width, height=height).facet(facet, columns=4)


def bare_axes(x: str = "j", y: str = "i") -> tuple[alt.X, alt.Y]:
    """Axes of a token × token map without the tokens; `x` and `y` are the columns."""
    axis = alt.Axis(labels=False, ticks=False, grid=False, domain=False)
    return (
        alt.X(f"{x}:O", title="Past token j", axis=axis),
        alt.Y(f"{y}:O", title="Current token i", axis=axis),
    )


def yes_or_no() -> alt.Legend:
    """The legend of a column of truth values."""
    return alt.Legend(orient="top", labelExpr="datum.value ? 'yes' : 'no'")


def by_head() -> alt.X:
    return alt.X("head:O", title="Head", axis=alt.Axis(labelAngle=0))
