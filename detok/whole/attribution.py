"""What each of the six terms of the first layer's heads does to the loss."""

from dataclasses import dataclass
from numbers import Real

import torch

from detok.display import Displayed
from detok.errors import InputError
from detok.model.inputs import check_index
from detok.model.layer import Layer
from detok.scores.decomposition import TERMS, terms
from detok.whole.forward import ROWS, Changes, following
from detok.whole.model import Model
from detok.whole.reversed import gradient_of_scores
from detok.whole.run import Run


@dataclass(frozen=True, eq=False, repr=False)
class TermAttribution(Displayed, then=("detok.finite_differences(run, layer, head)",)):
    """How the loss changes, to first order, as a term of one head is scaled up.

    d/dε of −log p(target) (natural logarithm) with scores s + ε Tᵗ, at ε = 0: below 0 where the
    term raises the target's probability. The six of a head add up to its total.
    """

    by_term: torch.Tensor  # (H, 6), Σ_ij R_ij Tᵗ_ij, the terms in the order of detok.TERMS
    total: torch.Tensor  # (H,), Σ_ij R_ij s_ij, of the model's own unscaled scores s = q · k


def term_attribution(run: Run, layer: Layer) -> TermAttribution:
    """The signed loss attribution of the six terms of every head of the first layer.

    R, the reversed attention, is the gradient of the loss with respect to unscaled scores, and the
    six terms are what those are made of. They leave out a constant of each row of scores, whose
    attribution is 0, because rows of R sum to 0. `layer` is the same model's, as `detok.load` has
    it.

    Raises: InputError if the layer is of another model.
    """
    R = gradient_of_scores(run, 0).double().cpu()  # (H, n, n)
    T = _terms(run, layer)
    by_term = torch.stack([(R * T[name]).sum(dim=(1, 2)) for name in TERMS], dim=1)  # (H, 6)
    scores = (run.queries[0] @ run.keys[0].mT).double().cpu()  # (H, n, n)
    return TermAttribution(by_term, (R * scores).sum(dim=(1, 2)))


@torch.inference_mode()
def finite_differences(run: Run, layer: Layer, head: int, epsilon: float = 0.01) -> torch.Tensor:
    """The six of a head by trying, (6,): each term is added to its scores a little, and taken away.

    (L(s + ε Tᵗ) − L(s − ε Tᵗ)) / 2ε in two forward passes a term, by default of a hundredth of it;
    passes of short texts are made together.

    Raises: InputError for a head that there is not, an ε that is none, or as `term_attribution`.
    """
    check_index("head", head, run.model.n_heads, "H")
    if not isinstance(epsilon, Real) or not 0 < epsilon < float("inf"):
        raise InputError(f"epsilon is {epsilon!r}; expected a positive number")
    T = torch.stack([x[head].expand(run.n, run.n) for x in _terms(run, layer).values()])
    log_probs = []
    for some in torch.cat([epsilon * T, -epsilon * T]).split(max(1, ROWS // run.n)):
        scores = torch.zeros_like(run.attention[0]).repeat(len(some), 1, 1, 1)  # (k, H, n, n)
        scores[:, head] = some.to(scores)
        found = following(run.model, run.hidden[0], Changes(scores={0: scores}))  # (k, V)
        log_probs.append(found[:, run.target].double().cpu())
    more, less = torch.cat(log_probs).view(2, len(TERMS))
    return (less - more) / (2 * epsilon)


def _terms(run: Run, layer: Layer) -> dict[str, torch.Tensor]:
    """The unscaled terms by name, (H, n, n) or (H, 1, n), float64 on the CPU."""
    _check_same(run.model, layer)
    found = terms(layer, run.ids)
    return {name: found.matrix(name).double().cpu() for name in TERMS}


def _check_same(model: Model, layer: Layer) -> None:
    """Raises: InputError if a first layer is not that of the model."""
    block, first = model.blocks[0], layer.first
    W_Q, W_K, _ = block.attn.c_attn.weight.chunk(3, dim=1)  # (d, d) each
    pairs = ((first.W_Q, W_Q), (first.W_K, W_K), (first.ln_1_weight, block.ln_1.weight))
    if model.n_heads == layer.n_heads and all(
        ours.shape == theirs.shape and torch.equal(ours.to(theirs), theirs)
        for ours, theirs in pairs
    ):
        return
    raise InputError(
        f"the layer {layer.name!r} is not the first one of the model {model.name!r}; expected both "
        "to be loaded from one checkpoint"
    )
