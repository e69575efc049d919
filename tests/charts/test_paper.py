"""What becomes of a page's chart on paper."""

import altair as alt
import pandas as pd

from detok.charts import paper

TABLE = pd.DataFrame({"a": range(6000), "b": 1.0, "head": [0, 1] * 3000})


def chart(table: pd.DataFrame = TABLE) -> alt.LayerChart:
    base = alt.Chart().encode(x="a:Q", y="b:Q")
    return alt.layer(
        base.mark_circle(opacity=0.4), base.mark_point(filled=True, opacity=0), data=table
    )


def test_what_only_a_pointer_finds_is_left_out() -> None:
    """And there is no bound on the rows."""
    spec = paper.specification(paper.sized(chart(), 100, 50), "Title", ["of a model"])
    (layer,) = spec["layer"]
    assert layer["mark"] == {"type": "circle", "opacity": 1, "fillOpacity": 0.4}
    assert (spec["width"], spec["height"]) == (100, 50)
    assert spec["title"]["text"] == "Title"
    assert spec["title"]["subtitle"] == ["of a model"]


def test_it_is_left_out_however_deep() -> None:
    facet = paper.all_heads(chart().facet("head:O"))
    beside = paper.beside({"one": chart()}, 100, 50)
    for whole in (paper.below({"two": facet, "three": beside}), beside, facet):
        spec = paper.specification(whole, "Title", [])
        assert '"opacity": 0' not in str(spec).replace("'", '"')
        assert '"fillOpacity": 0.4' in str(spec).replace("'", '"')


def test_panels_are_larger_than_on_a_page() -> None:
    page = chart().properties(width=10, height=10).facet("head:O")
    assert (paper.all_heads(page).spec.width, page.spec.width) == (paper.PANEL[0], 10)
    assert paper.all_heads(chart()).width == paper.SINGLE[0]


def test_charts_side_by_side_are_of_one_size() -> None:
    spec = paper.specification(
        paper.left_and_right(chart(), {"top": chart(), "bottom": chart()}, 200, 260), "Title", []
    )
    left, right = spec["hconcat"]
    assert left["height"] == 260
    assert [part["height"] for part in right["concat"]] == [100, 100]
    assert [part["title"] for part in right["concat"]] == ["top", "bottom"]


def test_terms_are_named_in_letters_that_every_font_has() -> None:
    spec = paper.specification(paper.sized(chart(), 100, 50), "Tᵉᵉ + Tᵖ", ["Tᵉ of head 0"])
    assert spec["title"]["text"] == "T^ee + T^p"
    assert spec["title"]["subtitle"] == ["T^e of head 0"]
