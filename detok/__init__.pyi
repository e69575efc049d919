"""The public names, each with the file that it is in."""

from . import draw as draw
from .bundled import (
    excerpts as excerpts,
)
from .counting.choice import (
    counts_for as counts_for,
)
from .counting.counts import (
    Counts as Counts,
)
from .counting.dataset import (
    Dataset as Dataset,
)
from .counting.in_memory import (
    count as count,
)
from .counting.over_files import (
    count_files as count_files,
)
from .errors import (
    CheckpointError as CheckpointError,
    InputError as InputError,
    NotDownloadable as NotDownloadable,
)
from .heads.auroc import (
    Auroc as Auroc,
    auroc as auroc,
)
from .heads.baselines import (
    Baselines as Baselines,
    auroc_baselines as auroc_baselines,
)
from .heads.curves import (
    predecessor_ranks as predecessor_ranks,
    roc_curves as roc_curves,
)
from .heads.emergence import (
    emergence as emergence,
)
from .heads.pair_auroc import (
    PairAuroc as PairAuroc,
    pair_auroc as pair_auroc,
)
from .heads.pair_summary import (
    pair_by_kind as pair_by_kind,
    pair_summary as pair_summary,
)
from .heads.rebuilt import (
    Rebuilt as Rebuilt,
    rebuilt_words as rebuilt_words,
)
from .heads.summary import (
    auroc_by_kind as auroc_by_kind,
    auroc_summary as auroc_summary,
)
from .model.layer import (
    Layer as Layer,
    load as load,
)
from .model.rotary_layer import (
    RotaryLayer as RotaryLayer,
)
from .model.source import (
    fetch as fetch,
    fetch_whole as fetch_whole,
)
from .model.token_kinds import (
    TOKEN_KINDS as TOKEN_KINDS,
    token_kinds as token_kinds,
)
from .model.vocabulary import (
    Vocabulary as Vocabulary,
)
from .scores.affinity import (
    affinity as affinity,
    affinity_matrix as affinity_matrix,
    affinity_scores as affinity_scores,
    previous_piece_ranks as previous_piece_ranks,
)
from .scores.contributions import (
    Ablation as Ablation,
    ablate as ablate,
    contributions as contributions,
)
from .scores.decomposition import (
    TERMS as TERMS,
    Terms as Terms,
    attention as attention,
    terms as terms,
)
from .scores.distance_bias import (
    DistanceBias as DistanceBias,
    distance_bias as distance_bias,
)
from .scores.distance_curve import (
    DistanceCurve as DistanceCurve,
    distance_curve as distance_curve,
)
from .scores.frequency import (
    self_assertion as self_assertion,
)
from .scores.layernorm_stats import (
    LayerNormStats as LayerNormStats,
    layernorm_stats as layernorm_stats,
)
from .scores.mean_attention import (
    MeanAttention as MeanAttention,
    mean_attention as mean_attention,
)
from .scores.mean_contributions import (
    MeanContributions as MeanContributions,
    mean_contributions as mean_contributions,
)
from .scores.ov import (
    OvReadings as OvReadings,
    ov_readings as ov_readings,
)
from .scores.pair import (
    Pair as Pair,
    explain_pair as explain_pair,
)
from .scores.positions import (
    PositionBias as PositionBias,
    position_bias as position_bias,
    position_summary as position_summary,
)
from .scores.rotary import (
    RotaryTerms as RotaryTerms,
)
from .scores.specific import (
    SplitTerms as SplitTerms,
    shared_query as shared_query,
    shared_scores as shared_scores,
    split_ee as split_ee,
)
from .whole.attribution import (
    TermAttribution as TermAttribution,
    finite_differences as finite_differences,
    term_attribution as term_attribution,
)
from .whole.flow import (
    Flow as Flow,
    Pruning as Pruning,
    flow as flow,
)
from .whole.inner import (
    inner_vocabulary as inner_vocabulary,
)
from .whole.lens import (
    BackwardLens as BackwardLens,
    backward_lens as backward_lens,
)
from .whole.model import (
    Model as Model,
    load_model as load_model,
)
from .whole.reversed import (
    Patched as Patched,
    ReversedAttention as ReversedAttention,
    patched as patched,
    reversed_attention as reversed_attention,
)
from .whole.run import (
    Run as Run,
    run as run,
)
from .whole.segments import (
    SegmentAttention as SegmentAttention,
    segment_attention as segment_attention,
)
from .whole.shift import (
    ForwardShift as ForwardShift,
    forward_shift as forward_shift,
)
