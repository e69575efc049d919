"""Contributions and attention averaged over many texts (§5.4, §6.1)."""

from collections.abc import Callable, Iterable, Sequence, Sized
from dataclasses import dataclass

import numpy as np
import torch

from detok.errors import InputError
from detok.model.inputs import check_ids, check_position
from detok.model.layer import Layer
from detok.scores.contributions import contributions
from detok.scores.decomposition import TERMS

# Numbers held at once in the largest tensor, the embeddings of (texts, positions, d): 16 MB.
BLOCK_VALUES = 1 << 22


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


@dataclass(frozen=True, eq=False)
class MeanAttention:
    """The attention weights of position i in the first layer over texts; each mean sums to 1."""

    i: int
    mean: torch.Tensor  # (H, i + 1), float64 on the CPU
    std: torch.Tensor  # (H, i + 1), standard deviation over the texts (biased)
    n_used: int
    n_short: int  # texts of less than i + 1 tokens, which are left out


@torch.inference_mode()
def mean_attention(
    layer: Layer,
    texts: Sequence[str | Sequence[int]],
    i: int,
    progress: Callable[[int, int], None] | None = None,
) -> MeanAttention:
    """Mean and spread of the model's own attention weights of position i over texts (Fig. 3-E).

    A text is a string or its token ids; it starts at position 0, and what follows position i is
    not read. Only row i of the attention is computed, in batches; after each one, `progress` is
    called with the number of texts done and their number in all.

    Raises: InputError if i is no position of the model, a text has a token that the model has not,
    or none of the texts has i + 1 tokens.
    """
    check_position(layer, i)
    rows = [layer.tokenizer.encode(t) if isinstance(t, str) else t for t in texts]
    used = [row[: i + 1] for row in rows if len(row) > i]
    if not used:
        longest = max(map(len, rows), default=0)
        raise InputError(
            f"no text reaches position {i} (the longest of {len(rows)} has {longest} tokens); "
            f"expected at least one of {i + 1} tokens"
        )
    tokens = torch.stack([check_ids(layer, row) for row in used])  # (texts, i + 1)
    sums = torch.zeros(2, layer.n_heads, i + 1, dtype=torch.float64)  # of weights and their squares
    done = 0
    for batch in tokens.split(max(1, BLOCK_VALUES // ((i + 1) * layer.d_model))):
        weights = last_row(layer, batch).cpu().double()  # (H, B, i + 1)
        sums[0] += weights.sum(dim=1)
        sums[1] += weights.square_().sum(dim=1)
        done += len(batch)
        if progress is not None:
            progress(done, len(used))
    mean, square = (sums / len(used)).unbind()
    return MeanAttention(
        i=i,
        mean=mean,
        std=(square - mean.square()).clamp(min=0).sqrt(),
        n_used=len(used),
        n_short=len(rows) - len(used),
    )


@torch.inference_mode()
def last_row(layer: Layer, tokens: torch.Tensor) -> torch.Tensor:
    """The attention that the last token of each text pays, from the six terms: (H, B, n).

    `tokens` (B, n) are texts of one length, from position 0. The six terms are the products of
    (e_i + p_i)/σ_i W'^Q + b'^Q with (e_j + p_j)/σ_j W'^K, here multiplied in their sum.
    """
    n = tokens.shape[1]
    positions = torch.arange(n, device=tokens.device)
    e = layer.W_E[tokens]  # (B, n, d)
    own = tokens[:, -1], torch.full_like(tokens[:, -1], n - 1)
    query = (layer.Q_E[:, own[0]] + layer.Q_pos[:, own[1]]) / layer.sigma.pairs(*own)[:, None]
    query += layer.b_Q[:, None]  # (H, B, d')
    # Brought to the width of the tokens' embeddings once a text, the query meets each in one
    # product: projecting all of them to keys, or gathering their keys, takes several times as long.
    wide = query @ layer.W_K.unflatten(1, (layer.n_heads, -1)).permute(1, 2, 0)  # (H, B, d)
    scores = e @ wide.permute(1, 2, 0)  # (B, n, H)
    scores += (query @ layer.K_pos[:, :n].mT).permute(1, 2, 0)  # (B, n, H)
    cov = e.mul_(layer.sigma.W_pos_centred[:n]).mean(dim=2)  # (B, n)
    sigma = layer.sigma.from_cov(tokens, positions, cov)  # (B, n)
    scores /= sigma[:, :, None] * layer.d_head**0.5
    return scores.permute(2, 0, 1).softmax(dim=-1)
