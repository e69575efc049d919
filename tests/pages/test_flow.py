"""The page of information flow: it shows what the library computes, and every control acts."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import detok
from tests.support.pages import figures, files, run, succeed, texts

FLOW = "pages/11_Information_flow.py"
TEXT = "toast EN in there"


def test_it_shows_what_the_library_computes(twelve: Path) -> None:
    test = run(FLOW, passage=TEXT, target="9", position="5", window="3", node="4-state", heads="1")
    shown, said = figures(test), texts(test)
    model = detok.load_model(twelve)
    found = detok.run(model, model.tokenizer.encode(TEXT), 9)
    flow = detok.flow(found, 5, detok.Pruning(heads=1))
    inside = flow.nodes["layer"].isin([3, 4])
    after = (flow.nodes["kind"] == "state") & (flow.nodes["layer"] == 5)
    nodes = flow.nodes[inside | after]
    parts = shown["graph"].table
    assert parts["rank"].tolist() == nodes["rank"].tolist()
    assert parts["norm"].tolist() == pytest.approx(nodes["norm"].tolist(), rel=1e-4)
    states = flow.nodes[flow.nodes["kind"] == "state"]
    assert f"{states['rank'].iloc[-1]:,} of 300" in said
    assert len(shown["stream"].table) == 4 * 12 + 1
    assert "Stream before layer 4 has norm" in said
    number = states.index[states["layer"] == 4][0]
    tokens = shown["tokens"].table
    before = tokens[tokens["which"] == "Before LayerNorm"]["token_id"].tolist()
    assert before == [token for token, _ in flow.tokens(number)]
    sources = flow.nodes["layer"].iloc[flow.edges["source"]]
    assert len(shown["edges"].table) == sources.isin([3, 4]).sum()
    assert len(set(files(test).values())) == len(shown)


def test_at_first_the_graph_begins_where_the_target_settles(twelve: Path) -> None:
    test = run(FLOW, passage=TEXT)
    stream = figures(test)["stream"].table
    states = stream[stream["series"] == "stream"].reset_index(drop=True)
    first = (states["rank"] == states["rank"].iloc[-1]).idxmax()
    begun = min(max(0, first - 1) // 2, 10)
    assert test.slider(key="window").value == begun
    assert figures(test)["graph"].table["layer"].min() == begun


def change(key: str, value: object) -> Callable[[AppTest], None]:
    def act(test: AppTest) -> None:
        kind = {"window": "slider", "position": "selectbox", "node": "selectbox"}
        kind |= {"measure": "selectbox", "word": "selectbox"}
        getattr(test, kind.get(key, "number_input"))(key=key).set_value(value)

    return act


@pytest.mark.parametrize(
    ("key", "value", "changed"),
    [
        ("position", 2, {"stream", "graph", "edges", "tokens"}),
        ("window", 7, {"graph", "edges", "tokens"}),
        ("heads", 0, {"graph", "edges"}),
        ("keys", 1, {"graph", "edges"}),
        ("neurons", 3, {"graph", "edges"}),
        ("negative", 0, {"graph", "edges"}),
        ("node", "2-mlp", {"tokens"}),
        ("word", 0, {"inner-ranks", "inner-cosines"}),
    ],
)
def test_every_control_acts(twelve: Path, key: str, value: object, changed: set[str]) -> None:
    test = run(FLOW, passage=TEXT, window="2", node="2-state")
    before = files(test)
    change(key, value)(test)
    after = files(succeed(test.run()))
    differ = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert differ == changed


def test_a_part_of_other_layers_is_forgotten(twelve: Path) -> None:
    test = run(FLOW, passage=TEXT, window="2", node="2-state")
    change("window", 8)(test)
    succeed(test.run())
    assert test.selectbox(key="node").value in figures(test)["graph"].table["node"].tolist()
    assert not test.warning


def test_a_part_that_is_gone_gives_way_to_another(twelve: Path) -> None:
    test = run(FLOW, passage=TEXT, window="2")
    neurons = figures(test)["graph"].table.query("kind == 'neuron'")
    test.selectbox(key="node").set_value(neurons["node"].iloc[-1])
    succeed(test.run())
    change("neurons", 0)(test)
    change("negative", 0)(test)
    succeed(test.run())
    assert test.selectbox(key="node").value in figures(test)["graph"].table["node"].tolist()
    assert "cannot be used for “Part”" in test.warning[0].value


def test_a_shorter_text_has_a_position_of_its_own(twelve: Path) -> None:
    test = run(FLOW, passage=TEXT, position="5", word="0")
    test.text_area(key="passage").set_value("EN")
    succeed(test.run())
    assert test.selectbox(key="position").value == 1
    assert not test.warning


def test_what_a_link_asks_for_in_vain_is_named(twelve: Path) -> None:
    test = run(FLOW, passage=TEXT, node="99-state", position="77", window="11", word="1")
    said = "".join(warning.value for warning in test.warning).replace("\\", "")
    for what in ("99-state", "77", "11", "1"):
        assert f"“{what}” cannot be used for" in said


@pytest.mark.parametrize("view", [{}, {"heads": "0", "neurons": "0", "negative": "0"}])
@pytest.mark.parametrize("text", ["a", TEXT])
def test_one_layer_and_one_token(text: str, view: dict[str, str]) -> None:
    test = run(FLOW, passage=text, **view)
    assert not [slider for slider in test.slider if slider.key == "window"]
    assert "first has its final rank" in texts(test)
    assert ("is split into several tokens" in texts(test)) == ("inner-ranks" not in figures(test))


def test_another_model_with_fewer_layers(twelve: Path) -> None:
    test = run(FLOW, passage=TEXT, window="9", node="9-state", heads="1")
    test.selectbox(key="model").set_value("mini")
    succeed(test.run())
    assert figures(test)["graph"].table["layer"].max() == detok.load_model("mini").n_layers
