"""Words are cut where no token crosses, and told apart."""

from itertools import chain

import numpy as np
import pytest
from hypothesis import given, strategies as st
from tokenizers import AddedToken

from detok.counting.words import places_to_cut, words_in
from tests.support.corpora import SMALL
from tests.support.models import byte_tokenizer
from tests.support.texts import END_OF_TEXT, TEXTS

PLACES = places_to_cut([END_OF_TEXT])
# All kinds of characters beside one another: letters, digits, marks and white space, of one byte
# and of more, and what looks like them by its last bytes.
CHARACTERS = st.text(
    "aZs't09'!-_ \n\t\r\x0b\x1c\x85\u00a0\u2003\u2028\u3000“’—‧…\u2029éм²ⁿ₂あ語\u0301😀ℂ"
)


def words_of(texts: list[str], places: np.ndarray | None = PLACES) -> list[str]:
    different, which, _ = words_in([text.encode() for text in texts], places)
    assert len({*different}) == len(different)
    return [different[n].decode() for n in which]


def split(text: str) -> list[str]:
    return [word for word, _ in SMALL.backend.pre_tokenizer.pre_tokenize_str(text)]


@given(CHARACTERS | TEXTS.map("".join))
def test_the_tokenizer_splits_words_as_it_splits_the_text(text: str) -> None:
    words = words_of([text])
    assert "".join(words) == text
    assert [part for word in words for part in split(word)] == split(text)


@given(st.lists(CHARACTERS, max_size=5))
def test_words_are_of_one_text(texts: list[str]) -> None:
    encoded = [text.encode() for text in texts]
    for places in (PLACES, None):
        different, which, of = words_in(encoded, places)
        joined = ["".join(different[w].decode() for w in which[of == n]) for n in range(len(texts))]
        assert joined == texts
    assert words_of(texts, None) == [text for text in texts if text]


def test_words_are_short() -> None:
    text = "“Don’t,” said he—twice. 12,5 (of 3rd) été là-bas; I'll x²"
    parts = "“|Don|’|t|,”| said| he|—|twice|.| 12|,|5| (|of| 3|rd|)| été| là-|bas|;| I|'ll| x²"
    assert words_of([text]) == parts.split("|")


@pytest.mark.parametrize("token", ["<|x|>", "a1b", "“a”", "!0", "x-"])
@given(st.text("<|x>a1b“”!0- "))
def test_added_tokens_are_not_cut(token: str, text: str) -> None:
    backend = byte_tokenizer(400)
    backend.add_tokens([AddedToken(token, lstrip=True)])
    text = f"{text}{token}{text[::-1]}"
    words = words_of([text], places_to_cut([END_OF_TEXT, token]))
    ids = chain.from_iterable(encoding.ids for encoding in backend.encode_batch(words))
    assert [*ids] == backend.encode(text).ids
