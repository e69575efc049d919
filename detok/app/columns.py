"""How the columns of the pages' tables are headed and formatted."""

from typing import Any

import pandas as pd
import streamlit as st

from detok.readings.glossary import defined
from detok.readings.words import SIGNS

AFFINITY = {
    "rank": st.column_config.NumberColumn("Rank", width="small", help=defined("rank")),
    "shown": st.column_config.TextColumn("Token", help=SIGNS),
    "score": st.column_config.NumberColumn(
        "Tᵉᵉ", format="%.2f", help=f"{defined('T^ee')} Unscaled."
    ),
    "joined_shown": st.column_config.TextColumn("Joined"),
    "count": st.column_config.NumberColumn(
        "Times seen", format="localized", help="How often the pair occurs in the counts"
    ),
    "known": st.column_config.CheckboxColumn("Known", help="The pair occurs in the counts"),
}
OF_PAIRS = {
    "joined": st.column_config.TextColumn("Joined", help=SIGNS),
    "past_shown": st.column_config.TextColumn("Token j"),
    "current_shown": st.column_config.TextColumn("Token i"),
    "count": st.column_config.NumberColumn("Times seen", format="localized"),
    "pmi": st.column_config.NumberColumn("PMI", format="%.1f", help=defined("PMI")),
}
LIKED = {
    **AFFINITY,
    "score": st.column_config.NumberColumn("Shared part", format="%.2f", help="q̄·k, unscaled"),
    "count": st.column_config.NumberColumn("Times seen", format="localized"),
}
PASSED_ON = {
    **AFFINITY,
    "change": st.column_config.NumberColumn(
        "Change", format="%.3g", help="Of the logit, but for a factor above 0 that a text gives"
    ),
}
LENS = {
    "rank": st.column_config.NumberColumn("Rank", width="small"),
    "shown": st.column_config.TextColumn("Token", help=SIGNS),
    "token_id": st.column_config.NumberColumn("Id", format="%d", width="small"),
    "probability": st.column_config.NumberColumn("Probability", format="scientific"),
    "is_target": st.column_config.CheckboxColumn("Target"),
}
SUMMARY = {
    "head": st.column_config.NumberColumn("Head", width="small", pinned=True),
    "slope_per_100": st.column_config.NumberColumn(
        "Slope of Tᵖ",
        format="%+.2f",
        help=f"Per 100 positions, unscaled, by least squares. {defined('T^p')}",
    ),
    "r2": st.column_config.NumberColumn("R²", format="%.2f", help="Of the line through Tᵖ"),
    "rise_share": st.column_config.NumberColumn(
        "Tᵖ rises", format="percent", help="Share of the steps from j to j + 1"
    ),
    "period": st.column_config.NumberColumn(
        "Period of Tᵖᵖ",
        format="%.0f",
        help=f"Of its strongest wave, in positions. {defined('T^pp')}",
    ),
    "period_share": st.column_config.NumberColumn(
        "Its power", format="percent", help="Share of the wave in the power of Tᵖᵖ"
    ),
    "distance_share": st.column_config.NumberColumn(
        "By distance alone",
        format="percent",
        help="Of the variance of scores along a row, over tokens and distances, the share "
        "that the mean score of each distance has",
    ),
}
PAIRS = {
    "head": st.column_config.NumberColumn("Head", width="small", pinned=True),
    "mean": st.column_config.NumberColumn(
        "Pair AUROC",
        format="%.3f",
        help=f"{defined('pair AUROC')} Weighted by how often token i occurs.",
    ),
    "mean_low": st.column_config.NumberColumn(
        "95 % from", format="%.3f", help="Confidence interval of the mean over all tokens"
    ),
    "mean_high": st.column_config.NumberColumn("95 % to", format="%.3f"),
    "shared": st.column_config.NumberColumn(
        "With queries the same",
        format="%.3f",
        help="The pair AUROC of the part of Tᵉᵉ that all tokens i share",
    ),
    "unweighted": st.column_config.NumberColumn(
        "Unweighted", format="%.3f", help="Pair AUROC with each token i counted once"
    ),
    "unweighted_low": st.column_config.NumberColumn("Unweighted, 95 % from", format="%.3f"),
    "unweighted_high": st.column_config.NumberColumn("95 % to", format="%.3f"),
    "first_3": st.column_config.NumberColumn(
        "In first 3",
        format="percent",
        help="Share of the tokens with the true predecessor among the head's first three",
    ),
    "first_20": st.column_config.NumberColumn("In first 20", format="percent"),
    "median_rank": st.column_config.NumberColumn(
        "Median rank", format="localized", help="Of the true predecessor among all tokens"
    ),
}
AUROC = {
    "head": st.column_config.NumberColumn("Head", width="small", pinned=True),
    "mean": st.column_config.NumberColumn("Mean AUROC", format="%.3f", help=defined("AUROC")),
    "shared": st.column_config.NumberColumn(
        "With queries the same",
        format="%.3f",
        help="The paper's measure of the part of Tᵉᵉ that all tokens i share",
    ),
    "mean_low": st.column_config.NumberColumn(
        "95 % from", format="%.3f", help="Confidence interval of the mean over all tokens"
    ),
    "mean_high": st.column_config.NumberColumn("95 % to", format="%.3f"),
    "median": st.column_config.NumberColumn("Median", format="%.3f"),
    "q25": st.column_config.NumberColumn("1st quartile", format="%.3f"),
    "q75": st.column_config.NumberColumn("3rd quartile", format="%.3f"),
    "std": st.column_config.NumberColumn("Std", format="%.3f", help="Over the tokens"),
    "diagonal_share": st.column_config.NumberColumn(
        "Diagonal share",
        format="percent",
        help="How often no other token scores higher than the token itself",
    ),
    "known_share": st.column_config.NumberColumn(
        "Known pairs", format="percent", help="Share of the ten best tokens j that are known"
    ),
}
TOKENS = {
    "token_id": st.column_config.NumberColumn("Id", format="%d", width="small"),
    "shown": st.column_config.TextColumn("Token", help=SIGNS),
    "kind": st.column_config.TextColumn("Kind"),
    "area": st.column_config.NumberColumn("AUROC", format="%.3f", help=defined("AUROC")),
    "predecessors": st.column_config.NumberColumn(
        "Predecessors", format="localized", help="Different tokens seen right before it"
    ),
    "occurrences": st.column_config.NumberColumn("Occurs", format="localized"),
    "joined": st.column_config.TextColumn(
        "Most often", help="Its most frequent predecessor and the token, joined"
    ),
    "joined_shown": st.column_config.TextColumn("Joined"),
    "count": st.column_config.NumberColumn("Times seen", format="localized"),
    "value": st.column_config.NumberColumn("Value", format="%.4g"),
    "trend": st.column_config.NumberColumn("Trend", format="%.4g"),
    "distance": st.column_config.NumberColumn(
        "Distance", format="%+.1f", help="From the trend, in robust standard deviations"
    ),
}

