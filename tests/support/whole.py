"""What the tests of whole models compare with."""

import torch

import detok
from detok.whole.forward import embedded, forward


def same(found: torch.Tensor, expected: torch.Tensor, within: float = 1e-10) -> None:
    torch.testing.assert_close(found, expected, atol=within, rtol=0)


def gradients(
    model: detok.Model, ids: list[int], target: int, names: tuple[str, ...]
) -> list[torch.Tensor]:
    """The oracle: autograd's ∂L/∂ of what a pass holds by these names, (B, …) each."""
    x = embedded(model, torch.tensor(ids)).requires_grad_()
    blocks = list(forward(model, x))
    loss = -model.logits(blocks[-1].after[-1]).log_softmax(0)[target]
    return [
        torch.stack(
            torch.autograd.grad(loss, [getattr(b, name) for b in blocks], retain_graph=True)
        )
        for name in names
    ]
