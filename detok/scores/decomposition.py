"""The six terms of the first layer's attention scores for a text (Eq. 17), and their attention."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields

import torch

from detok.model.inputs import check_heads, check_ids
from detok.model.layer import Layer

TERMS = ("ee", "pp", "ep", "pe", "e", "p")
# Scores taken through softmax at once, (heads, rows, n): 1 MB of float64, so that the dozen of
# tensors made from them stay in a large cache.
BLOCK_SOFTMAX = 1 << 17


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


def future(scores: torch.Tensor) -> torch.Tensor:
    """The causal mask of the last rows of a text, (rows, n): True where j > i."""
    rows, n = scores.shape[-2:]
    return torch.ones(rows, n, dtype=torch.bool, device=scores.device).triu(1 + n - rows)


def scaled(found: Terms) -> dict[str, torch.Tensor]:
    """Each term divided by √d', (H, rows, n) or (H, 1, n), by its name.

    In float64, on the CPU if the device has none.
    """
    device = torch.device("cpu") if found.e.device.type == "mps" else found.e.device
    root = found.d_head**0.5
    return {
        name: found.matrix(name).to(device, torch.float64, copy=True).div_(root) for name in TERMS
    }


def causal_sum(parts: Iterable[torch.Tensor]) -> torch.Tensor:
    """The sum of scaled terms as softmax takes it, (H, rows, n): −∞ where j > i.

    The first of them has that shape; the others may broadcast.
    """
    first, *others = parts
    total = first.clone()
    for part in others:
        total += part
    return total.masked_fill_(future(total), -torch.inf)


def blocks(factors: Factors) -> Iterator[tuple[slice, slice, Terms]]:
    """The terms of a text in blocks for softmax: heads, rows, and their terms."""
    H, n = factors.e.shape
    n_heads = max(1, BLOCK_SOFTMAX // n**2)
    n_rows = max(1, BLOCK_SOFTMAX // (n_heads * n))
    for head in range(0, H, n_heads):
        heads = slice(head, min(head + n_heads, H))
        part = factors.heads(heads.start, heads.stop)
        for row in range(0, n, n_rows):
            rows = slice(row, min(row + n_rows, n))
            yield heads, rows, part.rows(rows.start, rows.stop)
