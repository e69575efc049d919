"""Figures of the heads that detokenize: 2-C and 2-D."""

from detok.charts import heads as charts, paper
from detok.charts.parts import choose
from detok.errors import InputError
from detok.figures.figure import Drawn, Figure
from detok.figures.setting import Setting
from detok.tables import heads as tables


def _curves(setting: Setting) -> Drawn:
    """Fig. 2-C, for one token i where the paper speaks of two, “iens” and “ Jackson”."""
    counts, token = setting.needed_counts(), setting.piece
    shown = setting.layer.tokenizer.show(token)
    curves = tables.token_curves(setting.layer, counts, token)
    if curves.empty:
        raise InputError(
            f"the token {shown!r} has no ROC curve with these counts; expected one with some "
            "predecessors, but not all tokens"
        )
    curves = curves[curves["head"].isin(setting.heads)]
    best = int(curves.loc[curves["area"].idxmax(), "head"])
    figure = charts.curves(choose(curves, best))
    how = (
        f"Token i is “{shown}”, with {len(counts.row(token)[0]):,} different predecessors in the "
        f"counts, each of the weight of its count. {setting.counted}"
    )
    return Drawn(paper.beside({f"Token i: {shown}": figure}, 420, 340), how)


def _summary(setting: Setting) -> Drawn:
    """Fig. 2-D, with the spread over tokens, and of a sample of them with its uncertainty.

    Tokens without an observed predecessor are left out of the mean, as the paper has it, and not
    counted as 0, as in the script that its figure was made by.
    """
    summary, areas = setting.summary, setting.areas
    extent = tables.extent(areas, setting.needed_counts())
    sample = (
        "of all tokens"
        if extent.is_whole
        else f"of {extent.n:,} of {extent.vocab_size:,} tokens drawn at random (seed "
        f"{setting.seed}); the orange bar is the 95 % confidence interval of the mean over all"
    )
    how = (
        f"Bars: mean AUROC of Tᵉᵉ {sample}. {extent.n_left_out:,} of them have none and are left "
        "out. Grey: the median and the middle half of the tokens. Dashed: chance. Green: the best "
        f"head. {setting.counted}"
    )
    width = max(280, 34 * setting.layer.n_heads)
    drawn = charts.summary(choose(summary, setting.best_head))
    return Drawn(paper.sized(drawn, width, 320), how)


FIGURES = [
    Figure(
        "2-C",
        "ROC of Tᵉᵉ for one token",
        "How well Tᵉᵉ in two heads tells the tokens that were seen before one token i in a "
        "corpus, weighted by how often, from those that never were.",
        _curves,
    ),
    Figure(
        "2-D",
        "Mean AUROC of each head",
        "The area under the curves of 2-C, averaged over the tokens i: heads with a large one "
        "contribute to detokenization.",
        _summary,
    ),
]
