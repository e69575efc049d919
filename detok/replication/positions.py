"""§5: what the layer does with positions alone."""

import numpy as np
import pandas as pd

from detok.replication.check import ANY, Check, Finding, judged, not_applicable, not_computable
from detok.replication.figures import FIGURES
from detok.replication.study import Study
from detok.scores.look_back import look_back
from detok.scores.positions import position_bias, position_summary

# The paper's current position, where a model has as many; the middle of a shorter one.
PAPERS_I = 500
# The range of Fig. 3-B is given in tens, as read from the ticks of a plot.
TENS = 10
# How straight a line has to be to be called rising, and the share of "almost all".
RISES, ALMOST_ALL = 0.5, 0.75
# Positions called near, how often their even share is "concentrated", and in which share of heads.
NEAR, CONCENTRATED, MANY = 5, 2, 0.5


def current_position(study: Study) -> int:
    """The position i that a model's positional bias is measured at."""
    L = study.layer.n_positions
    return PAPERS_I if L > 2 * PAPERS_I else L // 2


def summary(study: Study) -> pd.DataFrame:
    """`position_summary` of that position."""
    return position_summary(study.layer, current_position(study))


def range_of_terms(study: Study) -> Finding:
    """T^p + T^pp in head 1, without position 0, which stands out by its variance (§6.4)."""
    total = position_bias(study.layer, PAPERS_I).total[1, 1 : PAPERS_I + 1]
    found = [end.item() for end in total.aminmax()]
    expected = FIGURES["fig3b-range-h1"].value
    agrees = all(abs(f - e) <= TENS for f, e in zip(found, expected, strict=True))
    return judged(agrees, f"{found[0]:.1f} to {found[1]:.1f}", range=found)


def rises(study: Study) -> Finding:
    """Whether T^p rises with j in almost all heads."""
    if not study.layer.is_causal:
        return not_applicable("nothing is hidden from a token here: rising is not nearness")
    table = summary(study)
    r = np.sign(table["slope_per_100"]) * np.sqrt(table["r2"])  # (H,)
    if r.isna().all():
        return not_computable(f"{study.layer.n_positions} positions are too few for a line")
    n = int((r > RISES).sum())
    return judged(
        n >= ALMOST_ALL * len(r),
        f"in {n} of {len(r)} heads; r from {r.min():.2f} to {r.max():.2f}",
        r=r.round(4).tolist(),
    )


def near(study: Study) -> Finding:
    """Whether attention by position alone is on the positions close to i."""
    i, counts = current_position(study), study.counts
    table = look_back(study.layer, i, token_counts=None if counts is None else counts.tokens)
    n = study.layer.n_visible(i) - study.layer.first_visible(i)
    if n < 2 * NEAR:
        return not_computable(f"position {i} sees {n} positions, of which {NEAR} are not a few")
    column = f"mass_{'last' if study.layer.is_causal else 'nearest'}_{NEAR}_at_{i}"
    times = table[column] / (NEAR / n)  # (H,)
    many = int((times >= CONCENTRATED).sum())
    return judged(
        many >= MANY * len(times),
        f"in {many} of {len(times)} heads; {table[column].mean():.1%} of the attention of i = {i} "
        f"on average over heads, where an even share is {NEAR / n:.1%}",
        i=i,
        even=NEAR / n,
        mass=table[column].round(4).tolist(),
    )


POSITIONS = [
    Check(
        id="claim-position-rises",
        what="T^p rises with j in almost all heads",
        published="true",
        where="§5.1, Figs. 3-A and 8",
        how="r of the straight line through T^p over all positions but the first and the last",
        tolerance=f"r above {RISES} in at least {ALMOST_ALL:.0%} of the heads: the paper shows "
        "curves and says “monotonically increasing”, for which r is near 1; below half, most of "
        "what T^p does is something else",
        measure=rises,
        only_gpt2=False,
    ),
    Check(
        id="claim-position-near",
        what="attention by position alone is concentrated on close tokens",
        published="true",
        where="§5.3, Figs. 3-D and 10",
        how=f"softmax of T^p + T^pp at the position i = {PAPERS_I}, in models that are shorter "
        f"than twice that at their middle: the share of the {NEAR} positions closest to i; with "
        "rotary positions, softmax of the mean score of each distance",
        tolerance=f"at least {CONCENTRATED} times the even share in at least {MANY:.0%} of the "
        "heads: the paper has no number",
        measure=near,
        only_gpt2=False,
        takes=ANY,
    ),
    Check(
        id="fig3b-range-h1",
        what="range of T^p + T^pp, head 1, i = 500",
        published=" to ".join(map(str, FIGURES["fig3b-range-h1"].value)),
        where=FIGURES["fig3b-range-h1"].where,
        how="smallest and largest T^p + T^pp over j = 1 … 500, both at their means over tokens",
        tolerance=f"{TENS} at either end: it was read from the ticks of a plot",
        measure=range_of_terms,
    ),
]
