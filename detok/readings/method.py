"""The method in formulas and sentences, and what each page is for."""

from dataclasses import dataclass
from functools import singledispatch

from detok.model.any_layer import AnyLayer
from detok.model.layer import Layer
from detok.model.rotary_layer import RotaryLayer
from detok.readings import method_rotary as rotary, words

CITATION = (
    "Go Kamoda, Benjamin Heinzerling, Tatsuro Inaba, Keito Kudo, Keisuke Sakaguchi and Kentaro "
    "Inui. 2025. *Weight-based Analysis of Detokenization in Language Models: Understanding the "
    "First Stage of Inference Without Inference.* In Findings of the Association for Computational "
    "Linguistics: NAACL 2025, pages 6324–6343, Albuquerque, New Mexico."
)
LINKS = {
    "Paper": "https://aclanthology.org/2025.findings-naacl.355/",
    "DOI": "https://doi.org/10.18653/v1/2025.findings-naacl.355",
    "arXiv": "https://arxiv.org/abs/2501.15754",
    "The authors' code": "https://github.com/gokamoda/lm-detokenization",
}


@dataclass(frozen=True)
class About:
    """What a page is for, true of every model."""

    question: str  # that it answers
    look_for: str  # in its figures


PAGES = {
    "1_Token_affinity": About(
        "Which tokens does a head bind to this one, out of the whole vocabulary?",
        "Rank 1 in the map of pieces: to this head, no token goes better with the piece than the "
        "one that stands before it in the word. In the lists: tokens that join to words, names and "
        "compounds with yours. In the heat map: a bright diagonal is a head that attends to copies "
        "of a token. In what a head passes on: whether it raises the logit of the token that it "
        "attends to, and which others.",
    ),
    "2_Positional_bias": About(
        "How far does each head look by position alone?",
        "Tᵖ that rises with j: the head prefers positions further on in the text, which are the "
        "close ones where a token sees only itself and those before it. Tᵖᵖ that is large near i, "
        "or that undulates. Beside the curve of positions alone, attention measured in texts: "
        "where the two part, tokens decide. In a model that adds no positions to its tokens: "
        "a term that on average over tokens is larger at small distances.",
    ),
    "3_LayerNorm_variance": About(
        "What does LayerNorm divide by, and which positions stand out?",
        "A position whose variance is far above that of all others: whatever stands there is "
        "divided by more. In GPT-2 that is position 0. A curve of the last position that is flat "
        "beside its neighbours' is one that was never trained. In a model that adds no positions "
        "to its tokens: whether σ, which is of the token alone then, goes with how common it is.",
    ),
    "4_Six-term_contributions": About(
        "What does each term do to the attention of this text, in every head?",
        "The terms with the most nats: without them attention would be another. In the maps, a "
        "bright cell of ee where the second piece of a word meets the first. In the explanation of "
        "a pair, the term by which it is ahead of its rival.",
    ),
    "5_Detokenizing_heads": About(
        "What does each head know about which tokens go together?",
        "A pair AUROC clearly above the baselines: what a head knows of pairs, and not only of how "
        "common tokens are. A small rank of the true predecessor. The paper's AUROC alone may be "
        "high for a head that knows frequencies only.",
    ),
    "6_Token_frequency": About(
        "Which heads ask attention for rare tokens?",
        "Tᵉ that falls as tokens become frequent: the head asks for rare ones. Tokens far from the "
        "trend, and Var(e), which LayerNorm makes less unequal.",
    ),
    "7_Replication": About(
        "Which of the paper's claims and figures does this model have?",
        "“Differs”: for GPT-2 small something to be looked into, for any other model a finding "
        "about it. “Not applicable” are numbers of GPT-2 small, asked of another model.",
    ),
    "8_Segments": About(
        "What would attention be if the tokens of each segment of a prompt saw all of it?",
        "The tokens that gain attention beyond what an even spread would give them, and whether "
        "the probabilities of the token after the text change. In the maps of the terms, the half "
        "that a causal mask hides: whether a head would bind a piece to what comes after it.",
    ),
    "9_Reversed_attention": About(
        "Which heads would have to attend otherwise for another answer, and what do the six terms "
        "do to it?",
        "A head that stands out in the map of ‖R‖: its scores matter most to the target. In R, the "
        "blue pairs: more attention there makes the target more probable. In the first layer, long "
        "bars to the left: terms on the target’s side; bars to both sides cancel.",
    ),
    "10_Backward_lens": About(
        "What would a step of training on this text write into the MLPs, and where?",
        "A cell where the target is first among the least probable tokens: descent subtracts, so a "
        "step writes it there. Large norms: where most of the gradient goes. In the forward shift, "
        "a curve of the target that rises where that of a random token does not.",
    ),
    "11_Information_flow": About(
        "What reaches one position of a text, layer by layer, and where does the target come from?",
        "The layer at which the target's rank falls from chance to its final one, and the head or "
        "neuron that adds most to its logit there. In the inner vocabulary: whether the last piece "
        "of a word reads as the whole word somewhere in between.",
    ),
    "12_Compare": About(
        "Where do two heads, of one model or of two, differ?",
        "The cell of the difference map that stands out, and how many tokens the two lists share "
        "beside what chance would give. Scores of two heads are on different scales; ranks and "
        "attention are not.",
    ),
    "13_Method": About(
        "How is all this computed, and where is it exact?",
        "Whether a number is exact at its position or an average over positions, and in which unit "
        "it is.",
    ),
    "14_Your_corpus": About(
        "How often do tokens and pairs occur in other texts, such as yours?",
        "The words that the tokenizer splits most often, and the pairs that are bound most: are "
        "they the kind of words that the texts are full of? Then what the other pages say by these "
        "counts is of such texts.",
    ),
}


