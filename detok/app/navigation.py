"""The pages of the app, and the list of them in the sidebar."""

from dataclasses import dataclass
from pathlib import Path

from streamlit.delta_generator import DeltaGenerator

import detok
from detok.app import link
from detok.model.any_layer import AnyLayer

ROOT = Path(__file__).parents[2]
LEARNED = (detok.Layer,)
ANY = (detok.Layer, detok.RotaryLayer)


@dataclass(frozen=True)
class Place:
    """A page: its file, what it is called, its icon, and the group that it is listed in.

    `takes` are the kinds of layers that it can show.
    """

    path: str
    title: str
    icon: str
    group: str = ""
    takes: tuple[type, ...] = LEARNED


# A page whose file is not there is not listed.
PLACES = {
    "overview": Place("app.py", "Overview", ":material/home:", takes=ANY),
    "affinity": Place(
        "pages/1_Token_affinity.py", "Token affinity", ":material/link:", "The paper", ANY
    ),
    "positions": Place(
        "pages/2_Positional_bias.py", "Positional bias", ":material/timeline:", "The paper", ANY
    ),
    "layernorm": Place(
        "pages/3_LayerNorm_variance.py",
        "LayerNorm variance",
        ":material/balance:",
        "The paper",
        ANY,
    ),
    "terms": Place(
        "pages/4_Six-term_contributions.py",
        "Six-term contributions",
        ":material/stacked_bar_chart:",
        "The paper",
        ANY,
    ),
    "heads": Place(
        "pages/5_Detokenizing_heads.py", "Detokenizing heads", ":material/target:", "The paper", ANY
    ),
    "frequency": Place(
        "pages/6_Token_frequency.py", "Token frequency", ":material/scatter_plot:", "The paper"
    ),
    "replication": Place(
        "pages/7_Replication.py", "Replication", ":material/fact_check:", "The paper", ANY
    ),
    "segments": Place("pages/8_Segments.py", "Segments", ":material/segment:", "The whole model"),
    "reversed": Place(
        "pages/9_Reversed_attention.py",
        "Reversed attention",
        ":material/undo:",
        "The whole model",
    ),
    "lens": Place(
        "pages/10_Backward_lens.py",
        "Backward lens",
        ":material/search_insights:",
        "The whole model",
    ),
    "flow": Place(
        "pages/11_Information_flow.py",
        "Information flow",
        ":material/account_tree:",
        "The whole model",
    ),
    "compare": Place("pages/12_Compare.py", "Compare", ":material/compare:", "Side by side", ANY),
    "corpus": Place(
        "pages/14_Your_corpus.py", "Your corpus", ":material/upload_file:", "Your data", ANY
    ),
    "method": Place("pages/13_Method.py", "Method", ":material/menu_book:", "How it works", ANY),
}


def name_of(title: str) -> str:
    """The name in `PLACES` of the page of this title; the overview has the app's own title."""
    return next((name for name, place in PLACES.items() if place.title == title), "overview")


def can_show(name: str, layer: AnyLayer) -> bool:
    """Whether a page has its subject in a layer of this kind."""
    return isinstance(layer, PLACES[name].takes)


def list_pages(where: DeltaGenerator) -> None:
    """The list of pages by their groups, and the way back to a page's defaults."""
    group = ""
    for name, place in PLACES.items():
        if not (ROOT / place.path).exists():
            continue
        if place.group != group:
            group = place.group
            where.caption(group)
        where.page_link(
            place.path,
            label=place.title,
            icon=place.icon,
            query_params=link.leading(name, {}),
        )
    where.button(
        "Reset this page",
        key="reset",
        on_click=link.reset,
        icon=":material/restart_alt:",
        disabled=link.is_default(),
        help="Everything on it as at first; the model stays. Back in the browser undoes a choice.",
    )
