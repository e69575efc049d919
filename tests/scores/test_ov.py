"""What heads pass on, against the matrices written out and the model's own modules."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import GPT2LMHeadModel

import detok
from detok.scores.ov import logit_changes, with_token
from tests.support.families import LEARNED, random_member
from tests.support.models import byte_tokenizer, random_checkpoint, random_model
from tests.support.whole import same


@pytest.fixture(scope="module")
def ov_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ov")
    random_checkpoint(folder, n_layer=2, n_head=4, n_embd=32)
    return folder


@pytest.fixture(scope="module")
def oracle(ov_folder: Path) -> GPT2LMHeadModel:
    return GPT2LMHeadModel.from_pretrained(ov_folder, attn_implementation="eager").double().eval()


@pytest.fixture(scope="module")
def readings(ov_folder: Path) -> detok.OvReadings:
    return detok.ov_readings(load(ov_folder))


def load(folder: Path) -> detok.Layer:
    return detok.load(folder, device="cpu", dtype=torch.float64)


def edit(folder: Path, change: Callable[[dict[str, torch.Tensor]], None], **config: Any) -> None:
    """Changes the tensors and the configuration of a checkpoint."""
    path = folder / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, metadata={"format": "pt"})
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | config))


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
    """The modules themselves: the logits of what a head writes for two tokens, by all of one."""
    model = oracle.transformer
    x = model.wte.weight[[10, 20]].detach()
    sigma = (x.var(1, correction=0) + model.h[0].ln_1.eps).sqrt()  # (2,)
    with torch.no_grad():
        v = model.h[0].attn.c_attn(model.h[0].ln_1(x))[:, 64 + 8 : 64 + 16]  # head 1
        written = v @ model.h[0].attn.c_proj.weight[8:16]
        written = written - written.mean(1, keepdim=True)
        logits = oracle.lm_head(written * model.ln_f.weight)
    rows = torch.zeros(2, 300, dtype=torch.float64)
    for row, token in zip(rows, (10, 20), strict=True):
        for token_id, change in readings.tokens(token, 1, k=300)[0]:
            row[token_id] = change
    rows /= sigma[:, None]
    same(rows[0] - rows[1], logits[0] - logits[1])


def test_a_token_by_its_text_and_a_padded_vocabulary(tmp_path: Path) -> None:
    random_model(vocab_size=320).save_pretrained(tmp_path)
    byte_tokenizer(300).save(str(tmp_path / "tokenizer.json"))
    layer = load(tmp_path)
    readings = detok.ov_readings(layer)
    assert readings.with_token.tolist() == list(range(300))
    raised, lowered = readings.tokens(layer.tokenizer.text(65), 0, k=1000)
    assert len(raised) == len(lowered) == 300
    assert raised == lowered[::-1]


def test_half_precision_is_read_as_it_is(ov_folder: Path, tmp_path: Path) -> None:
    """The embeddings stay in half precision; what is computed with them does not."""
    GPT2LMHeadModel.from_pretrained(ov_folder, dtype=torch.bfloat16).save_pretrained(tmp_path)
    byte_tokenizer(300).save(str(tmp_path / "tokenizer.json"))
    single, exact = detok.load(tmp_path, device="cpu"), load(tmp_path)
    assert single.W_E.dtype == torch.bfloat16
    for token in (0, 65):
        found, expected = (logit_changes(layer, token, [2, 0]) for layer in (single, exact))
        torch.testing.assert_close(found.double(), expected, atol=1e-4, rtol=1e-4)


def test_progress_ends_with_all_tokens(ov_folder: Path) -> None:
    seen: list[tuple[int, int]] = []
    detok.ov_readings(load(ov_folder), progress=lambda *done: seen.append(done))
    assert seen[-1] == (300, 300)


def test_an_unembedding_of_its_own(tmp_path: Path) -> None:
    """It is read where the checkpoint has it, and its absence is said where it has not."""
    random_checkpoint(tmp_path)
    noise = torch.randn(300, 16, generator=torch.Generator().manual_seed(3))
    edit(tmp_path, lambda t: t.update({"lm_head.weight": noise}), tie_word_embeddings=False)
    layer = load(tmp_path)
    untied = GPT2LMHeadModel.from_pretrained(tmp_path).double()
    same(untied.lm_head.weight.detach(), noise.double())
    centre = torch.eye(16, dtype=torch.float64) - 1 / 16
    block = untied.transformer.h[0]
    W_V = centre @ block.ln_1.weight.diag() @ block.attn.c_attn.weight[:, 40:48]
    written = untied.transformer.wte.weight[7] @ W_V @ block.attn.c_proj.weight[8:]
    change = (written @ centre * untied.transformer.ln_f.weight @ noise.double().T).detach()
    best = change.topk(5)
    raised, _ = detok.ov_readings(layer).tokens(7, 1, 5)
    assert [token for token, _ in raised] == best.indices.tolist()
    edit(tmp_path, lambda t: t.pop("lm_head.weight"))
    with pytest.raises(detok.InputError, match="a matrix of their own"):
        detok.ov_readings(load(tmp_path))


def test_a_checkpoint_without_these_weights_loads_and_says_so(tmp_path: Path) -> None:
    random_checkpoint(tmp_path)
    before = load(tmp_path)
    edit(tmp_path, lambda t: t.pop("transformer.h.0.attn.c_proj.weight"))
    layer = load(tmp_path)
    same(layer.K_E, before.K_E)
    for call in (detok.ov_readings, lambda found: logit_changes(found, 5)):
        with pytest.raises(detok.InputError, match=r"lacks the weights .* expected them in its f"):
            call(layer)


MEMBERS = [(kind, *member) for kind, members in LEARNED.items() for member in members]


@pytest.mark.parametrize(("kind", "name", "config"), MEMBERS)
def test_every_family_has_them_or_says_why_not(
    tmp_path: Path, kind: str, name: str, config: Mapping[str, Any]
) -> None:
    random_member(tmp_path, name, config)
    layer = load(tmp_path)
    if kind in {"bert", "roberta", "clip", "clip_text_model"}:
        with pytest.raises(detok.InputError, match=r"cannot be read from its weights: .*expected"):
            detok.ov_readings(layer)
        return
    readings = detok.ov_readings(layer)
    raised, lowered = readings.tokens(5, 1, 300)
    assert raised == lowered[::-1]
    assert with_token(layer).tolist() == list(range(300))
    own = [logit_changes(layer, token)[:, token] for token in range(300)]
    share = (torch.stack(own) > 0).double().mean(0)
    same(readings.copying, share)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda r: r.tokens(300, 0), "token id 300 is out of range"),
        (lambda r: r.tokens(0, 4), "head 4 is out of range; expected 0 ≤ head < H = 4"),
        (lambda r: r.tokens(0, 0, 0), "k is 0"),
    ],
)
def test_what_it_cannot_take(readings: detok.OvReadings, call: Callable, sentence: str) -> None:
    with pytest.raises(detok.InputError, match=sentence):
        call(readings)
