"""Layers with rotary positions, of every kind that mathematics has to tell apart."""

from pathlib import Path

import numpy as np
import torch

import detok
from detok.counting.in_memory import count_ids
from detok.counting.provenance import TOKENIZER_HASH
from detok.model.vocabulary import Vocabulary
from tests.support.families import random_member
from tests.support.rotary import ROTARY

# With biases; a window; a cap; norms in each head, with biases, and over all heads; interleaved;
# ALiBi, with biases and without.
KINDS = {
    "biases": ("qwen2", 0),
    "window": ("mistral", 1),
    "cap": ("gemma2", 0),
    "normed": ("qwen3", 1),
    "LayerNorm in heads": ("phi", 1),
    "normed over heads": ("olmo2", 1),
    "interleaved": ("gptj", 0),
    "factor": ("llama", 5),
    "slopes": ("bloom", 1),
    "slopes alone": ("mpt", 1),
}


def load(folder: Path, kind: str) -> detok.RotaryLayer:
    """A random one, in float64."""
    family, number = KINDS[kind]
    random_member(folder, *ROTARY[family][number])
    layer = detok.load(folder, device="cpu", dtype=torch.float64)
    assert isinstance(layer, detok.RotaryLayer)
    return layer


def save_with_counts(folder: Path, family: str, number: int) -> None:
    """Saves a random member of a family with counts of a text in which some tokens never occur."""
    random_member(folder, *ROTARY[family][number])
    tokenizer = Vocabulary.from_folder(folder)
    ids = (np.random.default_rng(1).pareto(0.9, 20_000) * 3).astype(int) % 270
    provenance = {TOKENIZER_HASH: tokenizer.sha256}
    count_ids(ids, 300, provenance=provenance).save(folder / "counts.parquet")
