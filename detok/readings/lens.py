"""What the tables of the backward lens say, in sentences."""

import pandas as pd

from detok.whole.lens import Matrix
from detok.whole.run import Run

# How many of the first ranks are counted as near the end.
NEAR = 10
READ = {"second": "LL(δ_i)", "first": "LL(x_i)"}


def cells(table: pd.DataFrame, run: Run, end: str) -> str:
    """Where the largest norm stands, and the target's rank there beside chance.

    `end` is that of which rank 1 is: "least" or "most" probable.
    """
    if not table["norm"].any():
        return (
            "The norm of the VJP is 0 in every layer and at every position: a step of descent "
            "would write nothing, and no rank means anything."
        )
    best = table.loc[table["norm"].idxmax()]
    return (
        f"The largest VJP norm, {best['norm']:.3g}, stands in layer {best['layer']} at position "
        f"{best['position']}, {_quoted(run, best['token_id'])}. {_rank(best, run, end)}."
    )


def near(table: pd.DataFrame, run: Run, end: str) -> str:
    """In how many cells the target is near that end, beside chance, and what is grey."""
    told = table[table["norm"] > 0]
    grey, B = len(table) - len(told), run.model.n_layers
    parts = []
    if len(told):
        V = run.model.vocab_size
        most, ranks = min(NEAR, V), told[f"{end}_rank"]
        first = f"the {most} {end} probable" if most > 1 else f"the one {end} probable"
        parts.append(
            f"{_quoted(run, run.target)} is among {first} tokens in "
            f"{int((ranks <= most).sum()):,} of the {len(told):,} cells with a gradient, where "
            f"chance would give {len(told) * most / V:.2g}."
        )
    if grey:
        whole = "the only layer" if B == 1 else f"the last layer, {B - 1},"
        last = f" In {whole} only the last position has a gradient." if run.n > 1 else ""
        parts.append(f"Grey: the norm is 0 and a rank would mean nothing.{last}")
    return " ".join(parts)


def cell(table: pd.DataFrame, run: Run, layer: int, position: int, end: str) -> str:
    """The norm of one cell, and the target's rank there."""
    rows = table[(table["layer"] == layer) & (table["position"] == position)]
    one = rows.iloc[0]
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


def _rank(row: pd.Series, run: Run, end: str) -> str:
    V, matrix = run.model.vocab_size, "second" if "least_rank" in row else "first"
    chance = f"{(V + 1) / 2:,.1f}".removesuffix(".0")
    return (
        f"There {_quoted(run, run.target)} ranks {int(row[f'{end}_rank']):,} of {V:,} in "
        f"{READ[matrix]} (1: {end} probable), where chance would give {chance} on average"
    )


def _quoted(run: Run, token: int) -> str:
    return f"“{run.model.tokenizer.show(int(token))}”"
