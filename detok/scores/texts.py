"""Many texts as token ids, one at a time: all of them, or a random sample."""

from collections.abc import Callable, Iterable, Iterator, Sequence, Sized

import numpy as np

from detok.errors import InputError
from detok.model.any_layer import AnyLayer
from detok.model.inputs import check_amount, check_ids

Text = str | Sequence[int]
# Called with the number of texts done and the number in all, None for a stream.
Progress = Callable[[int, int | None], None]


def token_ids(
    layer: AnyLayer,
    texts: Iterable[Text],
    n_read: int,
    *,
    first: int | None,
    sample: int | None,
    seed: int,
    progress: Progress | None,
) -> Iterator[list[int]]:
    """The ids of each text, of which the first `n_read` are tokens of the model.

    `first`, if any, is put before each. With `sample`, that many texts are drawn at random without
    replacement, the same for the same seed, and only those are held. `progress` is called once a
    text has been made use of.

    Raises: InputError for a text that cannot be read, by number, or a sample of none.
    """
    chosen = enumerate(texts) if sample is None else drawn(texts, sample, seed)
    of = chosen if isinstance(chosen, list) else texts
    in_all = len(of) if isinstance(of, Sized) else None
    for done, (number, text) in enumerate(chosen, start=1):
        yield _ids(layer, text, number, first, n_read)
        if progress is not None:
            progress(done, in_all)


def drawn(texts: Iterable[Text], size: int, seed: int) -> list[tuple[int, Text]]:
    """`size` numbered texts drawn from a stream in one pass, in its order (reservoir sampling)."""
    check_amount("sample", size)
    generator = np.random.default_rng(seed)
    kept = []
    for number, text in enumerate(texts):
        if number < size:
            kept.append((number, text))
        elif (place := generator.integers(number + 1)) < size:
            kept[place] = number, text
    return sorted(kept, key=lambda pair: pair[0])


def _ids(layer: AnyLayer, text: Text, number: int, first: int | None, n_read: int) -> list[int]:
    try:
        ids = layer.tokenizer.encode(text) if isinstance(text, str) else list(text)
        ids = ids if first is None else [first, *ids]
        if ids:
            check_ids(layer, ids[:n_read])
    except InputError as error:
        raise InputError(f"text {number + 1} of those given: {error}") from error
    return ids
