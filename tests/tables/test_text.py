"""The tokens of a text in tables."""

import detok
from detok.tables.text import labels

IDS = [70, 12, 250, 12, 9, 9, 31]


def test_equal_tokens_have_labels_of_their_own(layer: detok.Layer) -> None:
    assert len(set(labels(layer, IDS))) == len(IDS)
