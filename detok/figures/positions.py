"""Figures of what positions give to each other: 3-A to 3-E and 8 to 10."""

from collections.abc import Callable

import pandas as pd

from detok.charts import paper, positions as charts
from detok.charts.paper import Single
from detok.figures.figure import Drawn, Figure
from detok.figures.setting import Setting
from detok.scores.mean_attention import mean_attention
from detok.scores.positions import PositionBias, position_bias
from detok.tables import positions as tables

CURRENT = 500  # the paper's i
ALL_CURRENT = (50, 500, 1000)
NO_RULE = -1  # an i at which no rule is drawn

Draw = Callable[[pd.DataFrame, int], Single]


def _self_assertion(setting: Setting) -> Drawn:
    """Fig. 3-A. The darker band is a standard deviation, the lighter one from least to largest."""
    bias = position_bias(setting.layer, 0)
    chart = _two(setting, tables.curves(bias), charts.self_assertion, NO_RULE)
    return Drawn(chart, _SELF_ASSERTION)


def _all_self_assertions(setting: Setting) -> Drawn:
    """Fig. 8, with the bands of Fig. 3-A."""
    table = tables.curves(position_bias(setting.layer, 0))
    drawn = tables.drawn(table, setting.layer, 0, None, True)
    chart = paper.all_heads(charts.self_assertion(drawn, NO_RULE))
    return Drawn(chart, f"{_SELF_ASSERTION} {_thinned(setting)}".strip())


_SELF_ASSERTION = (
    "Tᵖ (unscaled) from the weights alone: its mean over all tokens of the vocabulary at position "
    "j, a standard deviation around it, and the smallest and largest."
)


def _comparison(setting: Setting) -> Drawn:
    """Fig. 3-B, in colours of its own for the mean, smallest and largest σ_i."""
    return _of_current(setting, tables.curves, charts.comparison, _COMPARISON)


_COMPARISON = (
    "Tᵖᵖ (unscaled) from the weights alone, averaged over all tokens at j, with σ_i at its mean, "
    "smallest and largest over all tokens."
)


def _total(setting: Setting) -> Drawn:
    """Fig. 3-C, with σ_i at its mean only."""
    how = "Tᵖ + Tᵖᵖ (unscaled) from the weights alone, both at their means over all tokens."
    return _of_current(setting, tables.curves, charts.total, how)


def _attention(setting: Setting) -> Drawn:
    """Fig. 3-D, with σ_i at its mean only."""
    return _of_current(setting, _expected, charts.attention, _softmax(setting))


def _measured(setting: Setting) -> Drawn:
    """Fig. 3-E, on excerpts of books in place of OpenWebText."""
    i = setting.position(CURRENT)
    measured = mean_attention(setting.layer, setting.texts, i)
    table = tables.close(tables.attention(position_bias(setting.layer, i), measured), i)
    parts = {f"Head {head}": table[table["head"] == head] for head in setting.heads}
    drawn = {name: charts.attention(part, i, points=True) for name, part in parts.items()}
    how = (
        f"i = {i}. Measured: the model's own attention weights over {measured.n_used} excerpts of "
        "public-domain books, their mean and a standard deviation around it. "
        f"{_softmax(setting)}"
    )
    return Drawn(paper.beside(drawn, *paper.SINGLE), how)


def _all_comparisons(setting: Setting) -> Drawn:
    """Fig. 9, an i below the other."""
    return _of_each_current(setting, tables.curves, charts.comparison, _COMPARISON)


def _all_attention(setting: Setting) -> Drawn:
    """Fig. 10, an i below the other; the paper's caption has i = 100, by mistake for 1000."""
    return _of_each_current(setting, _expected, charts.attention, _softmax(setting))


def _expected(bias: PositionBias) -> pd.DataFrame:
    return tables.attention(bias, None)


def _softmax(setting: Setting) -> str:
    return (
        "By position alone: softmax of Tᵖ + Tᵖᵖ over what i sees, divided by "
        f"{setting.layer.scale:.4g}."
    )


def _two(setting: Setting, table: pd.DataFrame, draw: Draw, i: int) -> paper.Chart:
    """A chart of each of the heads that are drawn alone, without what i does not see."""
    parts = {f"Head {head}": table[table["head"] == head] for head in setting.heads}
    return paper.beside({name: draw(part, i) for name, part in parts.items()}, *paper.SINGLE)


def _seen(setting: Setting, read: Callable[[PositionBias], pd.DataFrame], i: int) -> pd.DataFrame:
    table = read(position_bias(setting.layer, i))
    return table[table["j"] < setting.layer.n_visible(i)]


def _of_current(
    setting: Setting, read: Callable[[PositionBias], pd.DataFrame], draw: Draw, how: str
) -> Drawn:
    i = setting.position(CURRENT)
    chart = _two(setting, _seen(setting, read, i), draw, i)
    return Drawn(chart, f"i = {i}. {how}")


def _of_each_current(
    setting: Setting, read: Callable[[PositionBias], pd.DataFrame], draw: Draw, how: str
) -> Drawn:
    layer, each = setting.layer, dict.fromkeys(map(setting.position, ALL_CURRENT))
    tables_ = {i: tables.drawn(_seen(setting, read, i), layer, i, None, True) for i in each}
    parts = {f"i = {i}": paper.all_heads(draw(table, i)) for i, table in tables_.items()}
    places = ", ".join(map(str, each))
    return Drawn(paper.below(parts), f"i = {places}. {how} {_thinned(setting)}".strip())


def _thinned(setting: Setting) -> str:
    step = tables.thinning(setting.layer)
    close = f"One in {step} positions is drawn, and the {tables.ZOOM} nearest to i."
    return close if step > 1 else ""


FIGURES = [
    Figure(
        "3-A",
        "Tᵖ over the positions j",
        "The self-assertion of positions in two heads, with its spread over the tokens: it rises "
        "nearly linearly, a bias toward close tokens.",
        _self_assertion,
    ),
    Figure(
        "3-B",
        "Tᵖᵖ over the positions j",
        "The comparison of position i with those before it in two heads, at the mean, largest and "
        "smallest σ_i: it undulates, and is large near i.",
        _comparison,
    ),
    Figure(
        "3-C",
        "Tᵖ + Tᵖᵖ",
        "The sum of the terms of 3-A and 3-B.",
        _total,
    ),
    Figure(
        "3-D",
        "Attention by position alone",
        "The sum of 3-C after softmax: attention is concentrated on the nearest positions.",
        _attention,
    ),
    Figure(
        "3-E",
        "Attention measured on texts",
        "Attention weights measured on texts at position i, with the curve of 3-D, for the last "
        "few positions j.",
        _measured,
    ),
    Figure("8", "Tᵖ, all heads", "The curve of 3-A in every head.", _all_self_assertions),
    Figure(
        "9",
        "Tᵖᵖ, all heads",
        "The curves of 3-B in every head, for i at 50, 500 and 1000.",
        _all_comparisons,
    ),
    Figure(
        "10",
        "Attention by position alone, all heads",
        "The curve of 3-D in every head, for i at 50, 500 and 1000.",
        _all_attention,
    ),
]
