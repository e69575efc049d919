"""Runs a page as a visitor would, without a browser."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from detok.app import exports
from detok.app.figure import Figure

ROOT = Path(__file__).parents[2]


def run(page: str, **query: str) -> AppTest:
    """A page opened by a link; it has to run without an exception."""
    test = AppTest.from_file(str(ROOT / page), default_timeout=60)
    for key, value in query.items():
        test.query_params[key] = value
    return succeed(test.run())


def succeed(test: AppTest) -> AppTest:
    assert not test.exception, test.exception
    return test


def texts(test: AppTest) -> str:
    """All sentences on the page, without the signs that escape Markdown."""
    elements = [*test.markdown, *test.caption, *test.info, *test.warning, *test.error]
    return "\n".join(e.value for e in elements).replace("\\", "")


def figures(test: AppTest) -> dict[str, Figure]:
    """The figures of the page by name, with all that leaves with them."""
    return test.session_state["shown"][1]


def files(test: AppTest) -> dict[str, bytes]:
    """The CSV file of each figure, by its name."""
    return {name: exports.as_csv(figure) for name, figure in figures(test).items()}


def downloads(test: AppTest) -> list[str]:
    return [button.proto.url for button in test.get("download_button")]
