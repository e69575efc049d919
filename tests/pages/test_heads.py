"""The page of detokenizing heads: every control acts, and a long run is watched and cancelled."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import detok
from detok.app import cached, disk_cache
from detok.app.jobs import Job
from detok.counting.counts import Counts
from detok.heads.summary import sample_of_tokens
from tests.support.pages import downloads, run, succeed, texts

pytestmark = pytest.mark.slow

HEADS = "pages/5_Detokenizing_heads.py"


@pytest.fixture(autouse=True)
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cache of its own, and samples that take no time."""
    monkeypatch.setenv("DETOK_CACHE", str(tmp_path))
    monkeypatch.setattr(cached, "SAMPLE_SIZE", 40)
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """All tokens are the first four hundred, so that the whole table takes no time."""
    compute = detok.auroc

    def of_few(layer: detok.Layer, counts: Counts, *tokens: Any, **kwargs: Any) -> detok.Auroc:
        if tokens:
            return compute(layer, counts, *tokens)
        found = compute(layer, counts, range(400), **kwargs)
        width = [(0, 0), (0, layer.vocab_size - 400)]
        return detok.Auroc(
            tokens=np.arange(layer.vocab_size),
            n_past=np.diff(counts.offsets),
            area=np.pad(found.area, width, constant_values=np.nan),
            known=np.pad(found.known, width),
            itself=np.pad(found.itself, width),
        )

    monkeypatch.setattr(detok, "auroc", of_few)


def wait(job: Job) -> None:
    deadline = time.monotonic() + 60
    while job.is_under_way:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def button(test: AppTest, label: str) -> Any:
    return next(b for b in test.button if b.label.startswith(label))


def test_the_sample_is_what_the_library_computes() -> None:
    layer = detok.load("mini")
    counts = Counts.load(layer.source.folder / "counts.parquet")
    test = run(HEADS, head="2", sample="3")
    sample = sample_of_tokens(layer.vocab_size, 40, 3)
    expected = detok.auroc_summary(detok.auroc(layer, counts, sample), counts)
    shown = test.dataframe[0].value
    np.testing.assert_allclose(shown["mean"], expected["mean"])
    np.testing.assert_allclose(shown["mean_high"], expected["mean_high"])
    assert f"Head {expected['mean'].idxmax()} tells" in texts(test)
    assert "a random sample of 40 of all 8,192 tokens" in texts(test)
    assert len(downloads(test)) == len(set(downloads(test))) == 5


def change_head(test: AppTest) -> None:
    test.selectbox(key="head").select("4")


def change_sample(test: AppTest) -> None:
    test.number_input(key="sample").set_value(9)


def change_convention(test: AppTest) -> None:
    test.toggle(key="authors").set_value(True)


def change_text(test: AppTest) -> None:
    test.text_input(key="text").input("happiness")


def change_token(test: AppTest) -> None:
    test.selectbox(key="token").select_index(0)


def change_k(test: AppTest) -> None:
    test.number_input(key="k").set_value(4)


def change_least(test: AppTest) -> None:
    test.number_input(key="least").set_value(300)


@pytest.mark.parametrize(
    "change",
    [
        change_head,
        change_sample,
        change_convention,
        change_text,
        change_token,
        change_k,
        change_least,
    ],
)
def test_every_control_changes_something(change: Callable[[AppTest], None]) -> None:
    # In these forty tokens there is one without a predecessor.
    test = run(HEADS, head="0", sample=str(_sample_with_one_left_out()))
    before, said = downloads(test), texts(test)
    change(test)
    succeed(test.run())
    assert downloads(test) != before
    assert texts(test) != said


def _sample_with_one_left_out() -> int:
    n_past = np.diff(cached.load_counts(cached.load_layer("mini")).offsets)
    return next(s for s in range(99) if not n_past[sample_of_tokens(len(n_past), 40, s)].all())


@pytest.mark.usefixtures("quick")
def test_all_tokens_are_computed_once_for_all_visitors_and_kept() -> None:
    first, second = run(HEADS), run(HEADS)
    assert "Compute all 8,192 tokens" in [b.label for b in second.button]
    succeed(button(first, "Compute all").click().run())
    wait(cached.auroc_job(cached.load_layer("mini")))
    for visitor in (first, second):
        succeed(visitor.run())
        assert "Over all 8,192 tokens" in texts(visitor)
        assert not [b for b in visitor.button if b.label.startswith("Compute")]
        assert "mean_low" not in visitor.dataframe[0].value
        assert not [n for n in visitor.number_input if n.key == "sample"]
    # A new server finds it on disk.
    st.cache_resource.clear()
    assert "Over all 8,192 tokens" in texts(run(HEADS))


def test_a_second_visitor_sees_it_under_way_and_either_may_cancel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compute = detok.auroc

    def slow(layer: detok.Layer, counts: Counts, *tokens: Any, **kwargs: Any) -> detok.Auroc:
        if tokens:
            return compute(layer, counts, *tokens)
        for done in range(2000):
            kwargs["progress"](done, 2000)
            time.sleep(0.02)
        raise AssertionError("nobody cancelled")

    monkeypatch.setattr(detok, "auroc", slow)
    first = run(HEADS)
    succeed(button(first, "Compute all").click().run())
    second = run(HEADS)
    for visitor in (first, second):
        assert "Cancel" in [b.label for b in visitor.button]
        assert not [b for b in visitor.button if b.label.startswith("Compute")]
    button(second, "Cancel").click().run()
    job = cached.auroc_job(cached.load_layer("mini"))
    wait(job)
    assert (job.state, job.result) == ("cancelled", None)
    succeed(first.run())
    assert "was cancelled and nothing of it is kept" in texts(first)
    assert "Compute all 8,192 tokens" in [b.label for b in first.button]
    layer = cached.load_layer("mini")
    assert disk_cache.load(layer, cached.load_counts(cached.load_layer("mini"))) is None


def test_a_failure_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    compute = detok.auroc

    def broken(layer: detok.Layer, counts: Counts, *tokens: Any, **kwargs: Any) -> detok.Auroc:
        if tokens:
            return compute(layer, counts, *tokens)
        raise MemoryError

    monkeypatch.setattr(detok, "auroc", broken)
    test = run(HEADS)
    succeed(button(test, "Compute all").click().run())
    wait(cached.auroc_job(cached.load_layer("mini")))
    assert "computation of all tokens failed" in texts(succeed(test.run()))


def test_nothing_typed_and_a_token_without_predecessors() -> None:
    test = run(HEADS)
    succeed(test.text_input(key="text").input("").run())
    assert "Type a word" in texts(test)
    succeed(test.text_input(key="text").input("<|endoftext|>").run())
    assert "has no observed predecessor in these counts" in texts(test)


def test_too_many_predecessors_asked_for() -> None:
    test = run(HEADS, least="8192")
    assert "choose a smaller number" in texts(test)


def test_another_model_without_counts(monkeypatch: pytest.MonkeyPatch, checkpoint: Path) -> None:
    """Two heads, 300 tokens and 16 positions, which a link to another model may be beyond."""
    monkeypatch.setenv("DETOK_MODEL", str(checkpoint))
    test = run(HEADS, head="7", sample="3", least="5000")
    assert "no token counts" in texts(test)
    assert test.dataframe[0].value.columns.tolist() == ["head", "diagonal_share"]
    assert len(test.dataframe) == 1
    assert "Diagonal share" in texts(test)
