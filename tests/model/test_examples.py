"""The words that a page begins with."""

import shutil
from pathlib import Path

import pytest
import torch

import detok
from detok.model import examples


def test_a_model_without_the_file_has_none(layer: detok.Layer) -> None:
    assert examples.words(layer) == []
    assert examples.example_word(layer) == examples.WORD


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"words": [" happiness", " greed"]}', [" happiness", " greed"]),
        ('{"words": [1, " greed", null]}', [" greed"]),
        ('{"words": null}', []),
        ("[]", []),
        ("{", []),
    ],
)
def test_the_file_beside_a_model(
    checkpoint: Path, tmp_path: Path, content: str, words: list[str]
) -> None:
    folder = shutil.copytree(checkpoint, tmp_path / "model")
    (folder / examples.FILE).write_text(content)
    layer = detok.load(folder, device="cpu", dtype=torch.float64)
    assert examples.words(layer) == words
    assert examples.example_word(layer) == (words[0] if words else examples.WORD)
