"""What was clicked leads to its token, head, position or pair."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
import streamlit as st

import detok
from detok.app import clicks, examples
from detok.app.figure import Figure, _row
from detok.tables.affinity import side_by_side, with_counts

Led = list[tuple[str, dict[str, Any]]]
LAYER = detok.load("mini")
TOKEN = LAYER.tokenizer.encode("Mr. Sherlock")[-1]


@pytest.fixture(autouse=True)
def led(monkeypatch: pytest.MonkeyPatch) -> Led:
    """Where visitors were led to, by the choices that were said."""
    found: Led = []

    def to(name: str, **choices: object) -> None:
        found.append((name, {key: value for key, value in choices.items() if value is not None}))

    monkeypatch.setattr(clicks.go, "to", to)
    monkeypatch.setattr(clicks.link, "shown", lambda: "heads")
    return found


@pytest.mark.parametrize(
    ("click", "what", "where"),
    [
        (clicks.token, {"token_id": 7, "head": 0}, ("affinity", {"token": 7, "head": 0})),
        (clicks.token, {"token_id": 0}, ("affinity", {"token": 0})),
        (
            clicks.token,
            {"token_id": 7, "column": "head_11"},
            ("affinity", {"token": 7, "head": 11}),
        ),
        (clicks.current, {"token_id_i": 3, "head": 2}, ("affinity", {"token": 3, "head": 2})),
        (
            partial(clicks.pair, LAYER),
            {"past": 3, "current": 4, "column": "past_shown"},
            ("affinity", {"token": 3}),
        ),
        (
            partial(clicks.pair, LAYER),
            {"past": 3, "current": 4, "column": "count"},
            ("affinity", {"token": 4}),
        ),
        (clicks.head, {"head": 0, "column": "mean"}, ("heads", {"head": 0})),
        (clicks.head, {"Spearman": "ρ", "column": "Tᵉ, head 10"}, ("heads", {"head": 10})),
        (clicks.position, {"position": 0}, ("positions", {"i": 0})),
        (clicks.position, {"i": 5}, ("positions", {"i": 5})),
        (clicks.eta((-0.1, 0.0, 0.1)), {"eta": float(np.float32(0.1))}, ("heads", {"eta": 0.1})),
    ],
)
def test_a_click_leads_to_what_a_mark_is_of(
    led: Led, click: Any, what: dict[str, Any], where: tuple[str, dict[str, Any]]
) -> None:
    click([what])
    assert led == [where]


@pytest.mark.parametrize(
    ("click", "what"),
    [
        (clicks.token, {"token_id": None}),
        (clicks.current, {}),
        (clicks.head, {"column": "Var(e)"}),
        (clicks.position, {}),
    ],
)
def test_what_is_of_nothing_leads_nowhere(led: Led, click: Any, what: dict[str, Any]) -> None:
    click([what])
    assert not led


def test_the_head_of_a_page_goes_before_that_of_a_column(led: Led) -> None:
    clicks.token([{"token_id": 7}], head=4)
    assert led == [("affinity", {"token": 7, "head": 4})]


def figure_of(table: pd.DataFrame, listed: pd.DataFrame) -> Figure:
    return Figure("f", "F", table, {}, "", listed={"": listed})


def test_a_row_of_a_part_of_the_table_has_all_its_ids() -> None:
    table = pd.DataFrame({"token_id": [5, 6, 7], "head": [0, 1, 0], "score": [1.0, 2.0, 3.0]})
    part = table[table["head"] == 0][["score"]]
    row = _row(figure_of(table, part), "", 1)
    assert row == {"token_id": 7, "head": 0, "score": 3.0}
    assert isinstance(row["token_id"], int)
    wide = pd.DataFrame({"Rank": [1, 2], "Head 0": ["a", "b"]})
    assert _row(figure_of(table, wide), "", 1) == {"Rank": 2, "Head 0": "b"}


def test_a_cell_of_a_table_by_heads_is_the_token_of_its_head_and_rank(led: Led) -> None:
    found = with_counts(detok.affinity(LAYER, TOKEN, k=3), LAYER, TOKEN, "past", None)
    figure = figure_of(found, side_by_side(found))
    for place, column in [(2, "Head 1"), (0, "Rank")]:
        clicks.ranked(found)([_row(figure, "", place) | {"column": column}])
    third = detok.affinity(LAYER, TOKEN, heads=1, k=3)["token_id"].iloc[2]
    assert led == [("affinity", {"token": third, "head": 1})]


@pytest.mark.parametrize("side", ["past", "current"])
def test_a_partner_or_its_pair_is_led_to(led: Led, side: Any) -> None:
    lead = clicks.partner(LAYER, TOKEN, side)
    others = detok.affinity(LAYER, TOKEN, heads=0, k=20, side=side)["token_id"].tolist()
    pairs = [(other, TOKEN) if side == "past" else (TOKEN, other) for other in others]
    place = next(n for n, pair in enumerate(pairs) if examples.apart(LAYER, *pair)[1] is not None)
    lead([{"token_id": others[place], "head": 0, "column": "score"}])
    lead([{"token_id": others[place], "head": 0, "column": "joined_shown"}])
    assert led[0] == ("affinity", {"token": others[place], "head": 0})
    where, choices = led[1]
    ids, i, j = LAYER.tokenizer.encode(choices["passage"]), choices["pair_i"], choices["pair_j"]
    assert (where, choices["head"]) == ("terms", 0)
    assert (ids[j], ids[i]) == pairs[place]


def test_a_pair_that_no_text_has_is_named_and_leads_nowhere(
    led: Led, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(st, "toast", said.append)
    whole = next(
        ids[0]
        for ids in map(LAYER.tokenizer.encode, (" the", " of", " and"))
        if len(ids) == 1 and len(LAYER.tokenizer.text(*ids)) > 2
    )
    word = LAYER.tokenizer.text(whole)
    parts = (LAYER.tokenizer.encode(word[:2])[-1], LAYER.tokenizer.encode(word[2:])[0])
    assert examples.apart(LAYER, *parts)[1] is None
    clicks.apart(LAYER, *parts, head=0)
    assert not led
    assert "cannot be taken apart" in said[0]
