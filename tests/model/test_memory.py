"""A model that is too large is a sentence, before it is loaded and when it turns out so."""

from pathlib import Path

import pytest
import torch

import detok
from detok.model import layer as layer_module, memory

CPU = torch.device("cpu")
XL = {
    "model_type": "gpt2",
    "vocab_size": 50257,
    "n_positions": 1024,
    "n_embd": 1600,
    "n_head": 25,
    "n_layer": 48,
}


def test_what_gpt2_xl_needs() -> None:
    assert 0.9e9 < memory.needed(XL, torch.float32) < 3e9
    assert memory.needed(XL, torch.float64) == 2 * memory.needed(XL, torch.float32)


def test_memory_of_this_machine_is_known() -> None:
    free = memory.available(CPU)
    assert free is not None
    assert 0 < free < 1 << 50


def test_too_large(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda _: 100 << 20)
    monkeypatch.setattr(layer_module, "read_first_layer", lambda *_: pytest.fail("it was read"))
    with pytest.raises(detok.InputError, match=r"takes about 0\.2 GB, and 0\.1 GB are free on cpu"):
        detok.load(checkpoint, device="cpu")


def test_nothing_is_refused_where_nobody_tells(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda _: None)
    detok.load(checkpoint, device="cpu")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    ],
)
def test_turns_out_too_large(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(layer_module, "read_first_layer", fail)
    with pytest.raises(detok.InputError, match="the memory of cpu was used up"):
        detok.load(checkpoint, device="cpu")


def test_another_error_is_no_matter_of_memory(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("something else")

    monkeypatch.setattr(layer_module, "read_first_layer", fail)
    with pytest.raises(RuntimeError, match="something else"):
        detok.load(checkpoint, device="cpu")


def test_bytes_held_are_those_of_the_tensors(layer: detok.Layer) -> None:
    three = 3 * layer.vocab_size * layer.d_model * layer.W_E.element_size()
    assert three < layer.n_bytes < 2 * three
