"""The method's formulas and sentences for a model with distance in place of position."""

from detok.model.rotary_layer import RotaryLayer
from detok.readings import words

FOLDED = (
    r"W' = \left(I - \tfrac{1}{d}\mathbf 1 \mathbf 1^{\top}\right)\operatorname{diag}(\gamma)\,W,"
    r"\qquad b' = \beta W + b"
)
FOLDED_RMS = r"W' = \operatorname{diag}(\gamma)\,W,\qquad b' = b"
AS_THEY_ARE = r"W' = W,\qquad b' = b,\qquad \sigma_i = 1"
TURNED = (
    r"q_i = \left(\frac{e_i}{\sigma_i}\,W'^{Q} + b'^{Q}\right) R_i,\qquad "
    r"k_j = \left(\frac{e_j}{\sigma_j}\,W'^{K} + b'^{K}\right) R_j,\qquad s_{ij} = q_i\,k_j^{\top}"
)
NORMED = (
    r"u_i = \operatorname{norm}\left(\frac{e_i}{\sigma_i}\,W'^{Q} + b'^{Q}\right),\quad "
    r"v_j = \operatorname{norm}\left(\frac{e_j}{\sigma_j}\,W'^{K} + b'^{K}\right),\qquad "
    r"s_{ij} = (u_i R_i)\,(v_j R_j)^{\top}"
)
DISTANCE = r"R_i R_j^{\top} = R(i - j) = R(\Delta)"
WAVES = r"T(\Delta) = a_0 + \sum_m \left(a_m \cos\theta_m \Delta + c_m \sin\theta_m \Delta\right)"
# Each with what it compares.
TERMS = {
    "ee": (
        r"T^{ee}_{ij}(\Delta) = \frac{e_i\,W'^{Q} R(\Delta)\,W'^{K\top} e_j^{\top}}"
        r"{\sigma_i\,\sigma_j}",
        "token i with token j at their distance, the affinity",
    ),
    "be": (
        r"T^{be}_{j}(\Delta) = \frac{b'^{Q} R(\Delta)\,W'^{K\top} e_j^{\top}}{\sigma_j}",
        "the query bias with token j, its self-assertion",
    ),
    "eb": (
        r"T^{eb}_{i}(\Delta) = \frac{e_i\,W'^{Q} R(\Delta)\,b'^{K\top}}{\sigma_i}",
        "token i with the key bias: it turns with the distance, and so does not cancel",
    ),
    "bb": (
        r"T^{bb}(\Delta) = b'^{Q} R(\Delta)\,b'^{K\top}",
        "both biases, which is of the distance alone",
    ),
}
WHOLE = (
    r"T^{ee}_{ij}(\Delta) = u_i\,R(\Delta)\,v_j^{\top}",
    "token i with token j at their distance, the affinity, which is the whole score",
)


def heading(layer: RotaryLayer) -> str:
    """What the first section is called."""
    return f"A head's score in {words.terms(layer)}"


def terms(layer: RotaryLayer) -> dict[str, tuple[str, str]]:
    """The formula of each term of this model, and what it compares."""
    if layer.query.norm is not None:
        return {"ee": WHOLE}
    return {name: TERMS[name] for name in layer.term_names}


def steps(layer: RotaryLayer) -> list[tuple[str, str]]:
    """What leads up to the terms: sentences, each with the formula after it."""
    total = " + ".join(rf"T^{{{name}}}" for name in layer.term_names)
    H, of_keys = layer.n_heads, layer.n_key_heads
    share = f" Head h reads key head $\\lfloor h \\cdot {of_keys} / {H} \\rfloor$."
    share = share if of_keys < H else ""
    return [
        _folded(layer),
        (
            "Queries and keys are then turned by their positions, a pair of coordinates m at a "
            f"time by the angle position times $\\theta_m$.{_normed(layer)}{share}",
            TURNED if layer.query.norm is None else NORMED,
        ),
        ("Of the two rotations only the distance of the two tokens is left:", DISTANCE),
        (
            "Then the score of two tokens is exactly",
            rf"s_{{ij}} = {total},\qquad \Delta = i - j",
        ),
    ]


