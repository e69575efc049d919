"""§4.2: which heads know true predecessors, and whether any does beyond their frequency."""

import numpy as np

from detok.heads.intervals import half_width
from detok.replication.affinity import other_counts
from detok.replication.check import ANY, Check, Finding, judged, not_computable
from detok.replication.figures import FIGURES
from detok.replication.study import N_TOKENS, Study

# A pair AUROC of 1/2 is knowledge of frequencies alone: what is called well above it.
WELL_ABOVE = 0.6


def knows_pairs(study: Study) -> Finding:
    """Whether some head ranks true predecessors well above tokens drawn from the corpus."""
    table = study.pair_areas
    area = table.area[:, table.has_area]  # (H, places drawn whose token has an area)
    mean, half = table.unweighted_mean(), half_width(area)  # (H,) each
    if np.isnan(mean + half).any():
        return not_computable(f"{area.shape[1]} of the tokens drawn have a pair AUROC")
    head = int(mean.argmax())
    return judged(
        bool(mean[head] - half[head] >= WELL_ABOVE),
        f"{mean[head]:.3f} ± {half[head]:.3f} in head {head}, the median of all heads "
        f"{np.median(mean):.3f}",
        head=head,
        mean=mean.round(4).tolist(),
        half=round(float(half[head]), 4),
    )


def best_head(study: Study) -> Finding:
    """The head with the largest mean AUROC, by the paper's convention and by the authors'."""
    means = [study.areas.mean("paper"), study.areas.mean("authors")]
    if np.isnan(means[0]).any():
        return not_computable("no token drawn has both a predecessor and a token never before it")
    best = [int(mean.argmax()) for mean in means]
    paper, authors = (
        f"head {head} ({mean[head]:.3f})" for head, mean in zip(best, means, strict=True)
    )
    agrees = best[0] == FIGURES["fig2d-best-head"].value
    finding = judged(
        agrees, paper, authors, paper=means[0].round(4).tolist(), authors=means[1].round(4).tolist()
    )
    return finding if study.is_openwebtext else not_computable(other_counts(study), finding)


HEADS = [
    Check(
        id="claim-heads-know-pairs",
        what="some head's T^ee knows which tokens really go together",
        published="true",
        where="§4.2, Figs. 2-C and 2-D",
        how=f"pair AUROC at {N_TOKENS} random places of the counted texts: the chance that a true "
        "predecessor scores higher than a token drawn from them, 1/2 for a head that knows only "
        "how common tokens are",
        tolerance=f"at least {WELL_ABOVE} in the best head, less its 95 % interval; the paper has "
        "another measure, which frequency alone can raise",
        measure=knows_pairs,
        only_gpt2=False,
        takes=ANY,
    ),
    Check(
        id="fig2d-best-head",
        what="head with the largest mean AUROC of T^ee",
        published=f"head {FIGURES['fig2d-best-head'].value}",
        where=FIGURES["fig2d-best-head"].where,
        how=f"mean AUROC over all tokens with counts of OpenWebText, over {N_TOKENS} random ones "
        "with others; the authors' script counts tokens without a predecessor as 0",
        tolerance="none: it is the number of a head",
        measure=best_head,
    ),
]