def title(name: str) -> str:
    """The title of a page by its file's name."""
    return name.split("_", 1)[1].replace("_", " ")


BILINEAR = r"W^{QK} = W'^{Q}\,W'^{K\top},\qquad b^{QK} = b'^{Q}\,W'^{K\top}"
SUM = r"s_{ij} \simeq T^{ee}_{ij} + T^{pp}_{ij} + T^{ep}_{ij} + T^{pe}_{ij} + T^{e}_{j} + T^{p}_{j}"
# Each with what it compares.
TERMS = {
    "ee": (
        r"T^{ee}_{ij} = \frac{e_i\,W^{QK} e_j^{\top}}{\sigma_i\,\sigma_j}",
        "token i with token j, the affinity",
    ),
    "pp": (
        r"T^{pp}_{ij} = \frac{p_i\,W^{QK} p_j^{\top}}{\sigma_i\,\sigma_j}",
        "position i with position j",
    ),
    "ep": (
        r"T^{ep}_{ij} = \frac{e_i\,W^{QK} p_j^{\top}}{\sigma_i\,\sigma_j}",
        "token i with position j",
    ),
    "pe": (
        r"T^{pe}_{ij} = \frac{p_i\,W^{QK} e_j^{\top}}{\sigma_i\,\sigma_j}",
        "position i with token j",
    ),
    "e": (r"T^{e}_{j} = \frac{b^{QK} e_j^{\top}}{\sigma_j}", "token j alone, its self-assertion"),
    "p": (
        r"T^{p}_{j} = \frac{b^{QK} p_j^{\top}}{\sigma_j}",
        "position j alone, its self-assertion",
    ),
}
WRITTEN = (
    r"\ell_{t} \propto \frac{e_j}{\sigma_j}\,W'^{V} W^{O}"
    r"\left(I - \tfrac{1}{d}\mathbf 1 \mathbf 1^{\top}\right)"
    r"\operatorname{diag}(\gamma_f)\,u_t^{\top}"
)
CONTRIBUTION = (
    r"c_i(T) = D_{\mathrm{KL}}(P_i \,\Vert\, Q_i) = \sum_j P_{ij}\,\ln\frac{P_{ij}}{Q_{ij}}"
)


@singledispatch
def heading(layer: Layer) -> str:
    """What the section of a score's terms is called."""
    return "A head's score in six terms"


@singledispatch
def steps(layer: Layer) -> list[tuple[str, str]]:
    """What leads up to the terms: sentences, each with the formula after it."""
    return [
        (
            "The first layer reads the embedding of a token plus that of its position, normalized. "
            "Put LayerNorm's centring, weight and bias into the projections to queries and keys "
            "(Eqs. 10 and 11),",
            rotary.FOLDED,
        ),
        (
            "and the two projections of a head into one matrix and one vector (Eqs. 13 to 15):",
            BILINEAR,
        ),
        (
            "Then the score of two tokens is a sum of six terms, but for a constant in each row, "
            "which softmax ignores (Eq. 17):",
            SUM,
        ),
    ]


@singledispatch
def terms(layer: Layer) -> dict[str, tuple[str, str]]:
    """The formula of each term of this model, and what it compares."""
    return TERMS


@singledispatch
def waves(layer: AnyLayer) -> str:
    """How a term depends on the distance alone, in LaTeX; empty where none does."""
    return ""


def _divisor(layer: AnyLayer) -> str | None:
    """What scores are divided by, in LaTeX, if they are."""
    if layer.scale == 1:
        return None
    return r"\sqrt{d'}" if layer.scale == layer.d_head**0.5 else f"{layer.scale:g}"


def attention(layer: AnyLayer) -> str:
    """How scores become attention in this model, in LaTeX."""
    divisor = _divisor(layer)
    score = "s_{ij}" if divisor is None else rf"\frac{{s_{{ij}}}}{{{divisor}}}"
    if layer.soft_cap is not None:
        cap = f"{layer.soft_cap:g}"
        score = rf"\left({cap}\,\tanh\left({score} / {cap}\right)\right)"
    over = r"j \le i" if layer.is_causal else "j"
    if layer.window is not None:
        over = rf"i - {layer.window} < j \le i"
    return rf"P_{{ij}} = \operatorname*{{softmax}}_{{{over}}}\; {score}"


