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

layer = page.page("Detokenizing heads")
counts = cached.load_counts(layer.name)
st.markdown(
    "A head that glues tokens together should score the true predecessors of a token above all "
    "others. **AUROC** is the chance that it does: draw a token that was seen before token i, by "
    "how often, and one that never was; how often has the first the larger T^ee? 0.5 is a head "
    "blind to pairs, 1 one that knows them all."
)
output.counts_notice(counts)
heads = list(map(str, range(layer.n_heads)))
job = cached.auroc_job(layer.name)
is_whole = job.state == "done" or layer.vocab_size <= cached.SAMPLE_SIZE

with st.container(horizontal=True, vertical_alignment="bottom"):
    head = int(st.selectbox("Head", heads, key="head", bind="query-params", width=130))
    seed = 0
    if not is_whole:
        seed = st.number_input(
            "Sample",
            0,
            9999,
            key="sample",
            bind="query-params",
            width=130,
            help=f"Another number draws other {cached.SAMPLE_SIZE} tokens.",
        )
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
            on_click=job.start,
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
    found = job.result
else:
    with st.spinner("Scoring a sample of tokens …"):
        found = cached.auroc_of_sample(layer.name, seed)
known = Counts.empty(layer.vocab_size) if counts is None else counts
kinds = cached.token_kinds(layer.name)
summary = detok.auroc_summary(found, known, convention)

if counts is not None:
    st.subheader("Mean AUROC of each head")
    output.answer(readings.summary_answer(summary))
    output.chart(charts.means(summary, head))
    output.reading(readings.summary_reading(summary, found, known, convention))

    st.subheader("By the kind of token")
    table = tables.by_kind(found, kinds, convention)
    output.chart(charts.kinds(table, output.is_dark()))
    output.reading(readings.by_kind_reading(table))
    downloads.download(table.drop(columns="label"), "auroc-kinds", layer)

st.subheader("All heads in numbers")
shown = summary if counts is not None else summary[["head", "diagonal_share"]]
if is_whole:
    shown = shown.drop(columns=["mean_low", "mean_high"], errors="ignore")
st.dataframe(shown, hide_index=True, column_config=columns.AUROC)
output.reading(readings.shares_reading(summary, found, known))
downloads.download(shown, "auroc", layer)

if counts is not None:
    st.subheader("One token")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _, token = inputs.token_choice(layer)
        k = st.number_input("How many", 1, 100, 15, key="k", bind="query-params", width=130)
    if token is None:
        st.info("Type a word, then choose one of its tokens.")
    else:
        curves = tables.token_curves(layer, counts, token)
        output.answer(readings.token_answer(layer, counts, token, curves))
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
                    | {f"head_{h}": st.column_config.NumberColumn(f"Head {h}") for h in heads},
                )
                output.reading(readings.predecessors_reading(ranks, layer))
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
    extremes = tables.extremes(layer, found, counts, kinds, head, least)
    left, right = st.columns(2)
    for place, end in ((left, "best"), (right, "worst")):
        place.markdown(f"**{end.capitalize()}**")
        part = extremes[extremes["end"] == end][EXTREMES]
        place.dataframe(part, hide_index=True, column_config=columns.TOKENS)
    output.reading(readings.extremes_reading(extremes, found, counts, head, least))
    downloads.download(extremes, "auroc-tokens", layer)
