"""Token affinity of models with rotary positions: a distance in place of two positions."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import detok
from tests.support.families import random_member
from tests.support.pages import figures, files, run, succeed, texts
from tests.support.rotary import ROTARY

AFFINITY = "pages/1_Token_affinity.py"
# With biases; without; with a rotation of some coordinates only; with a window of 5 tokens.
KINDS = {
    "qwen2": ROTARY["qwen2"][0],
    "llama": ROTARY["llama"][0],
    "gpt_neox": ROTARY["gpt_neox"][0],
    "mistral": ROTARY["mistral"][1],
}


@pytest.fixture(scope="module", params=KINDS)
def layer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> detok.Layer:
    folder: Path = tmp_path_factory.mktemp(request.param)
    random_member(folder, *KINDS[request.param])
    return detok.load(folder)


@pytest.fixture(autouse=True)
def opened(layer: detok.RotaryLayer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The app opens on the model."""
    monkeypatch.setenv("DETOK_MODEL", layer.name)


def scores(test: AppTest) -> list[float]:
    return test.dataframe[0].value["score"].tolist()


@pytest.mark.parametrize("distance", [1, 3])
@pytest.mark.parametrize("side", ["past", "current"])
def test_the_list_is_that_of_the_library_at_the_distance(
    layer: detok.RotaryLayer, distance: int, side: str
) -> None:
    query = {"text": "abc", "head": "1", "rank": f"{side} tokens", "distance": str(distance)}
    test = run(AFFINITY, **query)
    token = layer.tokenizer.encode("abc")[-1]
    expected = detok.affinity(layer, token, heads=1, side=side, distance=distance)
    assert scores(test) == pytest.approx(expected["score"].tolist())
    assert f"at distance {distance}" in figures(test)["affinity"].title
    assert ("as if both tokens were neighbours" in texts(test)) is (distance > 1)
    less = detok.shared_query(layer)
    succeed(test.selectbox(key="score").select("Specific part").run())
    expected = detok.affinity(layer, token, heads=1, side=side, distance=distance, less=less)
    assert scores(test) == pytest.approx(expected["score"].tolist(), rel=1e-4, abs=1e-6)


def test_what_a_head_likes_and_the_map_of_pairs_follow_the_distance(
    layer: detok.RotaryLayer,
) -> None:
    near, far = (files(run(AFFINITY, text="abc", distance=at)) for at in "12")
    changed = {name for name in near if near[name] != far[name]}
    assert {"affinity", "liked", "heatmap"} <= changed
    assert "pieces" not in changed  # the piece before it is at distance 1 always


def test_ranks_of_the_piece_before(layer: detok.RotaryLayer) -> None:
    test = run(AFFINITY, text="abc")
    ids = layer.tokenizer.encode("abc")
    ranks = figures(test)["pieces"].table.pivot(index="head", columns="position", values="rank")
    assert ranks.to_numpy().tolist() == detok.previous_piece_ranks(layer, ids).tolist()
    assert "1: none scores higher; at distance 1;" in texts(test)


def test_nothing_that_the_model_does_not_have_is_offered(layer: detok.RotaryLayer) -> None:
    test = run(AFFINITY, text="abc")
    assert not [field for field in test.number_input if field.key in ("at_i", "at_j")]
    assert "detok does not read yet what heads write where scores depend on distance" in texts(test)
    assert "σ averaged over positions," not in texts(test)


def test_a_distance_that_no_two_tokens_have_is_named(layer: detok.RotaryLayer) -> None:
    test = run(AFFINITY, text="abc", distance="99999")
    said = f"expected a whole number from 1 to {layer.n_distances - 1}"
    assert said in texts(test)
    assert test.number_input(key="distance").value == 1


def test_the_lines_of_code_give_the_tables(layer: detok.RotaryLayer) -> None:
    for query in ({"head": "0", "distance": "2"}, {"head": "all", "score": "Specific part"}):
        shown = figures(run(AFFINITY, text="abc", **query))
        for figure in shown.values():
            names: dict[str, object] = {}
            exec(figure.code, names)
            assert (
                names["table"].reset_index(drop=True).equals(figure.table.reset_index(drop=True))
            ), figure.name


def test_the_curve_of_the_pair_that_the_text_has(layer: detok.RotaryLayer) -> None:
    test = run(AFFINITY, text="abc", head="2")
    past, current = layer.tokenizer.encode("abc")[-2:]
    assert test.selectbox(key="partner").value == past
    table = figures(test)["distance-ee"].table
    at = table["distance"].tolist()
    assert at == list(range(1, min(63, layer.n_distances - 1) + 1))
    curve = detok.distance_curve(layer, current, past, heads=2)
    assert table["score"].tolist() == pytest.approx(curve.ee.at(at)[0].tolist())
    best = at[curve.ee.at(at)[0].argmax()]
    show = layer.tokenizer.show
    assert f"Head 2 scores {show(past)} before {show(current)} highest at distance {best}" in texts(
        test
    )
    has_more = layer.term_names != ("ee",)
    assert ("distance-total" in figures(test)) is has_more
    assert ("Tᵉᵉ is the whole score of this model" in texts(test)) is not has_more
    if has_more:
        total = figures(test)["distance-total"].table["score"].tolist()
        assert total == pytest.approx(curve.total.at(at)[0].tolist())
    is_partial = bool((layer.theta == 0).any())
    assert ("A part of queries and keys is not turned" in texts(test)) is is_partial


def test_other_pairs_and_distances(layer: detok.RotaryLayer) -> None:
    past, token, after = layer.tokenizer.encode("abc")
    pair = ("token_id_j", "token_id_i")

    def shown(**query: str) -> dict[str, object]:
        return figures(run(AFFINITY, text="abc", head="2", **query))["distance-ee"].more

    assert [shown(token=str(token))[name] for name in pair] == [past, token]
    current = {"token": str(token), "rank": "current tokens"}
    assert [shown(**current)[name] for name in pair] == [token, after]
    assert [shown(partner="9")[name] for name in pair] == [9, after]
    # A first piece has none before it: its best partner stands in.
    best = detok.affinity(layer, past, heads=2, k=1)["token_id"].item()
    assert [shown(token=str(past))[name] for name in pair] == [best, past]
    # A token meets itself at distance 0.
    own = figures(run(AFFINITY, text="abc", head="2", partner=str(after), farthest="2"))
    assert own["distance-ee"].table["distance"].tolist() == [0, 1, 2]
    assert set(own["spectrum"].table["head"]) == {2}
