"""Every figure of every page: its chart is valid, and its lines of Python give its table."""

from typing import Any

import altair as alt
import pandas as pd
import pytest

from detok.app import cached
from detok.app.figure import Figure
from detok.charts.wire import parted, recolored, used
from tests.support.pages import figures, run

TEXT = "She was unfit and tranquil."
SHOWN = [
    ("app", {}),
    ("1_Token_affinity", {"text": TEXT, "head": "all"}),
    ("1_Token_affinity", {"text": TEXT, "head": "0", "score": "Specific part", "sample": "3"}),
    ("1_Token_affinity", {"head": "1", "rank": "current tokens", "at_i": "9", "at_j": "0"}),
    ("2_Positional_bias", {"head": "all"}),
    ("2_Positional_bias", {"head": "1", "i": "7", "layernorm": "false", "ends": "true"}),
    ("2_Positional_bias", {"head": "1", "i": "3", "texts": f"{TEXT}\n\nOne more such text."}),
    ("3_LayerNorm_variance", {"head": "1"}),
    ("4_Six-term_contributions", {"passage": TEXT, "head": "all", "drop_ee": "true"}),
    ("4_Six-term_contributions", {"passage": TEXT, "head": "1", "drop_pp": "true"}),
    ("4_Six-term_contributions", {"passage": TEXT, "head": "0", "split_ee": "true"}),
    ("5_Detokenizing_heads", {"head": "1", "authors": "true", "sample": "2"}),
    ("6_Token_frequency", {"head": "all"}),
    ("6_Token_frequency", {"head": "1", "measure": "Var(e)"}),
    ("7_Replication", {}),
    ("12_Compare", {"passage": TEXT, "head": "1", "head_right": "0", "what": "ee"}),
    ("12_Compare", {"passage": TEXT * 3, "what": "rank", "window": "2", "cell_i": "6"}),
    ("12_Compare", {"on": "Word", "text": " tranquil", "head": "1"}),
    ("8_Segments", {"passage": TEXT, "head": "1", "cuts": "2,4", "answer": "6", "target": "9"}),
    ("8_Segments", {"passage": TEXT * 4, "window": "5"}),
    ("8_Segments", {"passage": "I"}),
    ("12_Compare", {"on": "Word", "text": TEXT, "rank": "current tokens", "k": "200"}),
    ("9_Reversed_attention", {"passage": TEXT, "head": "1", "check": "true", "eta": "-0.3"}),
    ("9_Reversed_attention", {"passage": TEXT * 5, "target": "7", "pair_i": "9", "window": "0"}),
    ("10_Backward_lens", {"passage": TEXT}),
    ("10_Backward_lens", {"passage": TEXT, "target": "9", "matrix": "first", "sample": "3"}),
    ("11_Information_flow", {"passage": TEXT, "measure": "adds"}),
    ("11_Information_flow", {"passage": TEXT, "position": "1", "heads": "0", "node": "0-state"}),
]


@pytest.fixture(scope="module", params=SHOWN, ids=lambda shown: f"{shown[0]}-{len(shown[1])}")
def found(request: pytest.FixtureRequest) -> list[Figure]:
    page, query = request.param
    if page == "7_Replication":  # measured on demand, once for all visitors
        layer = cached.load_layer("mini")
        cached.compute_report(layer)
        cached.report_job(layer).wait(120)
    path = "app.py" if page == "app" else f"pages/{page}.py"
    return list(figures(run(path, **query)).values())


def test_the_lines_give_the_table(found: list[Figure]) -> None:
    for figure in found:
        names: dict[str, Any] = {}
        exec(figure.code, names)
        table, own = (each.reset_index(drop=True) for each in (names["table"], figure.table))
        pd.testing.assert_frame_equal(table, own, obj=figure.name)
        assert len(own), figure.name


def test_the_chart_is_valid_in_both_themes(found: list[Figure]) -> None:
    for figure in found:
        for dark in (False, True):
            if figure.draw is not None:
                with alt.data_transformers.disable_max_rows():
                    figure.draw(dark).to_dict(validate=True)


def test_figures_that_are_alike_differ_in_their_table_only(found: list[Figure]) -> None:
    for figure in found:
        if figure.alike is not None:
            spec, tables = parted(figure.draw(False))
            (name,) = tables
            assert spec["data"] == {"name": name}
            if figure.domain is not None:
                assert recolored(recolored(spec, [0, 1]), figure.domain) == spec
                assert recolored(spec, [0, 1]) != spec
            pd.testing.assert_frame_equal(tables[name], used(spec, figure.drawn))


def test_what_a_figure_says_of_itself(found: list[Figure]) -> None:
    for figure in found:
        assert figure.title
        about = figure.about
        assert about["model"] == "mini"
        assert len(about["revision"].removeprefix("sha256:")) in (40, 64)
        assert about["values"]
        assert about["detok"]
        assert about["torch"]
