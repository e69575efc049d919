"""The logit lens forward and backward: states and gradients read as tokens of the vocabulary."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch

from detok.display import Displayed
from detok.errors import InputError
from detok.model.inputs import check_amount, check_index
from detok.whole.run import Run
from detok.whole.standing import standing

Matrix = Literal["first", "second"]


@dataclass(frozen=True, eq=False, repr=False)
class BackwardLens(
    Displayed,
    then=("lens.tokens(0, position)", "lens.weight_gradient(0, 'second')"),
):
    """What the gradients of the MLP matrices are made of, and where the target stands in them.

    A matrix's gradient is Σ_i x_iᵀ δ_i of its inputs x_i and the gradients δ_i at its output (VJPs)
    of −log p(target), natural logarithm. For the first matrix of an MLP x_i is read in the
    vocabulary, for the second δ_i, by LL(x) = softmax(ln_f(x) W_Uᵀ). Descent subtracts, so what it
    writes are the *least* probable tokens of δ_i. Ranks are those of the target among all V, from
    1; where a norm is 0 nothing is written, and ranks are 0: they would mean nothing.
    """

    run: Run
    first_norms: torch.Tensor  # (B, n), ‖δ_i‖ at the first matrix's output
    second_norms: torch.Tensor  # (B, n), ‖δ_i‖ at the second matrix's output
    most_ranks: torch.Tensor  # (B, n), of the target in LL(δ_i), δ_i the second's; 1: most probable
    least_ranks: torch.Tensor  # (B, n), as above; 1: least probable

    @cached_property
    def input_ranks(self) -> torch.Tensor:
        """The target's ranks in LL(x_i) of the first matrix's inputs, (B, n); 1: most probable."""
        read = self.first_norms > 0
        ranks = torch.zeros_like(self.most_ranks)
        ranks[read] = standing(self.run.model, self.run.mlp_inputs[read], self.run.target).most
        return ranks

    def tokens(
        self, layer: int, position: int, k: int = 10, matrix: Matrix = "second"
    ) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
        """The k most and the k least probable tokens of one cell, by id with their probability.

        Of LL(δ_i) for the second matrix, LL(x_i) for the first; none where the norm of δ_i is 0.

        Raises: InputError for a layer, position or matrix that there is not, or k below 1.
        """
        check_matrix(matrix)
        B, n = self.second_norms.shape
        check_index("layer", layer, B, "B")
        check_index("position", position, n, "n")
        check_amount("k", k)
        norms = self.second_norms if matrix == "second" else self.first_norms
        if norms[layer, position] == 0:
            return [], []
        read = self.run.d_second if matrix == "second" else self.run.mlp_inputs
        logits = self.run.model.logits(read[layer, position])  # (V,)
        probabilities = logits.softmax(dim=0)
        most, least = (
            logits.topk(min(k, len(logits)), largest=largest).indices for largest in (True, False)
        )
        return _pairs(most, probabilities), _pairs(least, probabilities)

    def weight_gradient(self, layer: int, matrix: Matrix = "second") -> torch.Tensor:
        """∂L/∂W of an MLP matrix, Σ_i x_iᵀ δ_i: (d, m) for the first, (m, d) for the second.

        Raises: InputError for a layer or matrix that there is not.
        """
        check_matrix(matrix)
        check_index("layer", layer, len(self.second_norms), "B")
        if matrix == "first":
            return self.run.mlp_inputs[layer].T @ self.run.d_first[layer]
        return self.run.neurons[layer].T @ self.run.d_second[layer]


def check_matrix(matrix: str) -> None:
    """Raises: InputError for what is none of an MLP's two matrices."""
    if matrix not in ("first", "second"):
        raise InputError(f"the matrix is {matrix!r}; expected 'first' or 'second'")


def _pairs(ids: torch.Tensor, probabilities: torch.Tensor) -> list[tuple[int, float]]:
    return list(zip(ids.tolist(), probabilities[ids].tolist(), strict=True))


@torch.inference_mode()
def backward_lens(run: Run) -> BackwardLens:
    """Where the gradients of all MLPs lie, by layer and position, and what they would write.

    In the last layer only the last position has a gradient. From "Backward Lens: Projecting
    Language Model Gradients into the Vocabulary Space" (Katz, Belinkov, Geva and Wolf).
    """
    first_norms, second_norms = run.d_first.norm(dim=2), run.d_second.norm(dim=2)  # (B, n)
    written = second_norms > 0
    target = standing(run.model, run.d_second[written], run.target)
    most_ranks, least_ranks = torch.zeros(2, *written.shape, dtype=torch.int32).to(written.device)
    most_ranks[written], least_ranks[written] = target.most, target.least
    return BackwardLens(run, first_norms, second_norms, most_ranks, least_ranks)
