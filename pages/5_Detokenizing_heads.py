"""Detokenizing heads: how well does each head's T^ee predict which tokens really go together?"""

import streamlit as st

import detok
from detok.app import cached, columns, downloads, inputs, long_runs, output, page
from detok.charts import heads as charts
from detok.counting.counts import Counts
from detok.readings import heads as readings
from detok.tables import heads as tables

# Columns of a table that has half the page.
EXTREMES = ["shown", "joined", "area", "predecessors", "kind"]

layer = page.begin("Detokenizing heads")
counts = cached.load_counts(layer)
st.markdown(
    "A head that glues tokens together should score the true predecessors of a token above all "
    "others. **AUROC** is the chance that it does: draw a token that was seen before token i, by "
    "how often, and one that never was; how often has the first the larger T^ee? 0.5 is a head "
    "blind to pairs, 1 one that knows them all."
)
output.counts_notice(layer)
job = cached.auroc_job(layer)
is_whole = job.state == "done" or layer.vocab_size <= cached.SAMPLE_SIZE

with st.container(horizontal=True, vertical_alignment="bottom"):
    head = inputs.head_choice(layer)
    seed = 0
    if not is_whole:
        seed = inputs.sample_number(f"Another number draws other {cached.SAMPLE_SIZE} tokens.")
    authors = st.toggle(
        "Authors' convention",
        key="authors",
        bind="query-params",
        help="On: a token without an observed predecessor counts as AUROC 0, as in the authors' "
        "published script. Off: it is left out of the mean, as in the paper.",
    )
    if not is_whole and not job.is_under_way:
        st.button(
            f"Compute all {layer.vocab_size:,} tokens",
            on_click=cached.compute_auroc,
            args=(layer,),
            help="Once for all visitors, and kept on disk: minutes for GPT-2 small on two cores.",
        )
if job.is_under_way:
    long_runs.watch(job, "tokens")
elif job.state == "cancelled":
    st.info("The computation was cancelled and nothing of it is kept. The sample below remains.")
elif job.state == "failed":
    st.error("The computation of all tokens failed; the sample below remains.")

convention = "authors" if authors else "paper"
if job.state == "done":
    areas = job.result
else:
    with st.spinner("Scoring a sample of tokens …"):
        areas = cached.auroc_of_sample(layer, seed)
known = Counts.empty(layer.vocab_size) if counts is None else counts
kinds = cached.token_kinds(layer)
summary = detok.auroc_summary(areas, known, convention)
extent = tables.extent(areas, known)

if counts is not None:
    st.subheader("Mean AUROC of each head")
    output.answer(readings.answer(tables.best(summary)))
    output.chart(charts.summary(summary, head))
    output.reading(readings.summary(summary, extent, convention))

    st.subheader("By the kind of token")
    table = tables.by_kind(areas, kinds, convention)
    output.chart(charts.by_kind(table, output.is_dark()))
    output.reading(readings.by_kind(tables.best_by_kind(table), layer.tokenizer.edge))
    downloads.download(table.drop(columns="label"), "auroc-kinds", layer)

st.subheader("All heads in numbers")
shown = summary if counts is not None else summary[["head", "diagonal_share"]]
if is_whole:
    shown = shown.drop(columns=["mean_low", "mean_high"], errors="ignore")
st.dataframe(shown, hide_index=True, column_config=columns.AUROC)
output.reading(readings.shares(summary, extent))
downloads.download(shown, "auroc", layer)

if counts is not None:
    st.subheader("One token")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _, token = inputs.token_choice(layer)
        k = inputs.how_many(15, most=100)
    if token is None:
        st.info("Type a word, then choose one of its tokens.")
    else:
        curves = tables.token_curves(layer, counts, token)
        output.answer(readings.token(layer, counts, token, tables.token_areas(curves)))
        if not curves.empty:
            left, right = st.columns(2)
            with left:
                output.chart(charts.curves(curves, head))
                downloads.download(curves.drop(columns="label"), "roc", layer)
            with right:
                ranks = tables.predecessors(layer, counts, token, k)
                st.dataframe(
                    ranks.drop(columns="token_id"),
                    hide_index=True,
                    height=420,
                    column_config=columns.TOKENS
                    | {
                        f"head_{h}": st.column_config.NumberColumn(f"Head {h}")
                        for h in range(layer.n_heads)
                    },
                )
                output.reading(readings.predecessors(tables.typical_ranks(ranks), layer))
                downloads.download(ranks, "predecessors", layer)

    st.subheader(f"Where head {head} does best, and worst")
    least = st.number_input(
        "Predecessors, at least",
        1,
        layer.vocab_size,
        min(20, layer.vocab_size),
        key="least",
        bind="query-params",
        width=180,
        help="Tokens with fewer different predecessors are not ranked: theirs may be luck.",
    )
    extremes = tables.extremes(layer, areas, counts, kinds, head, least)
    left, right = st.columns(2)
    for place, end in ((left, "best"), (right, "worst")):
        place.markdown(f"**{end.capitalize()}**")
        part = extremes[extremes["end"] == end][EXTREMES]
        place.dataframe(part, hide_index=True, column_config=columns.TOKENS)
    n_ranked = len(tables.ranked(areas, least))
    output.reading(readings.extremes(extremes, extent, n_ranked, head, least))
    downloads.download(extremes, "auroc-tokens", layer)
