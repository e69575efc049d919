"""What the tables of a text's terms say, in sentences."""

from functools import singledispatch

import pandas as pd

from detok.model.any_layer import AnyLayer
from detok.model.layer import Layer
from detok.model.rotary_layer import RotaryLayer
from detok.readings.words import limits, words_for
from detok.scores.mean_contributions import MeanContributions
from detok.scores.pair import Pair, Score
from detok.tables.terms import FLOOR, Drawn

# How many maps there are, and which of all they add up to.
_MAPS = {2: ("two", "third"), 4: ("four", "fifth"), 6: ("six", "seventh"), 7: ("seven", "eighth")}
# Of what the terms of a rotary model are.
_OF = {
    "ee": "of both tokens ($T^{ee}$)",
    "be": "of the query bias and the past token ($T^{be}$)",
    "eb": "of the current token and the key bias ($T^{eb}$)",
    "bb": "of both biases, which is of the distance alone ($T^{bb}$)",
}


# Of a model whose scores fall with distance, and that turns nothing.
_OF_SLOPED = {
    **_OF,
    "eb": "of the current token and the key bias ($T^{eb}$), which is the same for all past tokens",
    "bb": "of the distance alone ($T^{bb}$)",
}


@singledispatch
def made_of(layer: AnyLayer) -> str:
    """Which terms a layer's scores are the sum of."""
    raise TypeError(f"the layer is a {type(layer).__name__}; expected one of `load`")


@made_of.register
def _(layer: Layer) -> str:
    return (
        "Every attention score is the sum of six terms: of both tokens ($T^{ee}$), both positions "
        "($T^{pp}$), one of each ($T^{ep}$, $T^{pe}$), and of the "
        f"{words_for(layer).seen} token or position alone ($T^{{e}}$, $T^{{p}}$)."
    )


@made_of.register
def _(layer: RotaryLayer) -> str:
    of = _OF if layer.slopes is None else _OF_SLOPED
    parts = [of[name] for name in layer.term_names]
    if layer.slopes is not None:
        terms = (
            f"Every attention score of this model is the sum of {_MAPS[len(parts)][0]} terms: "
            f"{', '.join(parts[:-1])} and {parts[-1]}, which loses the same for each token of "
            "distance. No other term depends on how far apart the two tokens are."
        )
    elif len(parts) == 1:
        terms = (
            "This model turns queries and keys by their positions, and no bias can be told apart "
            "from its tokens in them: every attention score is one term, of both tokens at their "
            "distance ($T^{ee}$). Without it attention would be even over what a token sees: what "
            "it contributes is how far attention is from that."
        )
    else:
        terms = (
            "This model turns queries and keys by their positions. Every attention score is the "
            f"sum of {_MAPS[len(parts)][0]} terms: {', '.join(parts[:-1])} and {parts[-1]}. Each "
            "depends on how far apart the two tokens are."
        )
    return terms + limits(layer)


def maps(spreads: pd.Series, head: int, seen: str = "past", *, is_capped: bool = False) -> str:
    """Which terms decide where a head looks: the spread of each along the rows."""
    words = ", ".join(f"{_named(name)} {value:.3g}" for name, value in spreads.items())
    order = ", largest first" if len(spreads) > 1 else ""
    spread = f"Spread along the rows in head {head}{order}: {words}."
    if not spreads.any():
        spread = f"In head {head}, no term varies along a row."
    if len(spreads) == 1:
        whole = "The term is the whole score"
    else:
        maps, last = _MAPS[len(spreads)]
        whole = f"The {maps} maps add up to the {last}"
    # A cap does not ignore it.
    ignored = "" if is_capped else "it ignores what is constant along a row, so "
    return (
        f"Rows are current tokens i, columns {seen} tokens j. {whole}, which softmax turns into "
        f"attention; {ignored}each row is shown less its mean. {spread}"
    )


def ranking(ranks: pd.DataFrame, places: pd.DataFrame) -> str:
    """The order of the terms in each of a few heads, and which term leads in most of them."""
    heads = ranks["head"].unique()
    if len(heads) == 1:
        if ranks["nats"].iloc[0] <= FLOOR:
            return f"In head {heads[0]}, no term has a mean above {FLOOR:g} nats."
        pairs = zip(ranks["term"], ranks["nats"], strict=True)
        words = ", ".join(f"{name} {nats:.3g}" for name, nats in pairs)
        order = ", largest first" if len(ranks) > 1 else ""
        return f"Mean over the positions in head {heads[0]}, in nats{order}: {words}."
    if len(ranks) == len(heads):
        return _one_term(ranks)
    if places.empty:
        same = f"all terms contribute the same, or at most {FLOOR:g} nats"
        return f"In each of {len(heads)} heads {same}."
    return (
        f"Mean over the positions of each of {len(heads)} heads. Largest is {_often(places, 1)}; "
        f"smallest is {_often(places, ranks['rank'].iloc[-1])}."
    )


