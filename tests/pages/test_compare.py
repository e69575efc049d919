"""The page of two heads: it shows what the library computes, of one model and of two."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

import detok
from detok.app import cached, exports, models
from detok.readings import compare as readings
from detok.scores.compare import shared, split
from detok.tables import compare as tables, compare_lists
from detok.tables.compare import Side
from tests.support.models import random_checkpoint
from tests.support.pages import figures, follow, run, succeed, texts
from tests.support.tokenizers import BIOGPT_ENTRIES, ids_of, word_end_merges, write_bpe

PAGE = "pages/12_Compare.py"
TEXT = "There stood old Captain Ahab"
CHECKPOINTS = {
    "same tokens": {"seed": 1, "n_head": 4, "n_positions": 12},
    "other tokens": {"seed": 2, "vocab_size": 420, "n_positions": 64, "n_head": 1},
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path) -> dict[str, Path]:
    found = {"left": checkpoint}
    for name, kind in CHECKPOINTS.items():
        found[name] = tmp_path_factory.mktemp(name.replace(" ", "-"))
        random_checkpoint(found[name], **kind)
    found["no words"] = tmp_path_factory.mktemp("no-words")
    vocabulary = ids_of(BIOGPT_ENTRIES)
    random_checkpoint(found["no words"], vocab_size=300)
    (found["no words"] / "tokenizer.json").unlink()
    write_bpe(found["no words"], vocabulary, word_end_merges())
    return found


Shown = Callable[..., AppTest]


@pytest.fixture
def shown(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Runs the page with one of the checkpoints on either side."""
    monkeypatch.setattr(models, "here", lambda: tuple(map(str, folders.values())))

    def shown(left: str, right: str, **query: str) -> AppTest:
        return run(PAGE, model=str(folders[left]), other=str(folders[right]), **query)

    return shown


def sides(left: int, right: int, layer: detok.Layer | None = None) -> tuple[Side, Side]:
    layer = layer or detok.load("mini")
    return Side("left", layer, left), Side("right", layer, right)


def maps(pair: tuple[Side, Side], what: str, text: str = TEXT) -> tables.Maps:
    parts = [split(side.layer, text) for side in pair]
    same = pair[0].layer.tokenizer.sha256 == pair[1].layer.tokenizer.sha256
    return tables.maps(*pair, shared(*parts, same), text, what)


@pytest.mark.parametrize("what", ["attention", "rank", "score", "ee"])
def test_the_page_says_what_the_library_computes(what: str) -> None:
    pair = sides(1, 0)
    test = run(PAGE, head="1", head_right="0", what=what, passage=TEXT)
    found = maps(pair, what)
    i, j = tables.largest(found)
    said = texts(test)
    assert readings.cell(tables.cell(found, i, j), what) in said
    attention = maps(pair, tables.ATTENTION)
    nats = tables.divergences(attention)
    assert readings.apart(tables.apart(nats, i, is_causal=True)) in said
    assert readings.scales(found) in said
    assert list(figures(test)) == ["map-left", "map-right", "difference", "row", "heads"]
    assert len(test.get("vega_lite_chart")) == 5


def test_a_cell_can_be_chosen_and_another_text_forgets_it() -> None:
    test = run(PAGE, head="1", head_right="0", passage=TEXT, cell_i="4", cell_j="2")
    assert "At i = 4, j = 2 (" in texts(test)
    found = maps(sides(1, 0), tables.ATTENTION)
    nats = tables.divergences(found)
    assert readings.apart(tables.apart(nats, 4, is_causal=True)) in texts(test)
    succeed(test.text_area(key="passage").input("She was calm, and old Ahab smiled").run())
    assert test.number_input(key="cell_i").value is None
    succeed(test.text_area(key="passage").input("a").run())
    assert "At i = 0, j = 0" in texts(test)


def test_what_is_found_outside_the_window_can_be_shown() -> None:
    text = "It was the best of times, it was the worst of times. " * 3
    n = len(detok.load("mini").tokenizer.encode(text))
    test = run(PAGE, passage=text, cell_i=str(n - 1), cell_j=str(n - 2))
    button = next(b for b in test.button if b.label == "Show it in the maps")
    succeed(button.click().run())
    assert test.slider(key="window").value == n - 14
    assert not [b for b in test.button if b.label == "Show it in the maps"]


@pytest.mark.parametrize(("side", "head"), [("left", "1"), ("right", "0")])
def test_a_link_leads_to_each_head_and_pair(side: str, head: str) -> None:
    test = run(PAGE, head="1", head_right="0", passage=TEXT, cell_i="4", cell_j="2")
    follow(test, f"Take it apart in the {side} head")
    assert test.selectbox(key="head").value == head
    assert [test.number_input(key=f"pair_{letter}").value for letter in "ij"] == [4, 2]
    assert test.text_area(key="passage").value == TEXT


