"""Pieces are encoded as the whole texts are, wherever pieces and batches end."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from tokenizers import Tokenizer, pre_tokenizers

import detok
from detok.counting import encoding
from detok.counting.encoding import Encoder
from detok.model.vocabulary import Vocabulary
from tests.support.corpora import SMALL, count_into
from tests.support.models import byte_tokenizer
from tests.support.texts import TEXTS, as_counters, plain_count, plain_count_in_words

pytestmark = pytest.mark.usefixtures("small_portions")


@given(TEXTS)
@settings(max_examples=30)
def test_a_tokenizer_that_looks_further_gets_whole_texts(texts: list[str]) -> None:
    backend = byte_tokenizer(400)
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    vocabulary = Vocabulary(backend)
    assert not Encoder.of(vocabulary).cuts
    counts = detok.count(texts, vocabulary)
    assert as_counters(counts) == plain_count(texts, vocabulary)
    assert as_counters(counts.within_words())[1] == plain_count_in_words(texts, vocabulary)


@pytest.mark.parametrize("size", [1, 5, 9, 20, 1000])
def test_no_pair_crosses_what_was_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Wherever batches end."""
    monkeypatch.setattr(encoding, "BATCH_CHARACTERS", size)
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"the dog \xe9 rained")
    count_into(tmp_path / "counts.parquet", folder)
    counts = detok.Counts.load(tmp_path / "counts.parquet")
    assert as_counters(counts) == plain_count(["the dog", " rained"], SMALL)


def test_which_tokenizers_allow_to_cut() -> None:
    assert Encoder.of(SMALL).cuts
    for change in ('"single_word": false', '"rstrip": false'):
        description = json.loads(SMALL.backend.to_str())
        key = change.split('"')[1]
        description["added_tokens"][0][key] = True
        assert not Encoder.of(Vocabulary(Tokenizer.from_str(json.dumps(description)))).cuts
