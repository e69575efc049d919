"""What pages show of a model with rotary positions."""

from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

import detok
from detok.app import texts as given_texts
from detok.app.navigation import PLACES
from detok.readings import distance_bias as distance_readings, overview, terms as readings
from detok.tables import distance_bias as distance_tables, terms as tables
from tests.support.families import random_member
from tests.support.pages import figures, finish, run, succeed, texts
from tests.support.rotary import ROTARY

# With biases of queries and keys; with ee alone; with LayerNorm and a part of each head turned;
# with ee alone and a window; with a window and a cap.
MEMBERS = {
    "qwen2": ("qwen2", 0),
    "llama": ("llama", 0),
    "neox": ("gpt_neox", 0),
    "mistral": ("mistral", 1),
    "gemma2": ("gemma2", 0),
}
TEXT = "There stood old Captain Ahab"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folders = {name: tmp_path_factory.mktemp(name) for name in MEMBERS}
    for name, (family, number) in MEMBERS.items():
        random_member(folders[name], *ROTARY[family][number])
    return folders


@pytest.fixture
def member() -> str:
    """The model that the app opens on, unless a test names others."""
    return "qwen2"


@pytest.fixture
def folder(folders: dict[str, Path], member: str) -> Path:
    return folders[member]


@pytest.fixture(autouse=True)
def opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The app opens on the model."""
    monkeypatch.setenv("DETOK_MODEL", str(folder))


WITHOUT = [place.path for place in PLACES.values() if detok.RotaryLayer not in place.takes]


@pytest.mark.parametrize("page", WITHOUT)
def test_a_page_without_its_subject_says_so_and_leads_to_those_that_have_it(
    page: str, folder: Path
) -> None:
    test = run(page)
    assert overview.not_here(detok.load(folder)) in texts(test)
    assert not test.error


every_member = pytest.mark.parametrize("member", MEMBERS)
TERMS_PAGE = PLACES["terms"].path
TERMS_LINK = {"passage": TEXT, "head": "1", "pair_i": "9", "pair_j": "7"}


def check_figures(test: AppTest) -> None:
    """Lines that give each table, and a chart of it that is valid in both themes."""
    shown = figures(test)
    assert shown
    for figure in shown.values():
        names: dict[str, Any] = {}
        exec(figure.code, names)
        table, own = (each.reset_index(drop=True) for each in (names["table"], figure.table))
        pd.testing.assert_frame_equal(table, own, obj=figure.name)
        assert len(own), figure.name
        for dark in (False, True):
            if figure.draw is not None:
                with alt.data_transformers.disable_max_rows():
                    figure.draw(dark).to_dict(validate=True)


@every_member
def test_a_text_is_taken_apart_into_the_terms_that_the_model_has(folder: Path) -> None:
    layer = detok.load(folder)
    ids = layer.tokenizer.encode(TEXT)
    test = run(TERMS_PAGE, **TERMS_LINK)
    said = texts(test)
    assert readings.made_of(layer) in said
    assert "six" not in said
    pair = detok.explain_pair(layer, ids, i=9, j=7, head=1)
    assert readings.pair(layer, ids, pair).replace("\\", "") in said
    found = tables.per_position(layer, ids, detok.contributions(layer, ids))
    assert set(found["term"]) == set(layer.term_names)
    ranks = tables.ranking(found)
    one = ranks[ranks["head"] == 1]
    assert readings.ranking(one, tables.places(one)) in said
    drops = [toggle.key for toggle in test.toggle if toggle.key.startswith("drop_")]
    assert drops == [f"drop_{name}" for name in layer.term_names]
    assert not [toggle for toggle in test.toggle if toggle.key == "split_ee"]
    for name in layer.term_names:
        test.toggle(key=f"drop_{name}").set_value(True)
    succeed(test.run())
    ablation = detok.ablate(detok.terms(layer, ids, heads=1), layer.term_names)
    assert f"D(P‖Q) = {ablation.divergence[0, 9].item():.3g} nats at i = 9" in texts(test)
    check_figures(test)


@every_member
def test_every_head_is_shown(folder: Path) -> None:
    layer = detok.load(folder)
    test = run(TERMS_PAGE, passage=TEXT, head="all")
    ids = layer.tokenizer.encode(TEXT)
    ranks = tables.ranking(tables.per_position(layer, ids, detok.contributions(layer, ids)))
    assert readings.ranking(ranks, tables.places(ranks)) in texts(test)
    check_figures(test)


@every_member
def test_contributions_over_texts(folder: Path) -> None:
    layer = detok.load(folder)
    test = run(TERMS_PAGE, **TERMS_LINK, n_texts="2")
    finish(succeed(next(b for b in test.button if b.label == "Average over them").click().run()))
    mean = detok.mean_contributions(layer, detok.excerpts()["text"], sample=2, seed=0)
    assert readings.averaged(mean, "excerpts") in texts(test)
    assert set(figures(test)["averaged"].table["term"]) == set(layer.term_names)
    check_figures(test)


@pytest.mark.parametrize("member", ["mistral"])
def test_maps_end_at_the_window(folder: Path) -> None:
    layer = detok.load(folder)
    window = layer.first.window
    test = run(TERMS_PAGE, **TERMS_LINK)
    for name in ("attention", "terms"):
        table = figures(test)[name].table
        distance = table["i"] - table["j"]
        assert (distance.min(), distance.max()) == (0, window - 1)
    assert test.number_input(key="pair_j").min == 9 + 1 - window
    assert f"the last {window} tokens alone" in texts(test)


BIAS_PAGE = PLACES["positions"].path


@pytest.mark.parametrize("head", ["1", "all"])
@every_member
def test_the_bias_toward_distances(folder: Path, head: str) -> None:
    layer = detok.load(folder)
    test = run(BIAS_PAGE, head=head, i="20")
    said, shown = texts(test), figures(test)
    assert distance_readings.made_of(layer) in said
    assert "six" not in said
    bias, number = detok.distance_bias(layer), None if head == "all" else int(head)
    found = distance_tables.curves(bias)
    n = min(21, layer.n_distances)
    measured = detok.mean_attention(layer, detok.excerpts()["text"], 20)
    attention = distance_tables.attention(bias, measured, n)
    if number is not None:
        found, attention = (table[table["head"] == number] for table in (found, attention))
    assert set(shown["curves"].table["term"]) == set(layer.term_names)
    assert distance_readings.curves(distance_tables.largest(found), bias, None) in said
    assert distance_readings.attention(distance_tables.masses(attention), 20, number) in said
    check_figures(test)


def test_attention_over_distances_is_measured_on_own_texts(folder: Path) -> None:
    test = run(BIAS_PAGE, head="0", i="4", texts=f"{TEXT}\n\nOne more such text")
    assert "over 2 of your texts" in texts(test)
    check_figures(test)
    succeed(test.text_area(key="texts").input("I").run())
    assert "No text reaches position 4" in texts(test)
    assert "mean" not in figures(test)["attention"].table
    check_figures(test)


@pytest.mark.parametrize("i", ["0", "1"])
def test_the_first_positions_see_few_distances(folder: Path, i: str) -> None:
    test = run(BIAS_PAGE, head="0", i=i)
    assert figures(test)["attention"].table["distance"].tolist() == list(range(int(i) + 1))


def test_a_text_is_not_as_long_as_the_model_may_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    family, config = ROTARY["llama"][0]
    most = given_texts.MAX_TOKENS
    random_member(tmp_path, family, {**config, "max_position_embeddings": 4 * most})
    monkeypatch.setenv("DETOK_MODEL", str(tmp_path))
    n = len(detok.load(tmp_path).tokenizer.encode("ab " * most))
    assert n > most
    said = texts(run(PLACES["terms"].path, passage="ab " * most, head="0"))
    assert f"Used: the first {most:,} of {n:,} tokens, as many as this page takes." in said
