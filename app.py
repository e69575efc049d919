"""Overview: what detok shows, in one sentence of the model that is loaded, and where to go on."""

import pandas as pd
import streamlit as st

import detok
from detok.app import cached, downloads, examples, long_runs, output, page, texts
from detok.charts import overview as overview_charts
from detok.readings import method, overview as overview_readings, rebuilt as readings, words
from detok.tables import rebuilt as tables, terms as terms_tables
from detok.tables.overview import growth

SAMPLE = "Mr. Sherlock Holmes and Dr. Watson returned to Baker Street."
N_WORDS = 12  # in the gallery
PAPERS = [
    ("Libertarian", "the paper's word: “Liber” + “tarian” for GPT-2"),
    ("Homo sapiens", "the paper's first example: “ sap” + “iens” for GPT-2"),
]
AFFINITY = "pages/1_Token_affinity.py"

layer = page.begin("detok")
said = words.words_for(layer)
st.markdown(
    "A language model sees a word that it knows only in pieces; its first layers put the pieces "
    "together again. detok shows how the first attention layer does it, **from the weights alone**."
)


def shown_words() -> pd.DataFrame:
    """The words that this model rebuilds, as soon as they are known; why there are none."""
    none = pd.DataFrame()
    if not texts.can_encode(layer):
        st.info("Which words this model rebuilds was not measured: its files do not split texts.")
        return none
    job = cached.rebuilt_job(layer)
    if job.is_under_way:
        st.markdown("Looking for words that this model puts together, once for all visitors …")
        long_runs.watch(job, "tokens")
    elif job.state == "done" and job.result is not None:
        return tables.gallery(job.result.words, N_WORDS)
    else:
        st.info("Which words this model rebuilds is not known: looking for them was stopped.")
        st.button("Look for them", on_click=cached.compute_rebuilt, args=(layer,))
    return none


gallery = shown_words()
if len(gallery) and layer.n_positions > 1:
    first = gallery.iloc[0]
    head = int(first["head"])
    ids, i = examples.around(layer, int(first["past_id"]), int(first["current_id"]))
    framed = (i, i - 1)
    st.header(output.escaped(readings.finding(layer, first)))
else:
    text = texts.sample(layer, examples.sentence(examples.WORD))
    (ids, _), head, framed = texts.tokens_of(layer, text), 0, None
vocabulary = layer.tokenizer
output.chips(
    [vocabulary.show(t) for t in ids], [framed is not None and t in framed for t in range(len(ids))]
)
terms = detok.terms(layer, ids, heads=head)
maps = terms_tables.maps(layer, ids, terms, range(len(ids)))
if framed is not None:
    weight = detok.attention(terms)[0][framed].item()
    output.answer(readings.cell(layer, first, tables.cell(maps, *framed), weight))
titles = {"sum": f"The whole score of head {head}", "ee": "ee alone: token i with token j"}
for place, (term, title) in zip(st.columns(2), titles.items(), strict=True):
    with place:
        panel = maps[maps["term"] == term]
        output.chart(
            overview_charts.score_map(panel, title, output.is_dark(), seen=said.seen, framed=framed)
        )
output.reading(readings.maps(layer))
downloads.download_numbers(maps, "decomposition", layer, words.divided(layer), ids)
st.page_link("pages/4_Six-term_contributions.py", label="Take your own text apart")

if texts.can_encode(layer):
    st.header("Words that this model puts together" if len(gallery) else "Begin here")
    with st.container(horizontal=True, gap="small"):
        for _, word in gallery.iterrows():
            pieces = output.escaped(readings.pieces(layer, word))
            st.page_link(
                AFFINITY,
                label=f"**{word['joined'].strip()}** — {pieces}",
                query_params={
                    "text": word["joined"],
                    "head": str(word["head"]),
                    "model": layer.name,
                },
                width="content",
            )
    found = cached.rebuilt_job(layer).result
    if found is not None:
        output.reading(readings.tried(tables.by_head(found), found.n_tried))
    for text, why in PAPERS:
        pieces = output.escaped(overview_readings.pieces(layer, text))
        link, beside = st.columns([1, 3])
        link.page_link(
            AFFINITY, label=f"**{text}**", query_params={"text": text, "model": layer.name}
        )
        beside.markdown(f"{why}; here {pieces}")
page.offer_gpt2(layer)

st.header("What each page answers")
for name, one in method.PAGES.items():
    link, beside = st.columns([1, 3])
    link.page_link(f"pages/{name}.py", label=f"**{method.title(name)}**")
    beside.markdown(one.question)

st.header("The model")
output.facts(overview_readings.facts(layer))
output.reading(overview_readings.origin(layer))
for remark in (overview_readings.moved(layer), overview_readings.unused(layer)):
    if remark is not None:
        output.reading(remark)

emergence = layer.source.folder / "emergence.csv"
if emergence.exists():
    st.header("How detokenization emerged in training")
    history = pd.read_csv(emergence)
    measures = {
        "pair_auroc": ("Mean pair AUROC", ".2f"),
        "auroc": ("The paper's AUROC", ".2f"),
        "mass_last_5": ("Attention to the last 5 positions", ".0%"),
    }
    for place, (column, titled) in zip(st.columns(3), measures.items(), strict=True):
        with place:
            output.chart(overview_charts.emergence(history, column, *titled))
    output.reading(overview_readings.emergence(growth(history)))
    downloads.download(history, "emergence", layer)

st.header("How exact it is")
with output.mistakes(), st.spinner("Running the model's own first layer …"):
    error = cached.attention_error(layer, SAMPLE)
    st.markdown(
        f"On “{output.escaped(SAMPLE)}” the attention from the six terms and that of the model's "
        f"own first layer, computed by `transformers`, differ by **{error:.1e}** at most "
        f"({str(layer.Q_E.dtype).removeprefix('torch.')})."
    )
