"""The first notebook runs from top to bottom, and shows tables and charts on the way."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "examples/first_notebook.ipynb"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def executed() -> nbformat.NotebookNode:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(ROOT)}})
    return client.execute()


def test_it_is_kept_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in cells)


def test_every_cell_shows_something_and_none_warns(executed: nbformat.NotebookNode) -> None:
    for cell in executed.cells:
        if cell.cell_type == "code":
            *others, last = [output.output_type for output in cell.outputs]
            assert last == "execute_result"
            assert not others or "from_pretrained" in cell.source  # which has a bar of progress


def test_charts_and_results_are_shown_as_such(executed: nbformat.NotebookNode) -> None:
    shown = {
        cell.source.splitlines()[-1]: cell.outputs[-1].data
        for cell in executed.cells
        if cell.cell_type == "code"
    }
    for line, data in shown.items():
        if line.startswith("detok.draw."):
            assert "vega" in data["text/html"], line
        if line in ("layer", "best", "terms", "pair", "stats"):
            assert "<table" in data["text/html"]
    difference = next(float(data["text/plain"]) for line, data in shown.items() if "own" in line)
    assert 0 <= difference <= 1e-5
