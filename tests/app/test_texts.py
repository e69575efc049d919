"""Any text a person can type gives its contributions, tables and charts, or a sentence."""

import json

import pytest
import torch
from hypothesis import given, settings as runs, strategies as st

import detok
from detok import InputError
from detok.app import settings, texts
from detok.app.texts import texts_of
from detok.charts import terms as charts
from detok.readings import terms as readings
from detok.scores.decomposition import TERMS
from detok.tables import terms as tables
from detok.tables.text import labels
from tests.support.models import END_OF_TEXT

NASTY = [
    "",
    "\0",
    "\ud800",
    "👩‍👩‍👧‍👦 e\u0301\u0327",
    "שלום עולם مرحبا",
    "a\u202eb\u2028c\ufeff",
    END_OF_TEXT,
    "word " * 2000,
    "\u0301" * 10_000,
]


def result_or_sentence(layer: detok.Layer, text: str, begin: bool) -> list[int]:
    """The tokens of a text if its terms can be taken apart and read out, or else none."""
    try:
        ids, _ = texts.tokens_of(layer, text, texts.end_of_text(layer) if begin else None)
    except detok.InputError as error:
        if "; expected" not in str(error):
            raise
        return []
    values = detok.contributions(layer, ids)
    assert values.isfinite().all()
    assert (values >= 0).all()
    pair = detok.explain_pair(layer, ids, i=len(ids) - 1, j=0, head=1)
    readings.pair(layer, ids, pair).encode()
    " ".join(labels(layer, ids)).encode()
    return ids


anything = st.text(max_size=40) | st.text(
    st.characters(categories=["Cs", "Mn", "So", "Cc", "Cf", "Lo", "Zs"]), min_size=1, max_size=12
)


@runs(max_examples=500)
@given(anything, st.booleans())
def test_every_text_gives_a_result_or_a_sentence(
    layer: detok.Layer, text: str, begin: bool
) -> None:
    is_refused = not text or any("\ud800" <= c <= "\udfff" for c in text)
    assert bool(result_or_sentence(layer, text, begin)) is not is_refused


@pytest.mark.parametrize("text", NASTY, ids=lambda text: ascii(text[:9]))
def test_nasty_texts_can_be_drawn(layer: detok.Layer, text: str) -> None:
    ids = result_or_sentence(layer, text, begin=True)
    assert len(ids) <= layer.n_positions
    if not ids:
        return
    found = tables.per_position(layer, ids, detok.contributions(layer, ids))
    maps = tables.maps(layer, ids, detok.terms(layer, ids, heads=1), range(len(ids)))
    pair = detok.explain_pair(layer, ids, i=len(ids) - 1, j=0, head=1)
    for chart in (
        charts.contributions(tables.drawn(found).table),
        charts.maps(maps),
        charts.waterfall(tables.waterfall(layer, ids, pair)),
    ):
        chart.to_json().encode()


def test_what_is_cut_is_counted(layer: detok.Layer) -> None:
    whole = layer.tokenizer.encode("x" * 40)
    ids, n_cut = texts.tokens_of(layer, "x" * 40)
    assert ids == whole[: layer.n_positions]
    assert n_cut == len(whole) - layer.n_positions
    ids, n_cut = texts.tokens_of(layer, "x" * 40, first=7)
    assert ids == [7, *whole[: layer.n_positions - 1]]
    assert n_cut == len(whole) + 1 - layer.n_positions


def test_texts_that_are_refused(layer: detok.Layer) -> None:
    with pytest.raises(detok.InputError, match="the text is empty"):
        texts.tokens_of(layer, "", first=7)


def test_of_a_file_only_so_many_texts_and_characters_are_read() -> None:
    one_line = ("ab " * settings.now().max_text).encode()
    (read,) = texts_of("one line.txt", one_line)
    assert len(read) == settings.now().max_text
    short = texts_of("short.txt", b"ab\n\n" * (texts.MAX_IN_FILE + 1))
    assert short == ["ab"] * texts.MAX_IN_FILE
    lines = texts_of("lines.jsonl", b'"ab"\n' * texts.MAX_IN_FILE + b"no JSON")
    assert lines == short  # what is not read need not be right


def test_the_end_of_text_token_of_this_model(layer: detok.Layer) -> None:
    assert texts.end_of_text(layer) == layer.vocab_size - 1
    assert layer.tokenizer.text(texts.end_of_text(layer)) == END_OF_TEXT


@pytest.mark.parametrize("n", [1, 2, 16])
def test_texts_of_one_two_and_all_tokens(layer: detok.Layer, n: int) -> None:
    ids = torch.randint(256, (n,), generator=torch.Generator().manual_seed(n)).tolist()
    values = detok.contributions(layer, ids)
    table = tables.per_position(layer, ids, values)
    assert len(table) == 6 * layer.n_heads * n
    ranks = tables.ranking(table)
    assert ranks.groupby("head")["term"].apply(set).eq(set(TERMS)).all()
    assert readings.ranking(ranks, tables.places(ranks))
    charts.ranking(ranks).to_dict()


def test_each_token_of_a_text_is_in_a_word(layer: detok.Layer) -> None:
    text = " eta and"
    words = texts.words_of(layer, text)
    assert words == layer.tokenizer.words(text)
    assert len(set(words)) == 2


def test_without_a_text_words_end_where_a_token_has_a_space(
    layer: detok.Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "can_encode", lambda layer: False)
    space, a, b = (layer.token_id(text) for text in " ab")
    assert texts.words_of(layer, f"{a} {b} {space} {a} {space} {b}") == [0, 0, 0, 1, 1, 2]


def test_paragraphs_stand_between_empty_lines() -> None:
    data = "\ufeffOne,\r\nstill one.\r\n \t\r\n\r\nTwo é.\n\n\n".encode()
    assert texts_of("a.txt", data) == ["One,\nstill one.", "Two é."]


def test_lines_are_strings_or_objects_with_a_text() -> None:
    lines = [json.dumps("a\u2028b"), '{"text": "c", "id": 3}', "", '""', "  "]
    assert texts_of("A.JSONL", "\r\n".join(lines).encode()) == ["a\u2028b", "c"]
    assert texts_of("a.txt", b'{"text": "c"}') == ['{"text": "c"}']


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("a.txt", b"ab\xff", "the file a.txt is not UTF-8 .byte 2 is 0xff"),
        ("a.txt", b" \n\n", "the file a.txt holds no text"),
        ("a.jsonl", b"", "a.jsonl holds no text"),
        ("a.jsonl", b'"x"\n{"text": "c"', "line 2 of a.jsonl is not JSON"),
        ("a.jsonl", b"3", "line 1 of a.jsonl holds no text"),
        ("a.jsonl", b'{"texts": "c"}', 'line 1 of a.jsonl holds no text; .* key "text"'),
        ("a.jsonl", b"[" * 100_000, "line 1 of a.jsonl is not JSON"),
    ],
)
def test_refused_files(name: str, data: bytes, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        texts_of(name, data)


def test_the_places_where_lines_begin() -> None:
    layer = detok.load("mini")
    ids = layer.tokenizer.encode("One line.\n\nTwo lines.\r\nThree")
    begun = [layer.tokenizer.text(*ids[at:]) for at in texts.after_lines(layer, ids)]
    assert begun == ["Two lines.\r\nThree", "Three"]
    assert texts.after_lines(layer, layer.tokenizer.encode("One line.\n")) == []
