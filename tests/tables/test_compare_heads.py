"""The measures of all heads of one model or two hold what the library computes."""

import pandas as pd
import pytest
import torch

import detok
from detok.tables import affinity as affinity_tables, compare_heads as tables
from detok.tables.compare import Side
from tests.support.models import random_checkpoint

IDS = [70, 12, 250, 12, 9, 9, 31]


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> detok.Layer:
    """A model with more tokens, by which texts are split differently."""
    folder = tmp_path_factory.mktemp("other")
    random_checkpoint(folder, vocab_size=420, n_head=1, n_positions=30, seed=1)
    return detok.load(str(folder), device="cpu", dtype=torch.float64)


@pytest.fixture
def sides(layer: detok.Layer) -> tuple[Side, Side]:
    return Side("left", layer, 0), Side("right", layer, 1)


@pytest.fixture
def two_models(layer: detok.Layer, other: detok.Layer) -> tuple[Side, Side]:
    return Side("left", layer, 1), Side("right", other, 0)


def test_the_measures_of_all_heads(layer: detok.Layer, sides: tuple[Side, Side]) -> None:
    nats = detok.contributions(layer, IDS)
    ranks = affinity_tables.typical_ranks(affinity_tables.piece_ranks(layer, IDS))
    pairs = pd.DataFrame({"mean": [0.5, 0.7], "first_3": [0.1, 0.2]})
    found = tables.heads(layer, 7, pairs, nats, ranks)
    summary = detok.position_summary(layer, 7)
    assert found["near"].tolist() == summary["mass_last_5_at_7"].tolist()
    assert found["first"].tolist() == summary["mass_first_at_7"].tolist()
    assert found["ee"].tolist() == pytest.approx(nats[0].mean(dim=1).tolist())
    assert found["rank"].tolist() == ranks["rank"].tolist()
    assert found["pair_auroc"].tolist() == [0.5, 0.7]
    assert set(found.columns) == {"head", *tables.MEASURES}
    assert set(tables.heads(layer, 7)) == {"head", "near", "first"}
    marked = tables.marked(*sides, sides[0], found)
    assert marked["chosen"].tolist() == ["left", "right"]
    assert marked.drop(columns="chosen").equals(found)


def test_the_heads_of_two_models_on_one_axis(two_models: tuple[Side, Side]) -> None:
    each = [tables.heads(side.layer, 3) for side in two_models]
    strip = tables.measured(*two_models, each, "near")
    assert strip["chosen"].tolist() == ["neither", "left", "right"]
    assert strip["value"].tolist() == [*each[0]["near"], *each[1]["near"]]
    assert strip["model"].nunique() == 2
    one = two_models[0]
    alike = tables.measured(one, one, each[:1], "near")
    assert alike["chosen"].tolist() == ["neither", "both"]
    assert set(alike["model"]) == {one.layer.name}
