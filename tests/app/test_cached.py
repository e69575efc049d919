"""What the server keeps: by layer, no longer than it may, and never a layer that has gone."""

import gc
import weakref
from pathlib import Path

import pytest

import detok
from detok.app import cached, store
from tests.support.models import random_checkpoint
from tests.support.pages import PAGES, run


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DETOK_CACHE", str(tmp_path / "cache"))
    store.clear()


def test_it_is_computed_once_for_a_layer_however_often_that_is_loaded(checkpoint: Path) -> None:
    layer, again = (detok.load(str(checkpoint)) for _ in range(2))
    values = cached.contributions(layer, (1, 2, 3))
    assert cached.contributions(layer, (1, 2, 3)) is values
    assert cached.contributions(again, (1, 2, 3)) is values
    assert cached.contributions(layer, (1, 2, 4)) is not values


def test_the_mean_query_is_that_of_the_counts(layer: detok.Layer) -> None:
    query = cached.shared_query(layer)
    assert cached.shared_query(layer) is query
    assert query.equal(detok.shared_query(layer))  # there are none for this model
    mini = cached.load_layer("mini")
    expected = detok.shared_query(mini, detok.counts_for(mini).tokens)
    assert cached.shared_query(mini).equal(expected)


def test_another_checkpoint_in_the_same_folder_gets_its_own_numbers(tmp_path: Path) -> None:
    random_checkpoint(tmp_path)
    before = cached.layernorm_stats(detok.load(str(tmp_path)))
    random_checkpoint(tmp_path, seed=1)
    layer = detok.load(str(tmp_path))
    after = cached.layernorm_stats(layer)
    assert after.var_e.equal(detok.layernorm_stats(layer).var_e)
    assert not after.var_e.equal(before.var_e)


def test_the_averages_of_one_text_more_are_other_ones(layer: detok.Layer) -> None:
    job = cached.averages_job(layer, None, 3, 0)
    assert cached.averages_job(layer, None, 3, 0) is job
    assert cached.averages_job(layer, None, 4, 0) is not job


@pytest.mark.slow
def test_a_layer_is_freed_when_others_have_taken_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was shown of it, on any page; at the latest when the next one is loaded."""
    layers, most = [], 3
    monkeypatch.setenv("DETOK_CACHED_MODELS", str(most))
    for n in range(most + 2):
        random_checkpoint(tmp_path / str(n), seed=n)
        monkeypatch.setenv("DETOK_MODEL", str(tmp_path / str(n)))
        for page in PAGES if n == 0 else PAGES[:2]:
            run(page)
        layers.append(weakref.ref(cached.load_layer(str(tmp_path / str(n)))))
    gc.collect()
    assert layers[0]() is None
    assert None not in [layer() for layer in layers[-most:]]
