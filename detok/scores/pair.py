"""One score taken apart: why token i attends to token j, and not to the next best."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from detok.display import Displayed, number
from detok.errors import InputError
from detok.model.any_layer import AnyLayer
from detok.model.inputs import check_ids, check_index
from detok.scores.decomposition import factors_of, scaled, summed
from detok.scores.specific import SplitTerms, check_query


@dataclass(frozen=True, repr=False)
class Score(Displayed):
    """The score of a token j, with the terms it is the sum of, all divided by the scale."""

    j: int
    parts: dict[str, float]  # by the names of `Terms`, in their order
    total: float  # the model's own score up to a constant of row i
    weight: float  # softmax over the tokens that i sees

    @property
    def by_size(self) -> dict[str, float]:
        """The parts, the largest of either sign first."""
        return dict(sorted(self.parts.items(), key=lambda part: -abs(part[1])))


@dataclass(frozen=True, repr=False)
class Pair(Displayed, then=("pair.widest", "detok.draw.explain_pair(layer, ids, pair)")):
    """The score of a pair of tokens in one head, and its runner-up's, divided by the scale."""

    head: int
    i: int
    chosen: Score
    runner_up: Score | None  # the largest weight of another j; None where i sees no other

    def _table(self) -> tuple[list[str], list[list[str]]]:
        scores = [score for score in (self.chosen, self.runner_up) if score is not None]
        names = [f"j = {self.chosen.j}", *(f"runner-up, j = {score.j}" for score in scores[1:])]
        columns = [
            {**score.parts, "score": score.total, "weight": score.weight} for score in scores
        ]
        rows = [[name, *(number(column[name]) for column in columns)] for name in columns[0]]
        return [f"head {self.head}, i = {self.i}", *names], rows

    @property
    def widest(self) -> tuple[str, float] | None:
        """The term in which the two differ most, and by how much the chosen one is ahead in it."""
        if self.runner_up is None:
            return None
        rival = self.runner_up.parts
        gaps = {name: value - rival[name] for name, value in self.chosen.parts.items()}
        return max(gaps.items(), key=lambda gap: abs(gap[1]))


@torch.inference_mode()
def explain_pair(
    layer: AnyLayer,
    ids: Sequence[int] | torch.Tensor,
    *,
    i: int,
    j: int,
    head: int,
    query: torch.Tensor | None = None,
) -> Pair:
    """The terms of a pair of a text's tokens, divided by the scale, beside its closest rival's.

    Terms may be read as reasons only against another j: what is equal for all j changes nothing.
    With `query`, q̄ (H, d') as of `shared_query`, the ee of a `Layer` comes as ee_shared and
    ee_specific.

    Raises: InputError for ids that this model cannot take, i, j or head out of range, j outside the
    window that i sees, or a query of another shape.
    """
    tokens = check_ids(layer, ids)
    check_index("i", i, len(tokens), "n")
    n = i + 1 if layer.is_causal else len(tokens)  # what i sees
    check_index("j", j, n, "i + 1" if layer.is_causal else "n")
    check_index("head", head, layer.n_heads, "H")
    factors = factors_of(layer, tokens[:n], head)
    row = factors.rows(i, i + 1)
    if j < row.sight.first_seen(i):
        raise InputError(
            f"j is {j}; expected {row.sight.first_seen(i)} ≤ j ≤ i = {i}, what i sees of the text"
        )
    if query is not None:
        row = SplitTerms.of(row, factors, check_query(layer, query)[[head]])
    parts = scaled(row)
    rows = torch.cat([part[0] for part in parts.values()])  # (terms, n)
    weights = row.sight.masked(summed(parts.values()))[0, 0].softmax(dim=0)  # (n,)

    def score(j: int) -> Score:
        parts = rows[:, j].tolist()
        weight = weights[j].item()
        return Score(j, dict(zip(row.names, parts, strict=True)), sum(parts), weight)

    others = weights.clone()
    others[j] = -1.0
    rival = score(int(others.argmax())) if n > 1 else None
    return Pair(head=head, i=i, chosen=score(j), runner_up=rival)
