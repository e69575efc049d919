"""Figures of what each of the six terms contributes: 4 and 13."""

import pandas as pd

from detok.charts import paper, terms as charts
from detok.errors import InputError
from detok.figures.figure import Drawn, Figure
from detok.figures.setting import Setting
from detok.tables import terms as tables


def _contributions(setting: Setting) -> Drawn:
    """Fig. 4, by the true divergence at softmax's temperature, as Eqs. 18 to 22 have it.

    The script that the paper's figure was made by leaves the temperature out and takes a mean over
    j. The texts are excerpts of books in place of OpenWebText.
    """
    over = tables.averaged(setting.contributions)
    parts = {f"Head {head}": _drawn(over[over["head"] == head]) for head in setting.heads}
    drawn = {name: charts.contributions(part) for name, part in parts.items()}
    return Drawn(
        paper.one_height(paper.beside(drawn, *paper.SINGLE)), _how(setting, over[over["head"] == 0])
    )


def _all_contributions(setting: Setting) -> Drawn:
    """Fig. 13, computed as Fig. 4."""
    over = tables.averaged(setting.contributions)
    chart = paper.all_heads(charts.contributions(_drawn(over)))
    return Drawn(chart, _how(setting, over))


def _drawn(over: pd.DataFrame) -> pd.DataFrame:
    """What fits a log scale, to which intervals that reach to 0 add no decades."""
    table = tables.drawn(over).table
    if table.empty:
        raise InputError(f"no term contributes more than {tables.FLOOR:g} nats; expected some to")
    return table.assign(low=table["low"].clip(lower=table["nats"].min()))


def _how(setting: Setting, drawn: pd.DataFrame) -> str:
    step = tables.thinning(drawn)
    thinned = f" One in {step} positions is drawn." if step > 1 else ""
    return (
        f"The Kullback–Leibler divergence, in nats, of the attention without a term from the "
        f"model's own, averaged over {setting.contributions.n_texts} excerpts of public-domain "
        f"books (seed {setting.seed}), with the 95 % interval of the mean. Values of at most "
        f"{tables.FLOOR:g} are not drawn.{thinned}"
    )


FIGURES = [
    Figure(
        "4",
        "Contribution of each term",
        "How much each of the six terms changes the attention of the current position i in two "
        "heads, over many texts.",
        _contributions,
    ),
    Figure(
        "13",
        "Contribution of each term, all heads",
        "The curves of 4 in every head.",
        _all_contributions,
    ),
]
