"""SentencePiece vocabularies: the bytes of tokens, how they join, and where words begin."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

import detok
from detok.counting.encoding import Encoder
from detok.model.token_kinds import CONTINUES, OTHER, PUNCTUATION, STARTS, token_kind
from detok.model.tokens.words import Ends
from detok.model.vocabulary import Vocabulary
from detok.readings import words
from tests.support.families import random_member
from tests.support.rotary import ROTARY
from tests.support.sentence_piece import BYTES, KINDS, t5

# Constants, not fixtures, for the property tests.
OURS = {name: Vocabulary(build()) for name, (build, _) in KINDS.items()}
T5 = Vocabulary(t5())
ALL = {**OURS, "t5": T5}
BPE = ["llama", "older llama", "gemma"]
UNICODE = st.text(st.characters(exclude_categories=["Cs"]))
PARTS = st.sampled_from(
    [
        *["the", "The", " ", "  ", "     ", " the", " libertarian", "don't", "12", "é", "e\u0301"],
        *[
            "東京は",
            "猫",
            "\n",
            "\n\n",
            "\t",
            ".",
            "▁",
            "<0x41>",
            "\0",
            "\ufffd",
            "👩‍👩‍👧",
            "x" * 90,
        ],
    ]
)
TEXTS = (st.lists(PARTS, max_size=6).map("".join) | UNICODE).filter(lambda text: "<" not in text)


# How pieces join


@pytest.mark.parametrize("name", KINDS)
@given(text=TEXTS)
@example(" ")
@example("▁the")
@example("   the  libertarian\n")
@settings(max_examples=60)
def test_tokens_join_to_the_text(name: str, text: str) -> None:
    """With the space that the tokenizer puts before it, and none that is not its own."""
    ours, before = OURS[name], KINDS[name][1](text)
    ids = ours.encode(text)
    assert b"".join(map(ours.bytes_of, ids)) == (before + text.replace("▁", " ")).encode()


@pytest.mark.parametrize("name", KINDS)
@given(text=TEXTS)
@settings(max_examples=30)
def test_the_tokenizers_own_decoder_agrees(name: str, text: str) -> None:
    """It takes off the first space, whether or not that was put there."""
    ours = OURS[name]
    ids = ours.encode(text)
    assert ours.text(*ids) in (decoded := ours.backend.decode(ids), f" {decoded}")


KNOWN = st.lists(st.sampled_from(["the", "libertarian", "don't", "12", "é", "東京は", ".", "x"]))


@given(texts=KNOWN, space=st.sampled_from([" ", "  ", "\n", " \t "]))
@settings(max_examples=40)
def test_words_of_unigram_join_with_a_space_before(texts: list[str], space: str) -> None:
    ids = T5.encode(space.join(texts))
    assert T5.text(*ids) == "".join(f" {text}" for text in texts)


def test_what_unigram_has_no_token_for() -> None:
    assert T5.text(*T5.encode("the 猫")) == " the <unk>"
    with pytest.raises(detok.InputError, match="has no token for"):
        T5.id_of("猫")


# What a token is


@pytest.mark.parametrize("name", KINDS)
def test_a_byte_that_is_no_character(name: str) -> None:
    ours = OURS[name]
    token = ours.id_of("<0xE7>")
    assert (ours.bytes_of(token), ours.show(token)) == (b"\xe7", "\\xe7")
    pieces = ours.encode("a猫")[-3:]
    assert [ours.bytes_of(t) for t in pieces] == [b"\xe7", b"\x8c", b"\xab"]
    assert ours.text(*pieces) == "猫"
    assert [shown.strip() for shown in ours.show_each(pieces)] == ["猫 1/3", "猫 2/3", "猫 3/3"]


@pytest.mark.parametrize("name", ALL)
def test_every_token_is_shown_differently(name: str) -> None:
    ours = ALL[name]
    assert len({ours.show(token) for token in range(len(ours))}) == len(ours)


@pytest.mark.parametrize("name", ALL)
def test_special_tokens_stand_for_themselves(name: str) -> None:
    ours = ALL[name]
    for text in ("<unk>", "<pad>", "<s>", "<bos>"):
        token = ours.backend.token_to_id(text)
        if token is not None:
            assert ours.text(token) == ours.show(token) == text
            assert ours.id_of(text) == token
            assert token in ours.added
    assert "<" in ours.text(ours.first_token)


def test_an_added_run_of_spaces_is_spaces() -> None:
    gemma = OURS["gemma"]
    token = gemma.backend.token_to_id("▁▁▁▁")
    assert token in gemma.added
    assert gemma.encode("x" + " " * 4 + "y")[1] == token
    assert gemma.text(token) == " " * 4


@pytest.mark.parametrize("name", ALL)
def test_id_of_the_text_of_a_token(name: str) -> None:
    """Every token is found by its own text, unless that is another's too or no Unicode."""
    ours = ALL[name]
    texts = {}
    for token in reversed(range(len(ours))):
        entry = ours.backend.id_to_token(token)
        assert ours.id_of(entry) == token
        if entry not in BYTES and "\\x" not in ours.text(token):
            texts[ours.text(token)] = token
    for text, token in texts.items():
        assert ours.id_of(text) == token


