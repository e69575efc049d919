"""What pages show of a model with rotary positions."""

import re
from pathlib import Path

import numpy as np
import pytest

import detok
from detok.app import cached, texts as given_texts
from detok.app.navigation import PLACES
from detok.heads.rebuilt import two_piece_words
from detok.readings import (
    distance_bias as distance_readings,
    method,
    overview,
    rebuilt as rebuilt_readings,
    terms as readings,
)
from detok.tables import (
    distance_bias as distance_tables,
    rebuilt as tables_rebuilt,
    terms as tables,
)
from tests.support.families import random_member
from tests.support.pages import check_figures, figures, finish, run, succeed, texts
from tests.support.rotary import ROTARY

# With biases of queries and keys; with ee alone; with LayerNorm and a part of each head turned;
# with ee alone and a window; with a window and a cap; with slopes, with biases and without.
MEMBERS = {
    "qwen2": ("qwen2", 0),
    "llama": ("llama", 0),
    "neox": ("gpt_neox", 0),
    "mistral": ("mistral", 1),
    "gemma2": ("gemma2", 0),
    "bloom": ("bloom", 1),
    "mpt": ("mpt", 0),
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
WITHOUT_TITLES = [p.title for p in PLACES.values() if detok.RotaryLayer not in p.takes]


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


@every_member
def test_the_overview_begins_with_the_model_that_is_shown(folder: Path) -> None:
    layer = detok.load(folder)
    test = run("app.py")
    said, shown = texts(test), figures(test)
    assert rebuilt_readings.maps(layer) in said
    assert "six" not in said.lower()
    assert set(shown) >= {"ee-map"}
    assert ("sum-map" in shown) is (len(layer.term_names) > 1)
    assert "computed by `transformers`" in said
    error = float(re.search(r"differ by \*\*(\S+)\*\*", said).group(1))
    assert error < 1e-5
    assert overview.others(WITHOUT_TITLES) in said
    check_figures(test)


def test_of_a_rotary_model_that_rebuilds_words_the_overview_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A head that is made to look for the piece before a word's second piece, at distance 1."""
    random_member(tmp_path, *ROTARY["llama"][0])
    layer = detok.load(tmp_path)
    words = two_piece_words(layer).head(60)
    found = detok.Rebuilt(
        words.assign(head=1, rank=1), len(words), np.array([0, 60, 0, 0]), np.zeros(4)
    )
    monkeypatch.setattr(cached, "rebuilt_words", lambda *_, **__: found)
    monkeypatch.setenv("DETOK_MODEL", str(tmp_path))
    test = run("app.py")
    first = tables_rebuilt.gallery(found.words, 1).iloc[0]
    past, current = (layer.tokenizer.show(first[name]) for name in ("past_id", "current_id"))
    assert f"Head 1 ranks {past} first of 300 tokens before {current}." in (
        test.header[0].value.replace("\\", "")
    )
    ids = layer.tokenizer.encode(f"She wrote the word {first['joined'].strip()} down.")
    place = ids.index(first["current_id"])
    terms = detok.terms(layer, ids, heads=1)
    centred = terms.total[0, place, : place + 1] / terms.scale
    weight = detok.attention(terms)[0, place, place - 1].item()
    score = (centred - centred.mean())[place - 1].item()
    assert f"gets {weight:.0%} of the attention of {current}" in texts(test)
    assert f"the whole score is {score:+.1f} in the frame." in texts(test)


@every_member
def test_the_method_is_that_of_the_model(folder: Path) -> None:
    layer = detok.load(folder)
    test = run(PLACES["method"].path)
    formulas = " ".join(block.value for block in test.latex)
    for _, formula in method.steps(layer):
        assert formula in formulas
    for name, (formula, _) in method.terms(layer).items():
        assert formula in formulas
        assert name in layer.term_names
    assert method.waves(layer) in formulas
    assert "T^{pp}" not in formulas
    assert method.heading(layer) in [header.value for header in test.header]


@pytest.mark.parametrize("member", ["bloom", "mpt"])
def test_a_model_whose_scores_fall_with_distance(folder: Path) -> None:
    """Tᵉᵉ is the same at every distance: there is none to choose, and no wave to show."""
    layer = detok.load(folder)
    test = run(PLACES["affinity"].path, text="abc")
    assert "distance" not in [field.key for field in test.number_input]
    shown = figures(test)
    assert "distance-total" in shown
    assert not {"distance-ee", "spectrum"} & set(shown)
    assert "loses the same" in texts(test)
    assert "turns queries" not in texts(test)
    table = shown["distance-total"].table
    slopes = (layer.slopes).tolist()
    for head, own in table.groupby("head"):
        assert own.sort_values("distance")["score"].diff().dropna().to_numpy() == pytest.approx(
            -slopes[head], rel=1e-4
        )
    test = run(PLACES["positions"].path)
    assert "Tᵉᵉ is the same at all" in texts(test)
