"""The contributions of the six terms averaged over many texts (§6.1)."""

from collections.abc import Callable, Iterable, Sequence, Sized
from dataclasses import dataclass

import numpy as np
import torch

from detok.contributions import contributions
from detok.decomposition import TERMS, check_ids
from detok.errors import InputError
from detok.layer import Layer


@dataclass(frozen=True, eq=False)
class MeanContributions:
    """Contributions in nats over many texts, with the 95 % confidence interval of each mean.

    m is the longest text's length; position i is averaged over the texts that reach it.
    """

    mean: torch.Tensor  # (6, H, m), float64 on the CPU
    low: torch.Tensor  # (6, H, m), NaN where a single text reaches the position
    high: torch.Tensor  # (6, H, m)
    n: torch.Tensor  # (m,), texts that reach the position
    n_texts: int
    n_cut: int  # texts longer than L, whose rest was left out
    n_empty: int  # texts without a token, which are left out


@torch.inference_mode()
def contributions_over(
    layer: Layer,
    texts: Iterable[str | Sequence[int]],
    *,
    first: int | None = None,
    sample: int | None = None,
    seed: int = 0,
    progress: Callable[[int, int | None], None] | None = None,
) -> MeanContributions:
    """The mean contribution of each term, head and position over many texts (Figs. 4 and 13).

    A text is a string or its token ids, cut after L tokens; the token `first`, if any, is put
    before each. Texts are read one at a time. With `sample`, that many of them are drawn at random
    without replacement, the same for the same seed, and only those are held. After each text,
    `progress` is called with the number done and the number in all (None for a stream); what it
    raises ends the run. Intervals are Student's t, cut off at 0.

    Raises: InputError if there is no text with a token, or a text that cannot be read, by number.
    """
    # Imported here: only this needs it.
    from scipy.special import stdtrit

    chosen = enumerate(texts) if sample is None else _drawn(texts, sample, seed)
    in_all = len(chosen) if isinstance(chosen, list) else _length(texts)
    L = layer.n_positions
    n = torch.zeros(L, dtype=torch.float64)
    mean, squares = torch.zeros(2, len(TERMS), layer.n_heads, L, dtype=torch.float64)
    n_texts = n_cut = n_empty = 0
    for done, (number, text) in enumerate(chosen, start=1):
        ids = _ids(layer, text, number, first)
        if not len(ids) or ids == [first]:
            n_empty += 1
        else:
            n_texts += 1
            n_cut += len(ids) > L
            values = contributions(layer, ids[:L])  # (6, H, n)
            # Welford's sums: the difference of two large sums would lose the spread.
            reached = slice(0, values.shape[2])
            n[reached] += 1
            away = values - mean[:, :, reached]
            mean[:, :, reached] += away / n[reached]
            squares[:, :, reached] += away * (values - mean[:, :, reached])
        if progress is not None:
            progress(done, in_all)
    if not n_texts:
        raise InputError(
            f"none of the {n_empty} texts has a token; expected at least one that is not empty"
        )
    m = int((n > 0).sum())
    n, mean, squares = n[:m], mean[:, :, :m], squares[:, :, :m]
    quantile = torch.from_numpy(stdtrit((n - 1).numpy(), 0.975))  # NaN for a single text
    half = quantile * (squares / (n - 1) / n).sqrt()  # (6, H, m)
    return MeanContributions(
        mean=mean,
        low=(mean - half).clamp(min=0),
        high=mean + half,
        n=n.long(),
        n_texts=n_texts,
        n_cut=n_cut,
        n_empty=n_empty,
    )


def _drawn(
    texts: Iterable[str | Sequence[int]], size: int, seed: int
) -> list[tuple[int, str | Sequence[int]]]:
    """`size` numbered texts drawn from a stream in one pass, in its order (reservoir sampling)."""
    if size < 1:
        raise InputError(f"sample is {size}; expected at least 1")
    generator = np.random.default_rng(seed)
    kept = []
    for number, text in enumerate(texts):
        if number < size:
            kept.append((number, text))
        elif (place := generator.integers(number + 1)) < size:
            kept[place] = number, text
    return sorted(kept, key=lambda pair: pair[0])


def _length(texts: Iterable[str | Sequence[int]]) -> int | None:
    return len(texts) if isinstance(texts, Sized) else None


def _ids(layer: Layer, text: str | Sequence[int], number: int, first: int | None) -> list[int]:
    try:
        ids = layer.tokenizer.encode(text) if isinstance(text, str) else list(text)
        ids = ids if first is None else [first, *ids]
        if ids:
            check_ids(layer, ids[: layer.n_positions])
    except InputError as error:
        raise InputError(f"text {number + 1} of those given: {error}") from error
    return ids
