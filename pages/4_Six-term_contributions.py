"""Six-term contributions: a text taken apart, and what attention would be without a term."""

import streamlit as st

import detok
from detok.app import (
    cached,
    clicks,
    compare,
    corpus,
    examples,
    figure,
    go,
    inputs,
    jobs,
    link,
    long_runs,
    navigation,
    output,
    page,
    settings,
    takeaway,
    texts,
    visitors,
)
from detok.app.finished import ablation, terms as finished
from detok.readings import specific as specific_readings, terms as readings, words
from detok.readings.glossary import defined

EXAMPLES = {
    "A name": "There stood old Captain Ahab",
    "A name said twice": "Sherlock Holmes smiled. “Yes,” said Sherlock",
    "The paper's words": "Libertarian, Barack Obama, aluminum chloride, Homo sapiens",
}
WINDOW = 18  # tokens in a map, each with its label
WINDOW_ALL_HEADS = 40
MAX_TEXTS = 120  # averaged over
MAX_UPLOAD_MB = 5

layer = page.begin("Six-term contributions")
vocabulary, said = layer.tokenizer, words.words_for(layer)
scaled = words.divided(layer)
begin_with = {**EXAMPLES, "A word in pieces": f"The word was{examples.word(layer)}"}
begin_with = begin_with if texts.can_encode(layer) else {}
default = texts.sample(layer, EXAMPLES["A name"])
state = st.session_state
st.markdown(
    f"{readings.made_of(layer)} Type "
    f"{'a text' if begin_with else 'the ids of tokens'}, and see what each term does to every "
    "head's attention. Scores and terms are shown "
    f"{output.escaped(scaled)}. A click on a cell, a line or a dot chooses its pair, its "
    "position or its head."
)


def forget_places() -> None:
    """What was chosen in the last text means nothing in another."""
    state.update(pair_i=None, pair_j=None, window=0)


text = inputs.passage(default, begin_with, forget_places)
beginning = texts.end_of_text(layer)
named = "a first token" if beginning is None else vocabulary.show(beginning)
with inputs.bar():
    head = inputs.head_choice(layer, with_all=True)
    begin = link.toggle(
        f"Begin with {output.escaped(named)}",
        key="begin",
        disabled=beginning is None,
        help="This model's tokenizer names no token for it."
        if beginning is None
        else "Some models saw it before every text in training.",
    )
first = beginning if begin else None
ids = inputs.passage_ids(layer, text, default, first)
last = len(ids) - 1


def choose(clicked: clicks.Clicked) -> None:
    """A click chooses a head and a pair, or of its i the j that gets most attention."""
    mark = {"head": head, **clicked[0]}
    if "i" in mark and "j" not in mark:
        left_out = tuple(name for name in layer.term_names if state.get(f"drop_{name}"))
        mark["j"] = ablation.best(layer, tuple(ids), mark["head"], left_out, mark["i"])
    places, begins = [mark[place] for place in "ij" if place in mark], state.get("window", 0)
    is_shown = all(begins <= place < begins + WINDOW for place in places)
    go.to(
        "terms",
        head=mark["head"],
        pair_i=mark.get("i"),
        pair_j=mark.get("j"),
        window=None if is_shown or last < WINDOW else max(0, max(places) + 1 - WINDOW),
    )


inputs.chips(layer, ids[:60], text=text if len(text) <= inputs.MAX_TEXT else "")
compare.offer("Text")
output.reading(
    f"{len(ids):,} token{'s' if last else ''}. Largest difference of the attention from its "
    "terms to this model's own first layer (norm, query and key computed one after the other in "
    "float64 with its own"
    f" weights), in all heads: {cached.direct_error(layer, tuple(ids)):.1e}. {words.SIGNS}"
)

st.header("What each term contributes", help=defined("nats"))
figure.show(finished.contributions(layer, tuple(ids), head), on_select=choose)
figure.show(finished.ranking(layer, tuple(ids), head), on_select=clicks.head)

