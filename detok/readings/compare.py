"""What is said of two heads side by side."""

import pandas as pd

from detok.model.any_layer import AnyLayer
from detok.readings.words import amount, named as named_heads, words_for
from detok.scores.compare import MOST, Shared
from detok.tables.compare import (
    ATTENTION,
    FAR_WIDER,
    RANK,
    SUM,
    Apart,
    Cell,
    Maps,
    Side,
)
from detok.tables.compare_heads import best_heads
from detok.tables.compare_lists import Lists
from detok.tables.terms import NAMES


def quantities(names: tuple[str, ...]) -> str:
    """What can be shown; `names` are of `tables.compare.quantities`."""
    _, _, _, *terms = names
    its = f"{', '.join(terms)}: its terms that both models have" if terms else "no term is in both"
    return (
        "Attention: of token i to token j. Rank: of j in its row by attention, 1 for most. Score: "
        f"the sum of the terms, which softmax takes; {its}."
    )


def kinds(left: AnyLayer, right: AnyLayer) -> str | None:
    """What is alike of two models whose scores are not made of the same terms."""
    if left.term_names == right.term_names:
        return None
    return (
        f"Scores of the left model are made of {', '.join(left.term_names)}, those of the right "
        f"one of {', '.join(right.term_names)}. Attention, ranks and whole scores compare all the "
        f"same.{_ee(left, right)}"
    )


def _ee(left: AnyLayer, right: AnyLayer) -> str:
    """What ee is in two models of which one has positions beside it."""
    learned = ["pp" in layer.term_names for layer in (left, right)]
    if learned[0] == learned[1]:
        return ""
    which = "left" if learned[1] else "right"
    return (
        f" Of the terms, ee is in both: in the {which} model it is of the two tokens at their "
        "distance, in the other wherever they stand."
    )


def values(what: str) -> str:
    """What the numbers of a file are."""
    if what == ATTENTION:
        return "attention weights"
    if what == RANK:
        return "rank of j in row i by attention, 1 for most"
    return f"{what if what == SUM else NAMES[what]}, scaled, less its row's mean"


def named(side: Side) -> str:
    """A side in words: which it is, and its model and head."""
    return f"{side.name.capitalize()}: {side.layer.name}, head {side.head}"


def title(what: str, left: Side, right: Side) -> str:
    """Something of two heads, with both by their models and numbers."""
    sides = [f"{side.name}: {side.layer.name}, head {side.head}" for side in (left, right)]
    return f"{what} ({'; '.join(sides)})"


def quantity(what: str) -> str:
    """What a map shows, as a title begins."""
    named = {ATTENTION: "Attention", RANK: "Rank in the row", SUM: "The sum of the terms"}
    return named.get(what, f"The term {what}")


def same(left: Side, right: Side) -> str | None:
    """That both sides are one head, if they are."""
    if left.layer is right.layer and left.head == right.head:
        return (
            f"Left and right are the same head of the same model, head {left.head} of "
            f"{left.layer.name}: nothing differs."
        )
    return None


def not_one_text(left: AnyLayer, right: AnyLayer, left_splits: bool, right_splits: bool) -> str:
    """Why two models cannot be given one text, of which one or none can split texts."""
    if left_splits == right_splits:
        return (
            "The files of neither model can split texts, and a token id stands for other tokens in "
            "the one than in the other: there is nothing that both can be given."
        )
    cannot = right if left_splits else left
    return (
        f"Texts cannot be split with the files of {cannot.name}, as they can with those of the "
        "other model: the two cannot be given one text. Each alone can, on the page of the "
        "terms."
    )


def masks(left: AnyLayer, right: AnyLayer) -> str | None:
    """What it means that only one of the two sees what comes after a token."""
    if left.is_causal == right.is_causal:
        return _windows(left, right)
    which = "left" if left.is_causal else "right"
    return (
        f"The {which} model’s tokens see nothing after themselves, the other’s see all of the "
        "text. In attention that is part of the difference; differences of scores and ranks are of "
        "what both see."
    )


