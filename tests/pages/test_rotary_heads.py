"""The page of detokenizing heads of models with rotary positions."""

from pathlib import Path

import numpy as np
import pytest
import streamlit as st

import detok
from detok.app import cached
from detok.counting.counts import Counts
from detok.heads.measured import measured, measured_on_sample
from detok.readings import look_back as look_back_readings
from detok.scores.look_back import usual_place
from detok.tables import heads as tables, look_back as look_back_tables
from tests.support.pages import check_figures, figures, run, succeed, texts
from tests.support.rotary_layers import save_with_counts

HEADS = "pages/5_Detokenizing_heads.py"
# With biases; without; with a window; with norms of queries and keys.
MEMBERS = {"qwen2": 0, "llama": 0, "mistral": 1, "qwen3": 1}


@pytest.fixture(scope="module", params=MEMBERS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    save_with_counts(folder, request.param, MEMBERS[request.param])
    return folder


@pytest.fixture(autouse=True)
def opened(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The app opens on the model, with a cache of its own."""
    monkeypatch.setenv("DETOK_MODEL", str(folder))
    monkeypatch.setenv("DETOK_CACHE", str(tmp_path))


@pytest.fixture
def layer(folder: Path) -> detok.RotaryLayer:
    return detok.load(folder)


@pytest.fixture
def own(layer: detok.RotaryLayer) -> Counts:
    counts = detok.counts_for(layer)
    assert counts is not None
    return counts


def test_the_page_shows_what_the_library_measures(layer: detok.RotaryLayer, own: Counts) -> None:
    test = run(HEADS, head="1", text="abc")
    pairs = tables.pairs(measured(layer, own), own)
    np.testing.assert_allclose(test.dataframe[0].value["mean"], pairs["mean"])
    said = texts(test)
    assert "larger $T^{ee}$ (at distance 1)?" in said
    assert f"Head {pairs['mean'].idxmax()} knows most about pairs" in said
    assert "σ" not in said
    assert {"pair-auroc", "true-predecessors", "paper-auroc", "roc", "look-back"} <= set(
        figures(test)
    )
    check_figures(test)


def test_where_heads_look(layer: detok.RotaryLayer, own: Counts) -> None:
    i = usual_place([layer])
    test = run(HEADS, head="1")
    table = look_back_tables.heads(layer, i, own)
    best = look_back_tables.best(table, i)
    assert look_back_readings.heads(layer, best, i, own) in texts(test)
    assert figures(test)["look-back"].table.equals(table)


def test_without_counts(layer: detok.RotaryLayer, folder: Path) -> None:
    (folder / "counts.parquet").rename(folder / "elsewhere")
    st.cache_resource.clear()
    try:
        test = run(HEADS)
    finally:
        (folder / "elsewhere").rename(folder / "counts.parquet")
        st.cache_resource.clear()
    assert set(figures(test)) == {"auroc", "look-back"}
    assert "drawn each as likely, for want of counts" in texts(test)
    check_figures(test)


def test_a_sample_of_tokens(
    layer: detok.RotaryLayer, own: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cached, "SAMPLE_SIZE", 40)
    st.cache_resource.clear()
    test = run(HEADS, sample="3")
    pairs = tables.pairs(measured_on_sample(layer, own, 40, 3), own)
    np.testing.assert_allclose(figures(test)["pair-auroc"].table["mean"], pairs["mean"])
    (compute,) = [b for b in test.button if b.label.startswith("Compute all")]
    succeed(compute.click().run())
    cached.heads_job(layer).wait(60)
    test = succeed(test.run())
    found = tables.pairs(measured(layer, own), own)
    np.testing.assert_allclose(figures(test)["pair-auroc"].table["mean"], found["mean"])
    assert "Over all tokens, weighted in the pair AUROC" in texts(test)
    st.cache_resource.clear()


def test_replication_says_which_claims_apply(layer: detok.RotaryLayer) -> None:
    test = run("pages/7_Replication.py")
    claims = test.dataframe[0].value["id"].tolist()
    assert set(claims) == {"claim-position-near", "claim-heads-know-pairs"}
    succeed(next(b for b in test.button if b.label == "Measure all").click().run())
    cached.report_job(layer).wait(60)
    test = succeed(test.run())
    assert set(test.dataframe[0].value["id"]) == set(claims)
    assert "more do not apply: a statement about terms of models with learned" in texts(test)
    assert not test.error
