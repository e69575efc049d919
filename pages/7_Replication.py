"""Replication: what was published of the first layer, measured again on the shown model."""

import streamlit as st

import detok
from detok.app import (
    cached,
    columns,
    corpus,
    exports,
    figure,
    go,
    long_runs,
    output,
    page,
    takeaway,
)
from detok.app.finished import replication as finished
from detok.app.navigation import PLACES
from detok.readings import replication as readings
from detok.replication.formats import as_markdown
from detok.tables import replication as tables

# Pixels of a row of the table, of all that is shown without scrolling, and of its head.
ROW, MOST, HEAD = 84, 672, 38

layer = page.begin("Replication")
st.markdown(
    "What the paper and its authors' notebook state, measured again: each with a rule, said "
    "beforehand, for when it agrees. The paper's claims are asked of every model that has what "
    "they are about, the numbers of GPT-2 small only of that one. Where another model **differs**, "
    "that is a finding about it, "
    "and no mistake."
)
corpus.notice(layer)
job = cached.report_job(layer)
if job.is_under_way:
    long_runs.watch(job, "checks")
elif job.state == "failed":
    output.mistake(detok.InputError(job.refusal))
long_runs.stopped(job, "checks")
if job.state != "done" and not job.is_wanted:
    st.button(
        "Measure all",
        on_click=cached.compute_report,
        args=(layer,),
        help="Once for all visitors: seconds for a small model, a minute or more for GPT-2 small.",
    )

report = job.result if job.state == "done" else None
shown = None if report is None else finished.measured(layer, report)
if shown is not None:
    output.answer(shown.answer)
table = tables.table(None, type(layer)) if shown is None else shown.table
st.dataframe(
    table.assign(subject=[PLACES[s].title if s in PLACES else None for s in table["subject"]]),
    alt="What was published, what was measured here, and whether the two agree.",
    hide_index=True,
    row_height=ROW,
    height=min(len(table) * ROW, MOST) + HEAD,
    column_config=columns.REPLICATION,
)
if shown is not None:
    figure.show(shown)
    st.download_button(
        "Report (Markdown)",
        lambda: as_markdown(report),
        f"{exports.file_name(shown)}.md",
        "text/markdown",
        icon=":material/description:",
        on_click="ignore",
    )

st.header("Where each can be seen")
for subject, found in tables.by_subject(table).items():
    go.link_to(subject, f"**{PLACES[subject].title}**: {readings.verdicts(found)}")
takeaway.foot()
