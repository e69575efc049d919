"""A device whose memory is used up: the CPU has the model then, and visitors read a sentence."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch

import detok
from detok.app import alive, cached, fallback, jobs, store
from detok.app.jobs import Job
from detok.errors import OutOfMemory
from tests.support.pages import run, succeed, texts

NOTICE = "The GPU's memory was used up: this model is computed on the server's CPU."
FULL = torch.OutOfMemoryError("CUDA out of memory")


@pytest.fixture(autouse=True)
def anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(fallback, "_on_cpu", set())
    store.clear()
    yield
    store.clear()


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The devices that are asked for on a machine with a GPU, in whose place the CPU computes."""
    asked, load = [], detok.load

    def note(model: str, device: str, **more: Any) -> detok.Layer:
        asked.append(device)
        return load(model, device="cpu", **more)

    monkeypatch.setattr(detok, "load", note)
    monkeypatch.setattr(fallback, "pick_device", lambda name: torch.device("cuda"))
    monkeypatch.setattr(alive, "again", lambda model: None)
    return asked


def test_a_model_that_the_gpu_has_no_room_for_is_loaded_on_the_cpu(
    monkeypatch: pytest.MonkeyPatch, loaded: list[str]
) -> None:
    load = detok.load

    def full(model: str, device: str, **more: Any) -> detok.Layer:
        if device != "cpu":
            loaded.append("full")
            raise OutOfMemory("the memory of cuda was used up")
        return load(model, device=device, **more)

    monkeypatch.setattr(detok, "load", full)
    for page in ("pages/3_LayerNorm_variance.py", "pages/1_Token_affinity.py"):
        test = run(page)
        assert NOTICE in texts(test)
        assert not test.error
    assert loaded == ["full", "cpu"]  # asked once


def test_where_there_is_no_gpu_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OutOfMemory("the memory of cpu was used up")

    monkeypatch.setattr(fallback, "pick_device", lambda name: torch.device("cpu"))
    monkeypatch.setattr(alive, "again", lambda model: None)
    monkeypatch.setattr(detok, "load", full)
    test = run("pages/3_LayerNorm_variance.py")
    assert "mini could not be loaded:** the memory of cpu was used up" in texts(test)


@pytest.mark.parametrize("error", [FULL, MemoryError()])
def test_a_gpu_that_is_full_in_the_middle_of_a_page_is_left(
    error: Exception, monkeypatch: pytest.MonkeyPatch, loaded: list[str]
) -> None:
    measure = detok.layernorm_stats

    def full(layer: detok.Layer, *args: Any, **more: Any) -> Any:
        if loaded[-1] != "cpu":
            raise error
        return measure(layer, *args, **more)

    monkeypatch.setattr(detok, "layernorm_stats", full)
    test = run("pages/3_LayerNorm_variance.py")
    assert "this model is computed on the CPU from now on" in texts(test)
    succeed(test.button(key="go_on").click().run())
    assert loaded == ["auto", "cpu"]
    assert NOTICE in texts(test)
    assert not test.error


def test_a_cpu_that_is_full_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 9 bytes")

    monkeypatch.setattr(fallback, "pick_device", lambda name: torch.device("cpu"))
    monkeypatch.setattr(detok, "layernorm_stats", full)
    test = run("pages/3_LayerNorm_variance.py")
    assert "The server's memory was used up; expected a shorter text" in texts(test)


def test_another_error_is_no_matter_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("something else")

    monkeypatch.setattr(detok, "layernorm_stats", fail)
    with pytest.raises(AssertionError, match="has encountered an error"):
        run("pages/3_LayerNorm_variance.py")


def test_a_job_says_it_too() -> None:
    def full(report: jobs.Progress) -> None:
        raise FULL

    job = Job()
    job.start(full)
    job.wait(20)
    assert job.state == "failed"
    assert "memory was used up" in job.refusal


def test_what_is_still_on_the_gpu_is_not_taken_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fallback, "pick_device", lambda name: torch.device("cuda"))
    layer = cached.load_layer("mini")
    assert alive.again("mini") is layer
    assert fallback.leave_gpu("mini")
    assert alive.again("mini") is layer  # which is on the CPU
    monkeypatch.setattr(detok.Layer, "device", torch.device("cuda"))
    assert alive.again("mini") is None
