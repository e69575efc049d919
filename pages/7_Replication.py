"""Replication: what was published of the first layer, measured again on the shown model."""

import streamlit as st

from detok.app import cached, columns, downloads, long_runs, output, page
from detok.readings import replication as readings
from detok.tables import replication as tables

# Pixels of a row of the table, of all that is shown without scrolling, and of its head.
ROW, MOST, HEAD = 84, 672, 38

layer = page.begin("Replication")
st.markdown(
    "What the paper and its authors' notebook state, measured again: each with a rule, said "
    "beforehand, for when it agrees. The paper's claims are asked of every model, the numbers of "
    "GPT-2 small only of that one. Where another model **differs**, that is a finding about it, "
    "and no mistake."
)
output.counts_notice(layer)
job = cached.report_job(layer)
if job.is_under_way:
    long_runs.watch(job, "checks")
elif job.state != "done":
    if job.state == "cancelled":
        st.info("The run was cancelled, and nothing of it is kept.")
    elif job.state == "failed":
        st.error("The run failed; the server's log says why.")
    st.button(
        "Measure all",
        on_click=cached.compute_report,
        args=(layer,),
        type="primary",
        help="Once for all visitors: seconds for a small model, a minute or more for GPT-2 small.",
    )

report = job.result if job.state == "done" else None
if report is not None:
    output.answer(readings.answer(report))
table = tables.table(report)
st.dataframe(
    table,
    alt="What was published, what was measured here, and whether the two agree.",
    hide_index=True,
    row_height=ROW,
    height=min(len(table) * ROW, MOST) + HEAD,
    column_config=columns.REPLICATION,
)
if report is not None:
    output.reading(readings.computed(report))
    if left_out := readings.left_out(report):
        output.reading(left_out)
    downloads.download_report(report, layer)
