"""§6.2 and §6.3: what goes with how often a token occurs."""

from functools import partial

import numpy as np

from detok.replication.affinity import other_counts
from detok.replication.check import Check, Finding, judged, not_computable
from detok.replication.figures import FIGURES
from detok.replication.study import Study

# A published correlation has two digits.
DIGITS = 0.01
# The weaker of the two correlations that the paper names, and how many are "several" heads.
FALLS, SEVERAL = -0.31, 3


def correlation(study: Study, id_: str, head: int | None) -> Finding:
    """Spearman's ρ of T^e in a head, or of Var(e), with the counts."""
    by_head, of_variance = study.correlations
    found = of_variance if head is None else float(by_head[head])
    near = abs(found - FIGURES[id_].value) <= DIGITS
    finding = judged(near, f"{found:.2f}", rho=found)
    return finding if study.is_openwebtext else not_computable(other_counts(study), finding)


def falls(study: Study) -> Finding:
    """Whether T^e falls as tokens are more frequent, in several heads."""
    rho = study.correlations[0]  # (H,)
    if np.isnan(rho).all():
        return not_computable("T^e or the counts do not vary")
    n = int((rho <= FALLS).sum())
    return judged(
        n >= min(SEVERAL, len(rho)),
        f"in {n} of {len(rho)} heads; ρ from {np.nanmin(rho):.2f} to {np.nanmax(rho):.2f}",
        rho=rho.round(4).tolist(),
    )


def _spearman(id_: str, head: int | None) -> Check:
    figure = FIGURES[id_]
    of = "Var(e)" if head is None else "T^e"
    return Check(
        id=id_,
        what=figure.what.replace("T_e", "T^e"),
        published=f"{figure.value:.2f}",
        where=figure.where,
        how=f"Spearman's ρ of {of} with the count, over all tokens that occur",
        tolerance=f"{DIGITS}: it is given with two digits",
        measure=partial(correlation, id_=id_, head=head),
    )


FREQUENCY = [
    Check(
        id="claim-frequency-falls",
        what="T^e falls with a token's frequency in several heads",
        published="true",
        where="§6.2, Figs. 5 and 11",
        how="Spearman's ρ of T^e with the count, over all tokens that occur",
        tolerance=f"ρ at most {FALLS} in at least {SEVERAL} heads, or in all where there are "
        "fewer: that is the weaker of the two that the paper names",
        measure=falls,
        only_gpt2=False,
    ),
    _spearman("fig5-spearman-h7", 7),
    _spearman("fig5-spearman-h1", 1),
    _spearman("fig6-spearman-var", None),
]
