"""Words that come again are encoded once; what is counted is that of the whole texts."""

import json

import numpy as np
import pytest
from hypothesis import given, strategies as st
from tokenizers import Tokenizer

import detok
from detok.counting import tally
from detok.counting.encoding import Encoder
from detok.counting.pieces import Piece
from detok.model.vocabulary import Vocabulary
from tests.support.corpora import SMALL
from tests.support.models import byte_tokenizer
from tests.support.texts import TEXTS, as_counters, plain_count, plain_count_in_words

pytestmark = pytest.mark.usefixtures("small_portions")


def batch_of(text: str) -> list[Piece]:
    return [Piece(text, False, True, None, 0.0)]


@given(TEXTS, st.integers(0, 3000))
def test_whatever_is_kept_of_words(texts: list[str], size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tally, "MAX_TABLE", size)
        assert as_counters(detok.count(texts, SMALL)) == plain_count(texts, SMALL)


def test_a_word_that_comes_again_is_not_encoded_again() -> None:
    encoder = Encoder.of(SMALL)
    counted = encoder.tally()
    asked: list[str] = []
    counted._encode = lambda texts: asked.extend(texts) or encoder.encode(texts)
    for _ in range(3):
        counted.add(batch_of("the dog, the dog"), None)
    assert sorted(asked) == [" dog", " the", ",", "the"]
    assert counted.total == 3 * len(SMALL.encode("the dog, the dog"))
    counted.take()
    counted.add(batch_of(" the cat"), None)
    assert asked[-1] == " cat"
    assert counted.take()[0].sum() == len(SMALL.encode(" the cat"))


@given(TEXTS)
def test_words_without_tokens(texts: list[str]) -> None:
    """Of a vocabulary that has none for some characters."""
    description = json.loads(byte_tokenizer(400).to_str())
    kept = ["t", "h", "e", "Ġ", "<|endoftext|>"]
    description["model"] |= {"vocab": {c: n for n, c in enumerate(kept)}, "merges": []}
    description["added_tokens"][0]["id"] = 4
    vocabulary = Vocabulary(Tokenizer.from_str(json.dumps(description)))
    counts = detok.count(texts, vocabulary)
    assert as_counters(counts) == plain_count(texts, vocabulary)
    assert as_counters(counts.within_words())[1] == plain_count_in_words(texts, vocabulary)


def test_ids_that_the_vocabulary_has_not_are_refused() -> None:
    description = json.loads(byte_tokenizer(400).to_str())
    description["model"]["vocab"]["h"] = 1000
    vocabulary = Vocabulary(Tokenizer.from_str(json.dumps(description)))
    assert np.max(vocabulary.encode("h")) >= len(vocabulary)
    with pytest.raises(detok.InputError, match="token id 1000 is out of range"):
        detok.count(["h"], vocabulary)
