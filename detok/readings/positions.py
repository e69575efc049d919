"""What the tables of the positional bias say, in sentences."""

import numpy as np
import pandas as pd
import torch

from detok.scores.over_texts import MeanAttention
from detok.scores.positions import PositionBias, inner, lines, periods
from detok.tables.positions import ZOOM


def self_assertion_reading(
    bias: PositionBias, with_layernorm: bool, head: int | None, ends: bool
) -> str:
    """How steadily T^p rises, in this head and over all, and what was left out of the drawing."""
    values = bias.p if with_layernorm else bias.raw_p  # (H, L)
    rises = (values.diff(dim=1) > 0).double().mean(dim=1).cpu().numpy()  # (H,)
    slope, r2 = lines(inner(values))
    n = len(rises)
    sentences = [
        f"T^p rises on more than half of its steps in {(rises > 0.5).sum()} of {n} heads, "
        f"and its line slopes upward in {(slope > 0).sum()} (median "
        f"{np.median(100 * slope):+.2f} per 100 positions): later positions, the close ones, get "
        f"{'more' if (slope > 0).mean() > 0.5 else 'less'} attention in most."
    ]
    if head is not None:
        sentences.insert(
            0,
            f"In head {head}, T^p rises on {rises[head]:.0%} of its steps, "
            f"{100 * slope[head]:+.2f} per 100 positions (R² {r2[head]:.2f}).",
        )
        sentences += _left_out(values[head], ends)
    return " ".join(sentences)


def _left_out(row: torch.Tensor, ends: bool) -> list[str]:
    if ends:
        return []
    return [
        f"Not drawn, so as not to squash the rest: position 0 ({row[0]:.2f}) and the last, "
        f"{len(row) - 1} ({row[-1]:.2f})."
    ]


def comparison_reading(
    bias: PositionBias, with_layernorm: bool, head: int | None, ends: bool
) -> str:
    """The wave in T^pp: its period and how much of it is one wave; and where it is largest."""
    values = bias.pp if with_layernorm else bias.raw_pp  # (H, L)
    period, share = periods(inner(values))
    distance = bias.i - _largest(values, bias.i)  # (H,)
    near = (distance <= ZOOM).sum()
    sentences = [
        f"Among the positions up to i = {bias.i}, T^pp is largest at most {ZOOM} positions back in "
        f"{near} of {len(values)} heads; the median of the heads' periods is "
        f"{np.median(period):.0f} positions."
    ]
    if head is not None:
        sentences.insert(
            0,
            f"In head {head}, the strongest wave of T^pp has a period of {period[head]:.0f} "
            f"positions and {share[head]:.0%} of the power; T^pp is largest "
            f"{_back(distance[head])}.",
        )
        if with_layernorm:
            low, high = (
                float((v[head] / bias.pp[head]).median())
                for v in (bias.pp_sigma_max, bias.pp_sigma_min)
            )
            sentences.append(
                f"The token at i scales it by {low:.2f} (largest σ_i) to {high:.2f} (smallest)."
            )
        sentences += _left_out(values[head], ends)
    return " ".join(sentences)


def _back(distance: int) -> str:
    return "at i itself" if not distance else f"{distance} before i"


def _largest(values: torch.Tensor, i: int) -> np.ndarray:
    """Where each row is largest among 1 … i (0 if there is nothing else): (H,)."""
    start = min(1, i)
    return values[:, start : i + 1].argmax(dim=1).cpu().numpy() + start


def total_reading(bias: PositionBias, with_layernorm: bool, head: int | None, ends: bool) -> str:
    """Which of the two terms decides the sum up to i, and where the sum is largest."""
    p, pp, total = (
        (bias.p, bias.pp, bias.total)
        if with_layernorm
        else (bias.raw_p, bias.raw_pp, bias.raw_total)
    )
    past = slice(min(1, bias.i), bias.i + 1)
    span_p, span_pp = ((v[:, past].amax(1) - v[:, past].amin(1)).cpu().numpy() for v in (p, pp))
    distance = bias.i - _largest(total, bias.i)
    sentences = [
        f"T^p spans more than T^pp in {(span_p > span_pp).sum()} of {len(p)} heads; the sum is "
        f"largest at most {ZOOM} positions before i in {(distance <= ZOOM).sum()}. "
        f"What lies to the right of i = {bias.i} is masked."
    ]
    if head is not None:
        sentences.insert(
            0,
            f"In head {head}, over positions 1 to {bias.i}, T^p spans {span_p[head]:.1f} and T^pp "
            f"{span_pp[head]:.1f}; their sum is largest {_back(distance[head])}.",
        )
        sentences += _left_out(total[head], ends)
    return " ".join(sentences)


def attention_reading(table: pd.DataFrame, i: int, head: int | None, ends: bool) -> str:
    """How much attention goes to the last 5 positions and to position 0: expected and measured."""
    if head is not None:
        table = table[table["head"] == head]
    n_heads = table["head"].nunique()
    of_last = table[table["j"] > i - 5].groupby("head").sum()
    of_first = table[table["j"] == 0].set_index("head")
    even = min(5, i + 1) / (i + 1)

    def masses(name: str) -> str:
        return f"{of_last[name].mean():.0%} to its last 5 positions and {of_first[name].mean():.0%}"

    where = f"in head {head}" if head is not None else f"on average over {n_heads} heads"
    sentence = (
        f"By position alone, i = {i} would give {masses('expected')} to position 0 {where} "
        f"(evenly spread: {even:.1%} and {1 / (i + 1):.1%})"
    )
    if "mean" in table:
        overlap = np.minimum(table["expected"], table["mean"]).groupby(table["head"]).sum()
        sentence += (
            f"; in texts it gives {masses('mean')}. The two curves overlap by {overlap.mean():.0%}"
        )
    sentence += "."
    if not ends:
        sentence += " Position 0 and the last of the model are not drawn."
    return sentence


def measured_reading(measured: MeanAttention, what: str) -> str:
    """How many texts the measured attention rests on."""
    short = f"; {measured.n_short} too short and left out" if measured.n_short else ""
    return (
        f"Measured: the first layer's own attention weights, from the six terms, over "
        f"{measured.n_used} {what}{short}. The band is a standard deviation over the texts."
    )


def zoom_reading(table: pd.DataFrame, i: int) -> str:
    """Which of the last positions gets most, expected and measured, on average over the heads."""
    by_j = table.groupby("j").mean()
    names = {"expected": "by position alone", "mean": "measured"}
    parts = []
    for name, words in names.items():
        if name in by_j:
            best = by_j[name].idxmax()
            parts.append(
                f"{words}, attention is largest {_back(i - best)} ({by_j.loc[best, name]:.1%})"
            )
    several = table["head"].nunique() > 1
    sentence = "; ".join(parts) + (" on average over the heads." if several else ".")
    return sentence[0].upper() + sentence[1:]


def summary_reading(table: pd.DataFrame, i: int) -> str:
    """Which head looks nearest, and which most to position 0."""
    last, first = f"mass_last_5_at_{i}", f"mass_first_at_{i}"
    near, sink = table.loc[table[last].idxmax()], table.loc[table[first].idxmax()]
    return (
        f"By position alone and at i = {i}, head {int(near['head'])} looks nearest "
        f"({near[last]:.0%} on its last 5 positions) and head {int(sink['head'])} most to position "
        f"0 ({sink[first]:.0%}). Choose a row to see its head."
    )
