"""The charts of the flow of information are whole, whatever is pruned."""

import pytest

import detok
from detok.charts import flow as charts
from detok.tables import flow as tables
from tests.support.charts import assert_whole, data


@pytest.mark.parametrize("measure", charts.MEASURES)
def test_the_stream_is_whole(a_run: detok.Run, measure: str) -> None:
    table = tables.stream(detok.flow(a_run))
    chance = tables.chance(a_run).get(measure)
    spec = charts.stream(table, measure, chance, (1, 3)).to_dict()
    assert_whole(spec)
    marks = [part["mark"]["type"] for part in spec["layer"]]
    assert ("rule" in marks) == (measure in ("rank", "probability"))


def test_the_axis_of_ranks_has_chance_on_it(a_run: detok.Run) -> None:
    table = tables.stream(detok.flow(a_run)).assign(rank=2)
    spec = charts.stream(table, "rank", 150.5, (0, 2)).to_dict()
    line = next(part for part in spec["layer"] if part["mark"]["type"] == "line")
    assert line["encoding"]["y"]["scale"]["domain"] == [1, 150.5]


@pytest.mark.parametrize("kept", [(10, 2, 18, 7), (0, 0, 0, 0), (2, 0, 1, 0)])
def test_the_graph_is_whole_and_chooses_one(a_run: detok.Run, kept: tuple[int, ...]) -> None:
    flow = detok.flow(a_run, 8, detok.Pruning(*kept))
    parts = tables.parts(flow, range(1, 3))
    nodes = tables.placed(parts).assign(chosen=parts["node"] == "2-state")
    edges = tables.lines(nodes, tables.passes(flow, range(1, 3)))
    for dark in (False, True):
        spec = charts.graph(nodes, edges, "target", 150.5, dark).to_dict()
        assert len(data(spec)) == len(edges)
        links, dots, *_ = spec["layer"]
        drawn = spec["datasets"][dots["data"]["name"]]
        assert [row["node"] for row in drawn if row["chosen"]] == ["2-state"]
        assert dots["encoding"]["color"]["scale"]["domain"] == [1, 150.5]
        assert "params" in spec or "params" in dots
        assert links["encoding"]["tooltip"]
        assert dots["encoding"]["tooltip"]


@pytest.mark.parametrize(("neurons", "is_wide"), [(5, False), (90, True)])
def test_many_parts_have_a_width_of_their_own(
    a_run: detok.Run, neurons: int, is_wide: bool
) -> None:
    flow = detok.flow(a_run, 8, detok.Pruning(neurons=neurons, negative=0))
    nodes = tables.placed(tables.parts(flow, range(1))).assign(chosen=False)
    edges = tables.lines(nodes, tables.passes(flow, range(1)))
    spec = charts.graph(nodes, edges, "target", 150.5, dark=False).to_dict()
    assert ("width" in spec) == is_wide


def test_of_a_vocabulary_of_one_token_there_is_a_scale(a_run: detok.Run) -> None:
    flow = detok.flow(a_run, 0, detok.Pruning(1, 1, 1, 1))
    nodes = tables.placed(tables.parts(flow, range(1))).assign(chosen=False)
    edges = tables.lines(nodes, tables.passes(flow, range(1)))
    spec = charts.graph(nodes, edges, "target", 1.0, dark=False).to_dict()
    low, high = spec["layer"][1]["encoding"]["color"]["scale"]["domain"]
    assert low < high
