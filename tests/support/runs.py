"""Texts that went through a random model of three layers, in float64."""

from pathlib import Path

import torch

import detok
from tests.support.models import random_checkpoint

IDS = [70, 12, 250, 12, 9, 9, 31]
TARGET = 7


def three_layers(folder: Path) -> tuple[detok.Layer, detok.Model]:
    """A model whose checkpoint is written to a folder, and its first layer."""
    random_checkpoint(folder, n_layer=3, n_head=4, n_embd=32)
    wide = {"device": "cpu", "dtype": torch.float64}
    return detok.load(folder, **wide), detok.load_model(folder, **wide)
