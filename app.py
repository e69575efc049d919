"""Overview: what detok shows, on which model, how exact it is, and where to begin."""

import pandas as pd
import streamlit as st

import detok
from detok.app import cached, downloads, inputs, output, page, texts
from detok.charts import overview as overview_charts, terms as terms_charts
from detok.model import examples
from detok.readings import overview as overview_readings, terms as terms_readings, words
from detok.tables import terms as tables
from detok.tables.overview import growth

SAMPLE = "Mr. Sherlock Holmes and Dr. Watson returned to Baker Street."
# Of those that the model was measured to put together.
N_WORDS = 3
PAPERS = [
    ("Libertarian", "the paper's word: “Liber” + “tarian” for GPT-2"),
    ("Homo sapiens", "the paper's first example: “ sap” + “iens” for GPT-2"),
]

layer = page.begin("detok")
st.markdown(
    "A language model such as GPT-2 sees “Libertarian” as “Liber” + “tarian”; its first layers "
    "bring the pieces back together. detok shows how the first attention layer does it, **from the "
    "weights alone**. LayerNorm is folded into the layer and the attention score of two tokens is "
    "taken apart into six terms that add up to it, but for a constant in each row, which softmax "
    "ignores."
)

page.offer_gpt2(layer)

st.header("The score, taken apart")
said = words.words_for(layer)
ids, _ = texts.tokens_of(layer, texts.sample(layer, SAMPLE))
head = inputs.head_choice(layer)
terms = detok.terms(layer, ids, heads=head)
panels = tables.maps(layer, ids, terms, range(len(ids)))
figure = terms_charts.maps(panels, output.is_dark(), labelled=False, seen=said.seen)
output.chart(figure, "content")
output.reading(terms_readings.maps(tables.spreads(panels), head, said.seen))
downloads.download_numbers(panels, "decomposition", layer, words.divided(layer), ids)
st.page_link("pages/4_Six-term_contributions.py", label="Take your own text apart")

if texts.can_encode(layer):
    st.header("Begin here")
    measured = examples.words(layer)[:N_WORDS]
    first = f"some head puts the first piece first of all {layer.vocab_size:,} tokens"
    own = [(word, first) for word in measured]
    for text, why in [*own, *PAPERS]:
        pieces = output.escaped(overview_readings.pieces(layer, text))
        st.page_link(
            "pages/1_Token_affinity.py",
            label=f"**{text.strip()}** — here {pieces}; {why}",
            query_params={"text": text, "model": layer.name},
        )

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
        f"Largest difference between the attention from the six terms and that of the model's own "
        f"first layer, computed by `transformers`: **{error:.1e}** (heads: {layer.n_heads}, "
        f"tokens: {len(ids)}, {str(layer.Q_E.dtype).removeprefix('torch.')}). Sample: "
        f"“{output.escaped(layer.tokenizer.text(*ids))}”"
    )
