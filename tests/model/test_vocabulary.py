"""Tokens: their bytes and text, how they are shown, encoded and found."""

import ast
import re
import threading
import time
from pathlib import Path

import pytest
from hypothesis import example, given, strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

import detok
from detok.bundled import BUNDLED
from detok.model.tokens.show import show, show_pieces
from detok.model.vocabulary import Vocabulary
from tests.support.models import byte_tokenizer

# Constants, not fixtures, for the property tests.
SMALL = Vocabulary(byte_tokenizer(300))
MINI = Vocabulary.from_folder(BUNDLED["mini"])
UNICODE = st.text(st.characters(exclude_categories=["Cs"]))


def vocabulary_of(*words: str) -> Vocabulary:
    """A vocabulary of the 256 bytes and of whole words, with those ids in that order."""
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    split = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    entries = [split.pre_tokenize_str(word)[0][0] for word in words]
    ids = {entry: n for n, entry in enumerate(dict.fromkeys([*entries, *sorted(alphabet)]))}
    # Read whole, as no merges lead to them.
    backend = Tokenizer(models.BPE(vocab=ids, merges=[], ignore_merges=True))
    backend.pre_tokenizer = split
    backend.decoder = decoders.ByteLevel()
    return Vocabulary(backend)


def found(vocabulary: Vocabulary, query: str, limit: int = 50) -> list[str]:
    return [vocabulary.text(token) for token in vocabulary.search(query, limit)]


# How tokens are shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (b"", ""),
        (b" the", "·the"),
        (b"  \n", "··\\n"),
        (b"\t\r", "\\t\\r"),
        (b"\0\x1b\x7f", "\\x00\\x1b\\x7f"),
        ("é 猫 🐈".encode(), "é·猫·🐈"),
        ("猫".encode()[:2], "\\xe7\\x8c"),
        (b"\x80a", "\\x80a"),
        ("·".encode(), "\\u00b7"),
        (b"\\n", "\\\\n"),
        (b"\\xe7", "\\\\xe7"),
        (b"\\u00b7", "\\\\u00b7"),
        ("\x85\xa0\xad".encode(), "\\u0085\\u00a0\\u00ad"),  # not the stray bytes 85, A0, AD
        ("\u3000\u200b\u202e".encode(), "\\u3000\\u200b\\u202e"),
        ("\U000e0001".encode(), "\\U000e0001"),
        (b"\xed\xa0\x80", "\\xed\\xa0\\x80"),  # a surrogate, which UTF-8 does not have
    ],
)
def test_show(text: bytes, shown: str) -> None:
    assert show(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a é", ["a", "·", "é 1/2", "é 2/2"]),
        ("😀", ["😀 1/4", "😀 2/4", "😀 3/4", "😀 4/4"]),
        ("日本", ["日 1/3", "日 2/3", "日 3/3", "本 1/3", "本 2/3", "本 3/3"]),
        ("a/b", ["a", "/", "b"]),
    ],
)
def test_the_bytes_of_a_character_name_it(text: str, shown: list[str]) -> None:
    vocabulary = vocabulary_of()
    assert vocabulary.show_each(vocabulary.encode(text)) == shown


def test_a_token_of_parts_of_two_characters_names_both() -> None:
    text = " é日".encode()
    pieces = [text[:2], text[2:4], text[4:]]
    assert show_pieces(pieces) == ["· é 1/2", "é 2/2 日 1/2", "日 2/2"]


@given(UNICODE)
def test_whole_characters_are_shown_in_a_text_as_by_themselves(text: str) -> None:
    pieces = [c.encode() for c in text]
    assert show_pieces(pieces) == [show(piece) for piece in pieces]


def test_bytes_of_no_whole_character_are_shown_as_bytes() -> None:
    assert show_pieces(["😀".encode()[:2], b"a"]) == [r"\xf0\x9f", "a"]


def bytes_shown(shown: str) -> bytes:
    """The inverse of `show`."""

    def part(match: re.Match[str]) -> bytes:
        piece = match[0]
        if piece == "·":
            return b" "
        if re.fullmatch(r"\\x[89a-f].", piece):
            return bytes.fromhex(piece[2:])
        return ast.literal_eval(f'"{piece}"').encode() if piece[0] == "\\" else piece.encode()

    escape = r"\\x..|\\u....|\\U........|\\.|."
    return b"".join(part(match) for match in re.finditer(escape, shown, re.DOTALL))


