"""The method's formulas and sentences for a model whose scores fall with distance (ALiBi)."""

from detok.model.rotary_layer import RotaryLayer

UNTURNED = (
    r"q_i = \frac{e_i}{\sigma_i}\,W'^{Q} + b'^{Q},\qquad "
    r"k_j = \frac{e_j}{\sigma_j}\,W'^{K} + b'^{K}"
)
FALLING = r"s_{ij} = q_i\,k_j^{\top} - \lambda\,\Delta,\qquad \Delta = i - j"
# Each with what it compares.
TERMS = {
    "ee": (
        r"T^{ee}_{ij} = \frac{e_i\,W'^{Q}\,W'^{K\top} e_j^{\top}}{\sigma_i\,\sigma_j}",
        "token i with token j, the affinity, which is the same at every distance",
    ),
    "be": (
        r"T^{be}_{j} = \frac{b'^{Q}\,W'^{K\top} e_j^{\top}}{\sigma_j}",
        "the query bias with token j, its self-assertion",
    ),
    "eb": (
        r"T^{eb}_{i} = \frac{e_i\,W'^{Q}\,b'^{K\top}}{\sigma_i}",
        "token i with the key bias: the same for all j, so that softmax ignores it",
    ),
    "bb": (
        r"T^{bb}(\Delta) = b'^{Q}\,b'^{K\top} - \lambda\,\Delta",
        "both biases, less what the distance takes off",
    ),
}
DISTANCE_ALONE = r"T^{bb}(\Delta) = -\lambda\,\Delta", "what the distance takes off"


def terms(layer: RotaryLayer) -> dict[str, tuple[str, str]]:
    """The formula of each term of this model, and what it compares."""
    found = {name: TERMS[name] for name in layer.term_names}
    return found if "eb" in found and "be" in found else {**found, "bb": DISTANCE_ALONE}


def steps(share: str) -> list[tuple[str, str]]:
    """What makes a score of tokens whose norm is folded; `share` says which key head is read."""
    return [
        (f"Queries and keys are of the tokens alone, wherever these stand.{share}", UNTURNED),
        (
            "For each token of distance, a head takes the same off the score, whatever the tokens "
            "are:",
            FALLING,
        ),
    ]


def slope(layer: RotaryLayer) -> str:
    """What λ is, in this model."""
    least, most = (f"{end.item():.3g}" for end in layer.slopes.aminmax())
    found = least if least == most else f"{least} to {most}, by the head"
    return f"what a head takes off an unscaled score for each token of distance: {found}"


EXACT = (
    "Affinities, which are the same at every distance, and the curve of a pair over all distances: "
    "it is a straight line."
)