def _one_term(ranks: pd.DataFrame) -> str:
    """Of a model of a single term, there are only heads to be ordered."""
    of = f"Mean over the positions of each of {len(ranks)} heads"
    nats = ranks["nats"]
    least, most = ranks.loc[nats.idxmin()], ranks.loc[nats.idxmax()]
    if most["nats"] <= FLOOR:
        return f"{of}: {most['term']} has at most {FLOOR:g} nats in any."
    return (
        f"{of}, of {most['term']} alone: from {least['nats']:.3g} nats in head {least['head']} to "
        f"{most['nats']:.3g} in head {most['head']}."
    )


def _often(places: pd.DataFrame, rank: int) -> str:
    rows = places[places["rank"] == rank].itertuples()
    return ", ".join(f"{row.term} in {row.heads}" for row in rows) or "no term alone in any"


def per_position(drawn: Drawn) -> str:
    """What the curves are, and what of them is not drawn."""
    parts = [
        "D(P‖Q) in nats: how far a row's attention moves when a term is taken out of its score."
    ]
    if drawn.is_causal:
        parts.append("It is 0 at position 0, which has only itself to attend to.")
    if drawn.table.empty:
        parts.append("There is no curve to draw.")
    if drawn.step > 1:
        parts.append(f"Drawn: one in {drawn.step} positions; the files have all.")
    if drawn.n_low:
        parts.append(
            f"Of {drawn.n_values:,} values, {drawn.n_low:,} {'is' if drawn.n_low == 1 else 'are'} "
            f"not drawn, being {FLOOR:g} at most."
        )
    return " ".join(parts)


def averaged(mean: MeanContributions, what: str) -> str:
    """Over which texts contributions were averaged, and what was left out of them."""
    longest, shortest, last = int(mean.n[0]), int(mean.n[-1]), len(mean.n) - 1
    parts = [
        f"Mean over {mean.n_texts:,} {what}, with its 95 % interval (Student's t). Position 0 is "
        f"reached by {longest:,} of them{f', position {last} by {shortest:,}' if last else ''}."
    ]
    if shortest == 1:
        parts.append("Where a single text reaches, there is no interval.")
    if mean.n_cut:
        are, were = ("is", "was") if mean.n_cut == 1 else ("are", "were")
        parts.append(f"{mean.n_cut:,} {are} longer than the model's positions and {were} cut.")
    if mean.n_empty:
        are = "is" if mean.n_empty == 1 else "are"
        parts.append(f"{mean.n_empty:,} without a token {are} left out.")
    return " ".join(parts)


def pair(layer: AnyLayer, ids: list[int], pair: Pair) -> str:
    """Why a token attends to another, in words."""
    names = layer.tokenizer.show_each(ids)

    def shown(t: int) -> str:
        return f"“{names[t]}”"

    chosen, rival = pair.chosen, pair.runner_up
    itself = " itself" if chosen.j == pair.i else ""
    sentence = (
        f"{shown(chosen.j)}{itself} (j = {chosen.j}) gets {chosen.weight:.2f} of "
        f"{shown(pair.i)}’s attention (i = {pair.i}) in head {pair.head}: {_sum(chosen)}."
    )
    if rival is None:
        return f"{sentence} It is the only token that can be attended to."
    term, gap = pair.widest
    most = "most in" if len(chosen.parts) > 1 else "in"
    differ = f"differ {most} {_named(term)}, by {gap:+.2g}" if gap else "are equal in every term"
    return (
        f"{sentence} None of the others gets more than {shown(rival.j)} (j = {rival.j}), "
        f"{rival.weight:.2f} ({rival.total:+.2f}); the two {differ}."
    )


def _sum(score: Score) -> str:
    parts = ", ".join(f"{value:+.2f} from {_named(name)}" for name, value in score.by_size.items())
    return f"{parts} = {score.total:+.2f}"


def _named(part: str) -> str:
    return part.replace("_", " ")
