"""What the tables of the backward lens say, in sentences."""

import pandas as pd

from detok.readings.words import amount
from detok.tables.lens import End, Near
from detok.whole.lens import Matrix
from detok.whole.run import Run

READ = {"second": "LL(δ_i)", "first": "LL(x_i)"}


def largest(table: pd.DataFrame, run: Run, at: tuple[int, int], end: End) -> str:
    """Where the largest norm stands, and the target's rank there beside chance.

    `at` is its layer and position, `end` that of which rank 1 is.
    """
    layer, position = at
    best = _row(table, layer, position)
    if best["norm"] == 0:
        return (
            "The norm of the VJP is 0 in every layer and at every position: a step of descent "
            "would write nothing, and no rank means anything."
        )
    return (
        f"The largest VJP norm, {best['norm']:.3g}, stands in layer {layer} at position "
        f"{position}, {_quoted(run, best['token_id'])}. {_rank(best, run, end)}."
    )


def near(found: Near, run: Run, end: End) -> str:
    """In how many cells the target is near that end, beside chance, and what is grey."""
    if not found.n_told:
        return "Grey: the norm is 0 and a rank would mean nothing."
    chance, B = found.by_chance, run.model.n_layers
    sentence = (
        f"{_quoted(run, run.target)} is among the {found.first} {end} probable tokens in "
        f"{found.n_near:,} of {amount(found.n_told, 'cell')} with a gradient, where chance would "
        f"give {chance:{',.0f' if chance >= 10 else '.2g'}}."
    )
    if found.n_told == found.n_cells:
        return sentence
    last = "the only layer" if B == 1 else f"the last layer, {B - 1},"
    why = f" In {last} only the last position has a gradient." if run.n > 1 else ""
    return f"{sentence} Grey: the norm is 0 and a rank would mean nothing.{why}"


def cell(table: pd.DataFrame, run: Run, layer: int, position: int, end: End) -> str:
    """The norm of one cell, and the target's rank there."""
    one = _row(table, layer, position)
    where = f"Layer {layer}, position {position}, {_quoted(run, one['token_id'])}:"
    if one["norm"] == 0:
        return (
            f"{where} the norm of the VJP is 0. A step of descent on this text writes nothing from "
            "here, and there is nothing to read."
        )
    return f"{where} the norm of the VJP is {one['norm']:.3g}. {_rank(one, run, end)}."


def tokens(run: Run, matrix: Matrix) -> str:
    """What the two lists of a cell are."""
    V = run.model.vocab_size
    even = f"Evenly spread, each of {V:,} tokens would have {1 / V:.2g}."
    if matrix == "second":
        return (
            "Descent subtracts: where the matrix is given this input again, a step along this "
            "position's part of the gradient shifts its output by the opposite of δ_i. So the "
            "least probable tokens of LL(δ_i) are, but for the bias of ln_f, those which a step "
            f"writes, and the most probable those which it takes away. {even}"
        )
    return (
        "The gradient of the first matrix is made of its inputs x_i: a step imprints them in the "
        "neurons, more or less of each. The most probable tokens of LL(x_i) are what the input "
        f"reads as. {even}"
    )


def _row(table: pd.DataFrame, layer: int, position: int) -> pd.Series:
    return table[(table["layer"] == layer) & (table["position"] == position)].iloc[0]


def _rank(row: pd.Series, run: Run, end: End) -> str:
    V, matrix = run.model.vocab_size, "second" if "least_rank" in row else "first"
    chance = f"{(V + 1) / 2:,.1f}".removesuffix(".0")
    return (
        f"There {_quoted(run, run.target)} ranks {int(row[f'{end}_rank']):,} of {V:,} in "
        f"{READ[matrix]} (1: {end} probable), where chance would give {chance} on average"
    )


def _quoted(run: Run, token: int) -> str:
    return f"“{run.model.tokenizer.show(int(token))}”"
