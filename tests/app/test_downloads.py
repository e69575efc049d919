"""The files that leave the app say what their numbers are."""

import io
import json

import pandas as pd
import pytest

import detok
from detok.app import downloads
from detok.tables import terms as tables

IDS = [70, 12, 250]


def test_csv_and_json_hold_the_table_and_its_meaning(layer: detok.Layer) -> None:
    table = tables.per_position(layer, IDS, detok.contributions(layer, IDS))
    csv = pd.read_csv(io.BytesIO(downloads.as_csv(table, layer, "nats")), keep_default_na=False)
    content = json.loads(downloads.as_json(table, layer, "nats", IDS))
    meaning = {
        "model": layer.name,
        "revision": "",
        "values": "nats",
        "heads": "numbered from 0",
    }
    assert {key: csv[key].unique().tolist() for key in meaning} == {
        key: [value] for key, value in meaning.items()
    }
    assert {key: content[key] for key in meaning} == meaning
    assert content["token_ids"] == IDS
    pd.testing.assert_frame_equal(csv[table.columns], table, check_dtype=False)
    pd.testing.assert_frame_equal(pd.DataFrame(content["rows"]), table, check_dtype=False)
    assert csv["token_id"].unique().tolist() == IDS


def test_missing_values_are_null(layer: detok.Layer) -> None:
    found = detok.mean_contributions(layer, [IDS])
    content = json.loads(downloads.as_json(tables.averaged(found), layer, "nats", None))
    assert content["rows"][0]["low"] is None
    assert "token_ids" not in content


@pytest.mark.parametrize("values", [None, "specific part of Tᵉᵉ, unscaled"])
def test_a_table_says_what_its_numbers_are(
    layer: detok.Layer, monkeypatch: pytest.MonkeyPatch, values: str | None
) -> None:
    written = []
    monkeypatch.setattr(downloads.st, "download_button", lambda *args, **_: written.append(args[1]))
    table = pd.DataFrame({"token_id": IDS, "score": [3.0, 2.0, 1.0]})
    downloads.download(table, "affinity", layer, values=values)
    csv = pd.read_csv(io.BytesIO(written[0]), keep_default_na=False)
    assert csv["model"].unique().tolist() == [layer.name]
    assert ("values" in csv) is (values is not None)
    if values is not None:
        assert csv["values"].unique().tolist() == [values]


def test_a_token_that_ends_a_line_does_not_end_its_row(layer: detok.Layer) -> None:
    tokens = ["\r", "\n", "a,b", '"', " ", ""]
    table = pd.DataFrame({"token": tokens, "score": range(6)})
    csv = io.BytesIO(downloads.as_csv(table, layer, "nats"))
    read = pd.read_csv(csv, keep_default_na=False, lineterminator=None)
    assert read["token"].tolist() == tokens
    assert read["score"].tolist() == list(range(6))
