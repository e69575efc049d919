"""The files that leave with a figure, and with a page, are whole and say what they are."""

import io
import json
import zipfile
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import detok
from detok.app import exports, takeaway
from detok.app.figure import Figure
from detok.app.finished import terms as finished
from detok.app.provenance import about
from detok.charts import affinity as charts
from detok.tables import terms as tables
from tests.support.figures import SVG

IDS = (70, 12, 250)


@pytest.fixture
def figure(layer: detok.Layer) -> Figure:
    return finished.contributions(layer, IDS, None)


def only_table(table: pd.DataFrame) -> Figure:
    of = {"model": "a/b", "revision": "", "values": "nats", "detok": "", "torch": ""}
    return Figure(name="some", title="Some", table=table, about=of, code="table = None")


def test_csv_and_json_hold_the_table_in_full_and_what_it_is(
    layer: detok.Layer, figure: Figure
) -> None:
    table = tables.per_position(layer, list(IDS), detok.contributions(layer, IDS))
    csv = pd.read_csv(io.BytesIO(exports.as_csv(figure)), keep_default_na=False)
    content = json.loads(exports.as_json(figure))
    expected = about(layer, "nats")
    assert expected["model"] == layer.name
    assert expected["revision"].startswith("sha256:")
    assert {key: csv[key].unique().tolist() for key in expected} == {
        key: [value] for key, value in expected.items()
    }
    assert {key: content[key] for key in expected} == expected
    assert content["token_ids"] == list(IDS)
    assert content["code"] == figure.code
    pd.testing.assert_frame_equal(csv[table.columns], table, check_dtype=False, rtol=1e-14)
    rows = pd.DataFrame(content["rows"])
    pd.testing.assert_frame_equal(rows, table, check_dtype=False, rtol=1e-14)
    assert csv["token_id"].unique().tolist() == list(IDS)


def test_missing_values_are_null() -> None:
    content = json.loads(exports.as_json(only_table(pd.DataFrame({"low": [np.nan, 1.0]}))))
    assert content["rows"] == [{"low": None}, {"low": 1.0}]
    assert "token_ids" not in content


def test_a_token_that_ends_a_line_does_not_end_its_row() -> None:
    tokens = ["\r", "\n", "a,b", '"', " ", ""]
    table = pd.DataFrame({"token": tokens, "score": range(6)})
    csv = io.BytesIO(exports.as_csv(only_table(table)))
    read = pd.read_csv(csv, keep_default_na=False, lineterminator=None)
    assert read["token"].tolist() == tokens
    assert read["score"].tolist() == list(range(6))


def test_a_name_of_the_hub_makes_one_file() -> None:
    assert exports.file_name(only_table(pd.DataFrame())) == "detok-a-b-some"


def test_pictures_are_on_a_light_ground_with_title_model_and_text(
    layer: detok.Layer, figure: Figure
) -> None:
    svg = exports.as_svg(figure)
    letters = " ".join(ElementTree.fromstring(svg).itertext())
    assert figure.title in letters
    assert layer.name.rpartition("/")[2] in letters
    assert "nats" in letters
    (content,) = [make() for ending, make, _ in exports.files(figure) if ending == "png"]
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    assert picture.getpixel((0, 0)) == (255, 255, 255)
    assert (np.asarray(picture) == 255).all(axis=2).mean() > 0.5
    root = ElementTree.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert picture.width == pytest.approx(2 * float(root.get("width")), abs=2)


def test_a_bundle_has_everything_of_a_page(figure: Figure) -> None:
    several = [figure, only_table(pd.DataFrame({"a": [1]}))]
    content = takeaway.as_zip("A page", "http://here/page?head=1", several)
    with zipfile.ZipFile(io.BytesIO(content)) as bundle:
        assert not bundle.testzip()
        name = figure.name
        assert {f"{name}/{name}.{end}" for end in ("csv", "json", "svg", "png", "py")} | {
            *("some/some.csv", "some/some.json", "some/some.py"),
            *("index.html", "link.txt", "provenance.json"),
        } == set(bundle.namelist())
        assert bundle.read("link.txt").decode().strip() == "http://here/page?head=1"
        assert bundle.read(f"{name}/{name}.csv") == exports.as_csv(figure)
        assert bundle.read(f"{name}/{name}.py").decode() == f"{figure.code}\n"
        first, second = json.loads(bundle.read("provenance.json"))["figures"]
        assert first["model"] == figure.about["model"]
        assert first["readings"] == list(figure.readings)
        assert second["folder"] == "some"


def test_no_text_of_a_model_ends_the_script_of_a_page() -> None:
    hostile = "</script><script>alert(1)</script>"
    table = pd.DataFrame({"head": 0, "position": [1], "pair": [hostile], "rank": [1], "x": ["<b>"]})
    figure = only_table(table)
    drawn = Figure(
        name="drawn",
        title=hostile,
        table=table,
        about=figure.about,
        code=hostile,
        readings=(hostile,),
        draw=lambda dark: charts.piece_ranks(table, 9),
    )
    page = takeaway.as_html(hostile, f'"{hostile}', [figure, drawn])
    assert hostile not in page
    assert "<b>" not in page
    assert "http://cdn" not in page
    assert "https://cdn" not in page
