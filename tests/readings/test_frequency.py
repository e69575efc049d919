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
    assert f"negative in {(rho['rho'][1:] < 0).sum()} of 2 heads" in said
    assert "Strongest is head 0: -1.00 (p < 1e-300), over 270 tokens" in said
    row = rho.loc[0]
    assert f"is {row['rho']:+.2f} (p {row['p_shown']}), over 270" in readings.variance(rho)


def test_how_many_are_drawn(table: pd.DataFrame) -> None:
    occurring = tables.seen(table)
    said = readings.drawn(occurring.head(90), occurring, table)
    assert "Of all 300 tokens, 270 occur in the counts; drawn are 90 of them" in said
    assert "The line" in said
    assert "The line" not in readings.drawn(occurring, occurring, table, has_trend=False)


def test_which_token_is_furthest(layer: detok.Layer, table: pd.DataFrame) -> None:
    table["head_0"] = np.random.default_rng(0).normal(size=300)
    table.loc[[17, 23], "head_0"] = [40, -50]
    trend = tables.with_trend(table, "head_0")
    furthest = tables.furthest(trend, layer, detok.token_kinds(layer))
    said = readings.furthest(furthest, tables.far(trend), trend, "head_0")
    assert said.startswith("T^e, head 0: ")
    assert f"is {layer.tokenizer.show(23)} (occurs {table.loc[23, 'count']:,} times)" in said
    assert "standard deviations below it; more than 5 away: 2 of 270 tokens" in said


def test_which_tokens_never_occur(table: pd.DataFrame) -> None:
    said = readings.never(tables.occurrence(table, "variance"), "variance")
    assert said.startswith("30 of 300 tokens never occur")
    medians = [table["variance"][part].median() for part in (slice(270, 300), slice(270))]
    assert f"median Var(e) is {medians[0]:.3g}, that of the others {medians[1]:.3g}" in said
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
