"""The charts of a mask by segments: valid, described, on one scale of colours."""

import altair as alt
import pandas as pd
import pytest

import detok
from detok.charts import segments as charts, terms as term_charts
from detok.tables import segments as tables, terms as term_tables
from tests.support.charts import assert_whole, data, encodings


@pytest.fixture(scope="module")
def found(a_run: detok.Run) -> detok.SegmentAttention:
    return detok.segment_attention(a_run, [4, 3])


@pytest.fixture(scope="module")
def drawn(a_run: detok.Run, found: detok.SegmentAttention) -> pd.DataFrame:
    return tables.drawn(tables.attention(a_run, found, 1, 2, range(9)))


@pytest.fixture(params=["attention", "next tokens", "square"])
def chart(
    request: pytest.FixtureRequest,
    a_run: detok.Run,
    found: detok.SegmentAttention,
    first: detok.Layer,
    ids: list[int],
    drawn: pd.DataFrame,
) -> alt.TopLevelMixin:
    after = tables.either(tables.next_tokens(a_run, found))
    terms, visible = detok.terms(first, ids, heads=0), found.visible.numpy()
    square = term_tables.square(first, ids, terms, range(9), visible)
    make = {
        "attention": lambda: charts.attention(drawn),
        "next tokens": lambda: charts.next_tokens(after),
        "square": lambda: term_charts.maps(square, seen=charts.SEEN),
    }
    return make[request.param]()


def test_the_chart_is_whole_and_valid(chart: alt.TopLevelMixin) -> None:
    spec = chart.to_dict(validate=True)
    assert spec["description"]
    assert_whole(spec)


def test_three_maps_on_one_scale_around_zero(drawn: pd.DataFrame) -> None:
    spec = charts.attention(drawn).to_dict()
    assert {row["map"] for row in data(spec)} == set(charts.NAMES)
    (encoding,) = encodings(spec)
    least, zero, most = encoding["color"]["scale"]["domain"]
    assert (zero, least) == (0, -most)
    assert encoding["color"]["scale"]["clamp"]


def test_the_scale_leaves_the_first_row_out(drawn: pd.DataFrame) -> None:
    """Under the causal mask its only weight is 1, and no other need be near it."""
    least, _, most = charts.ends(drawn)
    others = drawn[drawn["i"] > 0]["weight"].abs().max()
    assert most == -least == others
    raised = drawn.assign(weight=drawn["weight"].where(drawn["i"] > 0, 5.0))
    assert charts.ends(raised)[2] == most
    one = drawn[(drawn["i"] == 0) & (drawn["j"] == 0)]
    assert charts.ends(one)[2] == 1


def test_hidden_cells_are_outlined_where_they_are_told_apart(
    first: detok.Layer, ids: list[int], found: detok.SegmentAttention
) -> None:
    terms = detok.terms(first, ids, heads=0)
    square = term_tables.square(first, ids, terms, range(9), found.visible.numpy())
    for table, is_outlined in ((square, True), (square.drop(columns="visible"), False)):
        spec = term_charts.maps(table).to_dict()
        assert all(("stroke" in encoding) is is_outlined for encoding in encodings(spec))
        assert all((part["mark"].get("cursor") == "pointer") is not is_outlined
                   for part in spec["concat"])  # fmt: skip
