"""Charts of results, for notebooks: each function has the name of the one whose result it draws.

What they return is Altair's, to be shown, changed or saved as its documentation says.
"""

import warnings
from collections.abc import Sequence
from dataclasses import fields, replace

import altair as alt
import pandas as pd
import torch

from detok.charts import (
    ablation as ablation_charts,
    affinity as affinity_charts,
    heads as heads_charts,
    layernorm as layernorm_charts,
    positions as positions_charts,
    terms as terms_charts,
)
from detok.charts.paper import Chart, below
from detok.charts.parts import choose
from detok.counting.counts import Counts
from detok.errors import InputError
from detok.heads.baselines import Baselines
from detok.heads.pair_auroc import PairAuroc
from detok.heads.pair_summary import pair_summary
from detok.model.any_layer import AnyLayer
from detok.model.inputs import check_heads, check_ids, check_index
from detok.model.layer import Layer
from detok.readings.words import words_for
from detok.scores.contributions import Ablation
from detok.scores.decomposition import AnyTerms
from detok.scores.layernorm_stats import LayerNormStats
from detok.scores.mean_attention import MeanAttention
from detok.scores.mean_contributions import MeanContributions
from detok.scores.pair import Pair
from detok.scores.positions import PositionBias
from detok.tables import (
    ablation as ablation_tables,
    affinity as affinity_tables,
    heads as heads_tables,
    layernorm as layernorm_tables,
    positions as positions_tables,
    terms as terms_tables,
)

LABELLED = 24  # tokens that a map has room to name
MAX_MAP = 64  # tokens in a map


def affinity(layer: Layer, table: pd.DataFrame) -> Chart:
    """The best tokens of `detok.affinity` as bars, unscaled; several heads have a panel each.

    Raises: InputError for a table without its columns.
    """
    lacking = {"head", "rank", "token_id", "score", "joined"} - set(table.columns)
    if lacking:
        raise InputError(
            f"the table has no column {min(lacking)}; expected one as of detok.affinity"
        )
    return _whole(affinity_charts.bars(affinity_tables.labelled(table, layer)))


def terms(
    layer: AnyLayer,
    ids: Sequence[int] | torch.Tensor,
    terms: AnyTerms,
    *,
    head: int = 0,
    window: range | None = None,
) -> Chart:
    """The terms of `detok.terms`, or the seven of `detok.split_ee`, and their sum as maps.

    They are scaled, and coloured by their distance from the mean of their row, which is all that
    softmax sees. `head` counts the heads that the terms are of; `window` are the positions shown.

    Raises: InputError for other ids than the terms have, or a window that does not fit.
    """
    tokens = _ids(layer, ids, terms.ee.shape[2])
    check_index("head", head, len(terms.ee), "the number of heads in these terms")
    values = {field.name: getattr(terms, field.name) for field in fields(terms)}
    tensors = {name: v[[head]] for name, v in values.items() if isinstance(v, torch.Tensor)}
    shown = _window(len(tokens), window)
    table = terms_tables.maps(layer, tokens, replace(terms, **tensors), shown)
    is_labelled = len(shown) <= LABELLED
    return _whole(terms_charts.maps(table, labelled=is_labelled, seen=words_for(layer).seen))


def contributions(
    layer: AnyLayer,
    ids: Sequence[int] | torch.Tensor,
    contributions: torch.Tensor,
    *,
    head: int | None = None,
) -> Chart:
    """The nats of `detok.contributions` over the positions, in one head or a panel for each.

    Raises: InputError for other ids or another shape than these are of, or where all values are
    below what a log scale has.
    """
    shape = tuple(contributions.shape)
    if len(shape) != 3 or shape[:2] != (len(layer.term_names), layer.n_heads):
        raise InputError(
            f"the contributions have shape {shape}; expected ({len(layer.term_names)}, H, n) with "
            f"H = {layer.n_heads}, as of detok.contributions"
        )
    tokens = _ids(layer, ids, shape[2])
    return _contributions(terms_tables.per_position(layer, tokens, contributions), head)


def mean_contributions(mean: MeanContributions, *, head: int | None = None) -> Chart:
    """The means of `detok.mean_contributions` with their 95 % intervals, as `contributions`."""
    return _contributions(terms_tables.averaged(mean), head)


def ablate(
    layer: AnyLayer,
    ids: Sequence[int] | torch.Tensor,
    ablation: Ablation,
    *,
    heads: Sequence[int] | int | None = None,
    window: range | None = None,
) -> Chart:
    """The attention that `detok.ablate` leaves, a map a head; the model's own is in the tooltips.

    `heads` are those that the terms were computed for, all unless given, and `window` the positions
    shown. Of one head tokens are named.

    Raises: InputError for other ids or heads than these are of, or a window that does not fit.
    """
    tokens = _ids(layer, ids, ablation.full.shape[1])
    chosen = check_heads(layer, heads)
    if len(chosen) != len(ablation.full):
        raise InputError(
            f"the ablation is of {len(ablation.full)} heads, and heads names {len(chosen)}; "
            "expected those that its terms were computed for"
        )
    shown = _window(len(tokens), window)
    table = ablation_tables.attention(layer, tokens, ablation, chosen, shown)
    seen = words_for(layer).seen
    if len(chosen) > 1 or len(shown) > LABELLED:
        return _whole(ablation_charts.heads(table, seen=seen))
    return _whole(ablation_charts.attention(table, "left", seen=seen))


