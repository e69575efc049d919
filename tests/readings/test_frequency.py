"""What is said of token frequency follows from its tables."""

import numpy as np
import pandas as pd
import pytest

import detok
from detok.counting.counts import Counts
from detok.readings import frequency as readings
from detok.tables import frequency as tables


@pytest.fixture
def table(layer: detok.Layer, counts: Counts) -> pd.DataFrame:
    table = tables.tokens(layer, counts)
    table["head_0"] = -table["count"].astype(float)
    return table


def test_which_heads_ask_for_rare_tokens(table: pd.DataFrame) -> None:
    rho = tables.correlations(table)
    assert "Head 0 tends to ask attention for rare tokens" in readings.self_assertion(rho, 0)
    said = readings.self_assertion(rho, None)
    assert "rare tokens have the larger Tᵉ in 1 of 2 heads, frequent ones in 0." in said
    assert "Strongest is head 0: -1.00 (p < 1e-300), over 270 tokens" in said
    row = rho.loc[0]
    assert f"is {row['rho']:+.2f} (p {row['p_shown']}), over 270" in readings.variance(rho)


def correlations(*rows: tuple[float, str | None]) -> pd.DataFrame:
    """Of Var(e), and of as many heads as follow."""
    names = ["Var(e)", *(f"Tᵉ, head {h}" for h in range(len(rows) - 1))]
    return pd.DataFrame(
        [
            {"measure": name, "rho": rho, "p_shown": "= 0.9", "larger_for": larger_for, "n": 270}
            for name, (rho, larger_for) in zip(names, rows, strict=True)
        ]
    )


def test_no_direction_is_said_without_evidence() -> None:
    rho = correlations((-0.01, None), (0.01, None), (0.01, None), (np.nan, None))
    assert "neither rare nor frequent tokens are seen" in readings.variance(rho)
    said = readings.self_assertion(rho, 0)
    assert said.startswith("In head 0, Tᵉ is not seen to go with frequency: Spearman's ρ of Tᵉ")
    said = readings.self_assertion(rho, None)
    assert "in 0 of 3 heads, frequent ones in 0. It is as strong in heads 0 and 1" in said
    assert readings.self_assertion(rho, 2) == readings.NO_CORRELATION
    rho = correlations((0.2, "frequent"), (0.3, "frequent"))
    assert "frequent tokens tend to have the larger variance" in readings.variance(rho)
    assert "tends to ask attention for frequent tokens" in readings.self_assertion(rho, 0)
    assert "in 0 of 1 head, frequent ones in 1." in readings.self_assertion(rho, None)


def test_how_many_are_drawn(table: pd.DataFrame) -> None:
    occurring = tables.seen(table)
    said = readings.drawn(occurring.head(90), occurring, table)
    assert "Of all 300 tokens, 270 occur in the counts; drawn are 90 of them" in said
    assert "The line" in said
    said = readings.drawn(occurring, occurring, table, has_trend=False)
    assert said == "Of all 300 tokens, 270 occur in the counts; all of them are drawn."
    said = readings.drawn(occurring[:1], occurring[:1], table)
    assert said == "Of all 300 tokens, 1 occurs in the counts."
    assert readings.drawn(occurring[:0], occurring[:0], table).endswith("0 occur in the counts.")
    assert "drawn is 1 of them" in readings.drawn(occurring[:1], occurring, table)


def test_which_token_is_furthest(layer: detok.Layer, table: pd.DataFrame) -> None:
    table["head_0"] = np.random.default_rng(0).normal(size=300)
    table.loc[[17, 23], "head_0"] = [40, -50]
    trend = tables.with_trend(table, "head_0")
    furthest = tables.furthest(trend, layer, detok.token_kinds(layer))
    said = readings.furthest(furthest, tables.far(trend), trend, "head_0")
    assert said.startswith("Tᵉ, head 0: ")
    assert f"is {layer.tokenizer.show(23)} (occurs {table.loc[23, 'count']:,} times)" in said
    assert "standard deviations below it; more than 5 away: 2 of 270 tokens" in said


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([2.0], "lie on the trend"),
        ([2.0] * 5, "lie on the trend"),
        ([1.0, 3.0], "(occurs once) (and 1 as far), 0.67 robust standard deviations above it"),
    ],
)
def test_few_tokens_have_few_distances(layer: detok.Layer, values: list[float], words: str) -> None:
    n = len(values)
    table = pd.DataFrame({"token_id": range(n), "count": np.arange(n, 0, -1), "head_0": values})
    trend = tables.with_trend(table, "head_0")
    furthest = tables.furthest(trend, layer, detok.token_kinds(layer))
    assert words in readings.furthest(furthest, tables.far(trend), trend, "head_0")


def test_which_tokens_never_occur(table: pd.DataFrame) -> None:
    said = readings.never(tables.occurrence(table, "variance"), "variance")
    assert said.startswith("30 of 300 tokens never occur")
    medians = [table["variance"][part].median() for part in (slice(270, 300), slice(270))]
    assert f"median Var(e) is {medians[0]:.3g}, that of the others {medians[1]:.3g}" in said
    one = table[:271]
    said = readings.never(tables.occurrence(one, "variance"), "variance")
    assert said.startswith("1 of 271 tokens never occurs in these counts. Its Var(e) is ")
    everything = tables.occurrence(table[:270], "variance")
    assert "Every token" in readings.never(everything, "variance")


def test_without_any_counts(layer: detok.Layer, no_counts: Counts) -> None:
    table = tables.tokens(layer, no_counts)
    rho = tables.correlations(table)
    for said in (*(readings.self_assertion(rho, h) for h in (None, 0)), readings.variance(rho)):
        assert said == readings.NO_CORRELATION
    trend = tables.with_trend(table, "variance")
    furthest = tables.furthest(trend, layer, detok.token_kinds(layer))
    said = readings.furthest(furthest, tables.far(trend), trend, "variance")
    assert "No token occurs" in said
    said = readings.never(tables.occurrence(table, "variance"), "variance")
    assert said == "300 of 300 tokens never occur in these counts; the 200 largest are listed."
