"""§4: which tokens T^ee binds, in the paper's figures, its Table 1 and the authors' notebook."""

from functools import partial

import torch

from detok.replication.check import Check, Finding, judged, not_computable
from detok.replication.figures import FIGURES, NOTEBOOK, RANKED, TABLE_1, Rank
from detok.replication.study import N_SAMPLED, N_SAMPLES, Study

# The authors' σ is of float16, so that a published T^ee is off by about 1e-3 of itself, and what
# lies closer together than twice that may have changed places.
FLOAT16 = 1e-3
# What the notebook's scores are compared within, for the same reason.
NOTEBOOK_WITHIN = 5e-3
# The whole share of the samples that is taken for likely.
LIKELY = 0.99
# Of the counts of pairs, which depend on how documents are cut: what they are compared within.
COUNTS_WITHIN = 0.01

_HOW_RANKED = "rank of j among all V tokens by T^ee, σ of each token at its mean over positions"
_RANK_TOLERANCE = (
    f"the ranks that a change of T^ee by {2 * FLOAT16:.1%} allows for: the authors' script rounds "
    "σ to float16, which moves T^ee by about half of that"
)


def possible_ranks(scores: torch.Tensor, token: int) -> torch.Tensor:
    """The lowest and the highest rank of a token by scores (H, V) that FLOAT16 allows for, (H, 2).

    Ranks count from 1.
    """
    own = scores[:, token, None]  # (H, 1)
    margin = 2 * FLOAT16 * own.abs()
    lowest = 1 + (scores > own + margin).sum(dim=1)
    return torch.stack([lowest, (scores >= own - margin).sum(dim=1)], dim=1)


def ranks(scores: torch.Tensor, token: int) -> torch.Tensor:
    """The rank of a token by scores (H, V), (H,)."""
    return 1 + (scores > scores[:, token, None]).sum(dim=1)


def rank(study: Study, published: Rank, current: int | str, past: int | str) -> Finding:
    """Whether a published rank is among the possible ones, of its head or of some head."""
    token = study.layer.token_id(past)
    scores = study.scores(current)
    possible = possible_ranks(scores, token)  # (H, 2)
    fits = (possible[:, 0] <= published.rank) & (published.rank <= possible[:, 1])  # (H,)
    exact, rounded = (
        ranks(each, token).tolist() for each in (scores, study.rounded_scores(current))
    )
    if published.head is None:
        head = min(range(len(exact)), key=lambda h: (not fits[h], abs(exact[h] - published.rank)))
        where = f" in head {head}"
    else:
        head, where = published.head, ""
    low, high = possible[head].tolist()
    spread = f" ({low:,} to {high:,} possible)" if low < high else ""
    return judged(
        bool(fits[head]),
        f"{exact[head]:,}{where}{spread}",
        f"{rounded[head]:,}{where}",
        head=head,
        paper=exact[head],
        authors=rounded[head],
        possible=[low, high],
    )


def _rank_check(published: Rank) -> Check:
    inside = "some head" if published.head is None else f"head {published.head}"
    return Check(
        id=published.id,
        what=f"rank of '{published.past}' for token i '{published.current}', T^ee, {inside}",
        published=f"{published.rank}",
        where=published.where,
        how=_HOW_RANKED,
        tolerance=_RANK_TOLERANCE,
        measure=lambda study: rank(study, published, published.current, published.past),
    )


def two_largest(study: Study) -> Finding:
    """The two largest T^ee of a token in head 7, as a set."""
    show = study.layer.tokenizer.bytes_of
    best = [
        [show(t).decode(errors="backslashreplace") for t in scores[7].topk(2).indices.tolist()]
        for scores in (study.scores("iens"), study.rounded_scores("iens"))
    ]
    paper, authors = (", ".join(f"'{token}'" for token in tokens) for tokens in best)
    agrees = set(best[0]) == set(FIGURES["fig2a-iens-h7-top2"].value)
    return judged(agrees, paper, authors, paper=best[0], authors=best[1])


def sampled_range(study: Study, head: int, end: int) -> Finding:
    """Whether the published end of a range is one that a sample of tokens is likely to have."""
    expected = FIGURES[f"fig2b-range-h{head}"].value[end]
    ends = study.samples[head].flatten(1).aminmax(dim=1)[end]  # (N_SAMPLES,)
    outside = (1 - LIKELY) / 2
    low, high = ends.double().quantile(ends.new_tensor([outside, 1 - outside]).double()).tolist()
    agrees = low - 0.5 <= expected <= high + 0.5
    measured = f"{low:.1f} to {high:.1f} in {LIKELY:.0%} of the samples"
    return judged(agrees, measured, low=low, high=high)


def _range_check(head: int, end: int) -> Check:
    name = ("smallest", "largest")[end]
    figure = FIGURES[f"fig2b-range-h{head}"]
    return Check(
        id=f"{figure.id}-{name}",
        what=f"{name} T^ee among {N_SAMPLED} sampled tokens, head {head}",
        published=f"{figure.value[end]}",
        where=figure.where,
        how=f"the {name} T^ee in each of {N_SAMPLES} samples of {N_SAMPLED} random tokens",
        tolerance=f"{LIKELY:.0%} of the samples, and 0.5 for its rounding: which tokens the "
        "figure is of is not known",
        measure=partial(sampled_range, head=head, end=end),
    )


