"""What the tables of the six terms say, in sentences."""

import pandas as pd

from detok.model.layer import Layer
from detok.scores.contributions import Ablation
from detok.scores.decomposition import TERMS
from detok.scores.over_texts import MeanContributions
from detok.scores.pair import Pair, Score
from detok.tables.terms import FLOOR, thinning


def maps_reading(table: pd.DataFrame, head: int) -> str:
    """Which terms decide where a head looks: the spread of each along the rows."""
    spread = table.groupby("term")["centred"].std(ddof=0).drop("sum").sort_values(ascending=False)
    words = ", ".join(f"{name} {value:.2f}" for name, value in spread.items())
    return (
        "Rows are current tokens i, columns past tokens j. The six maps add up to the seventh, "
        "which softmax turns into attention; it ignores what is constant along a row, so each row "
        f"is shown less its mean. Spread along the rows in head {head}, largest first: {words}."
    )


def ranking_reading(ranks: pd.DataFrame) -> str:
    """The order of the terms in each of a few heads, and which term leads in most of them."""
    heads = ranks["head"].unique()
    if len(heads) == 1:
        pairs = zip(ranks["term"], ranks["nats"], strict=True)
        words = ", ".join(f"{name} {nats:.3g}" for name, nats in pairs)
        return f"Mean over the positions in head {heads[0]}, in nats, largest first: {words}."
    first = ranks[ranks["rank"] == 1]["term"].value_counts()
    last = ranks[ranks["rank"] == len(TERMS)]["term"].value_counts()
    return (
        f"Mean over the positions of each head. The largest contribution is that of {_often(first)}"
        f" heads; the smallest that of {_often(last)}."
    )


def _often(counts: pd.Series) -> str:
    return ", ".join(f"{term} in {n}" for term, n in counts.items())


def per_position_reading(table: pd.DataFrame) -> str:
    """What the curves are, and what of them is not drawn."""
    step = thinning(table)
    later = table[table["i"] > 0]
    left_out = int((later["nats"] <= FLOOR).sum())
    parts = [
        "D(P‖Q) in nats: how far a row's attention moves when a term is taken out of its score. "
        "It is 0 at position 0, which has only itself to attend to."
    ]
    if step > 1:
        parts.append(f"Drawn: one in {step} positions; the files have all.")
    if left_out:
        parts.append(f"{left_out:,} of {len(later):,} values, up to {FLOOR:g}, are not drawn.")
    return " ".join(parts)


def averaged_reading(found: MeanContributions, what: str) -> str:
    """Over which texts contributions were averaged, and what was left out of them."""
    longest, shortest = int(found.n[0]), int(found.n[-1])
    parts = [
        f"Mean over {found.n_texts:,} {what}, with its 95 % interval (Student's t). Position 0 is "
        f"reached by {longest:,} of them, position {len(found.n) - 1} by {shortest:,}."
    ]
    if found.n_cut:
        parts.append(f"{found.n_cut:,} are longer than the model's positions and were cut.")
    if found.n_empty:
        parts.append(f"{found.n_empty:,} without a token are left out.")
    return " ".join(parts)


def ablation_reading(found: Ablation, heads: list[int], dropped: list[str], i: int) -> str:
    """How far the attention of one head, or of several, has moved without the dropped terms."""
    if not dropped:
        return "No term is dropped: this is the model's own attention."
    names = " and ".join([", ".join(dropped[:-1]), dropped[-1]] if dropped[1:] else dropped)
    means = found.divergence.mean(dim=1).tolist()  # (H,)
    if len(heads) > 1:
        order = sorted(zip(means, heads, strict=True), reverse=True)
        words = ", ".join(f"head {head} {nats:.3g}" for nats, head in order)
        return f"Without {names}: mean D(P‖Q) in nats, the most changed heads first: {words}."
    nats = found.divergence[0]
    return (
        f"Without {names}: D(P‖Q) = {nats[i].item():.3g} nats at i = {i}, {means[0]:.3g} on "
        f"average over the text, at most {nats.max().item():.3g} (at i = {int(nats.argmax())})."
    )


def pair_reading(layer: Layer, ids: list[int], pair: Pair) -> str:
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
    gaps = {name: chosen.parts[name] - rival.parts[name] for name in TERMS}
    widest = max(gaps, key=lambda name: abs(gaps[name]))
    return (
        f"{sentence} Of the others, {shown(rival.j)} (j = {rival.j}) gets most, {rival.weight:.2f} "
        f"({rival.total:+.2f}); the two differ most in {widest}, by {gaps[widest]:+.2f}."
    )


def _sum(score: Score) -> str:
    parts = sorted(score.parts.items(), key=lambda part: -abs(part[1]))
    return (
        ", ".join(f"{value:+.2f} from {name}" for name, value in parts) + f" = {score.total:+.2f}"
    )
