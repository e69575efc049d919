"""Every page runs, every control changes what it should, and a mistake gives a sentence."""

import json
import re
from collections.abc import Callable

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

import detok
from tests.support.pages import figures, files, run, succeed, texts

AFFINITY = "pages/1_Token_affinity.py"


def table(test: AppTest) -> pd.DataFrame:
    return test.dataframe[0].value


def test_affinity_shows_what_the_library_computes() -> None:
    layer = detok.load("mini")
    pieces = layer.tokenizer.encode("Mr. Sherlock")
    test = run(AFFINITY, text="Mr. Sherlock", head="1")
    expected = detok.affinity(layer, pieces[-1], heads=1)
    assert table(test)["score"].tolist() == pytest.approx(expected["score"].tolist())
    assert table(test)["shown"].tolist() == [layer.tokenizer.show(t) for t in expected["token_id"]]


def test_the_specific_part_and_what_a_head_likes() -> None:
    layer = detok.load("mini")
    token = layer.tokenizer.encode("Mr. Sherlock")[-1]
    query = detok.shared_query(layer, detok.counts_for(layer).tokens)
    test = run(AFFINITY, text="Mr. Sherlock", head="1", score="Specific part")
    expected = detok.affinity(layer, token, heads=1, less=query)
    assert table(test)["score"].tolist() == pytest.approx(expected["score"].tolist())
    assert "(specific part of Tᵉᵉ = " in texts(test)
    assert "by the specific part of Tᵉᵉ" in texts(test)
    assert "Specific part of $T^{ee}$ between many tokens" in [s.value for s in test.header]
    assert "is the same for all current tokens" not in texts(test)
    liked = detok.shared_scores(layer, query, heads=1)[0].topk(20)
    listed = test.dataframe[3].value
    assert listed["score"].tolist() == pytest.approx(liked.values.tolist())
    assert listed["shown"].tolist() == [layer.tokenizer.show(t) for t in liked.indices.tolist()]
    assert "What this head likes before anything" in [s.value for s in test.header]
    # The past token's share is the same in every score: the order stays, and the page says so.
    succeed(test.selectbox(key="rank").select("current tokens").run())
    constant = detok.shared_scores(layer, query)[1, token].item()
    assert f"is the same for all current tokens, {constant:+.2f} in head 1" in texts(test)
    found = table(test)
    succeed(test.selectbox(key="score").select("Whole score").run())
    assert table(test)["shown"].tolist() == found["shown"].tolist()
    assert (table(test)["score"] - found["score"]).tolist() == pytest.approx(
        [constant] * 20, abs=1e-4
    )


def test_the_list_of_what_is_liked_follows_the_exact_position() -> None:
    layer = detok.load("mini")
    query = detok.shared_query(layer, detok.counts_for(layer).tokens)
    test = run(AFFINITY, head="1", at_i="9", at_j="0")
    liked = detok.shared_scores(layer, query, heads=1, position=0)[0].topk(20)
    assert test.dataframe[3].value["score"].tolist() == pytest.approx(liked.values.tolist())


def test_the_lead_is_the_best_head_for_the_own_piece_and_no_largest_score_of_all_heads() -> None:
    layer = detok.load("mini")
    word = detok.rebuilt_words(layer).words.iloc[0]
    show = layer.tokenizer.show
    past, current = show(word["past_id"]), show(word["current_id"])
    test = run(AFFINITY, text=word["joined"], head="all")
    sentence = f"Head {word['head']} ranks {past} first of {layer.vocab_size:,} tokens before"
    said = texts(test)
    assert f"{sentence} {current}, by" in said
    assert "Strongest" not in said
    assert "Largest:" not in said
    assert "Some head ranks it first for the pair" in said
    other = str((word["head"] + 1) % layer.n_heads)
    said = texts(run(AFFINITY, text=word["joined"], head=other))
    assert sentence in said
    assert f"In head {other}, which is chosen, it has rank" in said
    assert "Strongest of all" in said


def test_no_file_of_all_heads_names_the_largest_of_their_scores() -> None:
    said = {
        head: [figures(run(AFFINITY, head=head))[name].answer for name in ("affinity", "liked")]
        for head in ("all", "1")
    }
    assert said["all"] == ["", ""]
    assert all("in head 1" in answer for answer in said["1"])


def test_ranks_are_shown_within_words_only() -> None:
    """Two words that heads rebuild, side by side: both first ranks are told."""
    layer = detok.load("mini")
    words = detok.rebuilt_words(layer).words
    words = words[words["rank"] == 1].drop_duplicates("past_id").drop_duplicates("current_id")
    text = "".join(words["joined"].head(2))
    said = texts(run(AFFINITY, text=text))
    assert "Some head ranks it first for 2 of 2 pairs" in said
    alone = texts(run(AFFINITY, text=" the"))
    assert "nothing to rebuild" in alone
    assert "Rank of the piece before" not in alone


