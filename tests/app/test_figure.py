"""A figure is shown once for all visitors, and what leaves with it is made when it is asked for."""

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from detok.app import exports, store
from detok.app.figure import Figure, passing_over

MADE: list[tuple[str, bool]] = []


def script() -> None:
    import altair as alt
    import pandas as pd
    import streamlit as st

    from detok.app import figure, takeaway
    from tests.app.test_figure import MADE

    takeaway.begin("A page")

    @st.cache_resource(show_spinner=False)
    def finished(height: int) -> figure.Figure:
        table = pd.DataFrame({"a": [1, 2], "b": [0.5, 0.25], "unused": ["x", "y"]})

        def draw(dark: bool) -> alt.Chart:
            MADE.append((f"chart of {height}", dark))
            return alt.Chart(table).mark_bar().encode(x="a:O", y="b:Q").properties(height=height)

        of = {"model": "m", "revision": "", "values": "", "detok": "", "torch": ""}
        return figure.Figure(
            name="bars",
            title="Bars",
            table=table,
            about=of,
            code="table = 1",
            draw=draw,
            readings=("One *sentence*.",),
        )

    figure.show(finished(st.session_state.get("height", 100)))
    takeaway.foot()


@pytest.fixture(autouse=True)
def nothing_made_before() -> None:
    MADE.clear()
    store.clear()
    st.cache_resource.clear()


def visit() -> AppTest:
    test = AppTest.from_function(script, default_timeout=60).run()
    assert not test.exception, test.exception
    return test


def test_a_chart_is_made_once_for_all_visitors_and_sent_to_each() -> None:
    first, second = visit(), visit()
    first.run()
    assert MADE == [("chart of 100", False)]
    sent = [test.get("vega_lite_chart")[0].proto for test in (first, second)]
    assert sent[0] == sent[1]
    assert '"height": 100' in sent[0].spec
    assert sent[0].alt == "Bars"
    assert first.markdown[0].value == "One \\*sentence\\*\\."
    second.session_state["height"] = 50
    second.run()
    assert MADE[1:] == [("chart of 50", False)]


def test_only_what_is_drawn_is_sent() -> None:
    import pyarrow as pa

    (dataset,) = visit().get("vega_lite_chart")[0].proto.datasets
    table = pa.ipc.open_stream(dataset.data.data).read_all()
    assert table.column_names == ["a", "b"]
    assert table.schema.field("b").type == pa.float32()
    assert table.to_pydict() == {"a": [1, 2], "b": [0.5, 0.25]}


def test_files_are_made_on_a_click(monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    monkeypatch.setattr(exports, "as_csv", lambda figure: written.append(figure) or b"")
    test = visit()
    labels = [button.proto.label for button in test.get("download_button")]
    assert labels == ["Evidence of this page (zip)", "This page's figures (HTML)"]
    assert not test.code
    test.session_state["menu-bars"] = True
    test.run()
    labels = [button.proto.label for button in test.get("download_button")]
    assert labels[:4] == ["CSV", "JSON", "SVG", "PNG"]
    assert test.code[0].value == "table = 1"
    assert not written


def test_a_page_takes_only_what_its_last_run_showed() -> None:
    test = visit()
    title, shown = test.session_state["shown"]
    assert title == "A page"
    (figure,) = shown.values()
    assert isinstance(figure, Figure)


@pytest.mark.parametrize("wrong", [KeyError("i"), OverflowError(), TypeError(), IndexError()])
def test_a_click_on_what_is_not_there_leads_nowhere(
    wrong: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    figure = Figure("curve", "A curve", pd.DataFrame(), {}, "")
    with passing_over(figure):
        raise wrong
    assert caplog.messages == [f"passed over a click that is none on curve: {type(wrong).__name__}"]


def test_what_else_goes_wrong_with_a_click_is_not_passed_over() -> None:
    with pytest.raises(MemoryError), passing_over(Figure("a", "A", pd.DataFrame(), {}, "")):
        raise MemoryError
