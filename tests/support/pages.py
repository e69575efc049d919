"""Runs a page as a visitor would, without a browser."""

import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import altair as alt
import pandas as pd
from streamlit.testing.v1 import AppTest

from detok.app import exports
from detok.app.figure import Figure

ROOT = Path(__file__).parents[2]
# All pages, in the order of their numbers.
PAGES = [
    "app.py",
    *(
        f"pages/{path.name}"
        for path in sorted(ROOT.glob("pages/*.py"), key=lambda path: int(path.name.split("_")[0]))
    ),
]


def run(page: str, **query: str) -> AppTest:
    """A page opened by a link; it has to run without an exception."""
    test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    if page != "app.py":
        test.switch_page(page)
    for key, value in query.items():
        test.query_params[key] = value
    return succeed(test.run())


def succeed(test: AppTest) -> AppTest:
    assert not test.exception, test.exception
    return test


def finish(test: AppTest) -> AppTest:
    """Runs the page again until what is under way on it has ended."""
    deadline = time.monotonic() + 120
    while test.get("progress"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
        succeed(test.run())
    return test


def texts(test: AppTest) -> str:
    """All sentences on the page, without the signs that escape Markdown."""
    elements = [*test.markdown, *test.caption, *test.info, *test.warning, *test.error]
    return "\n".join(e.value for e in elements).replace("\\", "")


def figures(test: AppTest) -> dict[str, Figure]:
    """The figures of the page by name, with all that leaves with them."""
    return test.session_state["shown"][1]


def check_figures(test: AppTest) -> None:
    """Lines that give each table, and a chart of it that is valid in both themes."""
    shown = figures(test)
    assert shown
    for figure in shown.values():
        names: dict[str, Any] = {}
        exec(figure.code, names)
        table, own = (each.reset_index(drop=True) for each in (names["table"], figure.table))
        pd.testing.assert_frame_equal(table, own, obj=figure.name)
        assert len(own), figure.name
        for dark in (False, True):
            if figure.draw is not None:
                with alt.data_transformers.disable_max_rows():
                    figure.draw(dark).to_dict(validate=True)


def files(test: AppTest) -> dict[str, bytes]:
    """The CSV file of each figure, by its name."""
    return {name: exports.as_csv(figure) for name, figure in figures(test).items()}


def downloads(test: AppTest) -> list[str]:
    return [button.proto.url for button in test.get("download_button")]


def follow(test: AppTest, label: str) -> AppTest:
    """Follows a link of the page, as a click on it does."""
    link = next(found.proto for found in test.get("page_link") if found.proto.label == label)
    query = parse_qs(link.query_string, keep_blank_values=True)
    test.query_params.clear()
    test.query_params.update({key: values[-1] for key, values in query.items()})
    found = ROOT.glob(f"pages/*_{link.page}.py") if link.page else [ROOT / "app.py"]
    return succeed(test.switch_page(str(next(iter(found)).relative_to(ROOT))).run())
