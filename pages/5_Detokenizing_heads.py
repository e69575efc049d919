"""Detokenizing heads: how much does each head's T^ee know about which tokens go together?"""

import streamlit as st

from detok.app import cached, columns, downloads, inputs, long_runs, output, page
from detok.charts import heads as charts
from detok.counting.counts import Counts
from detok.heads.pair_auroc import LEAST_SEEN
from detok.readings import heads as readings
from detok.readings.glossary import defined
from detok.tables import heads as tables

# Columns of a table that has half the page.
EXTREMES = ["shown", "joined", "area", "predecessors", "kind"]
# What a computation of all tokens has no use for.
INTERVALS = ["mean_low", "mean_high", "unweighted_low", "unweighted_high"]

layer = page.begin("Detokenizing heads")
counts = cached.load_counts(layer)
st.markdown(
    "A head that glues tokens together should score the true predecessors of a token above other "
    "tokens. **Pair AUROC** is the chance that it does: draw a token that was seen before token "
    "i, by how often, and a token at a random place of the texts; how often has the first the "
    "larger $T^{ee}$? A head that knows how common tokens are, and nothing about pairs, has about"
    " 0.5 in long texts if no pairs are left out of the counts. In **the paper's measure** the "
    "second is one of the tokens never seen before i, each as likely: there a preference for "
    "common tokens can be enough for a high number."
)
output.counts_notice(layer)
job = cached.heads_job(layer)
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
        help="Of the paper's measure. On: a token without an observed predecessor counts as AUROC "
        "0, as in the authors' published script. Off: it is left out, as in the paper.",
    )
    if not is_whole and not job.is_under_way:
        st.button(
            f"Compute all {layer.vocab_size:,} tokens",
            on_click=cached.compute_heads,
            args=(layer,),
            help="Once for all visitors, and kept on disk: minutes for GPT-2 small on two cores.",
        )
if job.is_under_way:
    long_runs.watch(job, "tokens", 2)  # both measures go through all of them
elif job.state == "cancelled":
    st.info("The computation was cancelled and nothing of it is kept. The sample below remains.")
elif job.state == "failed":
    st.error("The computation of all tokens failed; the sample below remains.")

convention = "authors" if authors else "paper"
if job.state == "done":
    found = job.result
else:
    with st.spinner("Scoring a sample of tokens …"):
        found = cached.heads_in_sample(layer, seed)
areas = found.areas
known = Counts.empty(layer.vocab_size) if counts is None else counts
kinds = cached.token_kinds(layer)
extent = tables.extent(areas, known)
paper = tables.paper(found, known, convention)

if counts is not None:
    st.header("Pair AUROC of each head", help=defined("pair AUROC", "T^ee"))
    pairs = tables.pairs(found, counts)
    output.answer(readings.answer(pairs, extent))
    both = tables.measures(pairs, paper)
    output.chart(charts.measures(both, head, output.is_dark()))
    output.reading(readings.measures(pairs, paper, extent))
    shown = pairs[[name for name in columns.PAIRS if not (is_whole and name in INTERVALS)]]
    alt = "Pair AUROC of each head in numbers."
    st.dataframe(shown, hide_index=True, alt=alt, column_config=columns.PAIRS)
    output.reading(readings.unweighted(pairs))
    downloads.download(pairs, "pair-auroc", layer)

    st.header("The true predecessor at the top", help=defined("PMI", "rank"))
    st.markdown(
        "The true predecessor of a token is the one that goes with it most: the largest pointwise "
        f"mutual information of those seen at least {LEAST_SEEN} times before it. Where is it, "
        "among all tokens by $T^{ee}$?"
    )
    output.answer(readings.tops(pairs, tables.tops(found, layer.vocab_size)))
    by_kind = tables.tops_by_kind(found, kinds)
    if not by_kind.empty:
        output.chart(charts.tops(by_kind, output.is_dark()))
    output.reading(readings.tops_by_kind(tables.best_tops(by_kind)))
    downloads.download(by_kind.drop(columns="label"), "true-predecessors", layer)

    st.header("The paper's measure", help=defined("AUROC"))
    output.answer(readings.paper_answer(paper, extent))
    output.chart(charts.summary(paper, head))
    output.reading(readings.summary(paper, extent, convention))
    table = tables.by_kind(areas, kinds, convention)
    output.chart(charts.by_kind(table, output.is_dark()))
    output.reading(readings.by_kind(tables.best_by_kind(table), layer.tokenizer.edge))
    downloads.download(table.drop(columns="label"), "auroc-kinds", layer)

st.header("The paper's measure in numbers" if counts is not None else "All heads in numbers")
shown = paper.drop(columns="frequency") if counts is not None else paper[["head", "diagonal_share"]]
if is_whole:
    shown = shown.drop(columns=INTERVALS, errors="ignore")
alt = "The paper's measure of each head in numbers."
st.dataframe(shown, hide_index=True, alt=alt, column_config=columns.AUROC)
output.reading(readings.shares(paper, extent))
downloads.download(shown, "auroc", layer)

if counts is not None:
    st.header("One token")
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
                    alt="The token's predecessors, with their rank in each head.",
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

    st.header(f"Where head {head} does best, and worst, by the paper's measure")
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
        place.subheader(end.capitalize())
        part = extremes[extremes["end"] == end][EXTREMES]
        alt = f"Tokens on which head {head} does {end}."
        place.dataframe(part, hide_index=True, alt=alt, column_config=columns.TOKENS)
    n_ranked = len(tables.ranked(areas, least))
    output.reading(readings.extremes(extremes, extent, n_ranked, head, least))
    downloads.download(extremes, "auroc-tokens", layer)
