"""Compare: two heads, of one model or of two, side by side on one text or one word."""

import pandas as pd
import streamlit as st

import detok
from detok.app import cached, columns, compare, downloads, inputs, output, page, texts
from detok.charts import affinity as affinity_charts, compare as charts
from detok.readings import compare as readings, words
from detok.scores.compare import share_vocabulary
from detok.tables import affinity as affinity_tables, compare as tables, heads as heads_tables

EXAMPLES = {
    "A name": "There stood old Captain Ahab",
    "A name said twice": "Sherlock Holmes smiled. “Yes,” said Sherlock",
}
WINDOW = 14  # tokens in a map, each with its label
SIX_TERMS, AFFINITY = "pages/4_Six-term_contributions.py", "pages/1_Token_affinity.py"

layer = page.begin("Compare")
st.markdown(
    "Two heads side by side, of one model or of two: on a text, where each looks and where they "
    "differ; on a word, which tokens each binds to it. The model and head of the other pages are "
    "on the left."
)
with st.container(horizontal=True, vertical_alignment="bottom"):
    on = st.segmented_control(
        "Compare on",
        ["Text", "Word"],
        default="Text",
        required=True,
        key="on",
        bind="query-params",
    )
    left, right = compare.sides(layer)
sides = left, right
one_model = left.layer is right.layer
# What is true of both: a token that is seen may come after only if one of them allows it.
said = words.words_for(right.layer if layer.is_causal else layer)
layers = [layer] if one_model else [layer, right.layer]
can_split = [texts.can_encode(side.layer) for side in sides]
for remark in (readings.same(left, right), readings.masks(left.layer, right.layer)):
    if remark is not None:
        st.info(output.escaped(remark))


def lead(side: tables.Side, to: str, label: str, **query: str) -> None:
    """A link to where one side can be taken apart."""
    query |= {"model": side.layer.name, "head": str(side.head)}
    st.page_link(to, label=label, query_params=query)


def place(label: str, key: str, last: int, default: int) -> int:
    """A number of a token that a click on a cell sets, too."""
    inputs.keep_within(key, last)
    chosen = st.number_input(
        label,
        0,
        last,
        None,
        key=key,
        bind="query-params",
        placeholder=f"{default}",
        width=150,
        help="Or click a cell. Where the two differ most, unless chosen.",
    )
    return default if chosen is None else chosen


def draw_maps(
    shown: tables.Maps, cells: list[pd.DataFrame], chosen: tuple[int, int] | None
) -> None:
    """The two maps, and their difference where there is one; a click on a cell chooses it."""
    most = tables.extent(cells)
    drawn = output.is_dark(), chosen, said.seen
    figures = {
        readings.named(side): charts.side(table, side.name, shown.what, most, *drawn)
        for side, table in zip(sides, [cells[0], cells[-1]], strict=True)
    }
    if shown.has_same_cells:
        figures["Right less left"] = charts.difference(cells[0], shown.what, *drawn)
    for n, (column, title) in enumerate(zip(st.columns(len(figures)), figures, strict=True)):
        key = f"cells_{n}"

        def choose_cell(key: str = key) -> None:
            if cells := st.session_state[key].selection.get("cell"):
                st.session_state.update(cell_i=cells[0]["i"], cell_j=cells[0]["j"])

        with column:
            st.markdown(f"**{output.escaped(title)}**")
            if shown.has_same_cells:
                st.altair_chart(
                    figures[title],
                    key=key,
                    on_select=choose_cell,
                    width="stretch",
                    alt=f"{title}: {readings.values(shown.what)}",
                )
            else:
                output.chart(figures[title])
    if shown.has_same_cells:
        output.reading(readings.axes(said.seen, tables.largest(shown) is not None))
    else:
        st.info(output.escaped(readings.no_difference(shown.what)))


