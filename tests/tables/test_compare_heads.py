"""The measures of all heads of one model or two hold what the library computes."""

import pandas as pd
import pytest

import detok
from detok.counting.counts import Counts
from detok.tables import affinity as affinity_tables, compare_heads as tables, look_back
from detok.tables.compare import Side

IDS = [70, 12, 250, 12, 9, 9, 31]
# What heads of a model with learned positions have.
LEARNED = [name for name in tables.MEASURES if name not in ("be", "eb", "bb")]


def test_the_measures_of_all_heads(layer: detok.Layer, sides: tuple[Side, Side]) -> None:
    nats = detok.contributions(layer, IDS)
    ranks = tables.typical_ranks(affinity_tables.piece_ranks(layer, IDS, [0] * len(IDS)))
    pairs = pd.DataFrame({"mean": [0.5, 0.7], "first_3": [0.1, 0.2]})
    found = tables.heads(layer, 7, None, pairs, nats, ranks)
    summary = detok.position_summary(layer, 7)
    assert found["near"].tolist() == summary["mass_last_5_at_7"].tolist()
    assert found["first"].tolist() == summary["mass_first_at_7"].tolist()
    assert found["ee"].tolist() == pytest.approx(nats[0].mean(dim=1).tolist())
    assert found["rank"].tolist() == ranks["rank"].tolist()
    assert found["pair_auroc"].tolist() == [0.5, 0.7]
    assert set(found.columns) == {"head", *LEARNED}
    assert set(tables.heads(layer, 7)) == {"head", "near", "first"}
    every = tables.every(*sides, [found])
    assert list(every)[4:] == tables.measures(every) == LEARNED
    shown = tables.of_side(every, "left")
    assert shown["chosen"].tolist() == ["left", "right"]
    assert shown.drop(columns="chosen")[list(found)].equals(found)


def test_the_heads_of_two_models_on_one_axis(two_models: tuple[Side, Side]) -> None:
    each = [tables.heads(side.layer, 3) for side in two_models]
    strip = tables.measured(tables.every(*two_models, each), "near")
    assert strip["chosen"].tolist() == ["neither", "left", "right"]
    assert strip["side"].tolist() == ["left", "left", "right"]
    assert strip["value"].tolist() == [*each[0]["near"], *each[1]["near"]]
    assert strip["model"].tolist() == [two_models[0].layer.name] * 2 + [two_models[1].layer.name]
    one = two_models[0]
    alike = tables.measured(tables.every(one, one, each[:1]), "near")
    assert alike["chosen"].tolist() == ["neither", "both"]
    assert set(alike["model"]) == {one.layer.name}


def test_a_measure_is_one_that_heads_of_both_models_have(two_models: tuple[Side, Side]) -> None:
    left, right = (tables.heads(side.layer, 3) for side in two_models)
    every = tables.every(*two_models, [left.assign(rank=[1.0, 2.0]), right])
    assert tables.measures(every) == ["near", "first"]
    assert "rank" in tables.of_side(every, "left")
    assert "rank" not in tables.of_side(every, "right")
    assert set(tables.of_side(every, "right")["chosen"]) == {"right"}


def test_heads_of_a_rotary_model(qwen2: detok.RotaryLayer, counts: Counts) -> None:
    nats = detok.contributions(qwen2, IDS)
    found = tables.heads(qwen2, 7, counts, nats=nats)
    looks = look_back.heads(qwen2, 7, counts)
    assert found["near"].tolist() == looks["mass_last_5_at_7"].tolist()
    assert found["first"].tolist() == looks["mass_first_at_7"].tolist()
    assert found["bb"].tolist() == pytest.approx(nats[3].mean(dim=1).tolist())
    assert list(found) == ["head", "near", "first", "ee", "be", "eb", "bb"]


def test_terms_that_one_model_lacks_are_no_measure_of_both(
    layer: detok.Layer, qwen2: detok.RotaryLayer
) -> None:
    of_both = [
        tables.heads(each, 7, nats=detok.contributions(each, IDS)) for each in (layer, qwen2)
    ]
    every = tables.every(Side("left", layer, 0), Side("right", qwen2, 0), of_both)
    assert tables.measures(every) == ["near", "first", "ee"]
    assert "pp" not in tables.of_side(every, "right")
    assert "bb" not in tables.of_side(every, "left")
