"""Token affinity: which tokens a head binds to the one you choose, over the whole vocabulary."""

import streamlit as st

from detok.app import (
    clicks,
    columns,
    compare,
    copying,
    corpus,
    figure,
    go,
    inputs,
    link,
    long_runs,
    output,
    page,
    takeaway,
    texts,
    where,
)
from detok.app.finished import affinity, distance, ov
from detok.app.one_or_all import numbers_of
from detok.charts.parts import capitalized
from detok.readings import (
    affinity as readings,
    distance as distance_readings,
    specific as specific_readings,
    words,
)
from detok.readings.glossary import defined
from detok.scores.ov import why_not
from detok.tables import affinity as tables, specific as specific_tables

MAX_LISTED = 1000  # characters of the text whose tokens are compared
SCORES = {"Whole score": specific_readings.WHOLE, "Specific part": specific_readings.SPECIFIC}
N_TOKENS, N_TOKENS_ALL_HEADS = 64, 30  # in the heat map: every cell is sent to the browser

layer = page.begin("Token affinity")
vocabulary, said = layer.tokenizer, words.words_for(layer)
st.markdown(
    "A head's score for a pair of tokens, $T^{ee}$, is read off the weights alone. Fix one token "
    "and rank the whole vocabulary by it: in a head that detokenizes, the best partners join into "
    "words, names and compounds. The **specific part** of the score leaves out what the head gives "
    "to a token whichever token attends to it. A click on a row, a bar or a cell leads to its "
    "token; with one head chosen, one on a joined string takes the pair apart."
)

with inputs.bar():
    pieces, token = inputs.token_choice(layer)
    head = inputs.head_choice(layer, with_all=True, default="all")
inputs.chips(layer, pieces, token)
with st.container(horizontal=True, vertical_alignment="bottom"):
    side = link.selectbox(
        "Rank", [f"{said.seen} tokens", "current tokens"], key="rank", width=170, help=said.sides
    )
    shown_score = link.selectbox(
        "Score",
        list(SCORES),
        key="score",
        width=170,
        help=f"{defined('T^ee')} The specific part is what the current token adds to what the "
        f"head gives to a {said.seen} token whichever token attends to it.",
    )
    k = inputs.how_many(20, most=200)
    with st.container(horizontal=True, width="content"):
        at = where.choice(layer)

if at.question:
    st.info(at.question)
score = SCORES[shown_score]
if len(pieces) == inputs.MAX_PIECES:
    st.info(f"Of a long text, only the first {inputs.MAX_PIECES} pieces are used.")
text = st.session_state["text"][: inputs.MAX_TEXT]
if pieces:
    st.page_link(
        "pages/4_Six-term_contributions.py",
        label="Take this text apart into the terms of its scores",
        icon=":material/stacked_bar_chart:",
        query_params=go.address("terms", passage=text),
    )
if pieces:
    compare.offer("Word")

place, in_words = None, ()
if pieces:
    with output.mistakes():
        in_words = tuple(texts.words_of(layer, text)[: len(pieces)])
        ranks = affinity.piece_ranks(layer, tuple(pieces), in_words, score)
        place = tables.place_of(token, pieces, in_words)
        if place is not None:
            lead = readings.lead(ranks.table, layer, pieces, in_words, place, head, score)
            st.markdown(f"**{output.escaped(lead)}**", help=defined("rank", "head"))
        if not ranks.table.empty:
            figure.show(ranks, on_select=clicks.current)

if token is None:
    st.info("Type a word, then choose one of its tokens.")
else:
    st.header(f"What goes best with {output.escaped(vocabulary.show(token))}")
    with output.mistakes():
        direction = "current" if side == "current tokens" else "past"
        best = affinity.best(layer, token, head, k, direction, at, score)
        if head is None:
            figure.leads(best, clicks.ranked(best.table))
            figure.show(best, on_select=clicks.token)
        else:
            output.answer(best.answer)
            left, right = st.columns([3, 2])
            with left:
                partner = clicks.partner(layer, token, direction)
                figure.leads(best, partner, "", columns.AFFINITY, height=38 + 35 * min(k, 20))
            with right:
                figure.show(best, on_select=clicks.token)
        if score == specific_readings.SPECIFIC and direction == "current":
            shared = affinity.shared(layer, head, at)
            heads = numbers_of(layer, head)
            one = specific_tables.of_token(shared, heads, token)
            output.reading(specific_readings.constant(one, vocabulary.show(token), said.seen))
        corpus.notice(layer)

