"""Detokenizing heads: how much does each head's T^ee know about which tokens go together?"""

from functools import partial

import streamlit as st

from detok.app import (
    cached,
    clicks,
    columns,
    corpus,
    figure,
    inputs,
    link,
    long_runs,
    look_back,
    output,
    page,
    takeaway,
)
from detok.app.finished import heads
from detok.heads.pair_auroc import LEAST_SEEN
from detok.readings import words
from detok.readings.glossary import defined

layer = page.begin("Detokenizing heads")
counts = cached.load_counts(layer)
st.markdown(
    "A head that glues tokens together should score the true predecessors of a token above other "
    "tokens. **Pair AUROC** is the chance that it does: draw a token that was seen before token "
    "i, by how often, and a token at a random place of the texts; how often has the first the "
    f"larger $T^{{ee}}$ ({words.words_for(layer).neighbours})? A head that knows how common tokens "
    "are, and nothing about pairs, has about 0.5 in long texts if no pairs are left out of the "
    "counts. In **the paper's measure** the second is one of the tokens never seen before i, each "
    "as likely: there a preference for common tokens can be enough for a high number. A click on "
    "a bar, a cell or a curve chooses its head, one on a token leads to its affinity."
)
corpus.notice(layer)
job = cached.heads_job(layer)
is_whole = job.state == "done" or layer.vocab_size <= cached.SAMPLE_SIZE

with inputs.bar():
    _, token = inputs.token_choice(layer)
    head = inputs.head_choice(layer)
with st.container(horizontal=True, vertical_alignment="bottom"):
    seed = 0
    if not is_whole:
        seed = inputs.sample_number(f"Another number draws other {cached.SAMPLE_SIZE} tokens.")
    authors = link.toggle(
        "Authors' convention",
        key="authors",
        help="Of the paper's measure. On: a token without an observed predecessor counts as AUROC "
        "0, as in the authors' published script. Off: it is left out, as in the paper.",
    )
    if not is_whole and not job.is_wanted:
        st.button(
            f"Compute all {layer.vocab_size:,} tokens",
            on_click=cached.compute_heads,
            args=(layer,),
            help="Once for all visitors, and kept on disk: minutes for GPT-2 small on two cores.",
        )
if job.is_under_way:
    long_runs.watch(job, "tokens", 2)  # both measures go through all of them
elif job.state == "failed":
    st.error("The computation of all tokens failed; the sample below remains.")
long_runs.stopped(job, "tokens", 2)

convention = "authors" if authors else "paper"
measured_on = None if job.state == "done" else seed
if measured_on is not None:
    with st.spinner("Scoring a sample of tokens …"):
        cached.heads_in_sample(layer, measured_on)

if counts is not None:
    st.header("Pair AUROC of each head", help=defined("pair AUROC", "T^ee"))
    pairs = heads.pairs(layer, measured_on, head, convention)
    output.answer(pairs.answer)
    figure.show(pairs, on_select=clicks.head)
    figure.leads(pairs, clicks.head, "", columns.PAIRS)
    output.reading(heads.unweighted(layer, measured_on))

    st.header("The true predecessor at the top", help=defined("PMI", "rank"))
    st.markdown(
        "The true predecessor of a token is the one that goes with it most: the largest pointwise "
        f"mutual information of those seen at least {LEAST_SEEN} times before it. Where is it, "
        "among all tokens by $T^{ee}$?"
    )
    tops = heads.tops(layer, measured_on)
    output.answer(tops.answer)
    figure.show(tops, on_select=clicks.head)

    st.header("The paper's measure", help=defined("AUROC"))
    paper = heads.paper(layer, measured_on, head, convention)
    output.answer(paper.answer)
    figure.show(paper, on_select=clicks.head)
    figure.show(heads.by_kind(layer, measured_on, convention), on_select=clicks.head)

numbers = heads.numbers(layer, measured_on, convention)
st.header(numbers.title)
figure.leads(numbers, clicks.head, "", columns.AUROC)
figure.show(numbers)

look_back.show(layer)

if counts is not None:
    st.header("One token")
    k = inputs.how_many(15, most=100)
    if token is None:
        st.info("Type a word, then choose one of its tokens.")
    else:
        with output.mistakes():
            curves = heads.curves(layer, token, head)
            output.answer(curves.answer)
            if not curves.table.empty:
                left, right = st.columns(2)
                with left:
                    figure.show(curves, on_select=clicks.head)
                with right:
                    ranks = heads.predecessors(layer, token, k)
                    shown = columns.TOKENS | columns.ranks_of(layer.n_heads)
                    figure.leads(ranks, clicks.partner(layer, token, "past"), "", shown, height=420)
                    figure.show(ranks)

    st.header(f"Where head {head} does best, and worst, by the paper's measure")
    least = link.number_input(
        "Predecessors, at least",
        1,
        layer.vocab_size,
        min(20, layer.vocab_size),
        key="least",
        width=180,
        help="Tokens with fewer different predecessors are not ranked: theirs may be luck.",
    )
    extremes = heads.extremes(layer, measured_on, head, least)
    for place, end in zip(st.columns(2), extremes.listed, strict=True):
        with place:
            st.subheader(end)
            figure.leads(extremes, partial(clicks.token, head=head), end, columns.TOKENS)
    figure.show(extremes)
takeaway.foot()
