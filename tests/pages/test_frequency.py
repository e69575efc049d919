"""The page of token frequency: it shows what the library computes, and every control acts."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from detok.app import cached
from tests.support.pages import files, run, succeed, texts

FREQUENCY = "pages/6_Token_frequency.py"


def change_head(test: AppTest) -> None:
    test.selectbox(key="head").select("4")


def test_it_shows_what_the_library_computes() -> None:
    test = run(FREQUENCY, head="3")
    table, rho = cached.token_frequencies(cached.load_layer("mini"))
    assert test.dataframe[0].value["Tᵉ, head 3"].tolist()[0] == f"{rho.loc[4, 'rho']:+.3f}"
    assert f"token count is {rho.loc[4, 'rho']:+.2f} (p {rho.loc[4, 'p_shown']})" in texts(test)
    assert f"{(table['count'] == 0).sum()} of 2,048 tokens never occur" in texts(test)
    assert files(test).keys() == {
        "self-assertion",
        "frequency",
        "token-variance",
        "furthest",
        "never",
        "token-frequency",
    }


def change_measure(test: AppTest) -> None:
    test.selectbox(key="measure").select("Tᵉ, head 6")


def change_to_all(test: AppTest) -> None:
    test.selectbox(key="head").select("all")


@pytest.mark.parametrize("change", [change_head, change_to_all, change_measure])
def test_every_control_changes_something(change: Callable[[AppTest], None]) -> None:
    test = run(FREQUENCY, head="1")
    said, drawn = texts(test), figures(test)
    change(test)
    succeed(test.run())
    assert texts(test) != said
    assert figures(test) != drawn


def figures(test: AppTest) -> list[str]:
    """What is drawn, or in tables."""
    charts = [str(chart.proto) for chart in test.get("vega_lite_chart")]
    assert len(charts) == 2
    return charts + [table.value.to_json() for table in test.dataframe]


def test_another_model_without_counts(monkeypatch: pytest.MonkeyPatch, checkpoint: Path) -> None:
    """Two heads and 300 tokens, which a link to another model may be beyond."""
    monkeypatch.setenv("DETOK_MODEL", str(checkpoint))
    test = run(FREQUENCY, head="7", measure="Tᵉ, head 6")
    assert "no token counts" in texts(test)
    assert len(test.dataframe) == 1
    assert len(test.dataframe[0].value) == 200
    test.selectbox(key="measure").select("Tᵉ, head 1")
    succeed(test.run())
