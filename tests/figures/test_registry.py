"""The figures by number: all of the paper's, each with its words."""

import pytest

from detok.errors import InputError
from detok.figures.registry import FIGURES, chosen


def test_all_of_the_papers_figures_in_its_order() -> None:
    """But for 1, a drawing, and 2-A, a table of examples."""
    assert " ".join(FIGURES) == "2-B 2-C 2-D 3-A 3-B 3-C 3-D 3-E 4 5 6 7 8 9 10 11 12 13"
    for number, figure in FIGURES.items():
        assert figure.number == number
        assert figure.draw.__doc__
        assert f"Fig. {number}" in figure.draw.__doc__
        assert figure.caption.endswith(".")


def test_some_are_chosen_in_that_order() -> None:
    assert [figure.number for figure in chosen(["13", " 3-a", "13"])] == ["3-A", "13"]
    assert len(chosen(None)) == len(FIGURES)
    with pytest.raises(InputError, match="there is no figure '3-F'; expected some of 2-B"):
        chosen(["3-A", "3-F"])