def on_text() -> list[dict]:
    """Both heads on one text; gives what else its table of heads has, by layer."""
    state = st.session_state
    default = texts.sample(layer, EXAMPLES["A name"])

    def forget_places() -> None:
        state.update(cell_i=None, cell_j=None, window=0)

    text = inputs.passage(default, EXAMPLES if all(can_split) else {}, forget_places)
    if can_split[0] != can_split[1] or not (
        can_split[0] or share_vocabulary(left.layer, right.layer)
    ):
        st.info(output.escaped(readings.not_one_text(left.layer, right.layer, *can_split)))
        return [{} for _ in layers]
    what = st.selectbox(
        "Show",
        tables.QUANTITIES,
        key="what",
        bind="query-params",
        width=200,
        help=readings.QUANTITIES,
    )
    try:
        shared = compare.shared_text(left.layer, right.layer, text)
    except detok.InputError as error:
        output.mistake(error)
        return [{} for _ in layers]
    output.reading(readings.text(shared, one_model))
    attention = tables.maps(left, right, shared, text, tables.ATTENTION)
    shown = attention if what == tables.ATTENTION else tables.maps(left, right, shared, text, what)

    begin_at = 0
    if shown.n > WINDOW:
        inputs.keep_within("window", shown.n - WINDOW)
        begin_at = st.slider(
            f"First of the {WINDOW} tokens shown",
            0,
            shown.n - WINDOW,
            key="window",
            bind="query-params",
        )
    cells = tables.cells(shown, begin_at, WINDOW)
    above = st.container()  # for the maps, in which what is chosen below is framed
    if attention.is_merged:
        output.reading(readings.merged(shared))
    output.reading(readings.scales(shown))
    for table, side in zip(cells, sides, strict=False):
        name = "compare" if shown.has_same_cells else f"compare-{side.name}"
        downloads.download(table, name, side.layer, values=readings.values(what))

    st.header("One token’s attention")
    nats = tables.divergences(attention)
    largest = tables.largest(shown) if shown.has_same_cells else None
    farthest = int(nats.argmax()) if largest is None else largest[0]
    query = {"passage": text} if len(text) <= inputs.MAX_IN_LINK else {}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        i = place("Current i", "cell_i", len(nats) - 1, farthest)
        if shown.has_same_cells:
            most = tables.largest_in_row(shown, i)
            j = place(f"{said.seen.capitalize()} j", "cell_j", shown.n_seen(i) - 1, most)
    with above:
        draw_maps(shown, cells, (i, j) if shown.has_same_cells else None)
    if shown.has_same_cells:
        output.answer(readings.cell(tables.cell(shown, i, j), what))
        if not begin_at <= i < begin_at + WINDOW or j < begin_at:
            to = max(0, min(i - WINDOW + 1, j, shown.n - WINDOW))
            st.button("Show it in the maps", on_click=lambda: state.update(window=to))
        if shared.is_one_to_one:
            query |= {"pair_i": str(i), "pair_j": str(j)}
    with st.container(horizontal=True):
        for side in sides:
            lead(side, SIX_TERMS, f"Take it apart in the {side.name} head", **query)
    output.answer(readings.apart(tables.apart(nats, i, all(s.layer.is_causal for s in sides))))
    row = tables.row(attention, i)
    output.chart(charts.row(row, said.seen))
    downloads.download(row, "compare-row", layer)
    ids = {"left": shared.left, "right": shared.right}
    return [
        {"nats": cached.contributions(side.layer, tuple(ids[side.name]))}
        for side, _ in zip(sides, layers, strict=False)
    ]