def _windows(left: AnyLayer, right: AnyLayer) -> str | None:
    """What it means that one of two models, or each in its way, sees a window only."""
    last = min(left.n_positions, right.n_positions) - 1
    if left.first_visible(last) == right.first_visible(last):
        return None
    wide = [layer.first_visible(last) for layer in (left, right)]
    which = "left" if wide[0] > wide[1] else "right"
    n = last + 1 - (wide[0] if which == "left" else wide[1])
    return (
        f"The {which} model’s tokens see only the last {n:,} tokens, themselves among them, the "
        "other’s see more. In attention that is part of the difference; differences of scores and "
        "ranks are of what both see."
    )


def _said(side: Side) -> str:
    """A side as the subject of a sentence."""
    return f"The {side.name} head ({side.layer.name}, head {side.head})"


def text(shared: Shared, one_model: bool) -> str:
    """In how many tokens both models have the text, and what of it is left out."""
    n_left, n_right = len(shared.left), len(shared.right)
    if shared.is_one_to_one:
        where = "" if one_model else ", the same parts of the text in both models"
        parts = [f"{amount(n_left, 'token')}{where}."]
    else:
        ends = amount(len(shared.ends), "place")
        parts = [
            f"Left: {amount(n_left, 'token')}, right: {amount(n_right, 'token')}. At {ends} a "
            "token of both ends."
        ]
    if not shared.is_whole:
        parts.append(
            "Left out is the end of the text, from where a model has no position for it, no token "
            f"ends in both, or a model has {MOST:,} tokens of it."
        )
    return " ".join(parts)


def merged(shared: Shared) -> str:
    """What attention between stretches is, where the two models split a text differently."""
    return (
        "The two models split this text differently. Attention is compared between its parts "
        f"({len(shared.ends):,}), each of which ends where a token of both ends: what a part gives "
        "is the mean over its tokens i, what it gets is the sum over its tokens j."
    )


def no_difference(what: str) -> str:
    """Why two maps of different tokens have no difference."""
    name = "ranks" if what == RANK else "scores"
    return (
        f"The two models split this text into different tokens, and {name} of several tokens do "
        "not add up to one of a stretch of text: there is no difference map of them. Attention "
        "has one."
    )


def cell(cell: Cell, what: str) -> str:
    """What two maps have in one cell, and whether they differ most in it."""
    left, right, gap = (_number(n, what) for n in (cell.left, cell.right, cell.difference))
    sign = "+" if cell.difference > 0 else ""
    most = " No other cell of the text differs more." if cell.is_largest and cell.difference else ""
    return (
        f"At i = {cell.i}, j = {cell.j} ({cell.current}; {cell.past}): left {left}, right {right}, "
        f"right less left {sign}{gap}.{most}"
    )


def axes(seen: str, differ: bool) -> str:
    """What rows and columns of the maps are, and whether anything differs."""
    nothing = "" if differ else " The two maps do not differ in any cell."
    return f"Rows are current tokens i, columns {seen} tokens j.{nothing}"


def _number(value: float, what: str) -> str:
    return (
        f"{value:,.0f}" if what == RANK else f"{value:.3f}" if what == ATTENTION else f"{value:.2f}"
    )


def scales(maps: Maps, *, is_capped: bool = False) -> str:
    """On what scales two maps are; `is_capped` says that a model caps its scores before softmax."""
    if maps.what == ATTENTION:
        return "Attention weights of both are shares of a row: they are on one scale."
    if maps.what == RANK:
        return (
            "1 is the token that gets most of the row’s attention, in whatever scale a head’s "
            "scores are; less than 0 in the difference is nearer to it on the right."
        )
    left, right = maps.spreads
    what = ": where the whole score is 1 more, attention is e times as much"
    if is_capped:
        what = ", and before the cap that a model puts on them"
    parts = [
        "Heads’ scores are on scales of their own. Shown are those that softmax takes, less their "
        f"row’s mean{what}. Spread of the cells: left {left:.3g}, right {right:.3g}."
    ]
    narrow, wide = (left, right) if left <= right else (right, left)
    if maps.has_same_cells and wide > FAR_WIDER * narrow:
        which = "right" if left < right else "left"
        parts.append(
            f"The difference is therefore nearly the {which} map’s own"
            f"{', with its signs turned' if which == 'left' else ''}: ranks and attention compare "
            "where the two heads look."
        )
    return " ".join(parts)