if token is not None and at.longest:
    st.header("At which distance a pair goes best")
    st.markdown(distance_readings.made_of(layer))
    beside = tables.neighbour_of(place, pieces, in_words, direction)
    partners = [*([] if beside is None else [beside]), *tables.partners(best.table)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        other = inputs.token_field(layer, list(dict.fromkeys(partners)), partners[0], "Partner")
        last = link.number_input(
            "Distances up to", 1, at.longest, min(63, at.longest), key="farthest", width=130
        )
    pair = (other, token) if direction == "past" else (token, other)
    with output.mistakes():
        for term in distance.terms(layer):
            figure.show(distance.curve(layer, *pair, head, last, term))
        if distance.has_waves(layer):
            st.subheader("Which frequencies the pair uses")
            figure.show(distance.spectrum(layer, *pair, head, last))

if token is not None:
    shown_token = output.escaped(vocabulary.show(token))
    st.header(f"What {'each' if head is None else 'this'} head passes on of {shown_token}")
    if cannot := why_not(layer):
        st.info(output.escaped(f"{cannot[:1].upper()}{cannot[1:]}."))
        page.offer_written(layer)
    else:
        passed = ov.passed_on(layer, token, head, k)
        if head is not None:
            output.answer(passed.answer)
        beside = (st.container(), st.container()) if head is None else st.columns(2)
        for end, place in zip(ov.ENDS, beside, strict=True):
            with place:
                st.markdown(f"Logits raised **{end}** on attending to {shown_token}:")
                if head is None:
                    rows = passed.table[passed.table["raised"] == end]
                    figure.leads(passed, clicks.ranked(rows), end)
                else:
                    figure.leads(
                        passed, clicks.token, end, columns.PASSED_ON, height=38 + 35 * min(k, 10)
                    )
        figure.show(passed)
        copied = copying.copying_job(layer)
        if copied.is_wanted:
            st.markdown("Measuring how often each head copies, once for all visitors …")
            long_runs.watch(copied, "tokens")
        elif copied.state == "done":
            st.subheader("Copying")
            figure.show(ov.copying(layer, head), on_select=clicks.head)
        else:
            st.info("How often heads copy is not known: measuring it was stopped.")
            st.button("Measure it", on_click=copying.compute_copying, args=(layer,))

st.header(f"What {'each' if head is None else 'this'} head likes {said.anything}")
with output.mistakes():
    liked = affinity.liked(layer, head, k, at)
    if head is None:
        figure.leads(liked, clicks.ranked(liked.table))
    else:
        output.answer(liked.answer)
        figure.leads(liked, clicks.token, "", columns.LIKED, height=38 + 35 * min(k, 10))
    figure.show(liked)

st.header(
    f"{capitalized(score)} between many tokens".replace("Tᵉᵉ", "$T^{ee}$"), help=defined("T^ee")
)
with st.container(horizontal=True, vertical_alignment="bottom"):
    listed = link.text_input(
        "Tokens to compare",
        key="tokens",
        placeholder="a random sample of the vocabulary",
        help="Write any text: its tokens are compared, each once."
        if texts.can_encode(layer)
        else "The ids of tokens, which are compared, each once.",
    )
    seed = inputs.sample_number()
    st.button("Reshuffle", on_click=lambda: st.session_state.update(sample=(seed + 1) % 10000))
n_tokens = N_TOKENS_ALL_HEADS if head is None else N_TOKENS
with output.mistakes():
    listed = inputs.within(listed, MAX_LISTED)
    compared = list(dict.fromkeys(texts.encoded(layer, listed)))[:n_tokens]
    drawn = compared or tables.sampled_tokens(layer, seed, n_tokens)
    figure.show(affinity.pairs(layer, tuple(drawn), head, at, score), on_select=clicks.current)
    if head is None:
        output.reading(f"Choose one head to compare up to {N_TOKENS} tokens.")
takeaway.foot()
