"""Compare: two heads, of one model or of two, side by side on one text or one word."""

import streamlit as st

import detok
from detok.app import columns, compare, corpus, figure, inputs, link, output, page, takeaway, texts
from detok.app.finished import compare as finished
from detok.readings import compare as readings
from detok.readings.glossary import defined
from detok.scores.compare import share_vocabulary
from detok.tables import compare as tables, compare_heads

EXAMPLES = {
    "A name": "There stood old Captain Ahab",
    "A name said twice": "Sherlock Holmes smiled. “Yes,” said Sherlock",
}
WINDOW = finished.WINDOW

layer = page.begin("Compare")
st.markdown(
    "Two heads side by side, of one model or of two: on a text, where each looks and where they "
    "differ; on a word, which tokens each binds to it. The model on the left is that of all pages."
)
left, right = sides = compare.sides(layer)
one_model = left.layer is right.layer
models = sides[:1] if one_model else sides
said = finished.said(left, right)
is_capped = any(side.layer.soft_cap is not None for side in sides)
can_split = [texts.can_encode(side.layer) for side in sides]
on = compare.on_what()
for remark in (
    readings.same(left, right),
    readings.kinds(left.layer, right.layer),
    readings.masks(left.layer, right.layer),
):
    if remark is not None:
        st.info(output.escaped(remark))


def place(label: str, key: str, first: int, last: int, default: int) -> int:
    """A number of a token that a click on a cell sets, too."""
    chosen = link.number_input(
        label,
        first,
        last,
        None,
        key=key,
        placeholder=f"{default}",
        width=150,
        help="Or click a cell. Where the two differ most, unless chosen.",
    )
    return default if chosen is None else chosen


def choose_cell(cells: list[dict[str, int]]) -> None:
    """A click on a cell chooses its pair."""
    st.session_state.update(cell_i=cells[0]["i"], cell_j=cells[0]["j"])


def forget_places() -> None:
    """What was chosen in the last text means nothing in another."""
    st.session_state.update(cell_i=None, cell_j=None, window=0)


def on_text() -> finished.Given:
    """Both heads on one text; gives its tokens in each model."""
    default = texts.sample(layer, EXAMPLES["A name"])
    text = inputs.passage(default, EXAMPLES if all(can_split) else {}, forget_places)
    if can_split[0] != can_split[1] or not (
        can_split[0] or share_vocabulary(left.layer, right.layer)
    ):
        st.info(output.escaped(readings.not_one_text(left.layer, right.layer, *can_split)))
        return ()
    shown_names = tables.quantities(left, right)
    what = link.selectbox(
        "Show", shown_names, key="what", width=200, help=readings.quantities(shown_names)
    )
    try:
        shared = finished.shared(left.layer, right.layer, text)
    except detok.InputError as error:
        output.mistake(error)
        return ()
    output.reading(readings.text(shared, one_model))
    shown = finished.compared(left, right, text, what)
    begin_at, _ = inputs.window(shown.n, WINDOW)
    st.header("Where each head looks")
    above = st.container()  # for the maps, in which what is chosen below is framed
    if not shared.is_one_to_one:
        output.reading(readings.merged(shared))
    output.reading(readings.scales(shown, is_capped=is_capped))

    st.header("One token’s attention", help=defined("nats"))
    nats = finished.divergences(left, right, text)
    largest = tables.largest(shown) if shown.has_same_cells else None
    farthest = int(nats.argmax()) if largest is None else largest[0]
    cell = None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        i = place("Current i", "cell_i", 0, len(nats) - 1, farthest)
        if shown.has_same_cells:
            most = tables.largest_in_row(shown, i)
            seen = shown.seen(i)
            j = place(f"{said.seen.capitalize()} j", "cell_j", seen.start, seen.stop - 1, most)
            cell = i, j
    with above:
        maps = finished.maps(left, right, text, what, begin_at, cell)
        for column, shown_map, title in zip(
            st.columns(len(maps)),
            maps,
            [*map(readings.named, sides), "Right less left"],
            strict=False,
        ):
            with column:
                st.subheader(output.escaped(title))
                figure.show(shown_map, None if cell is None else choose_cell)
        output.reading(
            readings.no_difference(what)
            if cell is None
            else readings.axes(said.seen, largest is not None)
        )
    choices = {"passage": text} if len(text) <= link.MAX_IN_LINK else {}
    if cell is not None:
        output.answer(readings.cell(tables.cell(shown, i, j), what))
        if not begin_at <= i < begin_at + WINDOW or j < begin_at:
            to = max(0, min(i - WINDOW + 1, j, shown.n - WINDOW))
            st.button("Show it in the maps", on_click=lambda: st.session_state.update(window=to))
        if shared.is_one_to_one:
            choices |= {"pair_i": i, "pair_j": j}
    with st.container(horizontal=True):
        for side in sides:
            compare.lead(side, "terms", f"Take it apart in the {side.name} head", **choices)
    row = finished.row(left, right, text, i)
    output.answer(row.answer)
    figure.show(row)
    return tuple(shared.left), tuple(shared.right)


