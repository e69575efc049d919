"""A model edited by a forward pass alone, in one of its matrices; itself it stays as it is."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from detok.display import Displayed
from detok.model.inputs import check_index
from detok.whole.etas import check_etas
from detok.whole.forward import ROWS, embedded, following, forward, next_token
from detok.whole.model import Model
from detok.whole.run import Run


@dataclass(frozen=True, eq=False, repr=False)
class ForwardShift(Displayed, also=("before", "after")):
    """The probability of a target after a text, once one MLP matrix is shifted towards it, by η.

    Counterfactual: the model itself stays as it is. Log-probabilities are natural.
    """

    layer: int
    target: int
    unchanged: torch.Tensor  # (V,), log-probabilities of the next token as the model is
    etas: torch.Tensor  # (k,)
    log_probs: torch.Tensor  # (k, V), with the shifted matrix

    @property
    def before(self) -> float:
        """p(target) as the model is."""
        return self.unchanged[self.target].exp().item()

    @property
    def after(self) -> torch.Tensor:
        """p(target) at every η, (k,)."""
        return self.log_probs[:, self.target].exp()


@torch.inference_mode()
def forward_shift(
    model: Model,
    ids: Sequence[int] | torch.Tensor,
    target: int | str,
    layer: int,
    eta: float | Sequence[float],
) -> ForwardShift:
    """What follows a text if W_2 of one layer's MLP becomes W_2 + η x_nᵀ W_U[target].

    x_n are the neurons' activations at the last position. No backward pass is made: a gradient
    step imprints inputs and shifts outputs, and here the shift is towards the target's own row of
    the unembedding. "Forward-pass shift" in the paper of `backward_lens`.

    Raises: InputError for ids, a target or a layer that this model has not, or an η that is none.
    """
    tokens = model.check_ids(ids)
    chosen = model.token_id(target)
    check_index("layer", layer, model.n_layers, "B")
    etas = check_etas(eta)
    blocks = list(forward(model, embedded(model, tokens)))
    after, neurons = blocks[layer].after, blocks[layer].second_in  # (n, d), (n, m)
    unchanged = next_token(model, blocks[-1].after)
    return _shifted(model, chosen, layer, etas, after, neurons, unchanged)


@torch.inference_mode()
def shift(run: Run, target: int | str, layer: int, eta: float | Sequence[float]) -> ForwardShift:
    """`forward_shift` of a text that was taken through the model already, towards any token.

    Raises: InputError for a target or a layer that the model has not, or an η that is none.
    """
    chosen = run.model.token_id(target)
    check_index("layer", layer, run.model.n_layers, "B")
    etas, after, neurons = check_etas(eta), run.hidden[layer + 1], run.neurons[layer]
    return _shifted(run.model, chosen, layer, etas, after, neurons, run.log_probs)


def _shifted(
    model: Model,
    target: int,
    layer: int,
    etas: torch.Tensor,
    after: torch.Tensor,
    neurons: torch.Tensor,
    unchanged: torch.Tensor,
) -> ForwardShift:
    """From the residual stream after the layer and its neurons, (n, d) and (n, m), as they are.

    The step has rank 1: what it adds to the stream is at hand without a copy of the matrix, and
    only the layers above have to be gone through.
    """
    step = (neurons @ neurons[-1])[:, None] * model.W_U[target]  # (n, d), at η = 1
    found = []
    for some in etas.to(after).split(max(1, ROWS // len(after))):
        x = after + some[:, None, None] * step  # (k, n, d)
        found.append(following(model, x, start=layer + 1))
    return ForwardShift(layer, target, unchanged, etas, torch.cat(found))
