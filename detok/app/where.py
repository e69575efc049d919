"""Where the two tokens of a pair stand, as a visitor chooses it for each kind of layer."""

from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

import detok
from detok.app import link
from detok.model.any_layer import AnyLayer

MAX_DISTANCE = 255  # of curves: every distance of every head is sent to the browser


@dataclass(frozen=True)
class Where:
    """The place of a pair, as arguments of the library's functions.

    `longest` is the largest distance that a curve can go to, and 0 where scores do not depend on
    distance.
    """

    pair: dict[str, Any]  # of `detok.affinity`
    past: dict[str, Any]  # of `detok.shared_scores`
    both: dict[str, Any] = field(default_factory=dict)  # of `detok.affinity_matrix`
    said: str = ""  # at the end of a title
    question: str = ""  # what is still to be chosen
    joined: str = ""  # what is to be known of strings joined of the pair
    longest: int = 0


def in_code(arguments: dict[str, Any]) -> str:
    """Arguments as they stand in a call after others."""
    return "".join(f", {name}={value!r}" for name, value in arguments.items())


@singledispatch
def choice(layer: AnyLayer) -> Where:
    """The widgets for it: with learned positions those of both tokens, or none for the mean."""
    help_ = "Leave both empty to average σ over all positions, as the paper does."
    last = layer.n_positions - 1
    i, j = (
        link.number_input(
            f"Position {name}", 0, last, None, key=f"at_{name}", help=help_, width=130
        )
        for name in "ij"
    )
    positions = None if i is None or j is None else (i, j)
    question = ""
    if (i is None) != (j is None):
        question = "Exact scores need both positions, i and j; averaging over positions until then."
    past = {"position": None if positions is None else j}
    return Where(pair={"positions": positions}, past=past, question=question)


@choice.register
def _(layer: detok.RotaryLayer) -> Where:
    """With rotary ones their distance; at 0 a token has nothing to see but itself."""
    longest = min(layer.n_distances - 1, MAX_DISTANCE)
    if layer.slopes is not None:  # Tᵉᵉ is the same at every distance
        return Where(pair={}, past={}, longest=longest)
    last = max(1, layer.n_distances - 1)
    distance = link.number_input(
        "Distance Δ",
        1,
        last,
        1,
        key="distance",
        help="By how many tokens the current one comes after the past one: Δ = i − j, 1 for the "
        "token right before it. Scores of this model depend on nothing else of positions.",
        width=130,
    )
    at = {"distance": distance}
    joined = "Strings are joined, and pairs counted, as if both tokens were neighbours."
    return Where(
        pair=at,
        past=at,
        both=at,
        said=f", at distance {distance}",
        joined=joined if distance > 1 else "",
        longest=longest,
    )
