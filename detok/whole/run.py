"""A text taken through a whole model once, forward and backward: what all else here starts from."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from detok.display import Displayed
from detok.errors import InputError
from detok.model import memory
from detok.whole.forward import embedded, forward, next_token
from detok.whole.model import Model


@dataclass(frozen=True, eq=False, repr=False)
class Run(
    Displayed,
    also=("loss", "probability", "rank"),
    then=(
        "detok.reversed_attention(run)",
        "detok.backward_lens(run)",
        "detok.flow(run)",
        "detok.segment_attention(run, lengths)",
    ),
):
    """A text's way through all layers, and the gradients of −log p(target) at its last position.

    B layers, n tokens, m neurons of an MLP. Gradients are of the loss L = −log p(target) (natural
    logarithm) with respect to what has the same shape; nothing of the model's is among them.
    """

    model: Model
    ids: torch.Tensor  # (n,)
    target: int  # the token whose probability after the text is looked at
    log_probs: torch.Tensor  # (V,), of the token after the text
    hidden: torch.Tensor  # (B + 1, n, d), the residual stream before each layer, and after the last
    between: torch.Tensor  # (B, n, d), the residual stream between attention and MLP
    queries: torch.Tensor  # (B, H, n, d')
    keys: torch.Tensor  # (B, H, n, d')
    values: torch.Tensor  # (B, H, n, d')
    attention: torch.Tensor  # (B, H, n, n), rows sum to 1
    heads: torch.Tensor  # (B, H, n, d'), attention times values
    mlp_inputs: torch.Tensor  # (B, n, d), ln_2's output: input of the first MLP matrix
    neurons: torch.Tensor  # (B, n, m), activations: input of the second MLP matrix
    d_heads: torch.Tensor  # (B, H, n, d'), the gradient at the heads' outputs
    d_first: torch.Tensor  # (B, n, m), the gradient at the first MLP matrix's output
    d_second: torch.Tensor  # (B, n, d), the gradient at the second MLP matrix's output

    @property
    def loss(self) -> float:
        """−log p(target), natural logarithm."""
        return -self.log_probs[self.target].item()

    @property
    def probability(self) -> float:
        """p(target) after the text."""
        return self.log_probs[self.target].exp().item()

    @property
    def rank(self) -> int:
        """The target's rank after the text among all V, 1 if no token is more probable."""
        return int((self.log_probs > self.log_probs[self.target]).sum()) + 1

    @property
    def n(self) -> int:
        return len(self.ids)


def check_target(model: Model, target: int | str | None, log_probs: torch.Tensor) -> int:
    """The id of a target given as its id or exact text; None is the model's own best.

    Raises: InputError if it is not exactly one token of this model.
    """
    return int(log_probs.argmax()) if target is None else model.token_id(target)


def needed(model: Model, n: int) -> int:
    """Bytes that a run of n tokens takes at its peak, with what the backward pass keeps."""
    scores = 6 * model.n_heads * n**2
    others = n * (20 * model.d_model + 6 * model.n_neurons)
    return (model.n_layers * (scores + others) + 4 * model.vocab_size) * model.dtype.itemsize


# Grad and inference mode are a thread's own: a caller may have switched to either.
@torch.inference_mode(False)
@torch.enable_grad()
def run(model: Model, ids: Sequence[int] | torch.Tensor, target: int | str | None = None) -> Run:
    """Takes a text through a model, forward and backward from −log p(target) at its last position.

    `ids` are n token ids, 1 ≤ n ≤ L; `target` is a token by id or exact text, by default the one
    that the model itself finds most probable.

    Raises: InputError for ids that this model cannot take, a target that is not exactly one token,
    a text for which there is not enough memory, or a model whose numbers overflow.
    """
    ids = model.check_ids(ids).clone()  # which may have been made in inference mode
    memory.check_bytes(needed(model, len(ids)), model.device, "this text", "a shorter text")
    with memory.explaining(model.device):
        return _run(model, ids, target)


def _run(model: Model, ids: torch.Tensor, target: int | str | None) -> Run:
    x = embedded(model, ids).requires_grad_()
    blocks = list(forward(model, x))
    log_probs = next_token(model, blocks[-1].after)  # (V,)
    chosen = check_target(model, target, log_probs)
    read = ("heads", "first_out", "second_out")
    gradients = torch.autograd.grad(
        -log_probs[chosen], [getattr(block, name) for name in read for block in blocks]
    )

    def stacked(name: str) -> torch.Tensor:
        return torch.stack([getattr(block, name).detach() for block in blocks])

    def by_head(x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(2, (model.n_heads, -1)).transpose(1, 2)  # (B, H, n, d')

    if not all(values.isfinite().all() for values in (log_probs, *gradients)):
        raise InputError(
            f"the numbers of {model.name} overflow {model.dtype} on this text; expected a model "
            "with smaller weights"
        )
    d_heads, d_first, d_second = (
        torch.stack(gradients[at : at + len(blocks)])
        for at in range(0, len(gradients), len(blocks))
    )
    return Run(
        model=model,
        ids=ids,
        target=chosen,
        log_probs=log_probs.detach(),
        hidden=torch.cat([stacked("before"), blocks[-1].after.detach()[None]]),
        between=stacked("between"),
        queries=stacked("queries"),
        keys=stacked("keys"),
        values=stacked("values"),
        attention=stacked("attention"),
        heads=by_head(stacked("heads")),
        mlp_inputs=stacked("first_in"),
        neurons=stacked("second_in"),
        d_heads=by_head(d_heads),
        d_first=d_first,
        d_second=d_second,
    )