def change_text(test: AppTest) -> None:
    test.text_input(key="text").input("happiness")


def change_token(test: AppTest) -> None:
    test.selectbox(key="token").select_index(0)


def change_head(test: AppTest) -> None:
    test.selectbox(key="head").select("2")


def change_side(test: AppTest) -> None:
    test.selectbox(key="rank").select("current tokens")


def change_score(test: AppTest) -> None:
    test.selectbox(key="score").select("Specific part")


def change_k(test: AppTest) -> None:
    test.number_input(key="k").set_value(7)


def change_positions(test: AppTest) -> None:
    test.number_input(key="at_i").set_value(200)
    test.number_input(key="at_j").set_value(0)


@pytest.mark.parametrize(
    "change",
    [
        change_text,
        change_token,
        change_head,
        change_side,
        change_score,
        change_k,
        change_positions,
    ],
)
def test_every_control_of_the_search_changes_its_result(
    change: Callable[[AppTest], None],
) -> None:
    test = run(AFFINITY, head="0", text="Mr. Holmes")
    before = table(test)
    change(test)
    assert not table(succeed(test.run())).equals(before)


def test_every_control_of_the_heat_map_changes_it() -> None:
    test = run(AFFINITY, head="0")
    first = files(test)["heatmap"]
    succeed(test.button[0].click().run())
    assert test.number_input(key="sample").value == 1
    second = files(test)["heatmap"]
    assert second != first
    succeed(test.text_input(key="tokens").input("one two three").run())
    assert re.search(r"partner in head 0 for \d of 3|best partner of these", texts(test))


def test_all_heads_side_by_side() -> None:
    test = run(AFFINITY, head="all", text="Mr. Holmes")
    assert list(table(test).columns) == ["Rank", *(f"Head {h}" for h in range(8))]


def test_a_new_text_chooses_its_last_piece_even_if_the_old_token_matches_too() -> None:
    layer = detok.load("mini")
    test = run(AFFINITY, text=" the man")
    succeed(test.selectbox(key="token").select_index(0).run())
    succeed(test.text_input(key="text").input(" the old man").run())
    assert test.selectbox(key="token").value == layer.tokenizer.encode(" the old man")[-1]


@pytest.mark.parametrize(
    "text", ["", " ", "\\", "[x](y)", "$a$ **b** :red[c]", "é😀\u0301", "x" * 200]
)
def test_any_text_gives_a_result_or_a_sentence(text: str) -> None:
    test = run(AFFINITY)
    succeed(test.text_input(key="text").input(text).run())
    succeed(test.text_input(key="tokens").input(text).run())


def test_one_position_alone_is_explained_and_an_impossible_pair_refused() -> None:
    test = run(AFFINITY, text="Holmes")
    succeed(test.number_input(key="at_i").set_value(3).run())
    assert "need both positions" in texts(test)
    succeed(test.number_input(key="at_j").set_value(9).run())
    assert "expected 0 ≤ j ≤ i" in texts(test)


def test_the_browser_never_gets_the_whole_vocabulary() -> None:
    test = run(AFFINITY, text="a")
    assert len(test.selectbox(key="token").options) <= 51


@pytest.mark.parametrize(("key", "most"), [("text", 200), ("tokens", 1000)])
def test_a_text_of_a_link_that_is_too_long_is_cut_and_that_is_said(key: str, most: int) -> None:
    text = "a b " * (most // 4) + "c d"
    said = texts(run(AFFINITY, **{key: text}))
    assert f"Used: the first {most:,} of {len(text):,} characters." in said


def test_what_a_higher_score_means_depends_on_which_tokens_are_ranked() -> None:
    past = texts(run(AFFINITY, text="Holmes", head="1"))
    current = texts(run(AFFINITY, text="Holmes", head="1", rank="current tokens"))
    assert "the more of its attention the chosen token gives" in past
    assert "the more of its attention the chosen token gives" not in current
    assert "the query of a current token" in current


def test_signs_are_explained_where_they_stand() -> None:
    said = texts(run(AFFINITY, text="Holmes", head="all"))
    assert "· is a space" in said
    marked = any("✓" in str(cell) for cell in run(AFFINITY).dataframe[0].value.to_numpy().ravel())
    assert ("(✓)" in texts(run(AFFINITY))) == marked


def test_nine_tokens_that_are_compared_are_named() -> None:
    layer = detok.load("mini")
    tokens = list(dict.fromkeys(layer.tokenizer.encode("one two three four five")))[:9]
    test = run(AFFINITY, tokens=layer.tokenizer.text(*tokens), head="0")
    spec = json.loads(test.get("vega_lite_chart")[-1].proto.spec)
    for axis in ("x", "y"):
        named = spec["encoding"][axis]["axis"]["labelExpr"]
        assert all(json.dumps(layer.tokenizer.show(token)) in named for token in tokens)
