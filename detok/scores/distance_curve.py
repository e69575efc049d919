"""How the score of a pair of tokens depends on their distance, and which frequencies it uses."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from detok.display import Displayed
from detok.errors import InputError
from detok.model.inputs import check_amount, check_distance, check_heads
from detok.model.rotary_layer import RotaryLayer


@dataclass(frozen=True, eq=False, repr=False)
class Waves(Displayed, then=("waves.at(range(64))", "waves.amplitude")):
    """T(Δ) = constant − slope Δ + Σ_m cosine_m cos(θ_m Δ) + sine_m sin(θ_m Δ), unscaled; exact.

    All float64 on the CPU.
    """

    theta: torch.Tensor  # (M,), the frequencies that turn, in radians a token, ascending in period
    cosine: torch.Tensor  # (H, M)
    sine: torch.Tensor  # (H, M)
    constant: torch.Tensor  # (H,), of the coordinates that are not turned
    slope: torch.Tensor | float = 0.0  # (H,)

    @classmethod
    def of(cls, queries: torch.Tensor, keys: torch.Tensor, theta: torch.Tensor) -> "Waves":
        """Those of queries and keys (H, d') that are not turned, `theta` (d'/2,) as of a layer."""
        q_x, q_y = queries.cpu().double().chunk(2, dim=-1)  # (H, d'/2)
        k_x, k_y = keys.cpu().double().chunk(2, dim=-1)  # (H, d'/2)
        cosine, sine, turns = q_x * k_x + q_y * k_y, q_x * k_y - q_y * k_x, theta > 0
        return cls(theta[turns], cosine[:, turns], sine[:, turns], cosine[:, ~turns].sum(dim=1))

    def __add__(self, other: "Waves") -> "Waves":
        return Waves(
            self.theta,
            self.cosine + other.cosine,
            self.sine + other.sine,
            self.constant + other.constant,
            self.slope + other.slope,
        )

    @property
    def amplitude(self) -> torch.Tensor:
        """How far each frequency moves the score up and down, (H, M)."""
        return torch.hypot(self.cosine, self.sine)

    @property
    def period(self) -> torch.Tensor:
        """The tokens after which each frequency is back where it was, (M,)."""
        return 2 * torch.pi / self.theta

    def at(self, distances: Sequence[int] | torch.Tensor) -> torch.Tensor:
        """T at distances (n,), (H, n)."""
        distances = torch.as_tensor(distances).double()  # (n,)
        angles = distances[:, None] * self.theta  # (n, M)
        fixed = (self.constant - self.slope * distances[:, None]).T  # (H, n)
        return fixed + self.cosine @ angles.cos().T + self.sine @ angles.sin().T


@dataclass(frozen=True, eq=False, repr=False)
class DistanceCurve(
    Displayed,
    then=("curve.total.at(range(64))", "curve.ee.amplitude", "curve.largest(64)"),
):
    """The terms of a pair's score as functions of its distance Δ = i − j, unscaled, by head.

    Those that the layer does not have are None.
    """

    ee: Waves
    be: Waves | None
    eb: Waves | None
    bb: Waves | None
    scale: float  # what softmax divides them by

    @classmethod
    def of(
        cls, layer: RotaryLayer, queries: torch.Tensor, keys: torch.Tensor, heads: list[int]
    ) -> "DistanceCurve":
        """That of a query and a key of each head, (H, d'), not turned and without biases."""
        of_i = {"e": queries, "b": layer.b_Q}
        of_j = {"e": keys, "b": layer.b_K}
        terms = dict.fromkeys(("ee", "be", "eb", "bb"))
        for i, j in layer.term_names:
            none = queries.new_zeros(queries.shape)  # of ALiBi without biases
            q, k = (none if own is None else own for own in (of_i[i], of_j[j]))
            terms[i + j] = Waves.of(q[heads], k[heads], layer.theta)
        if layer.slopes is not None:
            terms["bb"] = replace(terms["bb"], slope=layer.slopes[heads].cpu().double())
        return cls(**terms, scale=layer.scale)

    @property
    def names(self) -> tuple[str, ...]:
        """The terms that add up to the total."""
        return tuple(n for n in ("ee", "be", "eb", "bb") if getattr(self, n) is not None)

    @property
    def total(self) -> Waves:
        """The whole score."""
        first, *others = (getattr(self, name) for name in self.names)
        for other in others:
            first = first + other
        return first

    def largest(self, n: int, term: str = "ee") -> torch.Tensor:
        """The distance 0 … n − 1 at which a term is largest, by head: (H,).

        Raises: InputError for a term that the layer does not have, or no distance.
        """
        check_amount("n", n)
        if term not in self.names:
            raise InputError(f"term is {term!r}; expected one of {', '.join(self.names)}")
        return getattr(self, term).at(range(n)).argmax(dim=1)


@torch.inference_mode()
def distance_curve(
    layer: RotaryLayer,
    current: int | str,
    past: int | str,
    *,
    heads: Sequence[int] | int | None = None,
) -> DistanceCurve:
    """The score of a pair of tokens over all distances, term by term, and its spectrum.

    It is a sum of at most d'/2 waves, so that one pass over the d' numbers of both tokens gives the
    whole curve: "this head wants 'Liber' right before 'tarian', and no longer at 5".

    Raises: InputError for a token or head that the model does not have.
    """
    check_rotary(layer)
    chosen = check_heads(layer, heads)
    i, j = (torch.tensor([layer.token_id(t)], device=layer.device) for t in (current, past))
    return DistanceCurve.of(layer, layer.queries(i)[:, 0], layer.keys(j)[:, 0], chosen)


def check_rotary(layer: RotaryLayer) -> None:
    """Raises: InputError for a layer whose scores depend on positions, not on distance."""
    if not isinstance(layer, RotaryLayer):
        raise InputError(
            f"{layer.name!r} adds learned positions to tokens, so that no score depends on "
            "distance alone; expected a model with rotary positions or ALiBi, such as Qwen or BLOOM"
        )


def check_distances(layer: RotaryLayer, distances: Sequence[int] | None, n: int) -> list[int]:
    """Distances as a list; None means the first n, or as many as tokens see.

    Raises: InputError if there are none, or one at which no token sees another.
    """
    chosen = list(range(min(n, layer.n_distances)) if distances is None else distances)
    if not chosen:
        raise InputError("there are no distances; expected at least 1")
    for distance in chosen:
        check_distance(layer, distance)
    return chosen