def diagonal(study: Study) -> Finding:
    """Whether a token's T^ee is the largest with itself in head 1, and is not in head 7."""
    own = torch.arange(N_SAMPLED)
    shares = {
        head: (study.samples[head].argmax(dim=2) == own).double().mean().item() for head in (1, 7)
    }
    measured = f"{shares[1]:.0%} of the tokens in head 1, {shares[7]:.0%} in head 7"
    return judged(shares[7] < 0.5 < shares[1], measured, head_1=shares[1], head_7=shares[7])


def notebook_score(study: Study, head: int, past: int, score: float) -> Finding:
    """Whether a score that the notebook prints is ours."""
    current = NOTEBOOK["current_id"]
    found, rounded = (
        scores[head, study.layer.token_id(past)].item()
        for scores in (study.scores(current), study.rounded_scores(current))
    )
    agrees = abs(found - score) <= NOTEBOOK_WITHIN * abs(score)
    return judged(agrees, f"{found:.4f}", f"{rounded:.4f}", paper=found, authors=rounded)


def _notebook_checks() -> list[Check]:
    where, current = NOTEBOOK["where"], NOTEBOOK["current_id"]
    checks = []
    for head in (7, 0):
        for row in NOTEBOOK[f"head_{head}"]:
            past = row["j_id"]
            of = f" ('{row['joined']}')" if "joined" in row else ""
            checks.append(
                Check(
                    id=f"notebook-h{head}-{past}-score",
                    what=f"T^ee of token j {past} for token i 'iens'{of}, head {head}",
                    published=f"{row['score']:.4f}",
                    where=where,
                    how="T^ee, σ of each token at its mean over positions",
                    tolerance=f"{NOTEBOOK_WITHIN:.1%}: the authors' script rounds σ to float16, "
                    "twice in every score",
                    measure=partial(notebook_score, head=head, past=past, score=row["score"]),
                )
            )
            if "rank" in row:
                name = f"notebook-h{head}-{past}-rank"
                published = Rank(name, "iens", f"{past}", head, row["rank"], where)
                checks.append(
                    Check(
                        id=name,
                        what=f"its rank among all tokens j{of}, head {head}",
                        published=f"{row['rank']:,}",
                        where=where,
                        how=_HOW_RANKED,
                        tolerance=_RANK_TOLERANCE,
                        measure=partial(rank, published=published, current=current, past=past),
                    )
                )
    return checks


def pair_counts(study: Study) -> Finding:
    """How often OpenWebText has the notebook's tokens before its token i."""
    rows, counts = NOTEBOOK["head_7"], study.needed_counts
    found = [counts.pair(row["j_id"], NOTEBOOK["current_id"]) for row in rows]
    near = [
        abs(n - row["owt_count"]) <= max(1, COUNTS_WITHIN * row["owt_count"])
        for n, row in zip(found, rows, strict=True)
    ]
    finding = judged(all(near), ", ".join(f"{n:,}" for n in found), counts=found)
    return finding if study.is_openwebtext else not_computable(other_counts(study), finding)


def other_counts(study: Study) -> str:
    """The sentence for a figure of OpenWebText that has to do with other counts."""
    return f"needs counts of OpenWebText; measured with those of {study.needed_counts.origin}"


AFFINITY = [
    *(_rank_check(published) for published in RANKED),
    Check(
        id="fig2a-iens-h7-top2",
        what=FIGURES["fig2a-iens-h7-top2"].what.replace("T_ee", "T^ee"),
        published=", ".join(f"'{token}'" for token in FIGURES["fig2a-iens-h7-top2"].value),
        where=FIGURES["fig2a-iens-h7-top2"].where,
        how="the two tokens j with the largest T^ee in head 7",
        tolerance="none, but for their order: Fig. 2-A and the notebook have it differently",
        measure=two_largest,
    ),
    *(_rank_check(published) for published in TABLE_1),
    *_notebook_checks(),
    Check(
        id="owt_count",
        what="how often the notebook's six tokens j stand before 'iens'",
        published=", ".join(f"{row['owt_count']:,}" for row in NOTEBOOK["head_7"]),
        where=NOTEBOOK["where"],
        how="counts of pairs of neighbouring tokens",
        tolerance=f"{COUNTS_WITHIN:.0%}, at least 1: how documents were cut is not known",
        measure=pair_counts,
    ),
    *(_range_check(head, end) for head in (1, 7) for end in (0, 1)),
    Check(
        id="fig2b-diagonal",
        what="a clear diagonal in head 1, none in head 7",
        published="head 1 only",
        where=FIGURES["fig2b-range-h1"].where,
        how=f"share of tokens whose T^ee is the largest with themselves, in {N_SAMPLES} samples of "
        f"{N_SAMPLED} random tokens",
        tolerance="more than half in head 1 and less in head 7: the paper has no number",
        measure=diagonal,
    ),
]
