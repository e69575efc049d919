"""One text in two models: where both split it, and how far apart their attention is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detok.errors import InputError
from detok.model.any_layer import AnyLayer

# Tokens of one text of which all pairs are compared: a model may have positions for 100,000.
MOST = 2048


@dataclass(frozen=True)
class Split:
    """A text in the tokens of one model."""

    ids: list[int]  # (n,)
    ends: list[int]  # (n,), after how many characters each ends; never falling
    room: int  # how many the model has positions for, of MOST


@dataclass(frozen=True, eq=False)
class Shared:
    """The beginning of a text that two models both have positions for, in the tokens of each.

    It consists of stretches: one ends where a token of both models ends, and nowhere else.
    """

    left: list[int]  # token ids
    right: list[int]
    left_at: np.ndarray  # (n,), the stretch of each token, from 0
    right_at: np.ndarray
    ends: list[int]  # (stretches,), after how many characters each ends
    is_whole: bool  # whether nothing of the text is left out

    @property
    def is_one_to_one(self) -> bool:
        """Whether every stretch is one token of either model."""
        return len(self.left) == len(self.right) == len(self.ends)


def split(layer: AnyLayer, text: str) -> Split:
    """A text in the tokens of a layer's tokenizer.

    Raises: InputError for a text that it cannot split.
    """
    encoding = layer.tokenizer.encoding(text)
    return Split(encoding.ids, [end for _, end in encoding.offsets], _room(layer))


def split_ids(layer: AnyLayer, ids: list[int]) -> Split:
    """What is given as token ids, each of which counts for a character."""
    return Split(ids, list(range(1, len(ids) + 1)), _room(layer))


def _room(layer: AnyLayer) -> int:
    return min(layer.n_positions, MOST)


def share_vocabulary(left: AnyLayer, right: AnyLayer) -> bool:
    """Whether every token id stands for the same in both."""
    return left is right or left.tokenizer.sha256 == right.tokenizer.sha256


def shared(left: Split, right: Split, same_ids: bool) -> Shared:
    """What two models can both be given of a text; `same_ids`: an id stands for the same in both.

    Raises: InputError if there is no stretch of it that both have positions for.
    """
    if same_ids and left.ids == right.ids:  # also tokens that end within one character
        ends = list(range(1, len(left.ids) + 1))
        left, right = Split(left.ids, ends, left.room), Split(right.ids, ends, right.room)
    common = sorted(set(left.ends) & set(right.ends))
    places = [np.searchsorted(common, side.ends) for side in (left, right)]
    n = len(common)
    for at, side in zip(places, (left, right), strict=True):
        if len(at) > side.room:
            n = min(n, int(at[side.room]))  # the stretch of the first token without a position
    if not n:
        raise InputError(
            f"the text has no beginning that both models split off within their positions "
            f"({left.room:,} and {right.room:,}); expected one"
        )
    left_at, right_at = (at[at < n] for at in places)
    return Shared(
        left=left.ids[: len(left_at)],
        right=right.ids[: len(right_at)],
        left_at=left_at,
        right_at=right_at,
        ends=common[:n],
        is_whole=len(left_at) == len(left.ids) and len(right_at) == len(right.ids),
    )


def merged(attention: np.ndarray, at: Sequence[int] | np.ndarray) -> np.ndarray:
    """Attention (n, n) between stretches of tokens, (stretches, stretches); rows still sum to 1.

    `at` (n,) is the stretch of each token, from 0, never falling. What a stretch gives is what its
    tokens i give on average, and what it gets is what its tokens j get together.
    """
    at = np.asarray(at)
    starts = np.flatnonzero(np.diff(at, prepend=-1))
    to = np.add.reduceat(attention, starts, axis=1)  # (n, stretches)
    return np.add.reduceat(to, starts, axis=0) / np.bincount(at)[:, None]


def divergence(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Jensen–Shannon divergence of each row of two attentions (…, n) in nats, (…).

    From 0, for equal rows, to ln 2, for rows that attend to no token in common; the same either
    way round, and finite also where one of the two is 0.
    """
    # Imported here: only this needs it.
    from scipy.special import rel_entr

    middle = (left + right) / 2
    nats = (rel_entr(left, middle) + rel_entr(right, middle)).sum(axis=-1) / 2
    return nats.clip(0, np.log(2))  # beyond them only by rounding
