"""LayerNorm folded into the first attention layer: the projections, and σ with its moments."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch.nn.functional import embedding

# Tokens per block when streaming over the vocabulary: few enough that a block of σ, and the handful
# of temporaries made from it, stay in a large cache.
BLOCK = 2048
# Numbers held at once of embeddings that are added to positions one by one.
BLOCK_VALUES = 1 << 20
# σ² below this share of Var(e) + Var(p) is computed from e + p: rounding in the sum, about 1e-7 of
# the two, would show in it.
CANCELLED = 1e-2


def wide_type(device: torch.device) -> torch.dtype:
    """The type for sums that need digits: float64, but MPS has none."""
    return torch.float32 if device.type == "mps" else torch.float64


def fold(
    W: torch.Tensor, b: torch.Tensor, ln_weight: torch.Tensor, ln_bias: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Absorbs LayerNorm's centring, weight and bias into a projection, exactly (Eqs. 10–11).

    W' = (I − 11ᵀ/d) diag(γ) W, shape (d, d); b' = βW + b, shape (d,). With x of any token and
    position, LN(x) W + b = (x / σ(x)) W' + b'.
    """
    scaled = ln_weight[:, None] * W  # (d, d)
    return scaled - scaled.mean(dim=0), ln_bias @ W + b


def centre(x: torch.Tensor) -> torch.Tensor:
    """Subtracts from every row its mean over the features, to the last digit.

    A mean that is many times the spread is itself rounded by more than the spread's last digits;
    a second mean, that of the differences, is not.
    """
    x = x - x.mean(dim=-1, keepdim=True)
    return x.sub_(x.mean(dim=-1, keepdim=True))


