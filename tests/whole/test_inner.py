"""How the last piece of a word reads, by layer."""

import math

import pytest
import torch
from transformers import GPT2LMHeadModel

import detok


def test_it_is_read_from_the_models_own_states(
    oracle: GPT2LMHeadModel, ids: list[int], a_run: detok.Run
) -> None:
    table = detok.inner_vocabulary(a_run, 2, 5, word=42)
    assert table["layer"].tolist() == [0, 1, 2, 3]
    with torch.no_grad():
        pieces = oracle.transformer(torch.tensor([ids[:5]]), output_hidden_states=True)
        single = oracle.transformer(torch.tensor([[*ids[:2], 42]]), output_hidden_states=True)
        for layer in range(3):
            x, y = (out.hidden_states[layer][0, -1] for out in (pieces, single))
            logits = oracle.lm_head(oracle.transformer.ln_f(x))
            order = logits.argsort(descending=True).tolist()
            row = table.loc[layer]
            assert row["next_rank"] == 1 + order.index(ids[5])
            assert row["word_rank"] == 1 + order.index(42)
            assert row["cosine"] == pytest.approx((x @ y / x.norm() / y.norm()).item())
        order = oracle(torch.tensor([ids[:5]])).logits[0, -1].argsort(descending=True).tolist()
        assert table["next_rank"].iloc[-1] == 1 + order.index(ids[5])


def test_at_the_end_of_the_text_the_target_follows(a_run: detok.Run) -> None:
    table = detok.inner_vocabulary(a_run, 8, 9)
    better = (a_run.log_probs > a_run.log_probs[7]).sum().item()
    assert table["next_rank"].iloc[-1] == 1 + better
    assert table["cosine"].isna().all()
    assert table["word_rank"].isna().all()


def test_a_single_token_is_itself(ids: list[int], a_run: detok.Run) -> None:
    cosine = detok.inner_vocabulary(a_run, 3, 4, word=ids[3])["cosine"].tolist()
    assert cosine == pytest.approx([1.0] * 4)
    one = detok.inner_vocabulary(detok.run(a_run.model, [5], 5), 0, 1, word=6)
    assert all(math.isfinite(value) for value in one["cosine"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((9, 10), "start is 9; expected 0 ≤ start < n = 9"),
        ((3, 3), "stop is 3; expected start = 3 < stop ≤ n = 9"),
        ((3, 10), "stop is 10"),
        ((3, "4"), "stop is '4'"),
        ((3, 4, 300), "token id 300 is out of range"),
    ],
)
def test_what_it_cannot_take(a_run: detok.Run, arguments: tuple, sentence: str) -> None:
    with pytest.raises(detok.InputError, match=sentence):
        detok.inner_vocabulary(a_run, *arguments)
