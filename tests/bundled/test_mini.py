"""The bundled model: its size, that `transformers` reads it as we do, and what lies beside it."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import AutoTokenizer, GPT2LMHeadModel

import detok
from detok.bundled import BUNDLED
from detok.counting.counts import Counts

MINI = BUNDLED["mini"]
TEXTS = [
    "It was the best of times, it was the worst of times.",
    "  two spaces,\ttab,\nnewline\n\n  and indentation \n",
    "Zola, Émile: naïve café, Ångström, “quotes” — and dashes…",
    "日本語 русский العربية 👩‍👩‍👧 🎉",
    "don't we'll I'M they've 1,234.5 x=y**2; </s> [MASK]",
    "<|endoftext|>",
    "before<|endoftext|>after <|endoftext|> <|endoftext|>",
    "\x00\x7f\u200b\ufeff",
    "",
    " ",
]


@pytest.fixture(scope="module")
def layer() -> detok.Layer:
    return detok.load("mini", device="cpu")


@pytest.fixture(scope="module")
def language_model() -> GPT2LMHeadModel:
    return GPT2LMHeadModel.from_pretrained(MINI).eval()


def test_it_is_small_enough_to_be_bundled() -> None:
    sizes = {path.name: path.stat().st_size for path in MINI.iterdir()}
    counts = sizes.pop("counts.parquet")
    assert counts <= 6_000_000
    sizes.pop("README.md")
    assert sum(sizes.values()) <= 16_000_000


def test_its_weights_are_stored_once_and_in_half_precision() -> None:
    weights = load_file(MINI / "model.safetensors")
    assert "lm_head.weight" not in weights
    assert {w.dtype for w in weights.values()} == {torch.float16}
    assert all(w.isfinite().all() for w in weights.values())


def test_transformers_reads_it(layer: detok.Layer, language_model: GPT2LMHeadModel) -> None:
    assert language_model.dtype == torch.float32
    weights = language_model.transformer.wte.weight
    assert language_model.lm_head.weight is weights
    assert torch.equal(weights, layer.sigma.W_E)
    ids = torch.tensor([layer.tokenizer.encode(TEXTS[0])])
    with torch.inference_mode():
        loss = language_model(ids, labels=ids).loss.item()
    assert 0 < loss < 1.2 * math.log(layer.vocab_size)


@pytest.mark.parametrize("text", TEXTS)
def test_both_tokenizers_agree(layer: detok.Layer, text: str) -> None:
    ours = Tokenizer.from_file(str(MINI / "tokenizer.json")).encode(text).ids
    theirs = AutoTokenizer.from_pretrained(MINI)
    assert theirs(text)["input_ids"] == ours
    assert theirs.encode(text) == ours
    assert layer.tokenizer.encode(text) == ours
    assert theirs.decode(ours) == text


def test_the_end_of_text_is_token_0() -> None:
    tokenizer = AutoTokenizer.from_pretrained(MINI)
    model = GPT2LMHeadModel.from_pretrained(MINI)
    assert tokenizer.bos_token_id == tokenizer.eos_token_id == 0
    assert model.config.bos_token_id == model.config.eos_token_id == 0
    assert len(tokenizer) == model.config.vocab_size


def test_it_generates(language_model: GPT2LMHeadModel) -> None:
    tokenizer = AutoTokenizer.from_pretrained(MINI)
    inputs = tokenizer("It was", return_tensors="pt")
    found = language_model.generate(**inputs, max_new_tokens=3, do_sample=False, pad_token_id=0)
    assert found.shape[1] <= inputs["input_ids"].shape[1] + 3


def test_heads_rebuild_words_from_which_a_visitor_can_choose(layer: detok.Layer) -> None:
    """Far more than by chance, and the overview has a dozen to show."""
    found = detok.rebuilt_words(layer)
    assert len(found.heads)
    assert (found.words["rank"] == 1).sum() >= 12


def test_it_shows_what_the_app_is_about(layer: detok.Layer) -> None:
    """By the measure that frequency cannot fake, and by position."""
    counts = Counts.load(MINI / "counts.parquet", layer.tokenizer)
    pairs = detok.pair_auroc(layer, counts)
    assert pairs.unweighted_mean().max() >= 0.75
    assert pairs.share_of_any(3) >= 0.4
    assert detok.position_summary(layer, layer.n_positions // 2)["rise_share"].max() > 0.6


@torch.inference_mode()
def test_it_predicts_books_that_it_was_not_trained_on(
    layer: detok.Layer, language_model: GPT2LMHeadModel
) -> None:
    bits, n_bytes = 0.0, 0
    for text in detok.excerpts()["text"][::4]:
        ids = layer.tokenizer.encode(text)[: layer.n_positions]
        inputs = torch.tensor([ids])
        found = language_model(inputs).logits[0, :-1].log_softmax(-1)  # (n - 1, V)
        bits -= found.gather(1, inputs[0, 1:, None]).sum().item() / math.log(2)
        n_bytes += len(layer.tokenizer.text(*ids[1:]).encode())
    assert bits / n_bytes <= 1.54


def test_several_heads_prefer_close_tokens_by_position_alone(layer: detok.Layer) -> None:
    attention = detok.position_bias(layer, layer.n_positions // 2).attention  # (H, i + 1)
    last_5 = attention[:, -5:].sum(dim=1)  # (H,)
    uniform = 5 / attention.shape[1]
    assert (last_5 > 2 * uniform).sum() >= 3


def test_the_counts_are_of_its_vocabulary(layer: detok.Layer) -> None:
    counts = Counts.load(MINI / "counts.parquet", layer.tokenizer)
    assert counts.tokens.sum() == int(counts.provenance["tokens"])
    assert counts.tokens[0] == int(counts.provenance["documents"])
    assert not len(counts.row(0)[0])
    assert not (counts.past == 0).any()
    assert counts.pair_counts.min() >= counts.min_count
    # No token is followed more often than it occurs.
    followed = np.bincount(counts.past, counts.pair_counts, minlength=layer.vocab_size)
    assert (followed <= counts.tokens).all()


def test_the_steps_of_its_training_are_there(layer: detok.Layer) -> None:
    table = pd.read_csv(MINI / "emergence.csv")
    measures = ["pair_auroc", "pair_auroc_unweighted", "first_3", "auroc"]
    measures += ["mass_last_5", "rise_share", "diagonal_share"]
    assert table.columns.tolist() == ["step", "tokens", "held_out_loss", "head", *measures]
    assert table[measures].stack().between(0, 1).all()
    assert table["step"].is_monotonic_increasing
    for _, step in table.groupby("step"):
        assert step["head"].tolist() == list(range(layer.n_heads))
        assert step["held_out_loss"].nunique() == 1


def test_the_card_is_there() -> None:
    card = (MINI / "README.md").read_text(encoding="utf-8")
    headings = [line[3:] for line in card.splitlines() if line.startswith("## ")]
    assert headings[:5] == [
        "Architecture",
        "Data",
        "Training",
        "Held-out loss",
        "What the heads of the first layer do",
    ]
    for path in Path(MINI).iterdir():
        assert path.name == "README.md" or f"`{path.name}`" in card
