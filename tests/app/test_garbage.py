"""What stays is passed over by later collections, and what becomes garbage does go in the end."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from detok.app import garbage


class Knot:
    """Only a collection frees it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = list(gc.callbacks)
    gc.callbacks[:] = []
    gc.unfreeze()
    garbage.watch()
    yield
    gc.callbacks[:] = before
    gc.unfreeze()


def test_what_a_long_collection_leaves_is_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "LONG_S", 60.0)
    gc.collect()
    assert gc.get_freeze_count() == 0
    monkeypatch.setattr(garbage, "LONG_S", -1.0)
    gc.collect()
    assert gc.get_freeze_count() > 10_000
    gc.collect(0)
    assert len(gc.get_objects()) < 10_000


def test_garbage_of_what_was_frozen_goes_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "LONG_S", -1.0)
    knot = Knot()
    alive = weakref.ref(knot)
    gc.collect()
    del knot
    for _ in range(garbage.TIMES):
        gc.collect()
    assert alive() is None


def test_everything_is_collected_on_demand() -> None:
    knot = Knot()
    alive = weakref.ref(knot)
    gc.freeze()
    del knot
    gc.collect()
    assert alive() is not None
    garbage.collect()
    assert alive() is None


def test_it_is_watched_once() -> None:
    garbage.watch()
    assert len(gc.callbacks) == 1