def _folded(layer: RotaryLayer) -> tuple[str, str]:
    begun = "The first layer reads the embedding of a token, to which no position is added"
    norm = layer.first.norm
    if norm is None:
        return f"{begun}, as it is: there is no norm before its queries and keys.", AS_THEY_ARE
    if norm.is_centred:
        return (
            f"{begun}. LayerNorm's centring, weight and bias are put into the projections to "
            "queries and keys; what it divides by depends on the token alone.",
            FOLDED,
        )
    return (
        f"{begun}. The weight of RMSNorm, which takes off no mean and has no bias, is put into "
        "the projections to queries and keys; what it divides by depends on the token alone.",
        FOLDED_RMS,
    )


def _normed(layer: RotaryLayer) -> str:
    if layer.query.norm is None:
        return ""
    return (
        " Before that they are normed themselves: biases mix with tokens there, and no term of "
        "theirs can be told apart."
    )


def symbols(layer: RotaryLayer) -> dict[str, str]:
    """What each symbol of the formulas stands for, by its LaTeX."""
    norm = layer.first.norm
    divisor = "1: this model norms no embeddings before its queries and keys"
    if norm is not None:
        what = "variance" if norm.is_centred else "mean square"
        divisor = f"the root of ε plus the {what} of the features of e; it depends on the token"
    of_norm = {}
    if norm is not None and norm.is_centred:
        of_norm = {"\\gamma,\\ \\beta,\\ \\varepsilon": "weight, bias and epsilon of LayerNorm"}
    elif norm is not None:
        of_norm = {"\\gamma,\\ \\varepsilon": "weight and epsilon of RMSNorm"}
    turns, of_keys = layer.theta[layer.theta > 0], layer.n_key_heads
    sharing = f" (on {words.amount(of_keys, 'key head')})" if of_keys < layer.n_heads else ""
    return {
        "i,\\ j": "positions in a text, from 0: i is the current one, j the past one",
        "\\Delta": "their distance, i − j: 1 for the token right before the current one",
        "e_i": "the embedding of the token at position i: a row vector of width d",
        "\\sigma_i": divisor,
        **of_norm,
        "W^Q,\\ b^Q,\\ W^K,\\ b^K": "a head's projections to queries and keys, and their biases if "
        "it has any; W′ and b′ have in them what of the norm can be put there",
        "R(\\Delta),\\ \\theta_m": "the rotation by a distance, and its frequencies in radians a "
        f"token: {2 * len(turns)} of {layer.d_head} coordinates are turned in pairs",
        "s_{ij}": "the attention score, query of i times key of j",
        "P_{ij},\\ Q_{ij}": "attention with all terms, and with one term taken out",
        "H,\\ d,\\ d'": f"heads, width and width of a head: {layer.n_heads}{sharing}, "
        f"{layer.d_model:,} and {layer.d_head}",
        "V,\\ L": f"tokens of the vocabulary and positions: {layer.vocab_size:,} and "
        f"{layer.n_positions:,}",
    }


def exact(layer: RotaryLayer) -> list[str]:
    """What holds to the last digit of the computation, of this model."""
    return [
        "Folding the norm into the projections changes nothing, and σ is kept as the divisor of "
        "each token: it does not depend on the position, so that nothing is averaged over any.",
        "For a text, the terms add up to the model's own score. The overview measures by how much "
        "attention from the terms and the model's own differ in a sentence: what is left is "
        f"rounding ({str(layer.dtype).removeprefix('torch.')}).",
        "Affinities at a distance, and the curve of a pair over all distances: it is a sum of at "
        f"most {layer.d_head // 2} waves.",
        "The terms of a text, their contributions, and the attention that is left when terms are "
        "dropped, with the window and the cap that a model has.",
    ]


def inexact(layer: RotaryLayer) -> list[str]:
    """What is an average, or is left out, of this model."""
    capped = (
        [
            f"Scores are shown before the cap at {layer.soft_cap:g}, attention after it: a cap "
            "leaves their order as it is."
        ]
        if layer.soft_cap is not None
        else []
    )
    unread = " What its heads write is not read." if layer.first.undefined else ""
    return [
        "What a head gives to distances, whatever the tokens, is a mean over pairs of tokens drawn "
        "by their counts, and the spread is shown as a band.",
        "Pair AUROC and the ranks of pieces take Tᵉᵉ at distance 1, also where the other terms "
        "decide.",
        f"It is about the attention scores of the first layer.{unread}",
        "A head that ranks one piece of a word first for the other need not attend to it in a "
        "text: the tokens that are there take part, and so do the other terms, if there are any.",
        "A high AUROC is knowledge of the counted texts; other texts may give another.",
        *capped,
    ]
