"""The cache on disk: found again, never for anything else, and never in the way."""

import shutil
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import detok
from detok.app import disk_cache
from detok.counting.counts import Counts
from detok.counting.in_memory import count_ids
from detok.heads.measured import Measured, measured
from tests.support.models import random_checkpoint


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DETOK_CACHE", str(tmp_path / "new" / "cache"))
    return tmp_path / "new" / "cache"


def counts_of(layer: detok.Layer, seed: int = 0) -> Counts:
    ids = np.random.default_rng(seed).integers(0, layer.vocab_size - 9, 3000)
    return count_ids(ids, layer.vocab_size)


def assert_same(ours: Any, theirs: Any) -> None:
    for field in fields(ours):
        one, other = getattr(ours, field.name), getattr(theirs, field.name)
        if is_dataclass(one):
            assert_same(one, other)
        elif one is None:
            assert other is None
        else:
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)


def test_what_was_saved_is_found_again(layer: detok.Layer, folder: Path) -> None:
    counts = counts_of(layer)
    assert disk_cache.load(layer, counts) is None
    table = measured(layer, counts)
    assert disk_cache.save(layer, counts, table)
    assert_same(table, disk_cache.load(layer, counts))
    assert [p.name for p in folder.iterdir()] == [disk_cache.path(layer, counts).name]


def test_anything_else_has_a_file_of_its_own(checkpoint: Path, tmp_path: Path) -> None:
    layer = detok.load(str(checkpoint), device="cpu")
    counts = counts_of(layer)
    copied = tmp_path / "copied"
    shutil.copytree(checkpoint, copied)
    other = detok.load(str(copied), device="cpu")
    random_checkpoint(copied, seed=1)
    paths = [
        disk_cache.path(layer, counts),
        disk_cache.path(layer, counts_of(layer, 1)),
        disk_cache.path(layer, counts.pruned(2)),
        disk_cache.path(layer, replace(counts, tokens=counts.tokens + 1)),
        disk_cache.path(detok.load(str(checkpoint), device="cpu", dtype=torch.float64), counts),
        disk_cache.path(other, counts),
        disk_cache.path(detok.load(str(copied), device="cpu"), counts),
        disk_cache.path(replace(layer, source=replace(layer.source, revision="a")), counts),
        disk_cache.path(replace(layer, source=replace(layer.source, revision="b")), counts),
    ]
    assert len(set(paths)) == len(paths)
    assert disk_cache.path(layer, counts_of(layer)) == paths[0]


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no zip", None])
def test_a_damaged_file_counts_as_none(layer: detok.Layer, damage: bytes | None) -> None:
    counts = counts_of(layer)
    table = measured(layer, counts)
    disk_cache.save(layer, counts, table)
    path = disk_cache.path(layer, counts)
    whole = bytearray(path.read_bytes())
    if damage is None:
        whole[len(whole) // 2] ^= 0xFF
        damage = bytes(whole)
    path.write_bytes(damage)
    assert disk_cache.load(layer, counts) is None
    assert disk_cache.save(layer, counts, table)
    assert disk_cache.load(layer, counts) is not None


def test_a_table_of_some_tokens_is_not_taken_for_one_of_all(layer: detok.Layer) -> None:
    counts = counts_of(layer)
    some = [1, 2, 3]
    table = Measured(
        detok.auroc(layer, counts, some),
        detok.pair_auroc(layer, counts, some),
        detok.auroc_baselines(layer, counts, some),
    )
    assert disk_cache.save(layer, counts, table)
    assert disk_cache.load(layer, counts) is None


def test_a_folder_that_cannot_be_written_is_no_error(
    layer: detok.Layer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("DETOK_CACHE", str(blocked))
    counts = counts_of(layer)
    assert not disk_cache.save(layer, counts, measured(layer, counts))
    assert disk_cache.load(layer, counts) is None


def test_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DETOK_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert disk_cache.folder() == Path("/somewhere/detok")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert disk_cache.folder() == Path.home() / ".cache" / "detok"
