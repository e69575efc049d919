"""What the tables of the six terms say, in sentences."""

import pandas as pd

from detok.model.layer import Layer
from detok.scores.decomposition import TERMS
from detok.scores.mean_contributions import MeanContributions
from detok.scores.pair import Pair, Score
from detok.tables.terms import FLOOR, Drawn


def maps(spreads: pd.Series, head: int, seen: str = "past") -> str:
    """Which terms decide where a head looks: the spread of each along the rows."""
    words = ", ".join(f"{_named(name)} {value:.3g}" for name, value in spreads.items())
    maps, last = {6: ("six", "seventh"), 7: ("seven", "eighth")}[len(spreads)]
    spread = f"Spread along the rows in head {head}, largest first: {words}."
    if not spreads.any():
        spread = f"In head {head}, no term varies along a row."
    return (
        f"Rows are current tokens i, columns {seen} tokens j. The {maps} maps add up to the "
        f"{last}, which softmax turns into attention; it ignores what is constant along a row, so "
        f"each row is shown less its mean. {spread}"
    )


def ranking(ranks: pd.DataFrame, places: pd.DataFrame) -> str:
    """The order of the terms in each of a few heads, and which term leads in most of them."""
    heads = ranks["head"].unique()
    if len(heads) == 1:
        if ranks["nats"].iloc[0] <= FLOOR:
            return f"In head {heads[0]}, no term has a mean above {FLOOR:g} nats."
        pairs = zip(ranks["term"], ranks["nats"], strict=True)
        words = ", ".join(f"{name} {nats:.3g}" for name, nats in pairs)
        return f"Mean over the positions in head {heads[0]}, in nats, largest first: {words}."
    if places.empty:
        same = f"all terms contribute the same, or at most {FLOOR:g} nats"
        return f"In each of {len(heads)} heads {same}."
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


def pair(layer: Layer, ids: list[int], pair: Pair) -> str:
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
    differ = f"differ most in {_named(term)}, by {gap:+.2g}" if gap else "are equal in every term"
    return (
        f"{sentence} None of the others gets more than {shown(rival.j)} (j = {rival.j}), "
        f"{rival.weight:.2f} ({rival.total:+.2f}); the two {differ}."
    )


def _sum(score: Score) -> str:
    parts = ", ".join(f"{value:+.2f} from {_named(name)}" for name, value in score.by_size.items())
    return f"{parts} = {score.total:+.2f}"


def _named(part: str) -> str:
    return part.replace("_", " ")
