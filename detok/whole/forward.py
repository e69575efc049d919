"""One forward pass through the parts of a model, which keeps what it passes and takes changes."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import torch

from detok.whole.model import Model

# Rows, tokens times values of η, that go through a layer at once: more use no more of the cores.
ROWS = 512


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What a pass does otherwise than the model, which stays as it is: nothing unless given."""

    visible: torch.Tensor | None = None  # (n, n), True where i sees j, instead of j ≤ i
    scores: Mapping[int, torch.Tensor] = field(default_factory=dict)  # by layer: (H, n, n), to q·k
    attention: torch.Tensor | None = None  # (B, H, n, n), η of it is added to the attention weights
    eta: torch.Tensor | float = 1.0  # a number, or (k, 1, 1) for an input (k, n, d)


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


def forward(
    model: Model, x: torch.Tensor, changes: Changes = AS_IT_IS, start: int = 0
) -> Iterator[Block]:
    """What each layer does with its input, one after the other from `start` on, whose input is x.

    As `transformers` in eager attention. Gradients flow to x, if it takes any; the weights take
    none. x may be several inputs at once, (k, n, d), and what a block holds then has that dimension
    too.
    """
    n = x.shape[-2]
    visible = changes.visible
    if visible is None:
        visible = torch.ones(n, n, dtype=torch.bool, device=x.device).tril()
    eta = changes.eta
    for number in range(start, model.n_layers):
        part = model.blocks[number]
        qkv = part.attn.c_attn(part.ln_1(x)).unflatten(-1, (3, model.n_heads, -1))
        queries, keys, values = qkv.transpose(-2, -4).unbind(-3)  # (H, n, d') each
        scores = queries @ keys.mT  # (H, n, n)
        if number in changes.scores:
            scores = scores + changes.scores[number]
        scores = (scores * part.attn.scaling).masked_fill(~visible, -torch.inf)
        attention = scores.softmax(dim=-1)
        if changes.attention is not None:
            scaled = eta[..., None] if isinstance(eta, torch.Tensor) else eta
            attention = attention + scaled * changes.attention[number]
        heads = (attention @ values).transpose(-2, -3).flatten(-2)  # (n, d)
        between = x + part.attn.c_proj(heads)
        first_in = part.ln_2(between)
        first_out = part.mlp.c_fc(first_in)
        second_in = part.mlp.act(first_out)
        second_out = part.mlp.c_proj(second_in)
        after = between + second_out
        yield Block(
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
            after=after,
        )
        x = after


def next_token(model: Model, last: Block) -> torch.Tensor:
    """Log-probabilities of the token after a text, (V,), from what the last layer did with it."""
    return model.logits(last.after[..., -1, :]).log_softmax(dim=-1)


def last_of(blocks: Iterator[Block]) -> Block:
    """The last layer's, of which nothing is kept of those before it."""
    return deque(blocks, maxlen=1)[0]


@torch.inference_mode()
def curve(model: Model, x: torch.Tensor, changes: Changes, etas: torch.Tensor) -> torch.Tensor:
    """`next_token` with the changes at each of several η, (k, V), from the first layer's input."""
    found = []
    for some in etas.to(x).split(max(1, ROWS // len(x))):
        inputs = x.expand(len(some), *x.shape)
        at = replace(changes, eta=some[:, None, None])
        found.append(next_token(model, last_of(forward(model, inputs, at))))
    return torch.cat(found)
