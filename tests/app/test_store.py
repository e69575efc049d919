"""The store: one bound over all that is kept, what goes first, and what goes with it."""

import gc
import threading
import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import detok
from detok.app import alive, cached, gate, settings, store
from detok.app.jobs import Job, Progress
from detok.app.weights import weight
from tests.support.families import random_member
from tests.support.models import random_checkpoint
from tests.support.rotary import ROTARY

MB = 10**6


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    store.clear()
    yield
    store.clear()


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("models")
    for n in range(4):
        random_checkpoint(folder / str(n), seed=n)
    return [str(folder / str(n)) for n in range(4)]


@store.kept(max_entries=1000)
def table(layer: detok.Layer, n_bytes: int, n: int) -> np.ndarray:
    return np.zeros(n_bytes, np.uint8)


@store.kept(max_entries=3)
def few(n: int) -> list[int]:
    return [n]


@store.kept(max_entries=10)
def job_of(layer: detok.Layer) -> Job[np.ndarray]:
    return Job()


def test_arguments_tell_results_apart() -> None:
    assert few(1) is few(1)
    assert few(1) is not few(True)
    assert few(1) is not few(2)
    assert few(n=2) is few(2)
    kept = few(1)
    few(3)
    few(4)  # the fourth: what was used last stays
    assert few(1) is kept
    few.clear()
    assert few(1) is not kept


