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
from detok.ablation import Ablation, ablate
from detok.affinity import affinity, affinity_matrix, affinity_scores, previous_piece_ranks
from detok.auroc import Auroc, auroc
from detok.auroc_summary import auroc_by_kind, auroc_summary
from detok.contributions import contributions
from detok.counting import count, count_files
from detok.counts import Counts
from detok.counts_choice import counts_for
from detok.decomposition import Terms, attention, terms
from detok.errors import CheckpointError, InputError, NotDownloadable
from detok.excerpts import excerpts
from detok.layer import Layer, load
from detok.layernorm_stats import LayerNormStats, layernorm_stats
from detok.mean_contributions import MeanContributions, contributions_over
from detok.pair import Pair, explain_pair
from detok.position_summary import position_summary
from detok.positions import PositionBias, position_bias
from detok.text_attention import MeanAttention, mean_attention
from detok.vocabulary import Vocabulary

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
