"""What is said of a mask by segments follows from its tables."""

import pytest

import detok
from detok.readings import segments as readings
from detok.tables import segments as tables, terms as term_tables
from detok.whole.segments import visible_by_segments


@pytest.mark.parametrize(
    ("lengths", "n_unused", "said"),
    [
        ((9,), 0, "1 segment, in which each token sees all others."),
        (
            (4, 3),
            1,
            "2 segments: each token sees all of its own, and all tokens before it; an answer, "
            "tokens 7 to 8: each sees only itself and those before it. 1 cut is in the answer, "
            "which has no segments.",
        ),
        (
            (8,),
            0,
            "1 segment, in which each token sees all others; an answer, token 8: it sees itself "
            "and all before it.",
        ),
        (
            (1,),
            0,
            "1 segment of 1 token, which sees itself; an answer, tokens 1 to 8: each sees "
            "only itself and those before it.",
        ),
        (
            (),
            2,
            "No segment, as there is no prompt; an answer, tokens 0 to 8: each sees only itself "
            "and those before it. 2 cuts are in the answer, which has no segments.",
        ),
    ],
)
def test_the_cut(a_run: detok.Run, lengths: tuple[int, ...], n_unused: int, said: str) -> None:
    assert readings.cut(tables.segments(a_run, lengths), n_unused) == said


def test_what_goes_to_later_tokens(a_run: detok.Run) -> None:
    moved = tables.moved(a_run, detok.segment_attention(a_run, [4, 3]), 1, 2)
    said = readings.moved(moved, 9)
    assert said.startswith("5 of 9 tokens see later ones of their segment")
    assert f"give them {moved['later']:.1%} of their attention in layer 1, head 2" in said
    assert f"it would be {moved['even']:.1%} if" in said


def test_masks_that_are_alike(a_run: detok.Run) -> None:
    found = detok.segment_attention(a_run, [1] * 9)
    moved = tables.moved(a_run, found, 1, 2)
    assert "both masks let every token see the same" in readings.moved(moved, 9)
    assert readings.kept(moved) == ""
    assert readings.gains(tables.gains(a_run, found, 1, 2)).startswith("No token gains attention")


def test_the_first_layer_is_said_to_keep_its_scores_as_measured(a_run: detok.Run) -> None:
    found = detok.segment_attention(a_run, [4, 3])
    for layer, why in ((0, "its input is the same"), (1, "need not be the same")):
        moved = tables.moved(a_run, found, layer, 3)
        said = readings.kept(moved)
        assert f"differ from that by {moved['kept']:.2g} at most in layer {layer}, head 3" in said
        assert why in said


def test_gains(a_run: detok.Run) -> None:
    gains = tables.gains(a_run, detok.segment_attention(a_run, [9]), 2, 0)
    best, worst = gains.iloc[0], gains.iloc[-1]
    said = readings.gains(gains)
    assert f"“{best['token']}” gains most" in said
    assert f"goes from {best['causal']:.3f} to {best['segments']:.3f}. 9 of them see it" in said
    assert f"“{worst['token']}” loses most: from {worst['causal']:.3f}" in said


def test_the_token_after_the_text(a_run: detok.Run) -> None:
    found = detok.segment_attention(a_run, [9])
    table, shared = tables.next_tokens(a_run, found), tables.shared(found)
    said = readings.next_tokens(table, shared, 3)
    assert f"a probability of {a_run.probability:.3g} under the causal mask" in said
    assert f"of {found.log_probs[7].exp():.3g} under the mask by segments" in said
    best = a_run.model.tokenizer.show(int(found.log_probs.argmax()))
    p, q = (f"{x.max().exp():.3g}" for x in (a_run.log_probs, found.log_probs))
    assert f"Most probable: “{best}” under both ({p} and {q})." in said
    table["rank_segments"] = table["rank_segments"].replace({1: 2, 2: 1})
    other = table[table["rank_segments"] == 1].iloc[0]
    said = readings.next_tokens(table, shared, 3)
    assert f"“{best}” ({p}) and “{other['token']}” ({other['segments']:.3g})." in said
    assert f"share {shared:.1%} of" in said
    assert "one layer" not in said
    assert "With one layer nothing can change here" in readings.next_tokens(table, shared, 1)


def test_the_square(first: detok.Layer, ids: list[int]) -> None:
    visible = visible_by_segments([4], 9)
    terms = detok.terms(first, ids, heads=1)
    table = term_tables.square(first, ids, terms, range(9), visible.numpy())
    spreads = term_tables.spreads(table[table["visible"]])
    largest = spreads.index[0]
    said = readings.square(spreads, 1, True)
    assert f"largest first: {largest} {spreads[largest]:.3g}," in said
    assert "Outlined" in said
    assert "Outlined" not in readings.square(spreads, 1, False)
    assert "No term varies along a row" in readings.square(spreads * 0, 1, False)
