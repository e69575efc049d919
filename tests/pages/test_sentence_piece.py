"""Pages of a model whose tokens are SentencePiece's."""

from pathlib import Path

import pytest

import detok
from detok.app.navigation import PLACES
from detok.readings import affinity as readings
from detok.tables import affinity as tables
from tests.support.families import random_member
from tests.support.pages import figures, run, texts
from tests.support.rotary import ROTARY
from tests.support.sentence_piece import KINDS


@pytest.mark.parametrize("name", KINDS)
def test_affinity_ranks_the_piece_before_within_words(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random_member(tmp_path, "LlamaForCausalLM", {**ROTARY["llama"][0][1], "vocab_size": 400})
    KINDS[name][0]().save(str(tmp_path / "tokenizer.json"))
    monkeypatch.setenv("DETOK_MODEL", str(tmp_path))
    layer = detok.load(tmp_path)
    text, tarian = "The libertarian", layer.token_id("tarian")
    test = run(PLACES["affinity"].path, text=text, token=str(tarian))
    ids, in_words = layer.tokenizer.encode(text), layer.tokenizer.words(text)
    ranks = figures(test)["pieces"].table
    place = len(ids) - 1
    last = ranks[ranks["position"] == place]
    assert last["pair"].tolist() == [f"{place}: ·liber + tarian"] * layer.n_heads
    expected = detok.previous_piece_ranks(layer, ids[-2:])[:, 0]
    assert last["rank"].tolist() == expected.tolist()
    # Of the pieces of "The" none is beside one of the other word's.
    assert place - 1 not in ranks["position"].tolist()
    assert readings.lead(
        tables.piece_ranks(layer, ids, in_words), layer, ids, in_words, place
    ) in texts(test)
