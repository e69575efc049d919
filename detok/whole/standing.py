"""Where one token stands among all, in the logit lens of many vectors at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import torch

from detok.whole.model import Model

# Vectors times tokens whose logits are held at once: as many as the processor's cache holds.
ROWS, TOKENS = 1024, 2048


@dataclass(frozen=True, eq=False)
class Standing:
    """Ranks and probability of one token in LL(x) = softmax(ln_f(x) W_Uᵀ) of each vector x."""

    most: torch.Tensor  # (rows,), int32; 1: no token is more probable
    least: torch.Tensor  # (rows,), int32; 1: no token is less probable
    probabilities: torch.Tensor  # (rows,)


def standing(model: Model, x: torch.Tensor, token: int) -> Standing:
    """How a token stands in LL of every row of x, (rows, d)."""
    parts = zip(*(_standing(model, rows, token) for rows in x.split(ROWS)), strict=True)
    return Standing(*map(torch.cat, parts))


def _standing(
    model: Model, x: torch.Tensor, token: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    read = model.network.transformer.ln_f(x).T  # (d, rows)
    more, less = torch.zeros(2, len(x), dtype=torch.int32, device=x.device)
    total = x.new_zeros(len(x))
    for logits, own in _logits(model, read, token):
        more += (logits > own).sum(dim=0, dtype=torch.int32)
        less += (logits < own).sum(dim=0, dtype=torch.int32)
        total += (logits - own).exp_().sum(dim=0)
    return more + 1, less + 1, 1 / total


def _logits(
    model: Model, read: torch.Tensor, token: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Logits of all tokens, (TOKENS, rows) at a time, each with those of the one token, (rows,).

    Its own are of the block that it is in: another product might round them otherwise, and a token
    does not stand behind itself.
    """
    blocks = list(model.W_U.split(TOKENS))
    first = blocks.pop(token // TOKENS) @ read
    own = first[token % TOKENS]
    for logits in chain([first], (block @ read for block in blocks)):
        yield logits, own
