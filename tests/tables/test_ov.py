"""The tables of what heads pass on against the library."""

from dataclasses import replace

import pytest
import torch

import detok
from detok.scores.ov import logit_changes
from detok.tables import ov as tables


@pytest.mark.parametrize("heads", [[1], [0, 1]])
def test_the_ends_of_the_list_are_those_of_the_library(
    layer: detok.Layer, heads: list[int]
) -> None:
    table, readings = tables.passed_on(layer, 70, heads, 5), detok.ov_readings(layer)
    assert len(table) == len(heads) * (5 + 5 + 1)
    for head in heads:
        for end, expected in zip(("most", "least"), readings.tokens(70, head, 5), strict=True):
            rows = table[(table["head"] == head) & (table["raised"] == end)]
            assert rows["rank"].tolist() == [1, 2, 3, 4, 5]
            assert rows["token_id"].tolist() == [token for token, _ in expected]
            assert rows["change"].tolist() == pytest.approx([change for _, change in expected])
            assert rows["shown"].tolist() == [layer.tokenizer.show(t) for t, _ in expected]


def test_the_place_of_the_token_itself(layer: detok.Layer) -> None:
    for token in (3, 70, 299):
        own = tables.passed_on(layer, token, [0], 2).query("raised == 'own'").iloc[0]
        change = logit_changes(layer, token, [0])[0]
        order = change.argsort(descending=True).tolist()
        assert order[own["rank"] - 1] == own["token_id"] == token
        assert own["change"] == change[token].item()


def test_a_token_that_is_left_out_has_no_place(layer: detok.Layer) -> None:
    holed = replace(layer, holes=torch.tensor([70]))
    assert "own" not in set(tables.passed_on(holed, 70, [0], 300)["raised"])
    assert 70 not in set(tables.passed_on(holed, 5, [0], 300)["token_id"])


def test_copying_and_its_measures(layer: detok.Layer) -> None:
    readings = detok.ov_readings(layer)
    table = tables.copying(readings)
    assert table["copying"].tolist() == readings.copying.tolist()
    long = tables.measures(table)
    for name, label in tables.MEASURES.items():
        assert long[long["measure"] == label]["share"].tolist() == table[name].tolist()
