"""The terms of a text's scores where distance takes the place of position: up to four."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from detok.display import Displayed
from detok.model.inputs import check_heads, check_ids
from detok.model.rotary_layer import RotaryLayer
from detok.scores.sight import Sight


@dataclass(frozen=True, eq=False, repr=False)
class RotaryTerms(
    Displayed,
    then=("terms.total", "detok.attention(terms)", "detok.ablate(terms, drop={'ee'})"),
):
    """The terms of a text's attention scores, unscaled; i is the second last, j the last index.

    Their sum is the model's own q_i · k_j, with nothing left out. Each depends on Δ = i − j; those
    of a bias that the model does not have are None, and so are all but ee where queries or keys are
    normed after the bias was added.
    """

    ee: torch.Tensor  # (H, n, n), token i with token j
    be: torch.Tensor | None  # (H, n, n), the query bias with token j: its self-assertion
    eb: torch.Tensor | None  # (H, n, n), token i with the key bias: which distance i looks at
    bb: torch.Tensor | None  # (H, n, n), distance alone
    scale: float  # what softmax divides them by
    sight: Sight

    @property
    def names(self) -> tuple[str, ...]:
        """The terms that add up to the total."""
        return tuple(n for n in ("ee", "be", "eb", "bb") if getattr(self, n) is not None)

    @property
    def total(self) -> torch.Tensor:
        """The sum of the terms, shape (H, n, n), unscaled."""
        return sum(self.matrix(name) for name in self.names)

    def matrix(self, name: str) -> torch.Tensor:
        """One term by its name, (H, n, n)."""
        return getattr(self, name)


@dataclass(frozen=True, eq=False)
class RotaryFactors:
    """What the terms of a text are products of: queries and keys by part, turned to their place."""

    queries: dict[str, torch.Tensor]  # "e" and perhaps "b": (H, n, d')
    keys: dict[str, torch.Tensor]
    scale: float
    sight: Sight
    names: tuple[str, ...]
    slopes: torch.Tensor | None  # (H,), what bb loses for each token of distance

    @classmethod
    @torch.inference_mode()
    def of(
        cls,
        layer: RotaryLayer,
        ids: Sequence[int] | torch.Tensor,
        heads: Sequence[int] | int | None = None,
    ) -> "RotaryFactors":
        """Those of a text; arguments and errors are those of `terms`."""
        tokens = check_ids(layer, ids)
        chosen = check_heads(layer, heads)
        n = len(tokens)
        positions = torch.arange(n)

        def turned(own: torch.Tensor, bias: torch.Tensor | None) -> dict[str, torch.Tensor]:
            parts = {"e": own[chosen]}  # (H, n, d')
            if bias is not None:
                parts["b"] = bias[chosen, None].expand(-1, n, -1)  # (H, n, d')
            return {name: layer.turned(part, positions) for name, part in parts.items()}

        return cls(
            queries=turned(layer.queries(tokens), layer.b_Q),
            keys=turned(layer.keys(tokens), layer.b_K),
            scale=layer.scale,
            sight=Sight.of(layer),
            names=layer.term_names,
            slopes=None if layer.slopes is None else layer.slopes[chosen],
        )

    @property
    def shape(self) -> tuple[int, int]:
        """(H, n)"""
        return self.queries["e"].shape[0], self.queries["e"].shape[1]

    def scaled(self) -> "RotaryFactors":
        """Those of terms that are divided by the scale already."""
        queries = {name: part / self.scale for name, part in self.queries.items()}
        slopes = None if self.slopes is None else self.slopes / self.scale
        return replace(self, queries=queries, slopes=slopes, scale=1.0)

    def block(self, heads: slice, rows: slice) -> RotaryTerms:
        """The terms of some heads and rows with the past tokens that these can see."""
        queries, keys = (
            {name: part[heads] for name, part in parts.items()}
            for parts in (self.queries, self.keys)
        )
        slopes = None if self.slopes is None else self.slopes[heads]
        own = replace(self, queries=queries, keys=keys, slopes=slopes)
        return own.rows(rows.start, rows.stop)

    @torch.inference_mode()
    def rows(self, start: int, stop: int) -> RotaryTerms:
        """The terms of rows start … stop − 1 with the tokens that they can see: m of them."""
        m = stop if self.sight.is_causal else self.shape[1]
        products: dict[str, torch.Tensor | None] = dict.fromkeys(("ee", "be", "eb", "bb"))
        for i, j in self.names:
            if i in self.queries and j in self.keys:
                products[i + j] = self.queries[i][:, start:stop] @ self.keys[j][:, :m].mT
        if self.slopes is not None:
            lost = self.slopes[:, None, None] * distances(start, stop, m).to(self.slopes)
            products["bb"] = -lost if products["bb"] is None else products["bb"] - lost
        return RotaryTerms(**products, scale=self.scale, sight=self.sight)


def distances(start: int, stop: int, m: int) -> torch.Tensor:
    """Δ = i − j of the rows start … stop − 1 of a text with its first m tokens, (rows, m)."""
    return torch.arange(start, stop)[:, None] - torch.arange(m)