def on_word() -> list[dict]:
    """Both heads on one word; gives what else its table of heads has, by layer."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        pieces, token = inputs.token_choice(layer)
        rank = st.selectbox(
            "Rank",
            [f"{said.seen} tokens", "current tokens"],
            key="rank",
            bind="query-params",
            help=said.sides,
        )
        k = inputs.how_many(20, most=200)
    if token is None:
        st.info("Type a word, then choose one of its tokens.")
        return [{} for _ in layers]
    text = st.session_state["text"]
    all_pieces = [pieces]
    if not one_model:
        with output.mistakes():
            all_pieces.append(texts.encoded(right.layer, text)[: inputs.MAX_PIECES])
    ranks = []
    for each, ids in zip(layers, all_pieces, strict=False):
        table = affinity_tables.piece_ranks(each, ids, texts.words_of(each, text)[: len(ids)])
        ranks.append(None if table.empty else table)
    typical = [None if r is None else tables.typical_ranks(r) for r in ranks]
    st.header("Which head rebuilds this word?")
    most = max(each.vocab_size for each in layers)
    for column, each, table in zip(st.columns(len(layers)), layers, ranks, strict=False):
        if table is not None:
            with column:
                if not one_model:
                    st.markdown(f"**{output.escaped(each.name)}**")
                output.chart(affinity_charts.piece_ranks(table, most))
    for each, ranked in zip(layers, typical, strict=False):
        if ranked is None:
            output.answer(readings.one_piece(each))
        else:
            for side in (s for s in sides if s.layer is each):
                output.answer(readings.ranks(side, ranked))

    st.header("Which tokens each head binds to it")
    common = cached.tokens_in_both(left.layer, right.layer)
    other = int(common[token])
    if other < 0:
        if not (len(all_pieces) > 1 and all_pieces[1]):
            st.info("The right model has no token of this text.")
            return [{} for _ in layers]
        other = all_pieces[1][-1]
    direction = "current" if rank == "current tokens" else "past"
    if not share_vocabulary(left.layer, right.layer):
        shown = right.layer.tokenizer.show(other)
        output.reading(readings.other_token(right, shown, common[token] >= 0))
    found = tables.lists(left, right, (token, other), k, direction, common)
    output.answer(readings.lists(found, left, right))
    for column, side, table in zip(st.columns(2), sides, (found.left, found.right), strict=True):
        with column:
            st.markdown(f"**{output.escaped(readings.named(side))}**")
            st.dataframe(
                table.drop(columns="token_id"),
                height=38 + 35 * min(k, 20),
                hide_index=True,
                column_config=columns.LISTS,
            )
            downloads.download(table, f"compare-{side.name}", side.layer)
            its_token = token if side is left else other
            lead(side, AFFINITY, f"All of the {side.name} head", text=text, token=str(its_token))
    listed = tables.listed(found)
    if not listed.empty:
        output.chart(charts.ranks(listed, most))
        output.reading(readings.points())
    return [{"ranks": typical[n] if n < len(typical) else None} for n in range(len(layers))]


more = on_text() if on == "Text" else on_word()

st.header("All heads of both" if not one_model else "All heads")
i = (min(each.n_positions for each in layers) - 1) // 2
head_tables = []
with st.spinner("Measuring the heads …"):
    for each, columns_ in zip(layers, more, strict=True):
        counts = cached.load_counts(each)
        job = cached.heads_job(each)
        pairs = None
        if counts is not None:
            measured = job.result if job.state == "done" else cached.heads_in_sample(each, 0)
            pairs = heads_tables.pairs(measured, counts)
        head_tables.append(tables.heads(each, i, pairs, **columns_))
names = [name for name in tables.MEASURES if all(name in table for table in head_tables)]
titled = st.selectbox(
    "Measure",
    [tables.MEASURES[name] for name in names],
    key="measure",
    bind="query-params",
    width=300,
)
measure = next(name for name in names if tables.MEASURES[name] == titled)
strip = tables.measured(left, right, head_tables, measure)
if not strip.empty:
    output.chart(charts.heads(strip, titled, log=measure == "rank"))
for column, side, table in zip(st.columns(len(layers)), sides, head_tables, strict=False):
    with column:
        if not one_model:
            st.markdown(f"**{output.escaped(readings.named(side))}**")
        marked = tables.marked(left, right, side, table)
        st.dataframe(marked, hide_index=True, column_config=columns.measures(tables.MEASURES))
        downloads.download(marked, f"compare-heads-{side.name}", side.layer)
output.reading(readings.heads(i, any("pair_auroc" in table for table in head_tables)))
