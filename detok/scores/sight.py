"""What softmax takes of the sum of a text's terms: capped, and −∞ where a token does not see."""

from dataclasses import dataclass

import torch

from detok.model.rotary_layer import RotaryLayer


@dataclass(frozen=True)
class Sight:
    """Which tokens j a token i sees, and how its scaled scores are capped before softmax."""

    is_causal: bool = True  # only itself and those before it
    window: int | None = None  # of these the last so many, itself among them
    soft_cap: float | None = None  # c: a score s becomes c · tanh(s / c)

    @classmethod
    def of(cls, layer: RotaryLayer) -> "Sight":
        """That of a layer's texts."""
        first = layer.first
        return cls(first.is_causal, first.window, first.soft_cap)

    def first_seen(self, i: int) -> int:
        """The first token that i sees."""
        return 0 if self.window is None else max(0, i + 1 - self.window)

    def capped(self, scores: torch.Tensor) -> torch.Tensor:
        """Scaled scores as the cap leaves them: monotone, so that their order stays."""
        return scores if self.soft_cap is None else self.soft_cap * (scores / self.soft_cap).tanh()

    def masked(self, scores: torch.Tensor) -> torch.Tensor:
        """Scaled scores (…, rows, n) of a text's last rows as softmax takes them.

        Scores that need no cap are changed in place.
        """
        scores = self.capped(scores)
        if self.is_causal:
            scores.masked_fill_(future(scores), -torch.inf)
        if self.window is not None:
            rows, n = scores.shape[-2:]
            seen = torch.ones(rows, n, dtype=torch.bool, device=scores.device)
            scores.masked_fill_(seen.tril(n - rows - self.window), -torch.inf)
        return scores

    def effect(self, total: torch.Tensor, part: torch.Tensor) -> torch.Tensor:
        """What softmax's scores lose where a part is taken off the total."""
        if self.soft_cap is None:
            return part
        return self.capped(total) - self.capped(total - part)


def future(scores: torch.Tensor) -> torch.Tensor:
    """The causal mask of the last rows of a text, (rows, n): True where j > i."""
    rows, n = scores.shape[-2:]
    return torch.ones(rows, n, dtype=torch.bool, device=scores.device).triu(1 + n - rows)