st.header("Who attends to whom")
width = WINDOW_ALL_HEADS if head is None else WINDOW
window = inputs.window(last + 1, width)
st.markdown("Drop a term to see what attention would be without it:")
with st.container(horizontal=True):
    dropped = tuple(
        name for name in layer.term_names if link.toggle(f"Drop {name}", key=f"drop_{name}")
    )

if head is None:
    shown = ablation.attention_of_heads(layer, tuple(ids), dropped, window)
    output.answer(shown.answer)
    figure.show(shown, on_select=choose)
    output.reading("Choose one head to see tokens by name, take pairs apart, and see a map a term.")
else:
    of_head = (layer, tuple(ids), head)
    # Only with learned positions is what all tokens i share one vector.
    split = isinstance(layer, navigation.LEARNED) and link.toggle(
        "Show ee as two: shared by all tokens i, and specific to this one",
        key="split_ee",
        help="Only how ee is shown below: attention and contributions are of all six terms.",
    )
    if split:
        output.reading(specific_readings.in_text(cached.load_counts(layer), scaled))
        corpus.notice(layer)
    left, right = st.columns([11, 10])  # a map of a whole window fits

    with right, st.container(horizontal=True, vertical_alignment="bottom"):
        i = link.number_input(
            "Current i",
            0,
            last,
            None,
            key="pair_i",
            placeholder=f"{window[1] - 1}",
            help="Or click a cell. The last token shown, unless chosen.",
        )
        i = window[1] - 1 if i is None else i
        last_seen = min(layer.n_visible(i) - 1, last)
        j = link.number_input(
            f"{said.seen.capitalize()} j",
            layer.first_visible(i),
            last_seen,
            None,
            key="pair_j",
            placeholder="best",
            help="Or click a cell. The token that gets most attention, unless chosen.",
        )
        j = ablation.best(*of_head, dropped, i) if j is None else j
    with left:
        shown = ablation.attention(*of_head, dropped, window, (i, j))
        output.answer(shown.answer)
        figure.show(shown, on_select=choose)
        if dropped:
            figure.show(ablation.row(*of_head, dropped, i), on_select=choose)
    with right:
        pair = finished.pair(*of_head, i, j, split)
        output.answer(pair.answer)
        figure.show(pair)

    st.header("The terms of every pair", help=defined(*(f"T^{name}" for name in layer.term_names)))
    figure.show(finished.maps(*of_head, window, split), on_select=choose)

st.header("Over many texts")
with st.container(horizontal=True, vertical_alignment="bottom"):
    n_texts = link.number_input("Texts", 2, MAX_TEXTS, 40, key="n_texts", width=130)
    seed = inputs.sample_number("Same, same texts.")
upload = st.file_uploader(
    "Your own texts, instead of the excerpts of books that come with detok",
    ["txt", "jsonl"],
    max_upload_size=MAX_UPLOAD_MB,
    help="Plain text with empty lines between the texts, or JSON lines: strings, or objects with "
    "the key “text”. A file is not part of the link.",
)
if upload is not None:
    st.caption(
        f"Drawn from the first {texts.MAX_IN_FILE:,} texts of the file; of each, the first "
        f"{settings.now().max_text:,} characters are read."
    )
key = (first, n_texts, seed)
job = (
    cached.averages_job(layer, *key)
    if upload is None
    else cached.own_averages_job(layer, upload.file_id, *key)
)
jobs.leave(visitors.me(), but=job)

st.button(
    "Average over them",
    on_click=cached.compute_averages,
    args=(job, layer, upload, *key),
    disabled=job.state == "done" or job.is_wanted,
)
if job.is_under_way:
    long_runs.watch(job, "texts")
elif job.state == "failed":
    output.mistake(detok.InputError(job.refusal))
long_runs.stopped(job, "texts")
if job.state == "done":
    file = None if upload is None else (upload.file_id, upload.name)
    figure.show(finished.averaged(layer, *key, head, file, job.result), on_select=clicks.head)
takeaway.foot()
