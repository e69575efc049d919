"""What heads pass on, against the matrices written out and the model's own modules."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import GPT2LMHeadModel

import detok
from tests.support.models import byte_tokenizer, random_model
from tests.support.whole import same


@pytest.fixture(scope="module")
def readings(whole: detok.Model) -> detok.OvReadings:
    return detok.ov_readings(whole)


def whole_matrix(oracle: GPT2LMHeadModel, head: int) -> torch.Tensor:
    """W_E W_OV W_U as it stands, (V, V), with both LayerNorms' centring and weights."""
    model, d = oracle.transformer, 32
    centre = torch.eye(d, dtype=torch.float64) - 1 / d
    columns = slice(2 * d + 8 * head, 2 * d + 8 * head + 8)
    W_V = centre @ model.h[0].ln_1.weight.diag() @ model.h[0].attn.c_attn.weight[:, columns]
    W_O = model.h[0].attn.c_proj.weight[8 * head : 8 * head + 8]
    W_U = centre @ model.ln_f.weight.diag() @ oracle.lm_head.weight.T
    return (model.wte.weight @ W_V @ W_O @ W_U).detach()


@pytest.mark.parametrize("head", range(4))
def test_they_are_those_of_the_whole_matrix(
    oracle: GPT2LMHeadModel, readings: detok.OvReadings, head: int
) -> None:
    matrix = whole_matrix(oracle, head)
    assert readings.copying[head].item() == (matrix.diag() > 0).double().mean().item()
    eigenvalues = torch.linalg.eigvals(matrix)
    largest = eigenvalues[eigenvalues.abs().argsort(descending=True)[:8]]
    assert readings.positive[head].item() == (largest.real > 0).double().mean().item()
    for token in (0, 65, 299):
        raised, lowered = readings.tokens(token, head, k=5)
        for found, largest_first in ((raised, True), (lowered, False)):
            best = matrix[token].topk(5, largest=largest_first)
            assert [t for t, _ in found] == best.indices.tolist()
            same(torch.tensor([value for _, value in found], dtype=torch.float64), best.values)


def test_attending_to_another_token_changes_the_logits_so(
    oracle: GPT2LMHeadModel, readings: detok.OvReadings
) -> None:
    """The modules themselves: what is read differs by the two rows, each divided by its σ."""
    model = oracle.transformer
    x = model.wte.weight[[10, 20]].detach()
    sigma = (x.var(1, correction=0, keepdim=True) + model.h[0].ln_1.eps).sqrt()
    with torch.no_grad():
        v = model.h[0].attn.c_attn(model.h[0].ln_1(x))[:, 64 + 8 : 64 + 16]  # head 1
        written = v @ model.h[0].attn.c_proj.weight[8:16]
        written = written - written.mean(1, keepdim=True)
        logits = oracle.lm_head(written * model.ln_f.weight)
    rows = x / sigma @ readings.W_V[1] @ readings.W_O[1] @ readings.W_read.T
    same(rows[0] - rows[1], logits[0] - logits[1])


def test_a_token_by_its_text_and_a_padded_vocabulary(tmp_path: Path) -> None:
    random_model(vocab_size=320).save_pretrained(tmp_path)
    byte_tokenizer(300).save(str(tmp_path / "tokenizer.json"))
    model = detok.load_model(tmp_path, device="cpu", dtype=torch.float64)
    readings = detok.ov_readings(model)
    assert readings.with_token.tolist() == list(range(300))
    raised, lowered = readings.tokens(model.tokenizer.text(65), 0, k=1000)
    assert len(raised) == len(lowered) == 300
    assert raised == lowered[::-1]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda r: r.tokens(300, 0), "token id 300 is out of range"),
        (lambda r: r.tokens(0, 4), "head is 4; expected 0 ≤ head < H = 4"),
        (lambda r: r.tokens(0, 0, 0), "k is 0"),
    ],
)
def test_what_it_cannot_take(readings: detok.OvReadings, call: Callable, sentence: str) -> None:
    with pytest.raises(detok.InputError, match=sentence):
        call(readings)