@given(st.binary() | UNICODE.map(str.encode))
@example(b"\\")
@example(b'"\\"')
@example("\\u00b7·\\ ".encode())
def test_different_bytes_are_shown_differently(text: bytes) -> None:
    shown = show(text)
    assert bytes_shown(shown) == text
    assert shown.isprintable()
    assert " " not in shown


def test_every_token_is_shown_differently() -> None:
    assert len({MINI.show(token) for token in range(len(MINI))}) == len(MINI)


# Bytes and text


def test_bytes_of_every_single_byte() -> None:
    assert sorted(SMALL.bytes_of(token) for token in range(256)) == [
        bytes([byte]) for byte in range(256)
    ]


@pytest.mark.parametrize("token", [-1, 300, 10**9])
def test_ids_without_a_token_have_no_bytes(token: int) -> None:
    assert SMALL.bytes_of(token) == b""
    assert SMALL.text(token) == SMALL.show(token) == ""


def test_gaps_between_ids_have_no_bytes() -> None:
    backend = Tokenizer(models.BPE(vocab={"a": 0, "b": 3}, merges=[]))
    vocabulary = Vocabulary(backend)
    assert [vocabulary.bytes_of(token) for token in range(4)] == [b"a", b"", b"", b"b"]
    assert vocabulary.search("b") == [3]


def test_partial_bytes_join_to_whole_characters() -> None:
    ids = SMALL.encode("猫")
    assert len(ids) == 3
    assert SMALL.text(*ids) == SMALL.show(*ids) == "猫"
    assert SMALL.text(ids[0]) == SMALL.show(ids[0]) == "\\xe7"
    assert SMALL.text(*ids[1:]) == "\\x8c\\xab"
    assert SMALL.text() == ""


def test_special_token() -> None:
    token = SMALL.id_of("<|endoftext|>")
    assert token == 299
    assert SMALL.bytes_of(token) == b"<|endoftext|>"
    assert SMALL.search("endoftext") == [token]


# Encoding


@given(UNICODE)
@example("<|endoftext|>")
@example("a <|endoftext|>\n<|endof")
@example("\0\x85\u2028 \t\r\n")
@example("e\u0301 👩‍👩‍👧 \U0010ffff")
def test_tokens_of_a_text_join_to_its_bytes(text: str) -> None:
    for vocabulary in (SMALL, MINI):
        ids = vocabulary.encode(text)
        assert b"".join(map(vocabulary.bytes_of, ids)) == text.encode()
        assert vocabulary.text(*ids) == text
        assert all(0 <= token < len(vocabulary) for token in ids)


def test_special_tokens_are_read_in_a_text_but_not_added() -> None:
    before, special, after = SMALL.encode("a<|endoftext|>b")
    assert special == 299
    assert SMALL.text(before, after) == "ab"
    assert SMALL.encode("") == []


@pytest.mark.parametrize("text", ["\ud83d", "ab\udc08", "\ud83d\ude3a"])
def test_half_of_a_surrogate_pair(text: str) -> None:
    position = next(n for n, c in enumerate(text) if "\ud800" <= c <= "\udfff")
    for call in (SMALL.encode, SMALL.id_of):
        with pytest.raises(detok.InputError, match=f"at character {position}, half of a surrogate"):
            call(text)


def test_truncation_and_padding_of_the_file_are_ignored(tmp_path: Path) -> None:
    backend = byte_tokenizer(300)
    backend.enable_truncation(3)
    backend.enable_padding(length=8)
    backend.save(str(tmp_path / "tokenizer.json"))
    vocabulary = Vocabulary.from_folder(tmp_path)
    assert vocabulary.text(*vocabulary.encode("long enough")) == "long enough"
    assert len(vocabulary.encode("a")) == 1


# One token


