"""One forward pass through the parts of a model, which keeps what it passes and takes changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from detok.whole.model import Model


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What a pass does otherwise than the model, which stays as it is: nothing unless given."""

    visible: torch.Tensor | None = None  # (n, n), True where i sees j, instead of j ≤ i
    attention: torch.Tensor | None = None  # (B, H, n, n), added to the attention weights
    scores: Mapping[int, torch.Tensor] = field(default_factory=dict)  # by layer: (H, n, n), to q·k
    second: Mapping[int, torch.Tensor] = field(default_factory=dict)  # by layer: (m, d), for W_2


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


def forward(model: Model, x: torch.Tensor, changes: Changes = AS_IT_IS) -> list[Block]:
    """What each layer does, from the input of the first; in eager attention, as `transformers`.

    Gradients flow to x, if it takes any; the weights take none.
    """
    n = len(x)
    visible = changes.visible
    if visible is None:
        visible = torch.ones(n, n, dtype=torch.bool, device=x.device).tril()
    blocks = []
    for number, part in enumerate(model.blocks):
        qkv = part.attn.c_attn(part.ln_1(x))  # (n, 3d)
        queries, keys, values = qkv.unflatten(1, (3, model.n_heads, -1)).permute(1, 2, 0, 3)
        scores = queries @ keys.mT  # (H, n, n)
        if number in changes.scores:
            scores = scores + changes.scores[number]
        scores = (scores * part.attn.scaling).masked_fill(~visible, -torch.inf)
        attention = scores.softmax(dim=-1)
        if changes.attention is not None:
            attention = attention + changes.attention[number]
        heads = (attention @ values).transpose(0, 1).flatten(1)  # (n, d)
        between = x + part.attn.c_proj(heads)
        first_in = part.ln_2(between)
        first_out = part.mlp.c_fc(first_in)
        second_in = part.mlp.act(first_out)
        second = part.mlp.c_proj
        second_out = second_in @ changes.second.get(number, second.weight) + second.bias
        after = between + second_out
        blocks.append(
            Block(
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
        )
        x = after
    return blocks


@torch.inference_mode()
def next_token(model: Model, ids: torch.Tensor, changes: Changes = AS_IT_IS) -> torch.Tensor:
    """Log-probabilities of the token after a text, (V,)."""
    last = forward(model, embedded(model, ids), changes)[-1].after[-1]  # (d,)
    return model.logits(last).log_softmax(dim=-1)
