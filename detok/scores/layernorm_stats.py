"""What LayerNorm divides by: variances of tokens and positions, and what stands out (§6.3–6.4)."""

import math
from dataclasses import dataclass

import torch

from detok.display import Displayed
from detok.model import layernorm
from detok.model.layer import Layer
from detok.scores.positions import level, position_bias

# A robust z-score beyond this is called an outlier (Iglewicz and Hoaglin).
OUTLIER_Z = 3.5
# The last position counts as untrained if its scores vary by less than this share of those of its
# neighbours: a position that no loss ever reached gives every j about the same score.
FLAT = 0.25
N_NEIGHBOURS = 4


@dataclass(frozen=True, eq=False, repr=False)
class LayerNormStats(
    Displayed,
    also=("median_var_p", "outliers", "last_is_untrained"),
    then=("detok.draw.layernorm_stats(stats)",),
):
    """Variances over the d features (biased), of token embeddings e and position embeddings p.

    V are the rows that stand for a token.
    """

    var_p: torch.Tensor  # (L,), Var(p_i)
    var_p_z: torch.Tensor  # (L,), its robust z-score: distance to the median in 1.4826 MAD
    var_e: torch.Tensor  # (V,), Var(e)
    norm_before: torch.Tensor  # (V,), |e|
    norm_after: torch.Tensor  # (V,), |e| / σ(e): LayerNorm applied to the token alone
    mean_abs_cov: float  # mean of |Cov(p, e)| over all L × V pairs
    sigma_mean: torch.Tensor  # (L,), σ(e + p) over all tokens at each position
    sigma_min: torch.Tensor  # (L,)
    sigma_max: torch.Tensor  # (L,)
    # (H,), spread of p_i W^QK p_jᵀ over j: last i over its neighbours; NaN where none varies, or L
    # is too small.
    last_flatness: torch.Tensor

    @property
    def median_var_p(self) -> float:
        """Var(p_i) of the median position."""
        return _median(self.var_p)

    @property
    def outliers(self) -> list[int]:
        """The positions whose variance is an outlier, ascending."""
        return (self.var_p_z.abs() > OUTLIER_Z).nonzero()[:, 0].tolist()

    @property
    def sigma_elsewhere(self) -> float:
        """The median of `sigma_mean` over the positions but 0; NaN if there is no other."""
        return _median(self.sigma_mean[1:])

    @property
    def sigma_range(self) -> float:
        """By what factor the token changes σ at one position: largest over smallest, the median."""
        return _median(self.sigma_max / self.sigma_min)

    @property
    def norm_variances(self) -> tuple[float, float]:
        """Variance of the norms of the token embeddings before and after division by σ."""
        before, after = (
            n.cpu().double().var(correction=0) for n in (self.norm_before, self.norm_after)
        )
        return before.item(), after.item()

    @property
    def norm_spreads(self) -> tuple[float, float]:
        """Standard deviation of the same norms over their mean, before and after."""
        means = (n.cpu().double().mean().item() for n in (self.norm_before, self.norm_after))
        before, after = (v and v**0.5 / m for v, m in zip(self.norm_variances, means, strict=True))
        return before, after

    @property
    def mean_var_e(self) -> float:
        return self.var_e.cpu().double().mean().item()

    @property
    def var_e_over_cov(self) -> float:
        """How many times `mean_abs_cov` the mean of Var(e) is: position may be overlooked there."""
        return self.mean_var_e / self.mean_abs_cov if self.mean_abs_cov else math.inf

    @property
    def n_neighbours(self) -> int:
        """How many positions `last_flatness` compares the last one with; 0 in a short model."""
        return n_neighbours(len(self.var_p))

    @property
    def median_flatness(self) -> float:
        """`last_flatness` of the median head, of those that have one."""
        return _median(self.last_flatness[~self.last_flatness.isnan()])

    @property
    def last_is_untrained(self) -> bool:
        """Whether the last position's scores are flat in most heads, as if never trained."""
        return self.median_flatness < FLAT


@torch.inference_mode()
def layernorm_stats(layer: Layer) -> LayerNormStats:
    """What LayerNorm sees of tokens and positions; streams once over the V × L covariances."""
    sigma, moments = layer.sigma, layer.moments
    blocks = layer.W_E.split(layernorm.BLOCK)
    norm = torch.cat([b.to(sigma.var_e.dtype).norm(dim=1) for b in blocks])  # (V,)
    norm, var_e = norm[layer.with_token], sigma.var_e[layer.with_token]
    return LayerNormStats(
        var_p=sigma.var_p,
        var_p_z=robust_z(sigma.var_p),
        var_e=var_e,
        norm_before=norm,
        norm_after=norm / (var_e + sigma.eps).sqrt(),
        mean_abs_cov=mean_abs_covariance(layer),
        sigma_mean=moments.position_mean,
        sigma_min=moments.position_min,
        sigma_max=moments.position_max,
        last_flatness=_last_flatness(layer),
    )


@torch.inference_mode()
def mean_abs_covariance(layer: Layer) -> float:
    """The mean of |Cov(p, e)| over all positions and tokens, exact, in blocks of tokens."""
    p = layer.sigma.W_pos_centred  # (L, d)
    wide = layernorm.wide_type(layer.device)
    sums = [(e @ p.T).abs_().sum(dim=1) for e in layer.sigma.centred_blocks()]  # (block,) each
    of_tokens = torch.cat(sums)[layer.with_token].to(wide)  # (V,)
    return of_tokens.mean().item() / (layer.d_model * len(p))  # Cov is the product over d


def robust_z(values: torch.Tensor) -> torch.Tensor:
    """Distance of each value (n,) from the median, in units of 1.4826 times the median distance.

    On normal values the unit is the standard deviation. If more than half are equal, the others
    are infinitely far.
    """
    away = values - values.quantile(0.5)
    unit = 1.4826 * away.abs().quantile(0.5)
    return (away / unit).nan_to_num(nan=0.0, posinf=torch.inf, neginf=-torch.inf)


def n_neighbours(L: int) -> int:
    """How many positions before the last one it is compared with: not with position 0."""
    return min(N_NEIGHBOURS, L - 2) if L >= 4 else 0  # else there are no two others as j


def _last_flatness(layer: Layer) -> torch.Tensor:
    L = layer.n_positions
    n = n_neighbours(L)
    if not n:
        return torch.full((layer.n_heads,), torch.nan)
    last = range(L - 1 - n, L)
    rows = [position_bias(layer, i, layernorm=False).pp for i in last]  # (H, L) each
    # Positions 0 and L − 1 stand out as positions j too.
    inner = torch.stack(rows, dim=1)[:, :, 1:-1]  # (H, rows, L - 2)
    spread = inner.std(dim=2, correction=0)  # (H, rows)
    equal = level(inner.flatten(0, 1).cpu().double().numpy())  # (H · rows,)
    spread[torch.from_numpy(equal).view(spread.shape).to(spread.device)] = 0
    return spread[:, -1] / spread[:, :-1].quantile(0.5, dim=1)


def _median(values: torch.Tensor) -> float:
    return values.cpu().double().quantile(0.5).item() if len(values) else math.nan
