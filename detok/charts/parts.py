"""Parts that several charts are made of."""

import altair as alt


def head_header() -> alt.Header:
    return alt.Header(labelExpr="'Head ' + datum.value", labelFontWeight="bold")


def bare_axes() -> tuple[alt.X, alt.Y]:
    axis = alt.Axis(labels=False, ticks=False, grid=False, domain=False)
    return (
        alt.X("j:O", title="Past token j", axis=axis),
        alt.Y("i:O", title="Current token i", axis=axis),
    )
