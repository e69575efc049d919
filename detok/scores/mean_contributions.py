"""The contributions of the terms, averaged over many texts (§6.1, Figs. 4 and 13)."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch.nn.functional import pad

from detok.display import Displayed
from detok.errors import InputError
from detok.model.any_layer import AnyLayer
from detok.scores.contributions import contributions
from detok.scores.texts import Progress, Text, token_ids


@dataclass(frozen=True, eq=False, repr=False)
class MeanContributions(Displayed, then=("detok.draw.mean_contributions(mean)",)):
    """Contributions in nats over many texts, with the 95 % confidence interval of each mean.

    m is the longest text's length; position i is averaged over the texts that reach it.
    """

    mean: torch.Tensor  # (6, H, m) or as many terms as the layer has, float64 on the CPU
    low: torch.Tensor  # (6, H, m), NaN where a single text reaches the position
    high: torch.Tensor  # (6, H, m)
    n: torch.Tensor  # (m,), texts that reach the position
    n_texts: int
    n_cut: int  # texts longer than L, whose rest was left out
    n_empty: int  # texts without a token, which are left out


@torch.inference_mode()
def mean_contributions(
    layer: AnyLayer,
    texts: Iterable[Text],
    *,
    first: int | None = None,
    sample: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> MeanContributions:
    """The mean contribution of each term, head and position over many texts (Figs. 4 and 13).

    A text is a string or its token ids, cut after L tokens; the token `first`, if any, is put
    before each. Texts are read one at a time. With `sample`, that many of them are drawn at random
    without replacement, the same for the same seed, and only those are held. After each text,
    `progress` is called with the number done and the number in all (None for a stream); what it
    raises ends the run. Intervals are Student's t, cut off at 0.

    Raises: InputError if there is no text with a token, or a text that cannot be read, by number.
    """
    L = layer.n_positions
    sums = _Sums(len(layer.term_names), layer.n_heads)
    n_texts = n_cut = n_empty = 0
    for ids in token_ids(layer, texts, L, first=first, sample=sample, seed=seed, progress=progress):
        if not ids or ids == [first]:
            n_empty += 1
            continue
        n_texts += 1
        n_cut += len(ids) > L
        sums.add(contributions(layer, ids[:L]))
    if not n_texts:
        raise InputError(
            f"none of the {n_empty} texts has a token; expected at least one that is not empty"
        )
    mean, half, n = sums.result()
    return MeanContributions(
        mean=mean,
        low=(mean - half).clamp(min=0),
        high=mean + half,
        n=n.long(),
        n_texts=n_texts,
        n_cut=n_cut,
        n_empty=n_empty,
    )


class _Sums:
    """Welford's sums by position: the difference of two large sums would lose the spread."""

    def __init__(self, n_terms: int, n_heads: int) -> None:
        self.mean, self.squares = torch.zeros(2, n_terms, n_heads, 0, dtype=torch.float64)
        self.n = torch.zeros(0, dtype=torch.float64)  # texts that reach each of m positions

    def add(self, values: torch.Tensor) -> None:
        """Adds the contributions (6, H, n) of a text."""
        more = (0, max(0, values.shape[2] - len(self.n)))
        self.mean, self.squares, self.n = (pad(t, more) for t in (self.mean, self.squares, self.n))
        reached = slice(0, values.shape[2])
        mean = self.mean[:, :, reached]  # (6, H, n), a view
        away = values - mean
        self.n[reached] += 1
        mean += away / self.n[reached]
        self.squares[:, :, reached] += away * (values - mean)

    def result(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Mean and half its 95 % interval, (6, H, m), and the texts that reach each of m positions.

        The interval is NaN where a single text does.
        """
        # Imported here: only this needs it.
        from scipy.special import stdtrit

        n, mean, squares = self.n, self.mean, self.squares
        quantile = torch.from_numpy(stdtrit((n - 1).numpy(), 0.975))  # (m,)
        return mean, quantile * (squares / (n - 1) / n).sqrt(), n
