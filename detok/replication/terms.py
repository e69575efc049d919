"""§3 and §6.1: that the six terms are the model's own score, and what each contributes."""

import torch

from detok.bundled import excerpts
from detok.errors import InputError
from detok.replication.check import Check, Finding, judged
from detok.replication.figures import FIGURES
from detok.replication.study import N_TEXTS, Study
from detok.scores.decomposition import TERMS, Factors
from detok.scores.reference import attention_error, direct_error

MIXED = ("ep", "pe")
# The largest difference of attention weights that rounding may make, and the units in the last
# place of the largest score that it may be where scores are large.
ROUNDING, UNITS = 1e-5, 4
# Tokens of the text that the identity is proved on, and rows that the largest score is looked for.
N_PROVED, SCORED = 1_024, 64


def identity(study: Study, n: int = N_PROVED) -> Finding:
    """Whether the six terms give the attention of the model's own first layer."""
    layer = study.layer
    n = min(n, layer.n_positions)
    try:
        ids = layer.tokenizer.encode(excerpts()["text"].iloc[0])[:n]
    except InputError:  # what cannot split a text has tokens all the same
        holes = set(layer.holes.tolist())
        ids = [token for token in range(layer.vocab_size) if token not in holes][:n]
    own, direct = attention_error(layer, ids), direct_error(layer, ids)
    last = Factors.of(layer, ids).rows(max(0, len(ids) - SCORED), len(ids))
    largest = max(getattr(last, name).abs().max().item() for name in TERMS)
    rounding = UNITS * torch.finfo(layer.Q_E.dtype).eps * largest / layer.scale
    return judged(
        max(own, direct) <= max(ROUNDING, rounding),
        f"{own:.1e} from transformers, {direct:.1e} from the layer in float64, {len(ids)} tokens",
        transformers=own,
        direct=direct,
        n=len(ids),
    )


def mixed_terms(study: Study) -> Finding:
    """Whether ep and pe contribute less than each of the others."""
    nats = {
        convention: dict(zip(TERMS, mean.tolist(), strict=True))
        for convention, mean in study.contributions.items()
    }
    paper, authors = (
        ", ".join(f"{name} {value:.2g}" for name, value in sorted(terms.items(), key=_value))
        for terms in nats.values()
    )
    return judged(is_least(nats["paper"]), paper, authors, **nats)


def _value(item: tuple[str, float]) -> float:
    return item[1]


def is_least(nats: dict[str, float]) -> bool:
    """Whether the mixed terms are below all others."""
    others = [value for name, value in nats.items() if name not in MIXED]
    return max(nats[name] for name in MIXED) < min(others)


TERMS_CHECKS = [
    Check(
        id="eq17-identity",
        what="the six terms give the model's own attention",
        published="exactly",
        where="§3.5, Eq. 17",
        how="largest difference of attention weights over all heads and pairs of an excerpt's "
        "tokens, from transformers and from the layer as it stands",
        tolerance=f"{ROUNDING:.0e}, or {UNITS} units in the last place of the largest score: what "
        "rounding leaves",
        measure=identity,
        only_gpt2=False,
    ),
    Check(
        id="fig4-mixed-terms-small",
        what="ep and pe contribute less to attention than ee, e, pp and p",
        published="true" if FIGURES["fig4-mixed-terms-small"].value else "false",
        where=FIGURES["fig4-mixed-terms-small"].where,
        how=f"mean contribution in nats over all heads and positions of {N_TEXTS} excerpts of "
        "books; the authors' script has softmax without its temperature, and a divergence divided "
        "by the number of tokens",
        tolerance="the larger of the two is below the smallest of the four; the paper has no "
        "number, and other texts",
        measure=mixed_terms,
        only_gpt2=False,
    ),
]