@singledispatch
def symbols(layer: Layer) -> dict[str, str]:
    """What each symbol of the formulas stands for, by its LaTeX."""
    seen = words.words_for(layer).seen
    written = {
        "W'^V,\\ W^O": "a head's projections to values, with LayerNorm's centring and weight in "
        "it, and of values to what it writes",
        "\\ell_t,\\ u_t,\\ \\gamma_f": "the logit of token t, its row of the unembedding, and the "
        "weight of the last LayerNorm",
    }
    written = {} if layer.first.undefined else written
    return {
        "i,\\ j": f"positions in a text, from 0: i is the current one, j the {seen} one",
        "e_i,\\ p_i": "the embedding of the token at position i, and of position i itself: row "
        "vectors of width d; the layer reads their sum",
        "\\sigma_i": "what LayerNorm divides by at position i: the root of the variance of the "
        "features of e + p, plus ε; it depends on the token and on the position",
        "\\gamma,\\ \\beta,\\ \\varepsilon": "weight, bias and epsilon of the first LayerNorm",
        "W^Q,\\ b^Q,\\ W^K,\\ b^K": "a head's projections to queries and keys; W′ and b′ have "
        "LayerNorm's centring, weight and bias in them",
        "W^{QK}": f"both projections in one, d × d, of rank {layer.d_head} at most",
        "b^{QK}": "what every query asks for, whatever stands at i; the keys' bias is constant "
        "along a row and drops out",
        "s_{ij}": "the attention score, query of i times key of j",
        **written,
        "P_{ij},\\ Q_{ij}": "attention with all terms, and with one term taken out",
        "H,\\ d,\\ d'": f"heads, width and width of a head: {layer.n_heads}, {layer.d_model:,} and "
        f"{layer.d_head}",
        "V,\\ L": f"tokens of the vocabulary and positions: {layer.vocab_size:,} and "
        f"{layer.n_positions:,}",
    }


def units(layer: AnyLayer) -> str:
    """In which unit scores, terms and contributions are."""
    soft = (
        "This model's softmax takes scores as they are, so that scaled and unscaled are the same."
        if layer.scale == 1
        else f"“Scaled” are numbers as softmax takes them, {words.divided(layer)}."
    )
    return (
        f"“Unscaled” are scores that softmax has not divided yet. {soft} Scores have no unit "
        "beyond that, and those of different heads are on different scales: compare ranks, not "
        "scores, between heads. Contributions are in nats."
    )


@singledispatch
def exact(layer: Layer) -> list[str]:
    """What holds to the last digit of the computation, of this model."""
    return [
        "Folding LayerNorm into the projections changes nothing: centring is linear, and σ is kept "
        "as the divisor of each token at its position.",
        "For a text, the six terms add up to the model's own score but for a constant in each row, "
        "which softmax ignores. The overview measures by how much the two differ in a sentence: "
        f"what is left is rounding ({str(layer.dtype).removeprefix('torch.')}).",
        "The terms of a text, their contributions, the attention that is left when terms are "
        "dropped, and affinities at two given positions take σ of each token at its own position.",
    ]


@singledispatch
def inexact(layer: Layer) -> list[str]:
    """What is an average, or is left out, of this model."""
    return [
        "Where only tokens are given, as for Tᵉᵉ over the whole vocabulary and Tᵉ, σ of each token "
        "is its mean over all positions, as in the paper. Where only positions are given, terms "
        "are averaged over the vocabulary, and the spread is shown as a band.",
        "It is about the attention scores of the first layer. What a head passes on of what it "
        "attends to is read on the direct path to the logits alone, as if nothing stood between.",
        "A head that ranks one piece of a word first for the other need not attend to it in a "
        "text: the other five terms take part, and so do the tokens that are there.",
        "A high AUROC is knowledge of the counted texts; other texts may give another.",
        *held(layer),
    ]


def held(layer: AnyLayer) -> list[str]:
    """That embeddings are held in half precision, if they are."""
    stored = str(layer.W_E.dtype).removeprefix("torch.")
    if layer.W_E.dtype == layer.dtype:
        return []
    return [f"The embeddings are held in {stored}, as in the checkpoint."]


for of_any, of_rotary in (
    (heading, rotary.heading),
    (steps, rotary.steps),
    (terms, rotary.terms),
    (waves, rotary.waves),
    (symbols, rotary.symbols),
    (exact, rotary.exact),
    (inexact, lambda layer: [*rotary.inexact(layer), *held(layer)]),
):
    of_any.register(RotaryLayer, of_rotary)
