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
    monkeypatch.setattr("detok.scores.mean_attention.BLOCK_VALUES", block)
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


def test_progress_counts_the_texts_and_a_stream_has_no_end(layer: detok.Layer) -> None:
    calls: list[tuple[int, int | None]] = []
    mean_attention(layer, TEXTS, 7, progress=lambda *call: calls.append(call))
    assert calls == [(n, 5) for n in range(1, 6)]
    calls.clear()
    found = mean_attention(layer, iter(TEXTS), 7, progress=lambda *call: calls.append(call))
    assert calls[-1] == (5, None)
    torch.testing.assert_close(found.mean, mean_attention(layer, TEXTS, 7).mean)


def test_a_sample_and_a_first_token(layer: detok.Layer) -> None:
    texts = [[t, t + 1, t + 2] for t in range(40)]
    some = mean_attention(layer, texts, 2, sample=9, seed=3)
    assert some.n_used == 9
    again = mean_attention(layer, iter(texts), 2, sample=9, seed=3)
    torch.testing.assert_close(some.mean, again.mean, rtol=0, atol=0)
    first = mean_attention(layer, texts, 3, first=299)
    whole = mean_attention(layer, [[299, *text] for text in texts], 3)
    torch.testing.assert_close(first.mean, whole.mean, rtol=0, atol=0)


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