@dataclass(frozen=True, eq=False)
class Sigma:
    """σ(e + p) of every token and position, from variances and covariances alone.

    Var(e + p) = Var(e) + Var(p) + 2 Cov(e, p) (biased, over the d features), so no (V, L, d) tensor
    is ever needed; σ = sqrt(Var + ε) (Eq. 3). Where a token nearly cancels a position that sum has
    lost its digits, and is taken from e + p itself.
    """

    W_E: torch.Tensor  # (V, d), in its own type, which may be lower than that of all others
    W_pos: torch.Tensor  # (L, d)
    W_pos_centred: torch.Tensor  # (L, d)
    mean_e: torch.Tensor  # (V,), over the features
    var_e: torch.Tensor  # (V,)
    var_p: torch.Tensor  # (L,)
    eps: float

    @classmethod
    def of(cls, W_E: torch.Tensor, W_pos: torch.Tensor, eps: float) -> "Sigma":
        """Computes the variances of all tokens and all positions, in the type of `W_pos`."""
        moments = []
        for block in W_E.split(BLOCK):
            e = block.to(W_pos.dtype)  # (block, d)
            moments.append((e.mean(dim=1), centre(e).square_().mean(dim=1)))
        mean_e, var_e = (torch.cat(parts) for parts in zip(*moments, strict=True))
        centred = centre(W_pos)
        return cls(W_E, W_pos, centred, mean_e, var_e, centred.square().mean(dim=1), eps)

    def centred_blocks(self) -> Iterator[torch.Tensor]:
        """All embeddings less their mean, (block, d) at a time, each where the last one was.

        In the type that σ is computed in. The last digits of a mean may be left in them: they
        vanish in a product with what is centred itself, as `W_pos_centred` and W' are.
        """
        rows = min(BLOCK, len(self.W_E))
        memory = self.W_pos.new_empty(rows, self.W_E.shape[1])
        blocks = zip(self.W_E.split(BLOCK), self.mean_e.split(BLOCK), strict=True)
        for e, mean in blocks:
            yield torch.sub(e, mean[:, None], out=memory[: len(e)])

    def lost(
        self, square: torch.Tensor, ids: torch.Tensor, positions: torch.Tensor
    ) -> torch.Tensor:
        """Where σ² is so small that a sum of variances does not hold it: a mask of its shape."""
        return square < CANCELLED * (self.var_e[ids] + self.var_p[positions])

    def _sums(self, ids: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        """e + p of the n-th token and position, centred, in float64 where there is one: (n, d)."""
        wide = wide_type(self.W_E.device)
        return centre(centre(self.W_E[ids].to(wide)) + centre(self.W_pos[positions].to(wide)))

    def _direct(self, ids: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        """σ² of the n-th token at the n-th position from e + p, as wide: (n,)."""
        size = max(1, BLOCK_VALUES // self.W_E.shape[1])
        pairs = zip(ids.split(size), positions.split(size), strict=True)
        return torch.cat([self._sums(*pair).square_().mean(dim=1) for pair in pairs]) + self.eps

    def _restore(
        self, square: torch.Tensor, ids: torch.Tensor, positions: torch.Tensor
    ) -> torch.Tensor:
        """Puts the σ² in place that `square` has lost, whose shape ids and positions give."""
        lost = self.lost(square, ids, positions)
        if lost.any():
            ids, positions = torch.broadcast_tensors(ids, positions)
            square[lost] = self._direct(ids[lost], positions[lost]).to(square.dtype)
        return square

    def sums(self, ids: torch.Tensor, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """e + p of tokens at positions, less its mean, (…, d), and σ, (…), as the two broadcast."""
        # This gathers rows several times as fast as an index does.
        x = embedding(ids, self.W_E).to(self.W_pos.dtype)  # (…, d)
        x.sub_(self.mean_e[ids].unsqueeze(-1)).add_(embedding(positions, self.W_pos_centred))
        square = torch.linalg.vector_norm(x, dim=-1).square_().div_(x.shape[-1])
        # The last digits of a large mean are left in x.
        square.sub_(x.mean(dim=-1).square_()).add_(self.eps)
        lost = self.lost(square, ids, positions)
        if lost.any():
            ids, positions = (t[lost] for t in torch.broadcast_tensors(ids, positions))
            x[lost] = self._sums(ids, positions).to(x.dtype)
            square[lost] = self._direct(ids, positions).to(x.dtype)
        return x, square.sqrt_()

    def pairs(self, ids: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        """σ of the n-th token at the n-th position, shape (n,)."""
        return self.sums(ids, positions)[1]

    def from_cov(
        self, ids: torch.Tensor, positions: torch.Tensor, cov: torch.Tensor
    ) -> torch.Tensor:
        """σ of tokens at positions whose covariance is at hand, in the shape they broadcast to."""
        square = self.var_e[ids] + self.var_p[positions] + 2 * cov + self.eps
        return self._restore(square, ids, positions).sqrt_()

    def at_position(self, position: int) -> torch.Tensor:
        """σ of every token at one position, shape (V,)."""
        V, d = self.W_E.shape
        products = [e @ self.W_pos_centred[position] for e in self.centred_blocks()]
        cov = torch.cat(products).div_(d)  # (V,)
        ids = torch.arange(V, device=self.W_E.device)
        return self.from_cov(ids, torch.tensor(position, device=self.W_E.device), cov)

    def block(self, start: int, stop: int) -> torch.Tensor:
        """σ of the tokens start … stop−1 at every position, shape (stop − start, L)."""
        return self.block_and_least(start, stop)[0]

    def block_and_least(self, start: int, stop: int) -> tuple[torch.Tensor, torch.Tensor]:
        """A block of σ with its least value at each position, (L,)."""
        e = self.W_E[start:stop] - self.mean_e[start:stop, None]  # (block, d)
        var_e = self.var_e[start:stop, None]  # (block, 1)
        # In place: this is the hot loop over V × L, bound by memory.
        scale = 2 / self.W_E.shape[1]
        square = torch.addmm(self.var_p, e, self.W_pos_centred.T, alpha=scale)  # (block, L)
        square.add_(var_e + self.eps)
        least = square.amin(dim=0)  # (L,)
        # Hardly a model has any: the least values tell, and no other pass over the block is needed.
        columns = (least < CANCELLED * (var_e.amax() + self.var_p)).nonzero()[:, 0]
        if len(columns):
            ids = torch.arange(start, start + len(square), device=square.device)[:, None]
            square[:, columns] = self._restore(square[:, columns], ids, columns)
            least = square.amin(dim=0)  # (L,)
        return square.sqrt_(), least.sqrt_()


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
    def of(cls, sigma: Sigma, holes: torch.Tensor | None = None) -> "Moments":
        """Streams once over the vocabulary in blocks; sums across blocks in float64 where it can.

        `holes` are rows of W_E that stand for no token: no position's moments are over them.

        The spread of 1/σ is accumulated around one value near it at each position: the difference
        of two large sums of squares would lose it.
        """
        (V, _), (L, _) = sigma.W_E.shape, sigma.W_pos_centred.shape
        device, dtype = sigma.W_E.device, sigma.var_e.dtype
        wide = wide_type(device)
        token_mean = torch.empty(V, dtype=dtype, device=device)
        sums = torch.zeros(3, L, dtype=wide, device=device)  # (3, L): σ, 1/σ − shift, its square
        # Of several tokens' mean, as one token alone may cancel a position.
        shift = sigma.block(0, 16).mean(dim=0).reciprocal_()  # (L,)
        low = torch.full((L,), torch.inf, dtype=dtype, device=device)
        high = torch.zeros_like(low)
        for start in range(0, V, BLOCK):
            block, least = sigma.block_and_least(start, start + BLOCK)  # (block, L), (L,)
            token_mean[start : start + BLOCK] = block.mean(dim=1)
            if holes is not None and len(holes):
                left_out = (holes - start)[(holes >= start) & (holes < start + len(block))]
                kept = torch.ones(len(block), dtype=torch.bool)
                kept[left_out] = False
                block = block[kept.to(device)]
                least = block.amin(dim=0) if len(block) else low
            low = torch.minimum(low, least)
            high = torch.maximum(high, block.amax(dim=0)) if len(block) else high
            sums[0] += block.sum(dim=0)
            inverse = block.reciprocal_().sub_(shift)  # (block, L)
            sums[1] += inverse.sum(dim=0)
            sums[2] += inverse.square_().sum(dim=0)
        n = V - (0 if holes is None else len(holes))
        mean, offset, square = (sums / n).unbind()
        return cls(
            token_mean=token_mean,
            position_mean=mean.to(dtype),
            position_min=low,
            position_max=high,
            inverse_mean=(shift + offset).to(dtype),
            inverse_std=(square - offset.square()).clamp(min=0).sqrt().to(dtype),
        )
