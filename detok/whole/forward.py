"""One forward pass through the parts of a model, which keeps what it passes and takes changes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import torch

from detok.whole.model import Model

# Rows, tokens times passes, that go through a layer at once: more use no more of the cores.
ROWS = 768
_ALL = slice(None)


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What a pass does otherwise than the model, which stays as it is: nothing unless given.

    Several passes are made at once where scores are (k, H, n, n), or η is (k, 1, 1, 1).
    """

    visible: torch.Tensor | None = None  # (n, n), True where i sees j, instead of j ≤ i
    scores: Mapping[int, torch.Tensor] = field(default_factory=dict)  # by layer: (H, n, n), to q·k
    attention: torch.Tensor | None = None  # (B, H, n, n), η of it is added to the attention weights
    eta: torch.Tensor | float = 1.0


AS_IT_IS = Changes()


@dataclass(frozen=True, kw_only=True)
class Block:
    """What one layer does with a text of n tokens."""

    before: torch.Tensor  # (n, d), the residual stream
    queries: torch.Tensor  # (H, n, d')
    keys: torch.Tensor  # (H, n, d')
    values: torch.Tensor  # (H, n, d')
    attention: torch.Tensor  # (H, n, n)
    heads: torch.Tensor  # (n, d), the heads' outputs side by side: input of the output projection
    between: torch.Tensor  # (n, d), the residual stream with what the heads pass on
    first_in: torch.Tensor  # (n, d), ln_2 of it: input of the first MLP matrix
    first_out: torch.Tensor  # (n, m)
    second_in: torch.Tensor  # (n, m), the neurons' activations: input of the second MLP matrix
    second_out: torch.Tensor  # (n, d)
    after: torch.Tensor  # (n, d)


def embedded(model: Model, ids: torch.Tensor) -> torch.Tensor:
    """The input of the first layer, (n, d)."""
    return model.W_E[ids] + model.network.transformer.wpe.weight[: len(ids)]


def forward(model: Model, x: torch.Tensor, changes: Changes = AS_IT_IS) -> Iterator[Block]:
    """What each layer does with its input, one after the other from the first on, whose input is x.

    As `transformers` in eager attention. Gradients flow to x, if it takes any; the weights take
    none.
    """
    for number in range(model.n_layers):
        block = _block(model, number, x, changes)
        yield block
        x = block.after


def following(
    model: Model, x: torch.Tensor, changes: Changes = AS_IT_IS, start: int = 0
) -> torch.Tensor:
    """Log-probabilities of the token after a text, (…, V), by the layers from `start` on.

    x is the input of that layer, (n, d), or several at once, (k, n, d). The last layer is made for
    the last position alone: nothing else of it has a say.
    """
    for number in range(start, model.n_layers):
        is_last = number == model.n_layers - 1
        x = _block(model, number, x, changes, slice(-1, None) if is_last else _ALL).after
    return next_token(model, x)


def _block(
    model: Model, number: int, x: torch.Tensor, changes: Changes, rows: slice = _ALL
) -> Block:
    """One layer; of queries, and what comes after them, only some of the n rows."""
    part, n = model.blocks[number], x.shape[-2]
    visible = changes.visible
    if visible is None:
        visible = torch.ones(n, n, dtype=torch.bool, device=x.device).tril()
    qkv = part.attn.c_attn(part.ln_1(x)).unflatten(-1, (3, model.n_heads, -1))
    queries, keys, values = qkv.transpose(-2, -4).unbind(-3)  # (H, n, d') each
    queries = queries[..., rows, :]
    scores = queries @ keys.mT  # (H, n, n)
    if number in changes.scores:
        scores = scores + changes.scores[number][..., rows, :]
    scores = (scores * part.attn.scaling).masked_fill(~visible[rows], -torch.inf)
    attention = scores.softmax(dim=-1)
    if changes.attention is not None:
        attention = attention + changes.eta * changes.attention[number][..., rows, :]
    heads = (attention @ values).transpose(-2, -3).flatten(-2)  # (n, d)
    between = x[..., rows, :] + part.attn.c_proj(heads)
    first_in = part.ln_2(between)
    first_out = part.mlp.c_fc(first_in)
    second_in = part.mlp.act(first_out)
    second_out = part.mlp.c_proj(second_in)
    return Block(
        before=x,
        queries=queries,
        keys=keys,
        values=values,
        attention=attention,
        heads=heads,
        between=between,
        first_in=first_in,
        first_out=first_out,
        second_in=second_in,
        second_out=second_out,
        after=between + second_out,
    )


def next_token(model: Model, after: torch.Tensor) -> torch.Tensor:
    """Log-probabilities of the token after a text, (…, V), from the last layer's output."""
    return model.logits(after[..., -1, :]).log_softmax(dim=-1)


@torch.inference_mode()
def curve(model: Model, x: torch.Tensor, changes: Changes, etas: torch.Tensor) -> torch.Tensor:
    """`following` with the changes at each of several η, (k, V), from the first layer's input."""
    return torch.cat(
        [
            following(model, x, replace(changes, eta=some[:, None, None, None]))
            for some in etas.to(x).split(max(1, ROWS // len(x)))
        ]
    )
