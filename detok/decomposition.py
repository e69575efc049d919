"""The six terms of the first layer's attention scores for a text (Eq. 17), and their attention."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch

from detok.affinity import check_heads
from detok.errors import InputError
from detok.layer import Layer

TERMS = ("ee", "pp", "ep", "pe", "e", "p")
_NO_IDS = (torch.bool, torch.complex64, torch.complex128)


@dataclass(frozen=True, eq=False)
class Terms:
    """The six terms of a text's attention scores, unscaled; i is the second last, j the last index.

    Their sum is the model's own q_i · k_j up to a constant per row i, which softmax ignores. H are
    the heads that were asked for.
    """

    ee: torch.Tensor  # (H, n, n), token i with token j
    pp: torch.Tensor  # (H, n, n), position i with position j
    ep: torch.Tensor  # (H, n, n), token i with position j
    pe: torch.Tensor  # (H, n, n), position i with token j
    e: torch.Tensor  # (H, n), self-assertion of token j
    p: torch.Tensor  # (H, n), self-assertion of position j
    d_head: int

    @property
    def total(self) -> torch.Tensor:
        """The sum of the six terms, shape (H, n, n), unscaled."""
        return self.ee + self.pp + self.ep + self.pe + (self.e + self.p)[:, None, :]

    def matrix(self, name: str) -> torch.Tensor:
        """One term by its name as (H, n, n), or (H, 1, n) where it is the same for every i."""
        term = getattr(self, name)
        return term if term.ndim == 3 else term[:, None, :]


@dataclass(frozen=True, eq=False)
class Factors:
    """What the terms of a text are products of, divided by σ: everything but (n, n) matrices."""

    q_e: torch.Tensor  # (H, n, d'), e_i W'^Q / σ_i
    k_e: torch.Tensor  # (H, n, d'), e_j W'^K / σ_j
    q_p: torch.Tensor  # (H, n, d'), p_i W'^Q / σ_i
    k_p: torch.Tensor  # (H, n, d'), p_j W'^K / σ_j
    e: torch.Tensor  # (H, n)
    p: torch.Tensor  # (H, n)

    @classmethod
    @torch.inference_mode()
    def of(
        cls,
        layer: Layer,
        ids: Sequence[int] | torch.Tensor,
        heads: Sequence[int] | int | None = None,
    ) -> "Factors":
        """Those of a text; arguments and errors are those of `terms`."""
        tokens = check_ids(layer, ids)
        chosen = check_heads(layer, heads)
        n = len(tokens)
        sigma = layer.sigma.pairs(tokens, torch.arange(n, device=layer.device))  # (n,)
        rows = torch.tensor(chosen, device=layer.device)[:, None]  # (H, 1)
        q_e, k_e = (m[rows, tokens] / sigma[:, None] for m in (layer.Q_E, layer.K_E))
        q_p, k_p = (m[chosen, :n] / sigma[:, None] for m in (layer.Q_pos, layer.K_pos))
        b_Q = layer.b_Q[chosen, :, None]  # (H, d', 1)
        e, p = ((k @ b_Q)[:, :, 0] for k in (k_e, k_p))  # (H, n)
        return cls(q_e, k_e, q_p, k_p, e, p)

    def heads(self, start: int, stop: int) -> "Factors":
        """Those of some of the heads, start … stop − 1."""
        return Factors(*(getattr(self, field.name)[start:stop] for field in fields(self)))

    @torch.inference_mode()
    def rows(self, start: int, stop: int) -> Terms:
        """The terms of rows start … stop − 1 with the past tokens that they can see, j < stop."""
        q_e, q_p = self.q_e[:, start:stop], self.q_p[:, start:stop]  # (H, rows, d')
        k_e, k_p = self.k_e[:, :stop].mT, self.k_p[:, :stop].mT  # (H, d', stop)
        return Terms(
            ee=q_e @ k_e,  # (H, rows, stop)
            pp=q_p @ k_p,  # (H, rows, stop)
            ep=q_e @ k_p,  # (H, rows, stop)
            pe=q_p @ k_e,  # (H, rows, stop)
            e=self.e[:, :stop],
            p=self.p[:, :stop],
            d_head=self.q_e.shape[2],
        )


def check_ids(layer: Layer, ids: Sequence[int] | torch.Tensor) -> torch.Tensor:
    """Token ids of a text as a tensor (n,) on the layer's device.

    Raises: InputError if there are none, more than L, or one that is no token of the model.
    """
    try:
        tensor = torch.as_tensor(ids)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(
            f"ids cannot be read as numbers ({error}); expected token ids, as of tokenizer.encode"
        ) from error
    if tensor.numel() == 0:
        raise InputError("the text has no tokens; expected at least 1")
    if tensor.ndim != 1 or tensor.dtype in _NO_IDS or tensor.is_floating_point():
        raise InputError(
            f"ids have shape {tuple(tensor.shape)} and type {tensor.dtype}; expected (n,) integers"
        )
    if len(tensor) > layer.n_positions:
        raise InputError(
            f"the text has n = {len(tensor)} tokens; expected at most L = {layer.n_positions}, the "
            "positions of this model"
        )
    wrong = tensor[(tensor < 0) | (tensor >= layer.vocab_size)]
    if len(wrong):
        raise InputError(
            f"token id {wrong[0].item()} is out of range; expected 0 ≤ id < V = {layer.vocab_size}"
        )
    return tensor.to(layer.device, torch.long)


def terms(
    layer: Layer,
    ids: Sequence[int] | torch.Tensor,
    heads: Sequence[int] | int | None = None,
) -> Terms:
    """The six terms for every pair of tokens of a text that starts at position 0.

    `ids` are n token ids, 1 ≤ n ≤ L; `heads` are all unless given. Values are unscaled (Eq. 17);
    entries with j > i are filled too, and are masked only by `attention`.

    Raises: InputError for ids that this model cannot take, or a head that it does not have.
    """
    factors = Factors.of(layer, ids, heads)
    return factors.rows(0, factors.e.shape[1])


@torch.inference_mode()
def attention(terms: Terms) -> torch.Tensor:
    """The model's own first-layer attention: causal softmax of the terms' sum over √d'.

    Shape (H, n, n); every row i sums to 1 over j ≤ i and is 0 beyond.
    """
    scores = terms.total / terms.d_head**0.5  # (H, n, n)
    future = torch.ones(scores.shape[1:], dtype=torch.bool, device=scores.device).triu(1)  # (n, n)
    return scores.masked_fill_(future, -torch.inf).softmax(dim=-1)
