"""What holds on every page: charts are described, headings are in order, signs are formulas."""

import json
import re
from itertools import pairwise

import pytest

from detok.charts.palette import LETTERS
from tests.support.charts import encodings
from tests.support.pages import PAGES, run

VIEWS = [{"head": "0"}, {"head": "all"}]


@pytest.fixture(scope="module", params=[(page, view) for page in PAGES for view in VIEWS], ids=str)
def test(request: pytest.FixtureRequest):  # noqa: ANN201 - an AppTest
    page, view = request.param
    return run(page, **view)


def specs(test) -> list[dict]:  # noqa: ANN001
    return [json.loads(chart.proto.spec) for chart in test.get("vega_lite_chart")]


def headings(test) -> list:  # noqa: ANN001
    return [node for node in test.main if node.type in ("title", "header", "subheader")]


def test_every_chart_says_what_it_is(test) -> None:  # noqa: ANN001
    for spec in specs(test):
        assert len(spec["description"].split()) > 3, spec["description"]


def test_every_chart_has_letters_of_the_palette(test) -> None:  # noqa: ANN001
    """Also those that are drawn on a canvas, whose letters no test in a browser sees."""
    for spec in specs(test):
        for part in ("axis", "legend", "header"):
            colors = {spec["config"][part][name] for name in ("labelColor", "titleColor")}
            assert colors == {LETTERS[False]}


def test_labels_stand_where_their_category_is(test) -> None:  # noqa: ANN001
    """Vega moves the first and the last label of an axis inwards, unless told not to."""
    for spec in specs(test):
        for encoding in encodings(spec):
            for name in ("x", "y"):
                part = encoding.get(name, {})
                axis = part.get("axis") or {}
                is_band = (
                    part.get("type") in ("nominal", "ordinal") and part.get("axis", 1) is not None
                )
                if is_band and axis.get("labels", True):
                    assert axis.get("labelFlush") is False, (spec["description"], part)


def test_no_level_of_heading_is_left_out(test) -> None:  # noqa: ANN001
    levels = [int(heading.tag[1:]) for heading in headings(test)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels)), levels


def test_terms_are_written_as_formulas(test) -> None:  # noqa: ANN001
    said = [part.value for kind in (test.markdown, test.caption, test.info) for part in kind]
    said += [heading.value for heading in headings(test)]
    said += [chart.proto.spec for chart in test.get("vega_lite_chart")]
    said += [frame.proto.columns for frame in test.dataframe]
    for text in said:
        without_formulas = re.sub(r"\$[^$]*\$", "", text.replace("\\", ""))
        assert not re.search(r"\b[TbW]\^", without_formulas), text[:300]