def explain_pair(layer: AnyLayer, ids: Sequence[int] | torch.Tensor, pair: Pair) -> Chart:
    """The terms of `detok.explain_pair` as bars that add up to the score, beside its runner-up's.

    Raises: InputError for ids that are too few.
    """
    tokens = check_ids(layer, ids).tolist()
    last = max(pair.i, *(score.j for score in (pair.chosen, pair.runner_up) if score is not None))
    if last >= len(tokens):
        raise InputError(
            f"there are {len(tokens)} ids, and the pair has position {last}; expected the ids that "
            "it was computed from"
        )
    return _whole(
        terms_charts.waterfall(terms_tables.waterfall(layer, tokens, pair), words_for(layer).seen)
    )


def position_bias(
    layer: Layer,
    bias: PositionBias,
    measured: MeanAttention | None = None,
    *,
    head: int | None = None,
    ends: bool = False,
) -> Chart:
    """T^p and T^pp of `detok.position_bias`, unscaled, and the attention that they alone make.

    In one head, or a panel for each; `measured` adds the attention of `detok.mean_attention` of the
    same i. Position 0 and the last one, far from all others in most models, only with `ends`.

    Raises: InputError for a head that is not there, or measured attention of another i.
    """
    if measured is not None and measured.i != bias.i:
        raise InputError(
            f"the measured attention is of position i = {measured.i}; expected i = {bias.i}"
        )
    if head is not None:
        check_index("head", head, layer.n_heads, "H")
    i = bias.i
    curves = positions_tables.drawn(positions_tables.curves(bias), layer, i, head, ends)
    attention = positions_tables.attention(bias, measured)
    attention = positions_tables.drawn(attention, layer, i, head, ends)
    parts = {
        "T^p: what each position j has by itself": positions_charts.self_assertion(curves, i),
        f"T^pp: what position {i} gives each j": positions_charts.comparison(curves, i),
        f"Attention of position {i}": positions_charts.attention(attention, i),
    }
    return _below(parts)


def layernorm_stats(stats: LayerNormStats) -> Chart:
    """The variance of each position, and σ over the tokens there, of `detok.layernorm_stats`."""
    table = layernorm_tables.variances(stats)
    parts = {
        "Variance of the position embeddings": layernorm_charts.variances(table),
        "What LayerNorm divides by": layernorm_charts.sigma(table),
    }
    return _below(parts)


def pair_auroc(pairs: PairAuroc, counts: Counts, baselines: Baselines) -> Chart:
    """The mean of `detok.pair_auroc` by head, beside what takes no knowledge of pairs.

    Dashed: the ranking by count alone, and black marks: the part of T^ee that all tokens i share,
    both of `detok.auroc_baselines` of the same tokens. The best head is framed.

    Raises: InputError for baselines of another number of heads or tokens.
    """
    n_heads, n = pairs.area.shape
    if baselines.pair.area.shape != (1 + n_heads, n):
        raise InputError(
            f"the baselines have shape {baselines.pair.area.shape}; expected (1 + H, n) = "
            f"{(1 + n_heads, n)}, of the same tokens"
        )
    table = heads_tables.beside_baselines(
        pair_summary(pairs, counts), pair_summary(baselines.pair, counts)
    )
    best = heads_tables.best(table)["head"].tolist()
    marked = choose(table.assign(measure=heads_tables.PAIR), (best or [-1])[0])
    chart = heads_charts.measures(marked)
    return _whole(chart)


def _contributions(table: pd.DataFrame, head: int | None) -> Chart:
    if head is not None:
        check_index("head", head, table["head"].nunique(), "H")
        table = table[table["head"] == head]
    drawn = terms_tables.drawn(table).table
    if drawn.empty:
        raise InputError(
            f"no term contributes more than {terms_tables.FLOOR:g} nats; expected some to, on a "
            "log scale"
        )
    return _whole(terms_charts.contributions(drawn))


def _ids(layer: AnyLayer, ids: Sequence[int] | torch.Tensor, n: int) -> list[int]:
    """The ids of a result of n tokens."""
    tokens = check_ids(layer, ids).tolist()
    if len(tokens) != n:
        raise InputError(
            f"there are {len(tokens)} ids for a result of {n} tokens; expected the ids that it was "
            "computed from"
        )
    return tokens


def _window(n: int, window: range | None) -> range:
    """The positions of a map of n tokens."""
    shown = range(n) if window is None else window
    if not 0 < len(shown) <= MAX_MAP or shown.step != 1 or shown[0] < 0 or shown[-1] >= n:
        raise InputError(
            f"the window is {shown} of {n} tokens; expected at most {MAX_MAP} positions of them, "
            f"such as window=range({min(n, MAX_MAP)})"
        )
    return shown


def _below(parts: dict[str, Chart]) -> Chart:
    """Charts below each other, each with a scale of colours of its own."""
    with warnings.catch_warnings():
        # What they have for clicks is the same in each, and Altair says that it keeps it once.
        warnings.filterwarnings("ignore", "Automatically deduplicated")
        return _whole(below(parts).resolve_scale(color="independent"))


def _whole(chart: Chart) -> Chart:
    """A chart with all its rows, of which Altair would refuse to show more than 5,000."""
    chart = chart.copy(deep=False)
    if isinstance(chart.data, pd.DataFrame):
        chart.data = alt.InlineData(alt.to_values(chart.data)["values"])
    for name in ("layer", "concat", "vconcat"):
        if isinstance(getattr(chart, name, None), list):
            setattr(chart, name, [_whole(part) for part in getattr(chart, name)])
    return chart