def test_a_link_leads_to_the_model_of_each_side(shown: Shown, folders: dict[str, Path]) -> None:
    test = shown("left", "same tokens", head_right="3", on="Word", text="the")
    follow(test, "All of the right head")
    assert test.selectbox(key="model").value == str(folders["same tokens"])
    assert test.selectbox(key="head").value == "3"
    assert test.text_input(key="text").value == "the"


@pytest.mark.parametrize(
    ("page", "key", "on"),
    [("1_Token_affinity", "text", "Word"), ("4_Six-term_contributions", "passage", "Text")],
)
def test_other_pages_lead_here_with_head_and_text(page: str, key: str, on: str) -> None:
    test = run(f"pages/{page}.py", **{key: "She was calm"}, head="1")
    follow(test, "Compare with another head or model")
    assert test.session_state["on"] == on
    assert test.session_state[key] == "She was calm"
    assert [test.selectbox(key=key).value for key in ("head", "head_right")] == ["1", "0"]


def swap(test: AppTest) -> AppTest:
    return succeed(next(b for b in test.button if b.label == "Swap").click().run())


def test_two_heads_are_swapped_and_swapped_back() -> None:
    test = run(PAGE, head="1", head_right="0", passage=TEXT)
    before = figures(test)["difference"]
    after = figures(swap(test))["difference"]
    assert [test.selectbox(key=key).value for key in ("head", "head_right")] == ["0", "1"]
    assert after.table["difference"].tolist() == pytest.approx(-before.table["difference"])
    swap(test)
    assert figures(test)["difference"].title == before.title


def test_two_models_are_swapped(shown: Shown, folders: dict[str, Path]) -> None:
    test = shown("left", "same tokens", head="1", head_right="3", passage="the sea")
    swap(test)
    chosen = [test.selectbox(key=key).value for key in ("model", "head", "other", "head_right")]
    assert chosen == [str(folders["same tokens"]), "3", str(folders["left"]), "1"]
    assert not test.warning


def test_another_head_than_on_the_left_is_on_the_right_at_first() -> None:
    for head in "01":
        test = run(PAGE, head=head)
        assert test.selectbox(key="head_right").value != head


@pytest.mark.parametrize("query", [{"what": "score"}, {"on": "Word", "text": "the sea"}], ids=str)
@pytest.mark.parametrize("right", ["same tokens", "other tokens"])
def test_the_figures_of_two_models(
    shown: Shown, folders: dict[str, Path], right: str, query: dict[str, str]
) -> None:
    """Each names both models where it is of both, and its lines give its table."""
    found = figures(shown("left", right, passage="the sea", **query))
    for figure in found.values():
        names: dict = {}
        exec(figure.code, names)
        pd.testing.assert_frame_equal(names["table"], figure.table, obj=figure.name)
        if not figure.name.startswith("pieces"):
            named = [figure.about["model"], figure.about["right_model"]]
            assert named == [str(folders["left"]), str(folders[right])]
            assert figure.about["right_revision"] != figure.about["revision"]
            assert str(folders[right]) in exports.as_csv(figure).decode()
            if figure.draw is not None:
                below = exports.specification(figure)["title"]["subtitle"]
                assert figure.about["right_revision"][:19] in str(below)


def change_head(test: AppTest) -> None:
    test.selectbox(key="head").select("1")


def change_right_head(test: AppTest) -> None:
    test.selectbox(key="head_right").select("0")


def change_what(test: AppTest) -> None:
    test.selectbox(key="what").select("pp")


def change_text(test: AppTest) -> None:
    test.text_area(key="passage").input("She was unfit and tranquil.")


def change_i(test: AppTest) -> None:
    test.number_input(key="cell_i").set_value(1)


@pytest.mark.parametrize(
    "change", [change_head, change_right_head, change_what, change_text, change_i]
)
def test_every_control_changes_what_is_said(change: Callable[[AppTest], None]) -> None:
    test = run(PAGE, passage=TEXT)
    before = texts(test)
    change(test)
    succeed(test.run())
    assert texts(test) != before


def test_one_head_on_both_sides_is_said() -> None:
    said = texts(run(PAGE, head="1", head_right="1"))
    assert "nothing differs" in said
    assert "do not differ in any cell" in said


