"""T^e, the score that a token gets from every query by itself (§6.2)."""

import torch

from detok.layer import Layer


@torch.inference_mode()
def self_assertion(layer: Layer) -> torch.Tensor:
    """T^e of every token in every head, (H, V), unscaled: how much attention it asks for (Eq. 17).

    b^QK e_jᵀ / σ_j, with σ of each token at its mean over all positions, as in Figs. 5 and 11.
    """
    raw = (layer.K_E @ layer.b_Q[:, :, None])[:, :, 0]  # (H, V)
    return raw / layer.moments.token_mean
