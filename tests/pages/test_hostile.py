"""Every page of hostile checkpoints: it works or says in a sentence why not."""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers

from detok.bundled import BUNDLED
from tests.support.pages import PAGES, run, texts


@pytest.fixture
def folder(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the random checkpoint, to be changed, that the app opens on."""
    monkeypatch.setenv("DETOK_MODEL", str(tmp_path / "copy"))
    return shutil.copytree(checkpoint, tmp_path / "copy")


def config(**changes: object) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return edit


def weights(change: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / "model.safetensors"
        tensors = {name: change(tensor) for name, tensor in load_file(path).items()}
        save_file(tensors, path, metadata={"format": "pt"})

    return edit


def pipe(name: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)

    return edit


def whole_words(folder: Path) -> None:
    tokenizer = Tokenizer(models.WordLevel({f"w{n}": n for n in range(300)}, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "edit",
    [
        config(n_inner=10**12),
        config(quantization_config="x", dtype=[1], torch_dtype=17),
        weights(torch.zeros_like),
        weights(lambda t: torch.full_like(t, 1e-38)),
        weights(lambda t: t * 1e-38),
        whole_words,
        pipe("counts.parquet"),
    ],
    ids=["n_inner", "types", "zero", "small", "random small", "whole words", "counts"],
)
def test_what_can_be_read_is_shown(folder: Path, edit: Callable[[Path], None]) -> None:
    edit(folder)
    for page in PAGES:
        test = run(page)
        assert test.selectbox(key="model").value == str(folder)
        assert not re.search(r"\b(nan|inf)\b", texts(test)), page


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        (config(n_layer=10**12), "n_layer = 1000000000000; expected at most"),
        (config(layer_norm_epsilon=1e300), "layer_norm_epsilon = 1e+300; expected at most"),
        (weights(lambda t: torch.full_like(t, 1e38)), "scores overflow"),
        (weights(lambda t: t * torch.nan), "has NaN or infinity"),
        (pipe("model.safetensors"), "is a folder, pipe or device"),
        (pipe("config.json"), "is a folder, pipe or device"),
        (pipe("tokenizer.json"), "is a folder, pipe or device"),
    ],
    ids=["n_layer", "epsilon", "large", "nan", "weights", "config", "tokenizer"],
)
def test_what_cannot_be_read_is_refused(
    folder: Path, edit: Callable[[Path], None], found: str
) -> None:
    edit(folder)
    for page in ("app.py", "pages/4_Six-term_contributions.py"):
        test = run(page)
        assert test.selectbox(key="model").value == "mini"
        assert found in texts(test)


@pytest.mark.parametrize("share", [0, 0.5, 1])
def test_a_history_of_training_that_breaks_off(folder: Path, share: float) -> None:
    whole = (BUNDLED["mini"] / "emergence.csv").read_bytes()
    (folder / "emergence.csv").write_bytes(whole[: int(len(whole) * share)])
    said = texts(test := run("app.py"))
    heading = "How detokenization emerged in training"
    assert (heading in [h.value for h in test.header]) == (share == 1)
    assert ("is not what training wrote" in said) == (share < 1)
