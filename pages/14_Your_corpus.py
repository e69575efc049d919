"""Your corpus: which counts the pages use, and how to have your own texts counted instead."""

from functools import partial

import streamlit as st

import detok
from detok.app import (
    cached,
    clicks,
    columns,
    corpus,
    figure,
    go,
    inputs,
    long_runs,
    output,
    own_counts,
    page,
    settings,
    takeaway,
)
from detok.app.finished import corpus as finished
from detok.app.navigation import can_show
from detok.readings import corpus as readings
from detok.readings.glossary import defined

BYTES = 1000  # that progress is shown in

layer = page.begin("Your corpus")
corpus.take_over()
st.markdown(
    "How often tokens and pairs of neighbours occur is read off texts, and other texts may say "
    "otherwise. Have your own counted: all pages that need counts then use them, in this session "
    "and for nobody else."
)
st.header("The counts in use")
corpus.notice(layer)
own = own_counts.of(layer)
if own_counts.mine() is not None:
    with st.container(horizontal=True):
        if own is not None:
            st.download_button(
                "Download these counts",
                corpus.download(own),
                own.file_name,
                "application/vnd.apache.parquet",
                icon=":material/download:",
                on_click="ignore",
                help="Upload the file here another time, or read it with detok.Counts.load.",
            )
        st.button("Go back to the model's own counts", on_click=own_counts.drop)

st.header("Count your own texts")
given = settings.now()
offered = corpus.offered()
uploads = st.file_uploader(
    "Texts, or a file of counts",
    corpus.ENDINGS,
    accept_multiple_files=True,
    help=f"Up to {corpus.MAX_FILES} files: .txt (one document each), .jsonl (one a line; both also "
    ".gz or .zst) or .parquet (one a row). Or one .parquet file that `python -m detok count` made, "
    "or this page. Files are not part of the link.",
)
named = []
if offered:
    named = st.multiselect(
        "Files and folders of this machine", list(offered), placeholder="none", key="named"
    )
with st.container(horizontal=True, vertical_alignment="bottom"):
    name = st.text_input(
        "What the texts are called",
        max_chars=corpus.MAX_NAME,
        placeholder="as the files are",
        width=300,
    )
    column = st.text_input(
        "Column of the text", "text", max_chars=100, width=200, help="Of .jsonl and .parquet files"
    )
job = corpus.job()
st.button(
    "Count",
    type="primary",
    on_click=corpus.count,
    args=(layer, uploads, [offered[each] for each in named if each in offered], column, name),
    disabled=job.is_wanted or not (uploads or named),
)
st.caption(
    f"Up to {given.max_corpus:,} tokens are counted, for as long as you stay on this page. "
    f"`{corpus.command(layer)}` counts any number on a machine of your own; its file can be used "
    "here, and `DETOK_COUNTS=counts.parquet` makes an app use it for all visitors."
)
if job.is_under_way:
    long_runs.watch(job, "kB", BYTES)
elif job.state == "failed":
    output.mistake(detok.InputError(job.refusal))
long_runs.stopped(job, "kB", BYTES)

counts = cached.load_counts(layer)
if counts is not None:
    st.header("What is in them")
    found = finished.coverage(layer)
    output.facts(readings.held(found, counts.provenance.get("documents", "")))
    output.reading(readings.covers(found))
    if left_out := readings.left_out(counts):
        output.reading(left_out)
    st.markdown(
        "Below, a click on a joined pair leads to its terms, one on a token to its affinity."
    )
    k = inputs.how_many(20, most=200)
    shown = [finished.frequent]
    if found.within is None:
        st.info(readings.UNKNOWN)
    else:
        shown = [finished.split, finished.bound, *shown]
    for made in shown:
        pairs = made(layer, k)
        st.header(pairs.title, help=defined("PMI") if "pmi" in pairs.table else None)
        output.answer(pairs.answer)
        if not pairs.table.empty:
            figure.leads(pairs, partial(clicks.pair, layer), "", columns.OF_PAIRS)
            figure.show(pairs)
    if can_show("frequency", layer):
        go.link_to("frequency", "Every token's count, and the tokens that never occur")
takeaway.foot()