@given(st.integers(0, 299))
def test_id_of_a_tokens_text(token: int) -> None:
    text = SMALL.bytes_of(token).decode(errors="ignore")
    assert not text or SMALL.id_of(text) == token
    assert SMALL.id_of(token) == token


def test_id_of_several_tokens_names_them() -> None:
    with pytest.raises(detok.InputError) as caught:
        SMALL.id_of("xyz")
    ids = SMALL.encode("xyz")
    assert "'xyz' is 3 tokens, 'x' + 'y' + 'z'; expected one token" in str(caught.value)
    assert ", ".join(map(str, ids)) in str(caught.value)


def test_id_of_nothing() -> None:
    with pytest.raises(detok.InputError, match="the token is empty; expected"):
        SMALL.id_of("")


@pytest.mark.parametrize("token", [1.0, None, b"a", ["a"]])
def test_id_of_another_type(token: object) -> None:
    with pytest.raises(detok.InputError, match="expected its text or its id"):
        SMALL.id_of(token)  # type: ignore[arg-type]


@pytest.mark.parametrize("token", [-1, 300, 10**30])
def test_layer_refuses_ids_out_of_range(layer: detok.Layer, token: int) -> None:
    with pytest.raises(detok.InputError, match=f"token id {token} is out of range; expected 0 ≤"):
        layer.token_id(token)


# Search

WORDS = ["other", "Theory", "the", " the", "The", "theory", "the\n", " there", "x", "  "]


@pytest.fixture(scope="module")
def words() -> Vocabulary:
    return vocabulary_of(*WORDS)


def test_equal_tokens_come_first_then_beginnings_then_the_rest(words: Vocabulary) -> None:
    assert found(words, "the") == [
        *["the", " the", "The"],  # the same letter case, then the other
        *["the\n", "theory", " there", "Theory"],  # shorter ones first
        *["other"],
    ]


def test_letter_case_decides_between_equals(words: Vocabulary) -> None:
    assert found(words, "The")[:3] == ["The", "the", " the"]
    assert found(words, "THEORY") == ["Theory", "theory"]


def test_leading_space_of_the_query_counts(words: Vocabulary) -> None:
    assert found(words, " the") == [" the", " there"]
    assert found(words, "  the") == []


def test_limit(words: Vocabulary) -> None:
    assert found(words, "the", limit=2) == ["the", " the"]
    assert found(words, "the", limit=0) == []


@pytest.mark.parametrize("query", ["", " ", "  ", "\n\t", "\u3000"])
def test_query_of_white_space(words: Vocabulary, query: str) -> None:
    assert words.search(query) == []


@pytest.mark.parametrize("query", ["Ġthe", "theatre", "\ud83d", "\0\0"])
def test_query_that_no_token_has(words: Vocabulary, query: str) -> None:
    assert words.search(query) == []


def test_case_of_other_alphabets() -> None:
    assert found(vocabulary_of("Straße", "ÉTÉ", " été"), "été") == [" été", "ÉTÉ"]
    assert found(vocabulary_of("Straße", "strasse"), "STRASSE") == ["Straße", "strasse"]


@given(st.text(st.sampled_from("the ·TH\n"), max_size=4), st.integers(0, 60))
def test_search_finds_the_tokens_that_contain_the_query(query: str, limit: int) -> None:
    ids = MINI.search(query, limit)
    assert len(ids) == len(set(ids)) <= limit
    assert ids == MINI.search(query, 10**6)[:limit]
    for token in ids:
        assert query.casefold() in MINI.text(token).casefold()


def test_other_threads_go_on_while_a_text_is_split() -> None:
    """Visitors of a server share one lock of Python's; a text of one is not to hold up the rest."""
    vocabulary, turns, is_over = detok.load("mini").tokenizer, 0, threading.Event()

    def others() -> None:
        nonlocal turns
        while not is_over.wait(0.001):
            turns += 1

    thread = threading.Thread(target=others)
    text = "".join(chr(0x1F600 + place % 60) for place in range(100_000))  # no two runs alike
    thread.start()
    begun = time.monotonic()
    vocabulary.encode(text)
    took = time.monotonic() - begun
    is_over.set()
    thread.join()
    assert turns > 10 * took  # with the lock held, it is one or two turns in all
