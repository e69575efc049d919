"""What a visitor begins with: a word, and a short sentence that has it."""

import detok
from detok.app import cached, store, texts
from detok.tables.rebuilt import gallery

# For a model that rebuilds none, or is too large for it to be known at once.
WORD = "Libertarian"


def word(layer: detok.Layer) -> str:
    """The word that is typed for a visitor who comes without a link: one that the model rebuilds.

    It is always the same for a model, because a link without a word means this one.
    """
    if not texts.can_encode(layer) or not cached.is_small(layer):
        return WORD
    return _rebuilt(layer)


@store.kept(max_entries=cached.MAX_LAYERS)
def _rebuilt(layer: detok.Layer) -> str:
    found = cached.rebuilt_for_all(layer)
    return next(iter(gallery(found.words, 1)["joined"]), WORD)


def sentence(word: str) -> str:
    """A sentence around a word of any kind, so short that a map of its tokens can be read."""
    return f"She wrote the word {word.strip()} down."


def around(layer: detok.Layer, past: int, current: int) -> tuple[str, list[int], int]:
    """A sentence with a word of two pieces, its tokens, and the place of the second piece.

    Where the model splits the sentence otherwise, or has no room for it, it is the word alone.
    """
    word = layer.tokenizer.text(past, current)
    text = sentence(word)
    ids = layer.tokenizer.encode(text)
    places = [i for i in range(1, len(ids)) if ids[i - 1 : i + 1] == [past, current]]
    if not places or len(ids) > layer.n_positions:
        return word, [past, current], 1
    return text, ids, places[0]


def apart(layer: detok.Layer, past: int, current: int) -> tuple[str, int | None]:
    """A text with the one token right before the other, and the place of the second.

    No place, where the tokenizer makes other tokens of the two.
    """
    if not texts.can_encode(layer):
        return f"{past} {current}", 1
    joined = layer.tokenizer.text(past, current)
    for text in (joined, sentence(joined)):
        ids = layer.tokenizer.encode(text)[: layer.n_positions]
        for i in range(1, len(ids)):
            if ids[i - 1 : i + 1] == [past, current]:
                return text, i
    return joined, None