def on_word() -> finished.Given:
    """Both heads on one word; gives its pieces in each model."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _, token = inputs.token_choice(layer)
        rank = link.selectbox(
            "Rank", [f"{said.seen} tokens", "current tokens"], key="rank", help=said.sides
        )
        k = inputs.how_many(20, most=200)
    if token is None:
        st.info("Type a word, then choose one of its tokens.")
        return ()
    text = st.session_state["text"][: inputs.MAX_TEXT]
    given = tuple(compare.pieces(side, text) for side in models)

    st.header("Which head rebuilds this word?", help=defined("rank"))
    most = max(side.layer.vocab_size for side in sides)
    for column, side, of in zip(st.columns(len(models)), models, given, strict=True):
        with column:
            ranks = finished.pieces(sides if one_model else (side,), *of, most)
            if not one_model:
                st.subheader(output.escaped(side.layer.name))
            if ranks.table.empty:
                output.reading(readings.one_piece(side.layer))
            else:
                figure.show(ranks)

    st.header("Which tokens each head binds to it", help=defined("T^ee"))
    other, is_same = compare.token_there(left, right, token, given[-1][0])
    if other is None:
        st.info("The right model has no token of this text.")
        return given
    if not share_vocabulary(left.layer, right.layer):
        output.reading(readings.other_token(right, right.layer.tokenizer.show(other), is_same))
    direction = "current" if rank == "current tokens" else "past"
    *lists, ranks = finished.lists(left, right, (token, other), k, direction)
    output.answer(lists[0].answer)
    for column, side, listed, its in zip(st.columns(2), sides, lists, (token, other), strict=True):
        with column:
            st.subheader(output.escaped(readings.named(side)))
            compare.list_of(listed, side, 38 + 35 * min(k, 20))
            label = f"All of the {side.name} head"
            compare.lead(side, "affinity", label, text=text, token=its)
    if not ranks.table.empty:
        figure.show(ranks, lambda points: compare.choose_point(points[0], left, right), "token")
    return given


given: finished.Given = ()
with output.mistakes():
    given = on_text() if on == "Text" else on_word()

st.header("All heads" if one_model else "All heads of both")
samples = tuple(finished.sample(side.layer) for side in models)
with st.spinner("Measuring the heads …"):
    every = finished.every(left, right, given, samples)
titles = {compare_heads.MEASURES[name]: name for name in compare_heads.measures(every)}
titled = link.selectbox("Measure", list(titles), key="measure", width=300)
heads = finished.heads(left, right, given, samples, titles[titled])
figure.show(
    heads,
    lambda marks: compare.choose_head(marks[0]["side"], marks[0]["head"], one_model),
    "head",
)
for column, side in zip(st.columns(len(models)), models, strict=True):
    with column:
        if not one_model:
            st.subheader(output.escaped(readings.named(side)))
        figure.lists(heads, side.name, columns.measures(compare_heads.MEASURES))
        corpus.notice(side.layer)
takeaway.foot()