REPLICATION = {
    "what": st.column_config.TextColumn("What", width="medium"),
    "verdict": st.column_config.TextColumn("Verdict", width="small"),
    "published": st.column_config.TextColumn("Published", width="small"),
    "measured": st.column_config.TextColumn("Measured", width="large"),
    "where": st.column_config.TextColumn("Where", width="small"),
    "tolerance": st.column_config.TextColumn("Tolerance, and why", width="large"),
    "how": st.column_config.TextColumn("How it is measured", width="large"),
    "id": st.column_config.TextColumn("Id", width="small"),
    "subject": st.column_config.TextColumn("Page", width="medium"),
}

LISTS = {
    **AFFINITY,
    "other_rank": st.column_config.NumberColumn(
        "There",
        format="localized",
        help="Its rank in the other head; None where the other model has no such token",
    ),
    "in_both": st.column_config.CheckboxColumn("Both", help="In both lists"),
}


def summary_columns(summary: pd.DataFrame) -> dict[str, Any]:
    """How the columns of `detok.position_summary` are headed, with those of each position."""
    columns = dict(SUMMARY)
    for name in summary.columns.difference(list(SUMMARY)):
        _, part, *reach, _, i = name.split("_")
        label = f"{part.capitalize()} {reach[0]} at {i}" if reach else f"Position 0 at {i}"
        columns[name] = st.column_config.NumberColumn(
            label, format="percent", help=f"Share of position {i}'s attention, by place alone"
        )
    return columns


def ranks_of(n_heads: int) -> dict[str, Any]:
    """How the columns of ranks by head are headed."""
    return {f"head_{h}": st.column_config.NumberColumn(f"Head {h}") for h in range(n_heads)}


def measures(names: dict[str, str]) -> dict[str, Any]:
    """How the columns of heads side by side are headed, by the names of what is measured."""
    formats = {"rank": "%.0f", "first_3": "percent", "near": "percent", "first": "percent"}
    helps = {
        "rank": f"{defined('rank')} Of several pairs the geometric mean.",
        "first_3": "Share of the tokens with the true predecessor among the head's first three",
        "near": "Attention to the 5 nearest positions that a token sees, by place alone",
        "first": "Attention to position 0, by place alone",
    }
    columns = {
        name: st.column_config.NumberColumn(
            label, format=formats.get(name, "%.3f"), help=helps.get(name)
        )
        for name, label in names.items()
    }
    return {
        "head": st.column_config.NumberColumn("Head", width="small", pinned=True),
        "chosen": st.column_config.TextColumn("Chosen", width="small"),
        **columns,
    }


FLOW_PARTS = {
    "part": st.column_config.TextColumn("Part", width="medium", pinned=True),
    "norm": st.column_config.NumberColumn("Norm", format="%.3f"),
    "rank": st.column_config.NumberColumn("Rank", format="localized", help=defined("rank")),
    "probability": st.column_config.NumberColumn("Probability", format="%.3g"),
    "adds": st.column_config.NumberColumn(
        "Adds", format="%+.3f", help="To the target's logit, directly"
    ),
    "coefficient": st.column_config.NumberColumn(
        "Coefficient", format="%.3g", help="A neuron's activation, a value's attention weight"
    ),
    "reads": st.column_config.TextColumn("Reads as", help=SIGNS),
}
FLOW_EDGES = {
    "source_part": st.column_config.TextColumn("From", width="medium"),
    "target_part": st.column_config.TextColumn("To", width="medium"),
    "what": st.column_config.TextColumn("What passes"),
    "strength": st.column_config.NumberColumn("Strength", format="%.4g"),
}
FLOW_TOKENS = {
    "token": st.column_config.TextColumn("Token", help=SIGNS),
    "probability": st.column_config.NumberColumn("Probability", format="%.3g"),
}
