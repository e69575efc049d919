"""§6.3 and §6.4: norms, variances, and the two positions that are unlike all others."""

from functools import partial

from detok.replication.check import Check, Finding, judged, not_applicable, not_computable
from detok.replication.figures import FIGURES
from detok.replication.study import Study
from detok.scores.layernorm_stats import FLAT, OUTLIER_Z
from detok.scores.positions import position_bias

# "Far" above, far below, flat: what a reader sees in a plot without being given a number.
FAR = 4
# Half of the last digit of the two variances, and of the ratio of footnote 8.
VARIANCE_DIGIT, RATIO_DIGIT = 0.005, 0.5
# Fewer positions have no usual variance that one can be far from.
LEAST = 4


def norm_variance(study: Study, when: int) -> Finding:
    """The variance of the norms of all tokens before LayerNorm's division, or after."""
    found = study.stats.norm_variances[when]
    near = abs(found - FIGURES["sec6.3-norm-variance"].value[when]) <= VARIANCE_DIGIT
    return judged(near, f"{found:.4f}", variance=found)


def ratio(study: Study) -> Finding:
    """Mean Var(e) over mean |Cov(p, e)|."""
    found = study.stats.var_e_over_cov
    near = abs(found - FIGURES["fn8-cov-ratio"].value) <= RATIO_DIGIT
    return judged(near, f"{found:.1f}", ratio=found)


def ends(study: Study) -> Finding:
    """Whether Var(p) is far above all others at the first position, far below at the last."""
    first, *between, last = study.stats.var_p.tolist()
    usual = study.stats.median_var_p
    if not usual:
        return not_computable("most positions have no variance at all")
    agrees = first > max(between) and last < min(between)
    agrees &= first > FAR * usual and last < usual / FAR
    return judged(
        agrees,
        f"{first / usual:.1f} and {last / usual:.2g} times the median; those between "
        f"{min(between) / usual:.2g} to {max(between) / usual:.2g}",
        first=first,
        last=last,
        median=usual,
    )


def flat_row(study: Study) -> Finding:
    """T^pp without LayerNorm in head 0, of the last five positions.

    Without positions 0 and L − 1 as j: their own embeddings stand out.
    """
    L = study.layer.n_positions
    rows = {
        i: position_bias(study.layer, i, layernorm=False).pp[0, 1:-1].abs().max().item()
        for i in range(L - 5, L)
    }
    *others, last = rows.values()
    return judged(
        last < min(others) / FAR,
        f"largest size {last:.3f} for i = {L - 1}, {min(others):.3f} to {max(others):.3f} before",
        rows={str(i): value for i, value in rows.items()},
    )


def first_is_outlier(study: Study) -> Finding:
    """Whether Var(p_0) is exceptionally high."""
    stats, L = study.stats, study.layer.n_positions
    if L < LEAST:
        return not_computable(f"{L} positions have no usual variance")
    z, times = stats.var_p_z[0].item(), (stats.var_p[0] / stats.median_var_p).item()
    is_largest = int(stats.var_p.argmax()) == 0
    return judged(
        is_largest and z > OUTLIER_Z,
        f"{times:.2f} times the median, z = {z:.1f}" + ", not the largest" * (not is_largest),
        times=times,
        z=z,
    )


def last_is_untrained(study: Study) -> Finding:
    """Whether the scores of the last position are flat, as if no loss ever reached it."""
    if not study.layer.is_causal:
        return not_applicable("every position is trained where a token sees what is after it")
    stats = study.stats
    if not stats.n_neighbours:
        return not_computable(f"{study.layer.n_positions} positions have no neighbours to compare")
    return judged(
        stats.last_is_untrained,
        f"{stats.median_flatness:.3f} of the spread before it (median of the heads)",
        flatness=[round(value, 4) for value in stats.last_flatness.tolist()],
    )


def _norms(when: int) -> Check:
    figure = FIGURES["sec6.3-norm-variance"]
    name = ("before", "after")[when]
    return Check(
        id=f"{figure.id}-{name}",
        what=f"variance of the norms of the token embeddings {name} division by σ",
        published=f"{figure.value[when]:.2f}",
        where=figure.where,
        how="variance of |e| over all tokens" if when == 0 else "variance of |e| / σ(e)",
        tolerance=f"{VARIANCE_DIGIT}: half of its last digit",
        measure=partial(norm_variance, when=when),
    )


LAYERNORM = [
    Check(
        id="claim-first-outlier",
        what="Var(p_0) is exceptionally high",
        published="true",
        where=FIGURES["fig6-var-first-last"].where,
        how="Var(p_0) against that of all positions",
        tolerance=f"the largest of all, and a robust z-score above {OUTLIER_Z}, the usual limit "
        "for an outlier",
        measure=first_is_outlier,
        only_gpt2=False,
    ),
    Check(
        id="claim-last-untrained",
        what="the last position was never trained",
        published="true",
        where=FIGURES["fig7-last-flat"].where,
        how="spread over j of p_i W^QK p_j without LayerNorm, of the last i and up to four before",
        tolerance=f"below {FLAT} in the median head: flat beside the others, for which the paper "
        "has a plot and no number",
        measure=last_is_untrained,
        only_gpt2=False,
    ),
    _norms(0),
    _norms(1),
    Check(
        id="fn8-cov-ratio",
        what=FIGURES["fn8-cov-ratio"].what,
        published=f"{FIGURES['fn8-cov-ratio'].value}",
        where=FIGURES["fn8-cov-ratio"].where,
        how="mean Var(e) over the mean of |Cov(p, e)| over all positions and tokens",
        tolerance=f"{RATIO_DIGIT}: half of its last digit",
        measure=ratio,
    ),
    Check(
        id="fig6-var-first-last",
        what="Var(p) is far above all others at position 0, far below at 1023",
        published="true",
        where=FIGURES["fig6-var-first-last"].where,
        how="Var(p) at both ends against those between and their median",
        tolerance=f"beyond all others and {FAR} times the median: the paper has a plot only",
        measure=ends,
    ),
    Check(
        id="fig7-last-flat",
        what="head 0: p_i W^QK p_j without LayerNorm is flat near 0 for i = 1023 only",
        published="true",
        where=FIGURES["fig7-last-flat"].where,
        how="largest |p_i W^QK p_j| over j = 1 … 1022, for i = 1019 … 1023",
        tolerance=f"less than 1/{FAR} of the smallest of the others: the paper has a plot only",
        measure=flat_row,
    ),
]
