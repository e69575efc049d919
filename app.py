"""Overview: what detok shows, in one sentence of the model that is loaded, and where to go on."""

import streamlit as st

from detok.app import (
    cached,
    corpus,
    examples,
    figure,
    go,
    inputs,
    long_runs,
    navigation,
    output,
    page,
    takeaway,
    texts,
)
from detok.app.finished import overview as finished
from detok.readings import method, overview as overview_readings, rebuilt as readings

SAMPLE = "Mr. Sherlock Holmes and Dr. Watson returned to Baker Street."
PAPERS = [
    ("Libertarian", "the paper's word: “Liber” + “tarian” for GPT-2"),
    ("Homo sapiens", "the paper's first example: “ sap” + “iens” for GPT-2"),
]

layer = page.begin("detok")
st.markdown(
    "A language model sees a word that it knows only in pieces; its first layers put the pieces "
    "together again. detok shows how the first attention layer does it, **from the weights alone**."
)


def rebuilt() -> figure.Figure | None:
    """The words that this model rebuilds, as soon as they are known; says why they are not."""
    if not texts.can_encode(layer):
        st.info("Which words this model rebuilds was not measured: its files do not split texts.")
        return None
    job = cached.rebuilt_job(layer)
    if job.is_wanted:
        st.markdown("Looking for words that this model puts together, once for all visitors …")
        long_runs.watch(job, "tokens")
    elif job.state == "done" and job.result is not None:
        return finished.rebuilt(layer)
    else:
        st.info("Which words this model rebuilds is not known: looking for them was stopped.")
        st.button("Look for them", on_click=cached.compute_rebuilt, args=(layer,))
    return None


found = rebuilt()
gallery = [] if found is None else found.listed[""].to_dict("records")
sees_neighbour = layer.n_positions > 1 and layer.first_visible(1) == 0
first = gallery[0] if gallery and sees_neighbour else None
if first is not None:
    head = first["head"]
    text, ids, i = examples.around(layer, first["past_id"], first["current_id"])
    framed = (i, i - 1)
    st.header(output.escaped(readings.finding(layer, first)))
else:
    text = texts.sample(layer, examples.sentence(examples.WORD))
    (ids, _), head, framed = texts.tokens_of(layer, text), 0, None
inputs.chips(layer, ids, text=text, head=head)
maps = finished.maps(layer, tuple(ids), head, framed)
if framed is not None:
    output.answer(maps[0].answer)


def take_apart(cells: list[dict[str, int]]) -> None:
    """A click on a cell leads to the six terms of its pair."""
    go.to("terms", head=head, passage=text, pair_i=cells[0]["i"], pair_j=cells[0]["j"])


for place, shown in zip(st.columns(2), maps, strict=False):
    with place:
        figure.show(shown, on_select=take_apart)
output.reading(f"{readings.maps(layer)} A click on a cell takes its pair apart.")
with st.container(horizontal=True):
    go.link_to("terms", readings.every_term(layer), passage=text, head=head)
    if first is not None:
        go.link_to("affinity", "What else goes with this word", text=first["joined"], head=head)
        go.link_to("heads", f"Head {head} beside the other heads", head=head)

if texts.can_encode(layer):
    st.header("Words that this model puts together" if gallery else "Begin here")
    with st.container(horizontal=True, gap="small"):
        for word in gallery:
            label = f"**{word['joined'].strip()}** — {output.escaped(readings.pieces(layer, word))}"
            go.link_to("affinity", label, text=word["joined"], head=word["head"])
    if gallery:
        figure.show(found)
        corpus.notice(layer)
    elif found is not None:
        output.reading(*found.readings)
    for sample, why in PAPERS:
        pieces = output.escaped(overview_readings.pieces(layer, sample))
        link, beside = st.columns([1, 3])
        with link:
            go.link_to("affinity", f"**{sample}**", text=sample)
        beside.markdown(f"{why}; here {pieces}")
page.offer_gpt2(layer)

st.header("What each page answers")
without = []
for file, one in method.PAGES.items():
    title = method.title(file)
    name = navigation.name_of(title)
    if not navigation.can_show(name, layer):
        without.append(title)
        continue
    link, beside = st.columns([1, 3])
    with link:
        go.link_to(name, f"**{title}**")
    beside.markdown(one.question)
if without:
    output.reading(overview_readings.others(without))

st.header("The model")
output.facts(overview_readings.facts(layer))
output.reading(overview_readings.origin(layer))
for remark in (overview_readings.moved(layer), overview_readings.unused(layer)):
    if remark is not None:
        output.reading(remark)

with output.mistakes():
    if training := finished.emergence(layer):
        st.header("How detokenization emerged in training")
        output.answer(training[0].answer)
        for place, shown in zip(st.columns(len(training)), training, strict=True):
            with place:
                figure.show(shown)

st.header("How exact it is")
with output.mistakes(), st.spinner("Running the model's own first layer …"):
    error = cached.attention_error(layer, SAMPLE)
    st.markdown(
        f"On “{output.escaped(SAMPLE)}” the attention from the terms and that of the model's "
        f"own first layer, computed by `transformers`, differ by **{error:.1e}** at most "
        f"({str(layer.dtype).removeprefix('torch.')})."
    )
takeaway.foot()
