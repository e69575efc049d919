"""What the first layer does with positions alone: a bias toward close tokens (§5)."""

import torch

from detok.errors import InputError
from detok.layer import Layer


@torch.inference_mode()
def self_assertion(layer: Layer) -> torch.Tensor:
    """T^p of every position j, the bias it gets from every query: shape (H, L), unscaled (Eq. 17).

    1/σ of each position is its mean over all tokens of the vocabulary.
    """
    raw = (layer.K_pos @ layer.b_Q[:, :, None])[:, :, 0]  # (H, L)
    return raw * layer.moments.inverse_mean


@torch.inference_mode()
def position_only_attention(layer: Layer, i: int) -> torch.Tensor:
    """The attention that position i would pay if tokens did not matter, to see its reach (§5.3).

    Causal softmax of (T^p_j + T^pp_ij) / √d' over j ≤ i, shape (H, i + 1), each row summing to 1.
    1/σ_j and σ_i are at their means over all tokens of the vocabulary.

    Raises: InputError if i is no position of the model.
    """
    if not 0 <= i < layer.n_positions:
        raise InputError(f"position {i} is out of range; expected 0 ≤ i < L = {layer.n_positions}")
    query = layer.Q_pos[:, i, :, None] / layer.moments.position_mean[i]  # (H, d', 1)
    pp = (layer.K_pos @ query)[:, :, 0] * layer.moments.inverse_mean  # (H, L)
    scores = (self_assertion(layer) + pp)[:, : i + 1] / layer.d_head**0.5  # (H, i + 1)
    return scores.softmax(dim=-1)
