"""Which counts belong to a model."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

import detok
from detok.bundled import BUNDLED_COUNTS
from detok.counting.counts import Counts
from detok.counting.in_memory import count_ids
from detok.counting.provenance import TOKENIZER_HASH
from detok.model.vocabulary import Vocabulary

GPT2 = Path(__file__).parents[3] / "shared" / "gpt2-tokenizer"


@pytest.fixture
def model(checkpoint: Path, tmp_path: Path) -> Path:
    """A copy of the random checkpoint."""
    return shutil.copytree(checkpoint, tmp_path / "model")


def save(path: Path, layer: detok.Layer, corpus: str, **provenance: str) -> Path:
    known = {"corpus": corpus, "tokenizer": "ours", TOKENIZER_HASH: layer.tokenizer.sha256}
    count_ids(np.array([1, 2]), len(layer.tokenizer), None, known | provenance).save(path)
    return path


def origin(counts: Counts | None) -> str | None:
    return counts.origin if counts else None


def test_the_variable_then_beside_the_model_then_bundled(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = detok.load(str(model), device="cpu")
    assert detok.counts_for(layer) is None
    bundled = tmp_path / "counted"
    bundled.mkdir()
    monkeypatch.setattr("detok.counting.choice.BUNDLED_COUNTS", bundled)
    save(bundled / "a.parquet", layer, "other", **{TOKENIZER_HASH: "0"})
    save(bundled / "b.parquet", layer, "bundled")
    assert origin(detok.counts_for(layer)) == "bundled"
    save(model / "counts.parquet", layer, "beside")
    assert origin(detok.counts_for(layer)) == "beside"
    monkeypatch.setenv("DETOK_COUNTS", str(save(tmp_path / "own.parquet", layer, "own")))
    assert origin(detok.counts_for(layer)) == "own"


def test_counts_that_do_not_fit_are_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, layer: detok.Layer
) -> None:
    mini = detok.load("mini", device="cpu")
    monkeypatch.setenv("DETOK_COUNTS", str(save(tmp_path / "own.parquet", layer, "own")))
    with pytest.raises(detok.InputError, match=r"own\.parquet was counted with the tokenizer ours"):
        detok.counts_for(mini)
    monkeypatch.setenv("DETOK_COUNTS", str(tmp_path / "none.parquet"))
    with pytest.raises(detok.InputError, match="cannot be read"):
        detok.counts_for(mini)


def test_the_counts_for_gpt2_are_bundled() -> None:
    (path,) = BUNDLED_COUNTS.iterdir()
    assert path.stat().st_size <= 8_000_000
    counts = Counts.load(path)
    assert counts.min_count == 1
    assert counts.vocab_size == 50_257
    assert counts.tokens.sum() == int(counts.provenance["tokens"]) > 50_000_000
    assert counts.pair(286, 262) > 300_000  # " of the"
    assert "not from OpenWebText" in counts.provenance["note"]


@pytest.mark.skipif(not GPT2.is_dir(), reason="../shared/gpt2-tokenizer is not there")
def test_they_are_found_for_gpt2(model: Path) -> None:
    layer = detok.load(str(model), device="cpu")
    gpt2 = Vocabulary.from_folder(GPT2)
    layer = dataclasses.replace(layer, tokenizer=gpt2, W_E=layer.W_E.new_zeros(50_304, 1))
    counts = detok.counts_for(layer)
    assert counts is not None
    assert counts.vocab_size == 50_304
    assert counts.origin == "852 public-domain books"
    assert counts.pair(*gpt2.encode(" of the")) > 100_000
