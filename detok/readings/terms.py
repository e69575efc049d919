"""What the tables of the six terms say, in sentences."""

import pandas as pd

from detok.model.layer import Layer
from detok.scores.decomposition import TERMS
from detok.scores.mean_contributions import MeanContributions
from detok.scores.pair import Pair, Score
from detok.tables.terms import FLOOR, Drawn


def maps(spreads: pd.Series, head: int, seen: str = "past") -> str:
    """Which terms decide where a head looks: the spread of each along the rows."""
    words = ", ".join(f"{name} {value:.3g}" for name, value in spreads.items())
    return (
        f"Rows are current tokens i, columns {seen} tokens j. The six maps add up to the seventh, "
        "which softmax turns into attention; it ignores what is constant along a row, so each row "
        f"is shown less its mean. Spread along the rows in head {head}, largest first: {words}."
    )


def ranking(ranks: pd.DataFrame, places: pd.DataFrame) -> str:
    """The order of the terms in each of a few heads, and which term leads in most of them."""
    heads = ranks["head"].unique()
    if len(heads) == 1:
        pairs = zip(ranks["term"], ranks["nats"], strict=True)
        words = ", ".join(f"{name} {nats:.3g}" for name, nats in pairs)
        return f"Mean over the positions in head {heads[0]}, in nats, largest first: {words}."
    return (
        f"Mean over the positions of each of {len(heads)} heads. Largest is {_often(places, 1)}; "
        f"smallest is {_often(places, len(TERMS))}."
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
    if drawn.step > 1:
        parts.append(f"Drawn: one in {drawn.step} positions; the files have all.")
    if drawn.n_low:
        parts.append(
            f"{drawn.n_low:,} of {drawn.n_values:,} values, up to {FLOOR:g}, are not drawn."
        )
    return " ".join(parts)


def averaged(mean: MeanContributions, what: str) -> str:
    """Over which texts contributions were averaged, and what was left out of them."""
    longest, shortest = int(mean.n[0]), int(mean.n[-1])
    parts = [
        f"Mean over {mean.n_texts:,} {what}, with its 95 % interval (Student's t). Position 0 is "
        f"reached by {longest:,} of them, position {len(mean.n) - 1} by {shortest:,}."
    ]
    if mean.n_cut:
        parts.append(f"{mean.n_cut:,} are longer than the model's positions and were cut.")
    if mean.n_empty:
        parts.append(f"{mean.n_empty:,} without a token are left out.")
    return " ".join(parts)


def pair(layer: Layer, ids: list[int], pair: Pair) -> str:
    """Why a token attends to another, in words."""

    def shown(t: int) -> str:
        return f"“{layer.tokenizer.show(ids[t])}”"

    chosen, rival = pair.chosen, pair.runner_up
    itself = " itself" if chosen.j == pair.i else ""
    sentence = (
        f"{shown(chosen.j)}{itself} (j = {chosen.j}) gets {chosen.weight:.2f} of "
        f"{shown(pair.i)}’s attention (i = {pair.i}) in head {pair.head}: {_sum(chosen)}."
    )
    if rival is None:
        return f"{sentence} It is the only token that can be attended to."
    term, gap = pair.widest
    return (
        f"{sentence} Of the others, {shown(rival.j)} (j = {rival.j}) gets most, {rival.weight:.2f} "
        f"({rival.total:+.2f}); the two differ most in {term}, by {gap:+.2f}."
    )


def _sum(score: Score) -> str:
    parts = ", ".join(f"{value:+.2f} from {name}" for name, value in score.by_size.items())
    return f"{parts} = {score.total:+.2f}"