def apart(apart: Apart) -> str:
    """How far apart the attention of two heads is."""
    over = "the rows after the first" if apart.without_first else "all rows"
    return (
        "Jensen–Shannon divergence of the two rows of attention (0 nats: equal; ln 2 ≈ 0.693: no "
        f"token in common): {apart.at_i:.3g} at i = {apart.i}, {apart.mean:.3g} on average over "
        f"{over}, at most {apart.largest:.3g} (i = {apart.largest_at})."
    )


def ranks(side: Side, typical: pd.DataFrame) -> str:
    """Where a head, and the best of its model, ranks the true previous pieces of a word."""
    own = typical[typical["head"] == side.head].iloc[0]
    best = best_heads(typical)
    which = named_heads(best["head"].tolist(), len(typical))
    of = "" if own["n"] == 1 else f"; geometric mean of {own['n']:.0f} pairs"
    is_best = (best["head"] == side.head).any()
    also = (
        "no head of its model ranks it higher"
        if is_best
        else f"the highest of its model is {best['rank'].iloc[0]:,.0f}, of {which}"
    )
    return (
        f"{_said(side)} ranks the true previous piece {own['rank']:,.0f} of "
        f"{amount(side.layer.vocab_size, 'token')} by Tᵉᵉ "
        f"({words_for(side.layer).neighbours}{of}); {also}."
    )


def one_piece(layer: AnyLayer) -> str:
    """That a word is a single token, or none, so that no piece of it has a previous one."""
    return f"In {layer.name} the text is not of several tokens: there is no previous piece."


def lists(found: Lists, left: Side, right: Side) -> str:
    """How far the best partners of a token agree in two heads."""
    n_left, n_right = len(found.left), len(found.right)
    k = f"{n_left}" if n_left == n_right else f"{n_left} and {n_right}"
    if left.layer is right.layer or found.n_common == found.sizes[0] == found.sizes[1]:
        of = f"from {found.sizes[0]:,} tokens"
    else:
        of = (
            f"from {found.sizes[0]:,} and {found.sizes[1]:,} tokens, {found.n_common:,} of them in "
            "both vocabularies,"
        )
    are = "is" if found.n_in_both == 1 else "are"
    correlation = ""
    if found.correlation == found.correlation:  # not NaN
        correlation = (
            f" Over all tokens that both have, the rank correlation of the two heads’ scores is "
            f"{found.correlation:+.2f} (Spearman)."
        )
    return (
        f"Of the {k} best in either list, {found.n_in_both} {are} in both; two lists drawn at "
        f"random {of} would have {found.by_chance:.2g} in common.{correlation} Tᵉᵉ "
        f"of two heads{_neighbours(left, right)} is on two scales: compare ranks, not scores."
    )


def _neighbours(left: Side, right: Side) -> str:
    """At which places the tokens of two lists are compared."""
    here, there = (words_for(side.layer).neighbours for side in (left, right))
    return f" ({here})" if here == there else f" (left: {here}; right: {there})"


def other_token(right: Side, shown: str, has_same: bool) -> str:
    """Which token of another vocabulary is compared."""
    if has_same:
        return f"In {right.layer.name} the same text is a token too: {shown}."
    return (
        f"{right.layer.name} has no token of the same text. Compared is the last piece of the word "
        f"in its own split: {shown}."
    )


def heads(i: int, has_counts: bool, one_model: bool) -> str:
    """What the measures of all heads are, and what a click on a mark does."""
    counted = (
        " In first 3: the true predecessor is among the head’s first three tokens. Both this and "
        "pair AUROC may be of a sample of tokens; the page of detokenizing heads has intervals."
        if has_counts
        else ""
    )
    side = "on the right" if one_model else "on its side"
    return (
        f"Nearest 5 and position 0: attention of i = {i} to these by place alone.{counted} A "
        f"click on a mark puts its head {side}."
    )


def points() -> str:
    """What the points of the chart of both lists are, and where a click leads."""
    return (
        "A point is a token of either list. On the dashed line both heads give it the same rank; "
        "the more of them are near it, the more the two heads agree. A click on one leads to the "
        "token’s own affinities, in the head whose list it is in (the left one, if in both); so "
        "does choosing a row of a list."
    )
