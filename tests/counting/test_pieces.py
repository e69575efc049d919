"""Texts are cut where no token crosses, and none is held as a whole."""

import io

import pytest
from hypothesis import given

from detok.counting import pieces
from detok.counting.pieces import MAX_PIECE_BYTES, PIECE_BYTES, WHOLE_BYTES, pieces_of, stretches_of
from tests.support.corpora import SMALL
from tests.support.texts import TEXTS


@given(TEXTS.map("".join))
def test_a_cut_leaves_the_words_that_the_tokenizer_splits_a_text_into(text: str) -> None:
    def words(text: str) -> list[str]:
        return [word for word, _ in SMALL.backend.pre_tokenizer.pre_tokenize_str(text)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "PIECE_BYTES", 7)
        cut = [piece.text for piece in pieces_of(text.encode(), cuts=True)]
    assert "".join(cut) == text
    assert [word for piece in cut for word in words(piece)] == words(text)


@given(TEXTS.map("".join))
def test_a_stream_is_cut_as_its_text_is(text: str) -> None:
    content = text.encode()
    for cuts in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pieces, "PIECE_BYTES", 7)
            patch.setattr(pieces, "BLOCK_BYTES", 3)
            expected = [piece.text.encode() for piece in pieces_of(content, cuts) if piece.text]
            stream = io.BufferedReader(io.BytesIO(content[5:]))
            assert list(stretches_of(stream, content[:5], cuts)) == expected


@pytest.mark.parametrize("line", ["the dog rained ", "日本語を読む。\n", "x" * 300 + "\u2003\n"])
def test_a_long_text_is_never_held_as_a_whole(line: str) -> None:
    """Neither one without white space but at its ends of lines, nor one in other scripts."""
    text = line * (200_000 // len(line))
    cut = list(pieces_of(text.encode(), cuts=True))
    assert "".join(piece.text for piece in cut) == text
    # An end of line is no place to cut at after other white space.
    longest = MAX_PIECE_BYTES if line.endswith("\u2003\n") else PIECE_BYTES
    assert max(len(piece.text.encode()) for piece in cut) <= longest
    assert [piece.is_joined for piece in cut] == [False] + [True] * (len(cut) - 1)


@given(TEXTS.map("".join))
def test_words_without_an_end_are_cut(text: str) -> None:
    """In memory and in a stream at the same places, and between characters."""
    content = text.encode()
    for cuts in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pieces, "PIECE_BYTES", 4)
            patch.setattr(pieces, "MAX_PIECE_BYTES", 8)
            patch.setattr(pieces, "WHOLE_BYTES", 8)
            patch.setattr(pieces, "BLOCK_BYTES", 3)
            cut = [piece.text.encode() for piece in pieces_of(content, cuts) if piece.text]
            stream = io.BufferedReader(io.BytesIO(content[5:]))
            assert list(stretches_of(stream, content[:5], cuts)) == cut
        assert b"".join(cut) == content
        assert max(map(len, cut), default=0) <= 8


@pytest.mark.parametrize("cuts", [True, False])
@pytest.mark.parametrize("word", [b"a", b"\0", "語".encode(), b"\x80", b"\xff"])
def test_a_text_that_is_one_word(word: bytes, cuts: bool) -> None:
    content = word * 1_000_000
    longest = MAX_PIECE_BYTES if cuts else WHOLE_BYTES
    cut = list(stretches_of(io.BufferedReader(io.BytesIO(content)), b"", cuts))
    assert b"".join(cut) == content
    assert longest - 4 < max(map(len, cut)) <= longest
    assert len(cut) < len(content) / (longest - 4) + 1