def test_what_was_not_used_for_longest_goes_with_everything_of_it(
    folders: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETOK_CACHED_MODELS", "2")
    first, second = (cached.load_layer(folder) for folder in folders[:2])
    of_first, of_second = table(first, 10, 0), table(second, 10, 0)
    assert cached.load_layer(folders[0]) is first
    assert store.load()["layers"] == 2
    cached.load_layer(folders[2])
    assert store.load()["layers"] == 2
    assert cached.load_layer(folders[0]) is first
    assert table(first, 10, 0) is of_first
    seen = [weakref.ref(second)]
    assert table(second, 10, 0) is not of_second
    store.clear()
    del second
    gc.collect()
    assert seen[0]() is None


def test_a_layer_that_is_still_shown_is_not_loaded_twice(
    folders: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETOK_CACHED_MODELS", "2")
    random_checkpoint(tmp_path)
    shown = cached.load_layer(str(tmp_path))
    for folder in folders[:2]:
        cached.load_layer(folder)
    assert cached.load_layer(str(tmp_path)) is shown
    for folder in folders[:2]:
        cached.load_layer(folder)
    random_checkpoint(tmp_path, seed=5)  # another one in the same folder
    assert not cached.load_layer(str(tmp_path)).W_E.equal(shown.W_E)


def test_shown_layers_that_fill_the_memory_leave_no_room_for_another(
    folders: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETOK_CACHED_MODELS", "2")
    shown = [cached.load_layer(folder) for folder in folders[:3]]
    gc.collect()
    monkeypatch.setattr(alive, "MOST", alive.n_bytes() / settings.now().cache_bytes)
    with pytest.raises(detok.InputError, match="other visitors look at models that take"):
        cached.load_layer(folders[3])
    assert cached.load_layer(folders[0]) is shown[0]
    del shown
    assert cached.load_layer(folders[3]).name == folders[3]


def test_bytes_are_bounded_over_all_functions(
    folders: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETOK_CACHED_MODELS", "4")
    monkeypatch.setenv("DETOK_CACHE_BYTES", "100MB")
    for folder in folders * 2:
        layer = cached.load_layer(folder)
        for n in range(12):
            table(layer, 10 * MB, n)
            assert store.load()["bytes"] <= 100 * MB
    # Of the layer that is used, what was used last.
    assert cached.load_layer(folders[-1]) is layer
    assert store.load()["layers"] == 1
    assert store.load()["bytes"] > 80 * MB


def test_one_result_that_is_larger_than_all_may_stays_alone(
    layer: detok.Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETOK_CACHE_BYTES", "100MB")
    table(layer, 10 * MB, 0)
    large = table(layer, 120 * MB, 1)
    assert store.load()["entries"] == 1
    assert table(layer, 120 * MB, 1) is large
    table(layer, 10, 2)
    assert store.load()["bytes"] < MB


def test_a_job_ends_with_its_layer_and_holds_it_no_longer(
    folders: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETOK_CACHED_MODELS", "2")

    def begin(folder: str) -> tuple[weakref.ref[detok.Layer], Job]:
        layer = cached.load_layer(folder)

        def compute(progress: Progress) -> np.ndarray:
            for done in range(4000):
                progress(done, 4000)
                time.sleep(0.005)
            return layer.W_E.numpy()

        job_of(layer).start(compute)
        return weakref.ref(layer), job_of(layer)

    found = [begin(folder) for folder in folders]
    deadline = time.monotonic() + 20
    while sum(job.is_under_way for _, job in found) > 2 or found[0][0]() is not None:
        assert time.monotonic() < deadline
        gc.collect()
        time.sleep(0.02)
    assert [job.state for _, job in found[:2]] == ["idle", "idle"]
    assert found[-1][0]() is not None
    for _, job in found[2:]:
        job.end()
        job.wait(20)


def test_of_two_layers_the_one_without_a_computation_goes(
    folders: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETOK_CACHED_MODELS", "2")
    first = cached.load_layer(folders[0])
    with gate.LONG.turn():
        job_of(first).start(lambda progress: np.zeros(1))
        second = cached.load_layer(folders[1])
        of_first, of_second = (table(layer, 10, 0) for layer in (first, second))
        cached.load_layer(folders[2])
        assert table(first, 10, 0) is of_first
        assert table(second, 10, 0) is not of_second
    job_of(first).wait(20)


def test_the_result_of_a_job_weighs_once_it_is_there(layer: detok.Layer) -> None:
    job = job_of(layer)
    before = store.load()["bytes"]
    job.start(lambda progress: np.zeros(5 * MB, np.uint8))
    job.wait(20)
    assert store.load()["bytes"] >= 5 * MB > before


def test_identical_requests_are_computed_once() -> None:
    calls, ready = [], threading.Barrier(5)

    @store.kept(max_entries=10, is_heavy=True)
    def slow(n: int) -> list[int]:
        calls.append(n)
        time.sleep(0.2)
        return [n]

    found = []

    def ask() -> None:
        ready.wait(20)
        found.append(slow(1))

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert calls == [1]
    assert len(found) == 5
    assert all(one is found[0] for one in found)


def test_what_fails_is_not_kept() -> None:
    calls = []

    @store.kept(max_entries=10)
    def fails(n: int) -> None:
        calls.append(n)
        raise KeyError(n)

    for _ in range(2):
        with pytest.raises(KeyError):
            fails(1)
    assert calls == [1, 1]


def test_a_run_goes_with_its_model_and_what_is_made_of_it_with_it(
    whole_folder: Path, folders: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETOK_CACHED_MODELS", "2")
    model = weakref.ref(cached.whole_model(cached.load_layer(str(whole_folder))))
    cached.lens_of(cached.run_of(model(), (1, 2, 3), None))
    kinds = store.load()["largest"]
    assert any(name.endswith("lens_of") for name in kinds)
    for folder in folders[:2]:
        cached.load_layer(folder)
    assert not any(name.endswith(("lens_of", "run_of")) for name in store.load()["largest"])
    gc.collect()
    assert model() is None


@dataclass
class Held:
    part: object


@pytest.mark.parametrize(
    "thing",
    [
        torch.zeros(MB, dtype=torch.uint8),
        torch.zeros(2, MB // 2, dtype=torch.uint8)[0],
        np.zeros(MB, np.uint8),
        np.zeros((2, MB // 2), np.uint8)[0],
        pd.DataFrame({"a": np.zeros(MB // 8)}),
        "a" * MB,
        [b"a" * (MB // 2), {"b": b"c" * (MB // 2)}],
        [[n] for n in range(MB // 92)],
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_the_weight_of_things(thing: object) -> None:
    assert weight(thing) == pytest.approx(MB, rel=0.2)
    assert weight([thing, thing, (thing,)]) == pytest.approx(MB, rel=0.2)
    assert weight(lambda: thing) == pytest.approx(MB, rel=0.2)


def test_a_layer_weighs_what_its_tensors_do_and_nothing_in_another_thing(
    layer: detok.Layer,
) -> None:
    assert layer.n_bytes < weight(layer) < layer.n_bytes + MB
    assert weight([layer]) < 1000


def test_rotary_layers_are_counted_and_go_as_others_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DETOK_CACHED_MODELS", "2")
    folders = [tmp_path / str(n) for n in range(3)]
    for folder in folders:
        folder.mkdir()
        random_member(folder, *ROTARY["qwen2"][0])
    first = cached.load_layer(str(folders[0]))
    assert isinstance(first, detok.RotaryLayer)
    assert alive.n_bytes() >= first.n_bytes
    assert store.load()["bytes"] >= first.n_bytes
    of_first = table(first, 10, 0)
    assert table(cached.load_layer(str(folders[0])), 10, 0) is of_first
    assert weight([first]) < first.n_bytes  # it is kept by itself
    for folder in folders[1:]:
        cached.load_layer(str(folder))
    assert store.load()["layers"] == 2
    seen = weakref.ref(of_first)
    del of_first
    assert gc.collect() >= 0
    assert seen() is None
