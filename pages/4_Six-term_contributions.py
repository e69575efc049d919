"""Six-term contributions: a text taken apart, and what attention would be without a term."""

import streamlit as st

import detok
from detok.app import cached, downloads, examples, inputs, link, long_runs, output, page, texts
from detok.charts import ablation as ablation_charts, terms as charts
from detok.charts.parts import readable
from detok.readings import (
    ablation as ablation_readings,
    specific as specific_readings,
    terms as readings,
    words,
)
from detok.readings.glossary import defined
from detok.scores.decomposition import TERMS
from detok.tables import ablation as ablation_tables, terms as tables

EXAMPLES = {
    "A name": "There stood old Captain Ahab",
    "A name said twice": "Sherlock Holmes smiled. “Yes,” said Sherlock",
    "The paper's words": "Libertarian, Barack Obama, aluminum chloride, Homo sapiens",
}
WINDOW = 18  # tokens in a map, each with its label
WINDOW_ALL_HEADS = 40
MAX_TEXTS = 120  # averaged over
MAX_UPLOAD_MB = 20
NATS = "nats"

layer = page.begin("Six-term contributions")
vocabulary, said = layer.tokenizer, words.words_for(layer)
scaled = words.divided(layer)
weights = f"attention weights, of scores {scaled}"
begin_with = {**EXAMPLES, "A word in pieces": f"The word was{examples.word(layer)}"}
begin_with = begin_with if texts.can_encode(layer) else {}
default = texts.sample(layer, EXAMPLES["A name"])
state = st.session_state
st.markdown(
    "Every attention score is the sum of six terms: of both tokens ($T^{ee}$), both positions "
    "($T^{pp}$), one of each ($T^{ep}$, $T^{pe}$), and of the "
    f"{said.seen} token or position alone ($T^{{e}}$, $T^{{p}}$). Type "
    f"{'a text' if begin_with else 'the ids of tokens'}, and see what each does to every head's "
    "attention. Scores and terms are shown as softmax takes them, "
    f"{output.escaped(scaled)}."
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
try:
    ids, n_cut = texts.tokens_of(layer, text, first)
except detok.InputError as error:
    output.mistake(error)
    ids, n_cut = texts.tokens_of(layer, default, first)
    st.info(f"Shown instead: “{default}”")
if n_cut:
    st.info(
        f"Used: the first {len(ids):,} of {len(ids) + n_cut:,} tokens, as many as the model has "
        "positions."
    )
last = len(ids) - 1
inputs.chips(layer, ids[:60], text=text if len(text) <= inputs.MAX_TEXT else "")
output.reading(
    f"{len(ids):,} token{'s' if last else ''}. Largest difference of the attention from the six "
    "terms to this model's own first layer (LayerNorm, query and key computed one after the other "
    "in float64 with its own"
    f" weights), in all heads: {cached.direct_error(layer, tuple(ids)):.1e}. {words.SIGNS}"
)

st.header("What each term contributes", help=defined("nats"))
values = tables.per_position(layer, ids, cached.contributions(layer, tuple(ids)))
ranks = tables.ranking(values)
shown = values if head is None else values[values["head"] == head]
shown_ranks = ranks if head is None else ranks[ranks["head"] == head]
drawn = tables.drawn(shown, layer.is_causal)
if not drawn.table.empty:
    output.chart(charts.contributions(drawn.table))
output.reading(readings.per_position(drawn))
downloads.download_numbers(shown, "contributions", layer, NATS, ids)
if (ranks["nats"] > tables.FLOOR).any():
    output.chart(charts.ranking(ranks))
output.reading(readings.ranking(shown_ranks, tables.places(shown_ranks)))
downloads.download_numbers(ranks, "ranking", layer, NATS, ids)

st.header("Who attends to whom")
width = WINDOW_ALL_HEADS if head is None else WINDOW
begin_at = 0
if last >= width:
    begin_at = link.slider(
        f"First of the {width} tokens shown", 0, last + 1 - width, 0, key="window"
    )
window = range(begin_at, min(begin_at + width, last + 1))
st.markdown("Drop a term to see what attention would be without it:")
with st.container(horizontal=True):
    dropped = [name for name in TERMS if link.toggle(f"Drop {name}", key=f"drop_{name}")]

if head is None:
    every = list(range(layer.n_heads))
    inside = ids[: layer.n_visible(window.stop - 1)]  # nothing else takes part in the window
    ablation = detok.ablate(detok.terms(layer, inside), dropped)
    moved = ablation_tables.divergences(ablation, every, window.stop - 1)
    output.answer(ablation_readings.divergences(moved, dropped, window.stop - 1))
    table = ablation_tables.attention(layer, inside, ablation, every, window)
    output.chart(ablation_charts.heads(table, output.is_dark(), said.seen))
    output.reading("Choose one head to see tokens by name, take pairs apart, and see the six maps.")
    downloads.download_numbers(table, "attention", layer, weights, ids)
else:
    terms = detok.terms(layer, ids, heads=head)
    ablation = detok.ablate(terms, dropped)
    split = link.toggle(
        "Show ee as two: shared by all tokens i, and specific to this one",
        key="split_ee",
        help="Only how ee is shown below: attention and contributions are of all six terms.",
    )
    query, unit = None, scaled
    if split:
        counts, query = cached.load_counts(layer), cached.shared_query(layer)
        terms = detok.split_ee(layer, ids, query, heads=head)
        unit = f"{scaled}; q̄ of ee_shared is {specific_readings.mean_query(counts)}"
        output.reading(specific_readings.in_text(counts, scaled))
    left, right = st.columns(2)

    def choose_cell() -> None:
        """A click on a cell chooses its pair."""
        if cells := state["cells"].selection.get("cell"):
            state.update(pair_i=cells[0]["i"], pair_j=cells[0]["j"])

    with right, st.container(horizontal=True, vertical_alignment="bottom"):
        i = link.number_input(
            "Current i",
            0,
            last,
            None,
            key="pair_i",
            placeholder=f"{window.stop - 1}",
            help="Or click a cell. The last token shown, unless chosen.",
        )
        i = window.stop - 1 if i is None else i
        last_seen = min(layer.n_visible(i) - 1, last)
        j = link.number_input(
            f"{said.seen.capitalize()} j",
            0,
            last_seen,
            None,
            key="pair_j",
            placeholder="best",
            help="Or click a cell. The token that gets most attention, unless chosen.",
        )
        j = int(ablation.full[0, i].argmax()) if j is None else j
    with left:
        moved = ablation_tables.divergences(ablation, [head], i)
        output.answer(ablation_readings.divergences(moved, dropped, i))
        table = ablation_tables.attention(layer, ids, ablation, [head], window)
        figure = ablation_charts.attention(table, "left", output.is_dark(), (i, j), said.seen)
        figure = readable(figure, output.is_dark())
        st.altair_chart(figure, key="cells", on_select=choose_cell, width="content")
        downloads.download_numbers(table, "attention", layer, weights, ids)
        if dropped:
            row = ablation_tables.row(layer, ids, ablation, i)
            output.chart(ablation_charts.row(row, said.seen))
    with right:
        pair = detok.explain_pair(layer, ids, i=i, j=j, head=head, query=query)
        output.answer(readings.pair(layer, ids, pair))
        bars = tables.waterfall(layer, ids, pair)
        output.chart(charts.waterfall(bars, said.seen, output.is_dark()))
        downloads.download_numbers(bars, "pair", layer, unit, ids)

    st.header("The terms of every pair", help=defined("T^ee", "T^pp", "T^ep", "T^pe", "T^e", "T^p"))
    panels = tables.maps(layer, ids, terms, window)
    if last:  # the only cell of a single token has no colour
        output.chart(charts.maps(panels, output.is_dark(), seen=said.seen), "content")
    output.reading(readings.maps(tables.spreads(panels), head, said.seen))
    downloads.download_numbers(panels, "terms", layer, unit, ids)

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
key = (first, n_texts, seed)
kept = (
    cached.averaged_over_excerpts(layer, *key)
    if upload is None
    else cached.averaged_over_upload(layer, upload.file_id, *key)
)
if st.button("Average over them", disabled=kept.value is not None):
    with output.mistakes(), long_runs.cancellable("Reading texts:", kept) as report:
        layer.tokenizer.check_encodes()
        read = (
            cached.excerpt_ids(layer)
            if upload is None
            else texts.texts_of(upload.name, upload.getvalue())
        )
        kept.value = detok.mean_contributions(
            layer, read, first=first, sample=n_texts, seed=seed, progress=report
        )
long_runs.interrupted(kept)
if kept.value is not None:
    over = tables.averaged(kept.value)
    shown = over if head is None else over[over["head"] == head]
    drawn = tables.drawn(shown)
    if not drawn.table.empty:
        output.chart(charts.contributions(drawn.table))
    output.reading(readings.averaged(kept.value, "excerpts" if upload is None else "of your texts"))
    ranks = tables.ranking(shown)
    output.reading(readings.ranking(ranks, tables.places(ranks)))
    downloads.download_numbers(shown, "averaged", layer, NATS)
