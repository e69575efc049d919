"""What the tables of the forward-pass shift say, in sentences."""

import pandas as pd

from detok.readings.words import amount
from detok.tables.shift import Layers

COUNTERFACTUAL = (
    "Counterfactual: this is what the model would do with another matrix. The loaded model is not "
    "changed."
)


def curve(table: pd.DataFrame, layer: int, eta: float) -> str:
    """The target's probability before and after at one η, beside its rival's."""
    at = table[table["eta"] == eta].set_index("line")
    target = at.loc["target"]
    sentences = [
        f"“{target['shown']}” has a probability of {_probability(target['before'])} before, and of "
        f"{_probability(target['after'])} once W₂ of layer {layer} is shifted towards it by η = "
        f"{eta:g}"
    ]
    if "rival" in at.index:
        rival = at.loc["rival"]
        ahead = "ahead of" if target["after"] > rival["after"] else "not ahead of"
        sentences.append(
            f"It is then {ahead} “{rival['shown']}”, the most probable of the others before, which "
            f"goes from {_probability(rival['before'])} to {_probability(rival['after'])}"
        )
    return ". ".join(sentences) + "."


def control(table: pd.DataFrame, eta: float, stranger: str | None) -> str:
    """What the same shift towards a token drawn at random does to the target."""
    if stranger is None:
        return COUNTERFACTUAL
    row = table[(table["eta"] == eta) & (table["line"] == "control")].iloc[0]
    return (
        f"Against chance: the same shift towards “{stranger}”, drawn at random, takes "
        f"“{row['shown']}” from {_probability(row['before'])} to {_probability(row['after'])}. "
        f"{COUNTERFACTUAL}"
    )


def by_layer(table: pd.DataFrame, found: Layers, target: str) -> str:
    """In which layer the shift raises the target's probability most, and in how many it does."""
    first = table.iloc[0]
    return (
        f"At η = {first['eta']:g}, “{target}” is most probable if layer {found.best} is shifted: "
        f"{_probability(found.after)}, before {_probability(first['before'])}. The shift raises it "
        f"in {found.n_raised} of {amount(len(table), 'layer')}, each shifted by itself."
    )


def _probability(p: float) -> str:
    return "more than 0.999" if p > 0.9995 else f"{p:.3g}"
