"""The terms of the first layer's attention scores for a text (Eq. 17), and their attention."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import singledispatch

import torch

from detok.display import Displayed
from detok.model.any_layer import AnyLayer
from detok.model.inputs import check_heads, check_ids
from detok.model.layer import TERMS, Layer
from detok.model.layernorm import centre, fold, wide_type
from detok.model.rotary_layer import RotaryLayer
from detok.scores.rotary import RotaryFactors, RotaryTerms
from detok.scores.sight import Sight

# Scores taken through softmax at once, (heads, rows, n): few enough that the dozen of tensors made
# from them stay in a large cache.
BLOCK_SOFTMAX = 1 << 17


@dataclass(frozen=True, eq=False, repr=False)
class Terms(
    Displayed,
    then=(
        "terms.total",
        "detok.attention(terms)",
        "detok.ablate(terms, drop={'pp', 'p'})",
        "detok.draw.terms(layer, ids, terms, head=0)",
    ),
):
    """The six terms of a text's attention scores, unscaled; i is the second last, j the last index.

    Their sum is the model's own q_i · k_j up to a constant per row i, which softmax ignores. H are
    the heads that were asked for. They are in the layer's type, but in float64 for a text in which
    a token nearly cancels its position: its terms are many times their sum.
    """

    ee: torch.Tensor  # (H, n, n), token i with token j
    pp: torch.Tensor  # (H, n, n), position i with position j
    ep: torch.Tensor  # (H, n, n), token i with position j
    pe: torch.Tensor  # (H, n, n), position i with token j
    e: torch.Tensor  # (H, n), self-assertion of token j
    p: torch.Tensor  # (H, n), self-assertion of position j
    scale: float  # what softmax divides them by
    is_causal: bool  # whether a token sees only itself and those before it

    @property
    def names(self) -> tuple[str, ...]:
        """The terms that add up to the total."""
        return TERMS

    @property
    def sight(self) -> Sight:
        return Sight(self.is_causal)

    @property
    def total(self) -> torch.Tensor:
        """The sum of the six terms, shape (H, n, n), unscaled."""
        return self.ee + self.pp + self.ep + self.pe + (self.e + self.p)[:, None, :]

    def matrix(self, name: str) -> torch.Tensor:
        """One term by its name as (H, n, n), or (H, 1, n) where it is the same for every i."""
        term = getattr(self, name)
        return term if term.ndim == 3 else term[:, None, :]


_FACTORS = ("q_e", "k_e", "q_p", "k_p", "e", "p")


@dataclass(frozen=True, eq=False)
class Factors:
    """What the terms of a text are products of, divided by σ: everything but (n, n) matrices."""

    q_e: torch.Tensor  # (H, n, d'), e_i W'^Q / σ_i
    k_e: torch.Tensor  # (H, n, d'), e_j W'^K / σ_j
    q_p: torch.Tensor  # (H, n, d'), p_i W'^Q / σ_i
    k_p: torch.Tensor  # (H, n, d'), p_j W'^K / σ_j
    e: torch.Tensor  # (H, n)
    p: torch.Tensor  # (H, n)
    scale: float
    is_causal: bool

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
        positions = torch.arange(n, device=layer.device)
        sigma = layer.sigma.pairs(tokens, positions)  # (n,)
        if layer.sigma.lost(sigma.square(), tokens, positions).any():
            q_e, k_e, q_p, k_p = _wide_projections(layer, tokens, chosen)  # (H, n, d') each
        else:
            rows = torch.tensor(chosen, device=layer.device)[:, None]  # (H, 1)
            q_e, k_e = (m[rows, tokens] for m in (layer.Q_E, layer.K_E))  # (H, n, d')
            q_p, k_p = (m[chosen, :n] for m in (layer.Q_pos, layer.K_pos))  # (H, n, d')
        q_e, k_e, q_p, k_p = (m / sigma[:, None] for m in (q_e, k_e, q_p, k_p))
        b_Q = layer.b_Q[chosen, :, None].to(k_e.dtype)  # (H, d', 1)
        e, p = ((k @ b_Q)[:, :, 0] for k in (k_e, k_p))  # (H, n)
        return cls(q_e, k_e, q_p, k_p, e, p, layer.scale, layer.is_causal)

    @property
    def shape(self) -> tuple[int, int]:
        """(H, n)"""
        return self.e.shape[0], self.e.shape[1]

    @property
    def names(self) -> tuple[str, ...]:
        return TERMS

    @property
    def sight(self) -> Sight:
        return Sight(self.is_causal)

    def block(self, heads: slice, rows: slice) -> Terms:
        """The terms of some heads and rows with the past tokens that these can see."""
        parts = (getattr(self, name)[heads] for name in _FACTORS)
        return Factors(*parts, self.scale, self.is_causal).rows(rows.start, rows.stop)

    def scaled(self) -> "Factors":
        """Those of terms that are divided by the scale already."""
        q_e, q_p, e, p = (part / self.scale for part in (self.q_e, self.q_p, self.e, self.p))
        return Factors(q_e, self.k_e, q_p, self.k_p, e, p, 1.0, self.is_causal)

    @torch.inference_mode()
    def rows(self, start: int, stop: int) -> Terms:
        """The terms of rows start … stop − 1 with the tokens that they can see.

        These are m: the first `stop` of the text, or all n of it where no mask hides any.
        """
        m = stop if self.is_causal else self.e.shape[1]
        q_e, q_p = self.q_e[:, start:stop], self.q_p[:, start:stop]  # (H, rows, d')
        k_e, k_p = self.k_e[:, :m].mT, self.k_p[:, :m].mT  # (H, d', m)
        return Terms(
            ee=q_e @ k_e,  # (H, rows, m)
            pp=q_p @ k_p,  # (H, rows, m)
            ep=q_e @ k_p,  # (H, rows, m)
            pe=q_p @ k_e,  # (H, rows, m)
            e=self.e[:, :m],
            p=self.p[:, :m],
            scale=self.scale,
            is_causal=self.is_causal,
        )


def folded_projections(layer: Layer) -> tuple[torch.Tensor, torch.Tensor]:
    """W'^Q and W'^K, (d, d), in float64 where there is one: from the checkpoint, as few need it."""
    first = layer.first
    ln_1 = first.ln_1_weight.double(), first.ln_1_bias.double()
    W_Q, _ = fold(first.W_Q.double(), first.b_Q.double(), *ln_1)
    W_K, _ = fold(first.W_K.double(), first.b_K.double(), *ln_1)
    wide = wide_type(layer.device)
    return W_Q.to(wide).to(layer.device), W_K.to(wide).to(layer.device)


def _wide_projections(
    layer: Layer, tokens: torch.Tensor, heads: list[int]
) -> tuple[torch.Tensor, ...]:
    """Queries and keys of a text's tokens, then of its positions, before LayerNorm divides them.

    In float64 where there is one, (H, n, d') each.
    """
    wide = wide_type(layer.device)
    W_Q, W_K = (
        W.unflatten(1, (layer.n_heads, -1))[:, heads].transpose(0, 1)  # (H, d, d')
        for W in folded_projections(layer)
    )
    e = centre(layer.W_E[tokens].to(wide))  # (n, d)
    p = centre(layer.W_pos[: len(tokens)].to(wide))  # (n, d)
    return e @ W_Q, e @ W_K, p @ W_Q, p @ W_K


AnyTerms = Terms | RotaryTerms


@singledispatch
def factors_of(
    layer: AnyLayer,
    ids: Sequence[int] | torch.Tensor,
    heads: Sequence[int] | int | None = None,
) -> Factors | RotaryFactors:
    """What the terms of a text are products of, for a layer of either kind.

    Raises: InputError as `terms`.
    """
    raise TypeError(f"the layer is a {type(layer).__name__}; expected one of `load`")


factors_of.register(Layer, Factors.of)
factors_of.register(RotaryLayer, RotaryFactors.of)


def terms(
    layer: AnyLayer,
    ids: Sequence[int] | torch.Tensor,
    *,
    heads: Sequence[int] | int | None = None,
) -> AnyTerms:
    """The terms for every pair of tokens of a text that starts at position 0.

    `ids` are n token ids, 1 ≤ n ≤ L; `heads` are all unless given. Values are unscaled (Eq. 17);
    entries with j > i are filled too, and are masked only by `attention`, as the model masks them.
    A `Layer` has the six `Terms`, a `RotaryLayer` up to four `RotaryTerms`.

    Raises: InputError for ids that this model cannot take, or a head that it does not have.
    """
    factors = factors_of(layer, ids, heads)
    return factors.rows(0, factors.shape[1])


@torch.inference_mode()
def attention(terms: AnyTerms) -> torch.Tensor:
    """The model's own first-layer attention: softmax of the terms' sum over the model's scale.

    Shape (H, n, n); every row i sums to 1 over the tokens that i sees, and is 0 elsewhere: for a
    causal model beyond j = i.
    """
    return terms.sight.masked(terms.total / terms.scale).softmax(dim=-1)


def scaled(terms: AnyTerms) -> dict[str, torch.Tensor]:
    """Each term divided by the scale, (H, rows, n) or (H, 1, n), by its name.

    In float64, on the CPU if the device has none.
    """
    device = torch.device("cpu") if terms.ee.device.type == "mps" else terms.ee.device
    matrices = {name: terms.matrix(name).to(device, torch.float64) for name in terms.names}
    if terms.scale == 1:
        return matrices
    return {name: matrix / terms.scale for name, matrix in matrices.items()}


def summed(parts: Iterable[torch.Tensor]) -> torch.Tensor:
    """The sum of scaled terms, (H, rows, n): the first has that shape, others may broadcast."""
    first, *others = parts
    total = first + sum(part for part in others if part.shape != first.shape)
    for part in others:
        if part.shape == first.shape:
            total += part
    return total


def blocks(n_heads: int, n: int) -> list[tuple[slice, slice]]:
    """The heads and rows of a text's scores in blocks for softmax, the longest rows first."""
    heads_at_once = max(1, BLOCK_SOFTMAX // n**2)
    rows_at_once = max(1, BLOCK_SOFTMAX // (heads_at_once * n))
    return [
        (slice(head, min(head + heads_at_once, n_heads)), slice(row, min(row + rows_at_once, n)))
        for row in reversed(range(0, n, rows_at_once))
        for head in range(0, n_heads, heads_at_once)
    ]
