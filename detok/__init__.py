"""detok: how a language model's first attention layer glues tokens together, from its weights.

Dimension letters, used in every shape comment and error message of the package:

    V  tokens of the vocabulary          H   attention heads
    L  positions                         d'  width of a head, d / H
    d  width of the model                n   tokens of a text
    i  the current token or position     j   the past token or position that i attends to

Scores and terms are unscaled unless a docstring says otherwise: softmax divides them by √d'.
Equation and section numbers are those of "Weight-based Analysis of Detokenization in Language
Models" (Kamoda et al.).
"""

from detok import quick_import  # noqa: F401  (first, for its effect on what follows)
from detok.bundled import excerpts
from detok.counting.choice import counts_for
from detok.counting.counts import Counts
from detok.counting.in_memory import count
from detok.counting.over_files import count_files
from detok.errors import CheckpointError, InputError, NotDownloadable
from detok.heads.auroc import Auroc, auroc
from detok.heads.summary import auroc_by_kind, auroc_summary
from detok.model.layer import Layer, load
from detok.model.vocabulary import Vocabulary
from detok.scores.affinity import affinity, affinity_matrix, affinity_scores, previous_piece_ranks
from detok.scores.contributions import Ablation, ablate, contributions
from detok.scores.decomposition import Terms, attention, terms
from detok.scores.layernorm_stats import LayerNormStats, layernorm_stats
from detok.scores.over_texts import (
    MeanAttention,
    MeanContributions,
    contributions_over,
    mean_attention,
)
from detok.scores.pair import Pair, explain_pair
from detok.scores.positions import PositionBias, position_bias, position_summary

__all__ = [
    "Ablation",
    "Auroc",
    "CheckpointError",
    "Counts",
    "InputError",
    "Layer",
    "LayerNormStats",
    "MeanAttention",
    "MeanContributions",
    "NotDownloadable",
    "Pair",
    "PositionBias",
    "Terms",
    "Vocabulary",
    "ablate",
    "affinity",
    "affinity_matrix",
    "affinity_scores",
    "attention",
    "auroc",
    "auroc_by_kind",
    "auroc_summary",
    "contributions",
    "contributions_over",
    "count",
    "count_files",
    "counts_for",
    "excerpts",
    "explain_pair",
    "layernorm_stats",
    "load",
    "mean_attention",
    "position_bias",
    "position_summary",
    "previous_piece_ranks",
    "terms",
]