@pytest.mark.parametrize("name", BPE)
def test_id_of_a_text(name: str) -> None:
    ours = OURS[name]
    assert ours.text(ours.id_of(" the")) == ours.text(ours.id_of("▁the")) == " the"
    assert ours.text(ours.id_of("the")) == "the"
    assert ours.text(ours.id_of("\n")) == "\n"
    with pytest.raises(detok.InputError, match=r"' liber' \+ 'tarian'; expected one token"):
        ours.id_of(" libertarian" if name == "gemma" else "libertarian")
    with pytest.raises(detok.InputError, match="is empty; expected"):
        ours.id_of("")
    with pytest.raises(detok.InputError, match="half of a surrogate pair"):
        ours.id_of("\ud800")


@pytest.mark.parametrize("name", ALL)
def test_search(name: str) -> None:
    ours = ALL[name]
    assert [ours.text(t) for t in ours.search("the")] == ["the", " the"]
    assert ours.text(ours.search(" the")[0]) == " the"
    assert ours.text(ours.search(" lib")[0]) == " lib"
    assert [ours.text(t) for t in ours.search("tarian")] == ["tarian"]
    assert bool(ours.search("the ")) == (name == "t5")


# Where a word begins


@pytest.mark.parametrize("name", ALL)
def test_kinds_of_tokens(name: str) -> None:
    ours = ALL[name]
    for entry, kind in [
        *[("▁liber", STARTS), ("▁the", STARTS), ("tarian", CONTINUES), ("東", CONTINUES)],
        *[(".", PUNCTUATION), ("▁", OTHER), ("<unk>", OTHER)],
    ]:
        token = ours.backend.token_to_id(entry)
        assert token_kind(ours.bytes_of(token), ours.edge) == kind


def in_words(ours: Vocabulary, text: str) -> list[str]:
    numbers, ids = ours.words(text), ours.encode(text)
    return [
        ours.text(*[t for t, own in zip(ids, numbers, strict=True) if own == n])
        for n in dict.fromkeys(numbers)
    ]


@pytest.mark.parametrize("name", ALL)
def test_words_of_a_text(name: str) -> None:
    found = [word.strip() for word in in_words(ALL[name], "the libertarian is, don't (12x).")]
    assert found == ["the", "libertarian", "is", ",", "don", "'", "t", "(", "12", "x", ")."]


@pytest.mark.parametrize("name", KINDS)
def test_words_with_characters_of_several_tokens(name: str) -> None:
    ours = OURS[name]
    assert in_words(ours, "é猫 猫the\nis")[-4:] == [
        "é猫" if name == "gemma" else " é猫",
        " 猫the",
        "\n",
        "is",
    ]


@pytest.mark.parametrize("name", ALL)
@given(text=TEXTS)
@settings(max_examples=30)
def test_a_word_goes_on_without_another_between(name: str, text: str) -> None:
    ours = ALL[name]
    numbers = ours.words(text)
    assert len(numbers) == len(ours.encode(text))
    assert set(np.diff(numbers)) <= {0, 1}
    for word in in_words(ours, text):  # a space in it is its first character, or all
        assert not set(word[1:]) & set(" \n\t") or word.isspace()


def test_a_special_token_is_in_no_word() -> None:
    llama = OURS["llama"]
    numbers = llama.words("the<s>the</s><s>")
    assert len(set(numbers)) == len(numbers)


def test_words_of_no_tokens() -> None:
    ends = Ends.of([], frozenset())
    assert ends.goes_on(np.array([], int)).tolist() == []
    assert OURS["llama"].words("") == []


@pytest.mark.parametrize("name", ALL)
def test_pairs_within_words_are_counted_as_words_are_told_apart(name: str) -> None:
    ours = ALL[name]
    texts = ["the libertarian is the libertarian.", "tarian tarian", "", "the"]
    encoded = Encoder.of(ours).encode(texts)
    at = 0
    for text, length in zip(texts, encoded.lengths, strict=True):
        inside = encoded.inside[at + 1 : at + length]
        assert inside.tolist() == (np.diff(ours.words(text)) == 0).tolist()
        at += length
    counts = detok.count(texts, ours).within_words()
    liber, tarian, the = (ours.backend.token_to_id(p) for p in ("▁liber", "tarian", "▁the"))
    assert counts.pair(liber, tarian) == 2
    assert counts.pair(the, liber) == counts.pair(tarian, the) == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [("llama", "Spaces count"), ("gemma", "Spaces count"), ("t5", "Spaces only part words here")],
)
def test_what_spaces_do(name: str, said: str) -> None:
    class _Layer:
        tokenizer = ALL[name]

    assert words.spaces(_Layer()).startswith(said)


def test_what_is_kept_of_words_is_no_tensor(tmp_path: Path) -> None:
    """The bytes of a layer can be asked for after words were told apart with it."""
    random_member(tmp_path, "LlamaForCausalLM", {**ROTARY["llama"][0][1], "vocab_size": 400})
    KINDS["llama"][0]().save(str(tmp_path / "tokenizer.json"))
    layer = detok.load(tmp_path, device="cpu")
    before = layer.n_bytes
    assert len(layer.tokenizer.words("the libertarian")) == 3
    assert layer.n_bytes == before
