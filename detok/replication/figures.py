"""What was published of GPT-2 small: the figures of the paper, and of its authors' notebook."""

import json
from dataclasses import dataclass
from typing import Any

from detok.bundled import REFERENCE_FIGURES


@dataclass(frozen=True)
class Figure:
    """One published figure; T^ee is unscaled, heads and positions count from 0, ranks from 1."""

    id: str
    what: str
    value: Any
    where: str


@dataclass(frozen=True)
class Rank:
    """The published rank of a token j by T^ee, for a token i, in one head or in some head."""

    id: str
    current: str
    past: str
    head: int | None
    rank: int
    where: str


_FILE = json.loads(REFERENCE_FIGURES.read_text(encoding="utf-8"))
PUBLISHED_IN: str = _FILE["published_in"]
FIGURES = {
    figure["id"]: Figure(figure["id"], figure["what"], figure["value"], figure["where"])
    for figure in _FILE["paper"]
}
RANKED = [
    Rank(f["id"], f["current"], f["past"], f["head"], f["value"], f["where"])
    for f in _FILE["paper"]
    if "current" in f
]
TABLE_1 = [
    Rank(f"table1-{i.strip()}-{j.replace(' ', '_')}", i, j, None, rank, "Table 1")
    for i, j, rank in _FILE["table1_some_head"]["rows"]
]
# The authors' notebook prints T^ee of one token as the current one.
NOTEBOOK: dict[str, Any] = _FILE["published_notebook"]
