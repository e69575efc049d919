"""What the first norm of a rotary model divides its tokens by: σ, of which each has its own."""

from dataclasses import dataclass

import torch

from detok.display import Displayed
from detok.errors import InputError
from detok.model.layernorm import centre
from detok.model.rotary_layer import RotaryLayer
from detok.scores.distance_curve import check_rotary


@dataclass(frozen=True, eq=False, repr=False)
class TokenScale(Displayed, then=("scale.sigma", "scale.spreads")):
    """σ and the norms of all tokens, in the unit of the stored embeddings; float64 on the CPU.

    V are the rows that stand for a token.
    """

    is_centred: bool  # LayerNorm, which takes off the mean; RMSNorm does not
    sigma: torch.Tensor  # (V,), the root of the variance, or of the mean square, plus ε
    norm_before: torch.Tensor  # (V,), |e|
    norm_after: torch.Tensor  # (V,), that of what is divided, over σ

    @property
    def spreads(self) -> tuple[float, float]:
        """The standard deviation of the norms over their mean, before and after the division."""
        before, after = (
            (n.std(correction=0) / n.mean()).nan_to_num().item()
            for n in (self.norm_before, self.norm_after)
        )
        return before, after


@torch.inference_mode()
def token_scale(layer: RotaryLayer) -> TokenScale:
    """What the norm before the first attention layer divides each token by.

    Raises: InputError for a layer with learned positions, whose σ depends on the position too, or
    one that norms no embeddings.
    """
    check_rotary(layer)
    norm = layer.first.norm
    if norm is None:
        raise InputError(
            f"{layer.name!r} has no norm before its first attention layer; expected a model that "
            "norms its embeddings"
        )

    def read(ids: slice, _: torch.Tensor) -> torch.Tensor:
        e = layer.W_E[ids].to(layer.dtype)  # (B, d)
        before = e.norm(dim=1)
        e = centre(e) if norm.is_centred else e
        sigma = (e.square().mean(dim=1) + norm.eps).sqrt()
        return torch.stack([sigma, before, e.norm(dim=1) / sigma])

    found = torch.cat(layer.over_tokens(read), dim=1)[:, layer.with_token].cpu().double()  # (3, V)
    return TokenScale(norm.is_centred, *found)
