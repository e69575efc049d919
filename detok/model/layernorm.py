"""LayerNorm folded into the first attention layer: the projections, and σ with its moments."""

from dataclasses import dataclass

import torch

# Tokens per block when streaming over the vocabulary: few enough that a block of σ, and the handful
# of temporaries made from it, stay in a large cache.
BLOCK = 2048


def fold(
    W: torch.Tensor, b: torch.Tensor, ln_weight: torch.Tensor, ln_bias: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Absorbs LayerNorm's centring, weight and bias into a projection, exactly (Eqs. 10–11).

    W' = (I − 11ᵀ/d) diag(γ) W, shape (d, d); b' = βW + b, shape (d,). With x of any token and
    position, LN(x) W + b = (x / σ(x)) W' + b'.
    """
    scaled = ln_weight[:, None] * W  # (d, d)
    return scaled - scaled.mean(dim=0), ln_bias @ W + b


@dataclass(frozen=True, eq=False)
class Sigma:
    """σ(e + p) of every token and position, from variances and covariances alone.

    Var(e + p) = Var(e) + Var(p) + 2 Cov(e, p) (biased, over the d features), so no (V, L, d) tensor
    is ever needed; σ = sqrt(Var + ε) (Eq. 3).
    """

    W_E: torch.Tensor  # (V, d)
    W_pos_centred: torch.Tensor  # (L, d), which centres Cov: W_E itself need not be
    var_e: torch.Tensor  # (V,)
    var_p: torch.Tensor  # (L,)
    eps: float

    @classmethod
    def of(cls, W_E: torch.Tensor, W_pos: torch.Tensor, eps: float) -> "Sigma":
        """Computes the variances of all tokens and all positions."""
        centred = W_pos - W_pos.mean(dim=1, keepdim=True)
        var_e = torch.cat([b.var(dim=1, correction=0) for b in W_E.split(BLOCK)])
        return cls(W_E, centred, var_e, W_pos.var(dim=1, correction=0), eps)

    def _from(self, var_e: torch.Tensor, var_p: torch.Tensor, cov: torch.Tensor) -> torch.Tensor:
        # A token that nearly cancels a position may come out below zero by rounding.
        return (var_e + var_p + 2 * cov).clamp(min=0).add(self.eps).sqrt()

    def pairs(self, ids: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        """σ of the n-th token at the n-th position, shape (n,)."""
        cov = (self.W_E[ids] * self.W_pos_centred[positions]).mean(dim=1)  # (n,)
        return self.from_cov(ids, positions, cov)

    def from_cov(
        self, ids: torch.Tensor, positions: torch.Tensor, cov: torch.Tensor
    ) -> torch.Tensor:
        """σ of tokens at positions whose covariance is at hand, in the shape they broadcast to."""
        return self._from(self.var_e[ids], self.var_p[positions], cov)

    def at_position(self, position: int) -> torch.Tensor:
        """σ of every token at one position, shape (V,)."""
        cov = self.W_E @ self.W_pos_centred[position] / self.W_E.shape[1]  # (V,)
        return self._from(self.var_e, self.var_p[position], cov)

    def block(self, start: int, stop: int) -> torch.Tensor:
        """σ of the tokens start … stop−1 at every position, shape (stop − start, L)."""
        cov = self.W_E[start:stop] @ self.W_pos_centred.T  # (block, L)
        var_e = self.var_e[start:stop, None]  # (block, 1)
        # In place: this is the hot loop over V × L, bound by memory.
        cov.mul_(2 / self.W_E.shape[1]).add_(var_e).add_(self.var_p)
        return cov.clamp_(min=0).add_(self.eps).sqrt_()


@dataclass(frozen=True, eq=False)
class Moments:
    """What the paper averages σ with when only the token or only the position is fixed.

    `token_mean` averages a token's σ over all positions (mean of the square root). The others
    describe a position's σ over all tokens of the vocabulary.
    """

    token_mean: torch.Tensor  # (V,)
    position_mean: torch.Tensor  # (L,)
    position_min: torch.Tensor  # (L,)
    position_max: torch.Tensor  # (L,)
    inverse_mean: torch.Tensor  # (L,), mean of 1/σ
    inverse_std: torch.Tensor  # (L,), standard deviation of 1/σ

    @classmethod
    def of(cls, sigma: Sigma) -> "Moments":
        """Streams once over the vocabulary in blocks; sums across blocks in float64 where it can.

        The spread of 1/σ is accumulated around each position's 1/σ of token 0: the difference of
        two large sums of squares would lose it.
        """
        (V, _), (L, _) = sigma.W_E.shape, sigma.W_pos_centred.shape
        device = sigma.W_E.device
        wide = torch.float32 if device.type == "mps" else torch.float64
        token_mean = torch.empty(V, dtype=sigma.W_E.dtype, device=device)
        sums = torch.zeros(3, L, dtype=wide, device=device)  # (3, L): σ, 1/σ − shift, its square
        shift = sigma.block(0, 1)[0].reciprocal()  # (L,)
        low = torch.full((L,), torch.inf, dtype=sigma.W_E.dtype, device=device)
        high = torch.zeros_like(low)
        for start in range(0, V, BLOCK):
            block = sigma.block(start, min(start + BLOCK, V))  # (block, L)
            token_mean[start : start + BLOCK] = block.mean(dim=1)
            low = torch.minimum(low, block.amin(dim=0))
            high = torch.maximum(high, block.amax(dim=0))
            sums[0] += block.sum(dim=0)
            inverse = block.reciprocal_().sub_(shift)  # (block, L)
            sums[1] += inverse.sum(dim=0)
            sums[2] += inverse.square_().sum(dim=0)
        mean, offset, square = (sums / V).unbind()
        dtype = token_mean.dtype
        return cls(
            token_mean=token_mean,
            position_mean=mean.to(dtype),
            position_min=low,
            position_max=high,
            inverse_mean=(shift + offset).to(dtype),
            inverse_std=(square - offset.square()).clamp(min=0).sqrt().to(dtype),
        )
