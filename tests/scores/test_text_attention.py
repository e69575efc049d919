"""Attention over texts, against the attention that `transformers` computes for each of them."""

import pytest
import torch
from transformers import GPT2LMHeadModel

import detok
from detok import InputError, mean_attention

TEXTS = [
    "It was the best of times, it was the worst of times.",
    "short",
    "Mr. Sherlock Holmes, who was usually very late in the mornings, sat at breakfast.",
    "",
    "No. No. No. No. No. No. No. No. No. No. No. No. No. No. No.",
]


def own_rows(model: GPT2LMHeadModel, layer: detok.Layer, texts: list[str], i: int) -> torch.Tensor:
    """Row i of the model's own first-layer attention, one text at a time: (texts, H, i + 1)."""
    rows = []
    for text in texts:
        ids = torch.tensor(layer.tokenizer.encode(text)[: layer.n_positions])
        if len(ids) > i:
            with torch.inference_mode():
                attention = model(ids[None], output_attentions=True).attentions[0][0]  # (H, n, n)
            rows.append(attention[:, i, : i + 1])
    return torch.stack(rows)


@pytest.mark.parametrize("i", [0, 5, 15])
@pytest.mark.parametrize("block", [1, 600, 1 << 22])
def test_mean_and_spread_are_those_of_the_models_own_attention(
    model: GPT2LMHeadModel,
    layer: detok.Layer,
    monkeypatch: pytest.MonkeyPatch,
    i: int,
    block: int,
) -> None:
    monkeypatch.setattr("detok.scores.over_texts.BLOCK_VALUES", block)
    own = own_rows(model, layer, TEXTS, i)
    found = mean_attention(layer, TEXTS, i)
    torch.testing.assert_close(found.mean, own.mean(dim=0), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(found.std, own.std(dim=0, correction=0), rtol=1e-6, atol=1e-8)
    assert (found.n_used, found.n_short) == (len(own), 5 - len(own))
    assert found.i == i


def test_token_ids_are_the_same_as_their_text(layer: detok.Layer) -> None:
    ids = [layer.tokenizer.encode(text) for text in TEXTS]
    torch.testing.assert_close(
        mean_attention(layer, ids, 7).mean, mean_attention(layer, TEXTS, 7).mean
    )


def test_progress_counts_the_texts_that_are_used(
    layer: detok.Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detok.scores.over_texts.BLOCK_VALUES", 2 * 8 * layer.d_model)
    calls: list[tuple[int, int]] = []
    mean_attention(layer, TEXTS, 7, progress=lambda *call: calls.append(call))
    assert calls == [(2, 3), (3, 3)]


def test_texts_that_are_all_too_short_are_refused(layer: detok.Layer) -> None:
    with pytest.raises(InputError, match=r"no text reaches position 9 .*of 2 has 5 tokens"):
        mean_attention(layer, [[1, 2, 3], [1, 2, 3, 4, 5]], 9)
    with pytest.raises(InputError, match="longest of 0 has 0"):
        mean_attention(layer, [], 0)


def test_positions_and_tokens_that_the_model_has_not_are_refused(layer: detok.Layer) -> None:
    with pytest.raises(InputError, match="expected 0 ≤ i < L = 16"):
        mean_attention(layer, TEXTS, 16)
    with pytest.raises(InputError, match="token id 300 is out of range"):
        mean_attention(layer, [[1, 300, 2]], 2)
