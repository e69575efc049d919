"""Method: the formulas, every symbol, where they are exact, and what to look for on each page."""

import streamlit as st

from detok.app import go, navigation, page
from detok.app.output import escaped
from detok.readings import method
from detok.readings.glossary import GLOSSARY

layer = page.begin("Method")
links = " · ".join(f"[{name}]({address})" for name, address in method.LINKS.items())
st.markdown(f"The method is that of the paper:\n\n{method.CITATION}\n\n{links}")

st.header(method.heading(layer))
for sentence, step in method.steps(layer):
    st.markdown(sentence)
    st.latex(step)
left, right = st.columns(2)
for n, (formula, what) in enumerate(method.terms(layer).values()):
    with (left, right)[n % 2]:
        st.latex(formula)
        st.caption(what)
if waves := method.waves(layer):
    st.markdown("Each term is a sum of waves over the distance, one for each frequency:")
    st.latex(waves)
st.markdown("Attention is")
st.latex(method.attention(layer))
st.markdown(
    "and what a term T contributes at position i is how far attention moves when it is taken out: "
    "Q is the attention of the score without T."
)
st.latex(method.CONTRIBUTION)

if not layer.first.undefined:
    st.header("What a head passes on")
    st.markdown(
        "Attending to token j, a head writes the token's values through its output projection. "
        "The direct path reads that by the last LayerNorm's weight and the unembedding, past "
        "everything in between; it changes the logit of token t, but for a factor above 0 that "
        "the text gives, by"
    )
    st.latex(method.WRITTEN)
    st.markdown(
        "The head copies a token if this is above 0 for the token itself. Each head's matrix of "
        "all pairs of tokens has at most $d'$ eigenvalues that are not 0; the share with a "
        "positive real part is a second measure of copying."
    )

st.header("Symbols")
rows = "\n".join(f"| ${symbol}$ | {meaning} |" for symbol, meaning in method.symbols(layer).items())
st.markdown(f"| symbol | what it is, and in {escaped(layer.name)} |\n| --- | --- |\n{rows}")

st.header("Units")
st.markdown(escaped(method.units(layer)))

left, right = st.columns(2)
with left:
    st.header("Exact")
    st.markdown("\n".join(f"- {escaped(sentence)}" for sentence in method.exact(layer)))
with right:
    st.header("Not exact")
    st.markdown("\n".join(f"- {escaped(sentence)}" for sentence in method.inexact(layer)))

st.header("What to look for")
for name, about in method.PAGES.items():
    go.link_to(navigation.name_of(method.title(name)), f"**{method.title(name)}**")
    st.markdown(f"*{about.question}* {escaped(about.look_for)}")

st.header("Words")
named = {word: f"$T^{{{word[2:]}}}$" if "^" in word else escaped(word) for word in GLOSSARY}
rows = "\n".join(f"| {named[word]} | {escaped(what)} |" for word, what in GLOSSARY.items())
st.markdown(f"| word | what it means |\n| --- | --- |\n{rows}")
