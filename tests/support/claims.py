"""A small GPT-2 that has all that the paper claims of GPT-2, but for what it is told to lack."""

from pathlib import Path

import numpy as np
import torch

from detok.counting.counts import Counts
from detok.counting.in_memory import count_ids
from tests.support.models import byte_tokenizer, random_model

V, L, D, H = 300, 64, 192, 8
WIDTH = D // H
# What each number of an embedding is, in a basis that is orthogonal to a constant.
KEY, QUERY, RARE, RAMP, WAVE, SINK = (
    *(slice(0, 10), slice(10, 20), slice(20, 21)),
    *(slice(21, 22), slice(22, 30), slice(30, 31)),
)
# Of queries and keys: what tokens have in common, what positions have, and what biases read.
TOKENS, POSITIONS, READ_RARE, READ_RAMP = slice(0, 10), slice(10, 18), slice(18, 19), slice(19, 20)
# What may be lacking, and which checks then differ.
LACKS = {
    "a rise": {"claim-position-rises"},
    # Where positions hardly matter, their terms contribute less than the mixed ones too.
    "nearness": {"claim-position-near", "fig4-mixed-terms-small"},
    "an outlier": {"claim-first-outlier"},
    "an untrained end": {"claim-last-untrained"},
    "a fall": {"claim-frequency-falls"},
    "pairs": {"claim-heads-know-pairs"},
    "small mixed terms": {"fig4-mixed-terms-small"},
}


def text() -> np.ndarray:
    """Token t below V / 2 is always followed by t + V / 2, and is the rarer the larger it is."""
    rare = (np.random.default_rng(0).pareto(0.8, 20_000) * 3).astype(int) % (V // 2)
    rare = np.concatenate([rare, np.arange(V // 2)])
    return np.stack([rare, rare + V // 2], axis=1).ravel()


def counts(corpus: str = "made-up texts") -> Counts:
    found = count_ids(text(), V)
    found.provenance["corpus"] = corpus
    return found


def checkpoint(folder: Path, lacks: str | None = None) -> None:
    """Saves the model and a tokenizer."""
    assert lacks is None or lacks in LACKS
    model = random_model(n_head=H, n_embd=D, n_positions=L, vocab_size=V)
    generator = torch.Generator().manual_seed(1)

    def noise(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    tokens, positions = torch.zeros(V, D - 1), torch.zeros(L, D - 1)
    keys = noise(V, 10)
    tokens[:, KEY] = keys
    partner = (torch.arange(V) + V // 2) % V  # whose key its query looks for
    tokens[:, QUERY] = noise(V, 10) if lacks == "pairs" else keys[partner]
    how_rare = -torch.from_numpy(np.log(np.bincount(text(), minlength=V))).float()
    how_rare = (how_rare - how_rare.mean()) / how_rare.std()
    tokens[:, RARE] = (-1 if lacks == "a fall" else 1) * how_rare[:, None]

    along = torch.linspace(0, 1, L)[:, None]  # (L, 1)
    if lacks != "a rise":
        positions[:, RAMP] = along
    angles = 2 * torch.pi * along * torch.tensor([1.0, 2.0, 3.0, 4.0])  # (L, 4)
    positions[:, WAVE] = torch.cat([angles.sin(), angles.cos()], dim=1) / 2
    positions += noise(L, D - 1) / 20
    if lacks != "an outlier":
        positions[0, SINK] = 30
    if lacks != "an untrained end":
        positions[-1] = noise(D - 1) / 1000

    query, key, bias = torch.zeros(D - 1, WIDTH), torch.zeros(D - 1, WIDTH), torch.zeros(WIDTH)
    query[QUERY, TOKENS] = torch.eye(10)
    key[KEY, TOKENS] = torch.eye(10)
    wave = 0.1 if lacks == "nearness" else 3
    query[WAVE, POSITIONS], key[WAVE, POSITIONS] = wave * torch.eye(8), wave * torch.eye(8)
    key[RARE, READ_RARE] = key[RAMP, READ_RAMP] = 1
    bias[READ_RARE], bias[READ_RAMP] = 3, 0.4 if lacks == "nearness" else 40
    if lacks == "small mixed terms":
        query[WAVE, TOKENS.start : 8] = query[QUERY.start : 18, POSITIONS] = 8 * torch.eye(8)

    # A basis of what is left of a constant: LayerNorm's centring changes nothing.
    basis = torch.linalg.qr(torch.cat([torch.ones(D, 1), noise(D, D - 1)], dim=1))[0][:, 1:]
    layer = model.transformer.h[0]
    with torch.no_grad():
        model.transformer.wte.weight.copy_(tokens @ basis.T)
        model.transformer.wpe.weight.copy_(positions @ basis.T)
        layer.ln_1.weight.fill_(1)
        layer.ln_1.bias.fill_(0)
        for n, (matrix, offset) in enumerate(((query, bias), (key, 0 * bias))):
            part = slice(n * D, (n + 1) * D)
            layer.attn.c_attn.weight[:, part] = (basis @ matrix).repeat(1, H)
            layer.attn.c_attn.bias[part] = offset.repeat(H)
    model.save_pretrained(folder)
    byte_tokenizer(V).save(str(folder / "tokenizer.json"))
