"""Token affinity: which tokens a head binds to the one you choose, over the whole vocabulary."""

import streamlit as st

import detok
from detok.app import cached, columns, downloads, go, inputs, link, output, page, texts
from detok.charts import affinity as charts
from detok.charts.parts import capitalized
from detok.readings import affinity as readings, specific as specific_readings, words
from detok.readings.glossary import defined
from detok.tables import affinity as tables, specific as specific_tables

MAX_LISTED = 1000  # characters of the text whose tokens are compared
PANEL_ROWS = 8  # bars a head where all heads are side by side
SCORES = {"Whole score": specific_readings.WHOLE, "Specific part": specific_readings.SPECIFIC}
N_TOKENS, N_TOKENS_ALL_HEADS = 100, 30  # in the heat map: every cell is sent to the browser

layer = page.begin("Token affinity")
vocabulary, said = layer.tokenizer, words.words_for(layer)
counts = cached.load_counts(layer)
st.markdown(
    "A head's score for a pair of tokens, $T^{ee}$, is read off the weights alone. Fix one token "
    "and rank the whole vocabulary by it: in a head that detokenizes, the best partners join into "
    "words, names and compounds. The **specific part** of the score leaves out what the head gives "
    "to a token whichever token attends to it."
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
    position_help = "Leave both empty to average σ over all positions, as the paper does."
    last = layer.n_positions - 1
    with st.container(horizontal=True, width="content"):
        i, j = (
            link.number_input(
                f"Position {name}", 0, last, None, key=f"at_{name}", help=position_help, width=130
            )
            for name in "ij"
        )

if (i is None) != (j is None):
    st.info("Exact scores need both positions, i and j; averaging over positions until then.")
positions = (i, j) if i is not None and j is not None else None
score = SCORES[shown_score]
query = cached.shared_query(layer)
less = query if score == specific_readings.SPECIFIC else None
values = specific_readings.values(score, counts)
heads = list(range(layer.n_heads)) if head is None else [head]
if len(pieces) == inputs.MAX_PIECES:
    st.info(f"Of a long text, only the first {inputs.MAX_PIECES} pieces are used.")
if pieces:
    st.page_link(
        "pages/4_Six-term_contributions.py",
        label="Take this text apart into the six terms",
        icon=":material/stacked_bar_chart:",
        query_params=go.address("terms", passage=st.session_state["text"]),
    )

if pieces:
    with output.mistakes():
        in_words = texts.words_of(layer, st.session_state["text"])[: len(pieces)]
        ranks = tables.piece_ranks(layer, pieces, in_words, less)
        place = tables.place_of(token, pieces, in_words)
        if place is not None:
            lead = readings.lead(ranks, layer, pieces, in_words, place, head, score)
            st.markdown(f"**{output.escaped(lead)}**", help=defined("rank", "head"))
        if len(ranks):
            output.chart(charts.piece_ranks(ranks, layer.vocab_size))
            output.reading(readings.piece_ranks(tables.best_ranks(ranks), layer, score))
            downloads.download(ranks, "pieces", layer, values=f"ranks by {values}")

shared = detok.shared_scores(
    layer, query, heads=heads, position=None if positions is None else positions[1]
)

if token is None:
    st.info("Type a word, then choose one of its tokens.")
else:
    st.header(f"What goes best with {output.escaped(vocabulary.show(token))}")
    with output.mistakes():
        direction = "current" if side == "current tokens" else "past"
        best = detok.affinity(
            layer, token, heads=head, k=k, side=direction, positions=positions, less=less
        )
        best = tables.with_counts(best, layer, token, direction, counts)
        if head is None:
            st.dataframe(
                tables.side_by_side(best),
                hide_index=True,
                alt="The best tokens, joined to the chosen one: a column for each head.",
            )
            output.chart(charts.bars(best[best["rank"] <= PANEL_ROWS], score))
        else:
            output.answer(readings.answer(best, layer, score))
            left, right = st.columns([3, 2])
            shown = ["rank", "shown", "score", "joined_shown", "count", "known"]
            left.dataframe(
                best[[c for c in shown if c in best]],
                alt="The best tokens of the head, with their scores.",
                height=38 + 35 * min(k, 20),
                hide_index=True,
                column_config=columns.AFFINITY,
            )
            with right:
                output.chart(charts.bars(best, score))
        output.reading(readings.known(best, counts, score, direction))
        if less is not None and direction == "current":
            one = specific_tables.of_token(shared, heads, token)
            output.reading(specific_readings.constant(one, vocabulary.show(token), said.seen))
        output.counts_notice(layer)
        downloads.download(best.drop(columns="label"), "affinity", layer, values=values)

st.header(f"What {'each' if head is None else 'this'} head likes {said.anything}")
liked = specific_tables.liked(layer, shared, heads, k, counts)
if head is None:
    st.dataframe(
        tables.side_by_side(liked, "shown"),
        hide_index=True,
        alt="The tokens with the largest shared part: a column for each head.",
    )
else:
    output.answer(specific_readings.liked(liked))
    shown = ["rank", "shown", "score", "count"]
    st.dataframe(
        liked[[c for c in shown if c in liked]],
        alt="The tokens with the largest shared part in the head.",
        height=38 + 35 * min(k, 10),
        hide_index=True,
        column_config=columns.LIKED,
    )
output.reading(specific_readings.parts(counts))
downloads.download(
    liked, "liked", layer, values=specific_readings.values(specific_readings.SHARED, counts)
)

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
    pairs = tables.pairs(
        layer,
        compared or tables.sampled_tokens(layer, seed, n_tokens),
        heads,
        less,
    )
    output.chart(charts.pairs(pairs, output.is_dark(), said.seen, score), "content")
    more = f" Choose one head to compare up to {N_TOKENS} tokens." if head is None else ""
    output.reading(readings.pairs(tables.own_copies(pairs), score) + more)
    downloads.download(pairs, "heatmap", layer, values=values)
