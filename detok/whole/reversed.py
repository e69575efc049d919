"""The attention that the backward pass computes, and the forward pass patched with it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch

from detok.display import Displayed
from detok.errors import InputError
from detok.model.inputs import check_amount, check_index
from detok.whole.etas import check_etas
from detok.whole.forward import Changes, curve, embedded
from detok.whole.model import Model
from detok.whole.run import Run


@dataclass(frozen=True, eq=False, repr=False)
class ReversedAttention(
    Displayed,
    then=("reversed.strongest(0, head)", "detok.patched(model, ids, reversed, eta)"),
):
    """The gradient R of −log p(target) with respect to every head's attention scores.

    Scores are q · k before the division by √d', so a unit of R is a change of the loss (natural
    logarithm) for each unit of unscaled score. R is 0 beyond j = i and its rows sum to 0: a score
    that falls says as much as another that rises.
    """

    R: torch.Tensor  # (B, H, n, n)
    norms: torch.Tensor  # (B, H), ‖R‖ (Frobenius), by which heads are ranked
    forward_norms: torch.Tensor  # (B, H), ‖A‖ (Frobenius) of the attention weights

    def strongest(self, layer: int, head: int, k: int = 10) -> list[tuple[int, int, float]]:
        """The pairs with the largest |R| of one head, the largest first: i, j and R.

        Raises: InputError for a layer or head that there is not, or k below 1.
        """
        B, H = self.norms.shape
        check_index("layer", layer, B, "B")
        check_index("head", head, H, "H")
        check_amount("k", k)
        R = self.R[layer, head]
        seen = torch.ones_like(R, dtype=torch.bool).tril().nonzero().tolist()  # j ≤ i only
        pairs = [(i, j, R[i, j].item()) for i, j in seen]
        return sorted(pairs, key=lambda pair: -abs(pair[2]))[:k]


@torch.inference_mode()
def reversed_attention(run: Run) -> ReversedAttention:
    """R = A ⊙ (E − rowsum(A ⊙ E)) / √d' of every head, E = δ Vᵀ, δ the gradient at its output.

    With R, ∂L/∂Q = R K and ∂L/∂K = Rᵀ Q: what attention is to the forward pass, R is to the
    backward pass. From "Reversed Attention: On The Gradient Descent Of Attention Layers In GPT"
    (Katz and Wolf).
    """
    R = torch.stack([gradient_of_scores(run, layer) for layer in range(run.model.n_layers)])
    return ReversedAttention(R, R.norm(dim=(2, 3)), run.attention.norm(dim=(2, 3)))


@torch.inference_mode()
def gradient_of_scores(run: Run, layer: int) -> torch.Tensor:
    """R of one layer's heads, (H, n, n)."""
    A = run.attention[layer]  # (H, n, n)
    E = run.d_heads[layer] @ run.values[layer].mT  # (H, n, n)
    R = A * (E - (A * E).sum(dim=-1, keepdim=True))
    return R * run.model.blocks[layer].attn.scaling


@dataclass(frozen=True, eq=False, repr=False)
class Patched(Displayed):
    """Log-probabilities (natural) of the next token with patched attention, by η.

    Counterfactual: rows of patched attention sum to 1, but may have weights below 0 or above 1,
    which the model was never trained with.
    """

    etas: torch.Tensor  # (k,)
    log_probs: torch.Tensor  # (k, V)

    def probability(self, token: int) -> torch.Tensor:
        """p(token) at every η, (k,)."""
        return self.log_probs[:, token].exp()


@torch.inference_mode()
def patched(
    model: Model,
    ids: Sequence[int] | torch.Tensor,
    direction: ReversedAttention | Sequence[ReversedAttention],
    eta: float | Sequence[float],
) -> Patched:
    """What follows a text if attention is A + η R̄ in all heads, at one η or several.

    R̄ is the mean of `direction`: of one or more texts as long as this one. Of the same text and a
    small η, a negative one lowers the loss. "Attention patching" in the paper.

    Raises: InputError for ids that this model cannot take, or a direction of another model or
    length.
    """
    tokens = model.check_ids(ids)
    given = list(direction) if isinstance(direction, Iterable) else [direction]
    if not given or not all(isinstance(one, ReversedAttention) for one in given):
        raise InputError("there is no direction; expected the reversed attention of a text or more")
    n = len(tokens)
    expected = (model.n_layers, model.n_heads, n, n)
    for one in given:
        if tuple(one.R.shape) != expected:
            raise InputError(
                f"the direction has shape {tuple(one.R.shape)}; expected (B, H, n, n) = {expected} "
                "of a text as long as this one"
            )
    mean = sum(one.R for one in given) / len(given)
    etas = check_etas(eta)
    return Patched(etas, curve(model, embedded(model, tokens), Changes(attention=mean), etas))
