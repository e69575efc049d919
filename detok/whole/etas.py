"""How far a change is taken: one η, or several for a curve."""

from collections.abc import Sequence

import torch

from detok.errors import InputError


def check_etas(eta: float | Sequence[float] | torch.Tensor) -> torch.Tensor:
    """One η or several as a tensor (k,), float64, on the CPU.

    Raises: InputError if there is none, or one that is not a finite number.
    """
    try:
        etas = torch.as_tensor(eta, dtype=torch.float64, device="cpu").reshape(-1)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"eta is {eta!r}; expected a number, or several") from error
    if not len(etas) or not etas.isfinite().all():
        raise InputError(f"eta is {eta!r}; expected a finite number, or several")
    return etas
