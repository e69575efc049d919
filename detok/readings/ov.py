"""What is said of what heads pass on, in sentences."""

import pandas as pd

from detok.model.layer import Layer
from detok.readings import words
from detok.readings.words import SIGNS
from detok.tables.common import first

VALUES = (
    "changes of logits on the direct path if a head attends to the token, but for a factor above 0 "
    "that is the same for all of them"
)
SHARES = "shares, of all tokens and of the eigenvalues of W_E W_OV W_U"
HOW = (
    "The direct path: what a head writes for a token it attends to, read by the last LayerNorm's "
    "weight and the unembedding, past everything in between. Changes can be compared with each "
    "other; how large they are depends on the text."
)


def answer(table: pd.DataFrame, layer: Layer, shown: str) -> str:
    """What one head does if it attends to a token, from its part of `tables.passed_on`."""
    most, least = (
        table[(table["raised"] == end) & (table["rank"] == 1)].iloc[0] for end in ("most", "least")
    )
    up = f"raises the logit of {most['shown']} most"
    if most["change"] <= 0:
        up = f"raises no logit, and lowers that of {most['shown']} least"
    down = "lowers that of" if least["change"] < 0 else "lowers no logit, and raises least that of"
    end = " most" if least["change"] < 0 else ""
    said = f"If head {most['head']} attends to {shown}, it {up}; it {down} {least['shown']}{end}."
    own = table[table["raised"] == "own"]
    if own.empty:
        return said
    change, rank = own.iloc[0]["change"], own.iloc[0]["rank"]
    does = "raises" if change > 0 else "lowers" if change < 0 else "leaves as it is"
    n = layer.vocab_size - len(layer.holes)
    return f"{said} The logit of {shown} itself it {does}: place {rank:,} of {n:,}."


def passed_on() -> str:
    """How the lists of tokens are to be read."""
    return f"{HOW} {SIGNS}"


def copying(table: pd.DataFrame, head: int | None) -> str:
    """Which head copies most, from `tables.copying`, and how often the chosen one does."""
    chance = (
        "A head copies a token if attending to it raises the token's own logit. With weights "
        "drawn at random either share would be 1/2 on average."
    )
    if head is not None:
        own = table[table["head"] == head].iloc[0]
        return (
            f"Head {head} copies {own['copying']:.1%} of all tokens, and {own['positive']:.1%} of "
            f"its eigenvalues have a positive real part. {chance}"
        )
    best = first(table, "copying")
    heads = words.named(best["head"].tolist(), len(table)).capitalize()
    copy = "copies" if len(best) == 1 else "copy"
    most = " most" if len(best) < len(table) else ""
    return f"{heads} {copy}{most}: {best.iloc[0]['copying']:.1%} of all tokens. {chance}"
