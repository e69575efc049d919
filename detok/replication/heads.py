"""§4.2: which heads know true predecessors."""

import numpy as np

from detok.replication.affinity import other_counts
from detok.replication.check import Check, Finding, judged, not_computable
from detok.replication.figures import FIGURES
from detok.replication.study import N_TOKENS, Study


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
