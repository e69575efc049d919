"""Turning queries and keys: by which frequencies, and which coordinates make a pair."""

from collections.abc import Mapping
from typing import Any

import torch

from detok.errors import CheckpointError


def rope_frequencies(
    config: Mapping[str, Any], layer_type: str | None = None
) -> tuple[torch.Tensor, float]:
    """The frequencies (r/2,) that a config.json asks for, and the factor of turned coordinates.

    `transformers` reads the configuration, old or new, and scales the frequencies, whichever of its
    kinds is asked for. `layer_type` is the first layer's, where each type has its own.

    Raises: CheckpointError for a configuration that it does not take.
    """
    # Imported here: it takes seconds.
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    try:
        own = CONFIG_MAPPING[config["model_type"]].from_dict(dict(config))
        rope = own.rope_parameters
        rope = rope if layer_type is None else rope[layer_type]
        if rope["rope_type"] == "default":
            d_head = getattr(own, "head_dim", None) or own.hidden_size // own.num_attention_heads
            n_turned = int(d_head * rope.get("partial_rotary_factor", 1.0))
            frequencies, factor = usual_frequencies(rope["rope_theta"], n_turned), 1.0
        else:
            scaled = ROPE_INIT_FUNCTIONS[rope["rope_type"]]
            frequencies, factor = scaled(own, layer_type=layer_type)
    except Exception as error:  # whatever it makes of a configuration that it does not take
        raise _unreadable(f"{type(error).__name__}: {error}") from error
    if not len(frequencies) or not (frequencies.isfinite() & (frequencies >= 0)).all():
        raise _unreadable("its frequencies are no positive numbers")
    return frequencies, factor


def _unreadable(why: str) -> CheckpointError:
    found = " ".join(why.split())
    return CheckpointError(
        f"config.json's rotation cannot be read ({found}); expected rope_parameters or "
        "rope_scaling as `transformers` takes them"
    )


def usual_frequencies(base: float, n_turned: int) -> torch.Tensor:
    """base^(−2m/r) for each of the r/2 pairs, in float32, as models have them: (r/2,)."""
    return 1.0 / (base ** (torch.arange(0, n_turned, 2, dtype=torch.float) / n_turned))


def pairs_apart(d_head: int, n_turned: int, is_interleaved: bool) -> torch.Tensor:
    """The order of a head's coordinates in which m and m + d'/2 make a pair, (d',).

    The coordinates that are not turned come last in both halves, and make pairs of frequency 0.
    """
    turned, rest = torch.arange(d_head).split([n_turned, d_head - n_turned])
    turned = (
        turned.view(n_turned // 2, 2).T if is_interleaved else turned.view(2, n_turned // 2)
    )  # (2, r/2)
    return torch.cat([turned, rest.view(2, -1)], dim=1).flatten()


def turn(vectors: torch.Tensor, angles: torch.Tensor) -> torch.Tensor:
    """Vectors (…, d') turned by angles (…, d'/2), pair by pair: coordinate m with m + d'/2.

    `angles` are float64 on the CPU: a position times a frequency, of which sine and cosine would
    lose a digit for each in the position.
    """
    cos, sin = angles.cos().to(vectors), angles.sin().to(vectors)
    x, y = vectors.chunk(2, dim=-1)  # (…, d'/2)
    return torch.cat([x * cos - y * sin, y * cos + x * sin], dim=-1)