def test_lists_of_a_word() -> None:
    layer = detok.load("mini")
    pieces = layer.tokenizer.encode(" tranquil")
    assert len(pieces) > 1
    token = pieces[-1]
    test = run(PAGE, on="Word", text=" tranquil", head="1", head_right="0", k="30")
    pair = sides(1, 0)
    common = compare_lists.tokens_in_both(layer, layer)
    found = compare_lists.lists(*pair, (token, token), 30, "past", common)
    said = texts(test)
    assert readings.lists(found, *sides(1, 0, layer)) in said
    for frame, table in zip(test.dataframe, (found.left, found.right), strict=False):
        assert frame.value["shown"].tolist() == table["shown"].tolist()
        assert frame.value["other_rank"].tolist() == table["other_rank"].tolist()
    ranks = detok.previous_piece_ranks(layer, pieces)
    if len(pieces) == 2:
        assert f"head 1) ranks the true previous piece {ranks[1, 0]:,} of" in said
    assert texts(succeed(test.selectbox(key="rank").select("current tokens").run())) != said


def test_two_models_of_the_same_tokens(shown: Shown, folders: dict[str, Path]) -> None:
    test = shown("left", "same tokens", head="1", head_right="3", what="score", passage="the sea")
    layers = [cached.load_layer(str(folders[name])) for name in ("left", "same tokens")]
    pair = Side("left", layers[0], 1), Side("right", layers[1], 3)
    found = maps(pair, "score", "the sea")
    assert readings.cell(tables.cell(found, *tables.largest(found)), "score") in texts(test)
    assert [len(frame.value) for frame in test.dataframe] == [2, 4]
    assert [
        frame.value["chosen"].tolist().index(side)
        for frame, side in zip(test.dataframe, ("left", "right"), strict=True)
    ] == [1, 3]
    # A text is cut to the positions of the model that has fewer.
    said = texts(shown("left", "same tokens", passage="xqz" * 9))
    assert "12 tokens, the same parts of the text in both models. Left out" in said


def test_two_models_that_split_texts_differently(shown: Shown) -> None:
    test = shown("left", "other tokens", passage="the sea")
    said = texts(test)
    assert "difference" in figures(test)
    assert "split this text differently" in said
    assert len(test.get("vega_lite_chart")) == 5
    test = shown("left", "other tokens", passage="the sea", what="ee")
    assert "there is no difference map" in texts(test)
    assert "difference" not in figures(test)
    assert len(test.get("vega_lite_chart")) == 4
    said = texts(shown("left", "other tokens", on="Word", text="the"))
    assert "of them in both vocabularies" in said


def test_models_that_cannot_split_texts(shown: Shown) -> None:
    said = texts(shown("left", "no words", passage="the sea"))
    assert "the two cannot be given one text" in said
    assert "Nearest 5 and position 0" in said
    said = texts(shown("no words", "left", passage="4 5 6"))
    assert "the two cannot be given one text" in said
    said = texts(shown("no words", "no words", passage="4 5 6"))
    assert "3 tokens." in said
    assert "expected token ids" in texts(shown("no words", "no words", passage="the sea"))
    shown("left", "no words", on="Word", text="the")
    shown("no words", "left", on="Word", text="7")


def test_a_right_model_that_is_not_here_is_named(shown: Shown) -> None:
    test = run(PAGE, other="nobody/nothing")
    assert "“nobody/nothing” cannot be used for “Right model”" in texts(test)
    assert "other" not in test.query_params
    assert test.selectbox(key="other").value == "the same"


def test_a_right_model_that_cannot_be_read_is_said(
    shown: Shown, folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "here", lambda: (str(tmp_path),))
    test = run(PAGE, other=str(tmp_path))
    assert "could not be loaded" in texts(test)
    assert "Right: mini, head 1" in [heading.value.replace("\\", "") for heading in test.subheader]


def test_fewer_heads_on_the_right_than_were_chosen(shown: Shown, folders: dict[str, Path]) -> None:
    test = shown("left", "same tokens", head_right="3")
    succeed(test.selectbox(key="other").select(str(folders["other tokens"])).run())
    assert test.selectbox(key="head_right").value == "0"
    assert "“3” cannot be used for “Right head”" in texts(test)


UNUSUAL = ["", "\0", "x", "👩‍👧", "שלום", "\u0301" * 40, "<|endoftext|>", "   "]


@pytest.mark.parametrize("text", UNUSUAL, ids=lambda text: ascii(text[:6]))
@pytest.mark.parametrize("on", ["Text", "Word"])
def test_unusual_texts(shown: Shown, text: str, on: str) -> None:
    test = shown("left", "other tokens", on=on)
    box = test.text_area(key="passage") if on == "Text" else test.text_input(key="text")
    succeed(box.input(text).run())
    assert "nan" not in texts(test).split()


def test_a_measure_that_only_texts_have_is_left_with_them() -> None:
    test = run(PAGE, passage=TEXT, measure="ee (nats)")
    assert test.selectbox(key="measure").value == "ee (nats)"
    succeed(test.segmented_control(key="on").set_value("Word").run())
    assert test.selectbox(key="measure").value == "Previous piece"
