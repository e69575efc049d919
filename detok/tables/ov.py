"""The tables of what heads pass on."""

import pandas as pd

from detok.model.layer import Layer
from detok.scores.ov import OvReadings, logit_changes, with_token
from detok.tables.common import array, long

MEASURES = {"copying": "Tokens copied", "positive": "Positive eigenvalues"}


def passed_on(layer: Layer, token: int, heads: list[int], k: int) -> pd.DataFrame:
    """The k tokens whose logits each head raises most, and least, if it attends to a token.

    Columns: head, raised ("most", "least", or "own" for the token itself), rank (from that end; of
    the token itself from the most raised), token_id, shown, change (of the logit, but for a factor
    above 0 that is the same in all rows).
    """
    ids, changes = with_token(layer), logit_changes(layer, token, heads)  # (tokens,), (heads, …)
    k, is_own = min(k, len(ids)), ids == token
    rows = []
    for head, change in zip(heads, changes, strict=True):
        for end in ("most", "least"):
            best = change.topk(k, largest=end == "most")
            found = zip(ids[best.indices].tolist(), best.values.tolist(), strict=True)
            rows += [(head, end, rank, t, value) for rank, (t, value) in enumerate(found, start=1)]
        for own in change[is_own].tolist():
            rows.append((head, "own", 1 + (change > own).sum().item(), token, own))
    table = pd.DataFrame(rows, columns=["head", "raised", "rank", "token_id", "change"])
    table.insert(4, "shown", [layer.tokenizer.show(t) for t in table["token_id"]])
    return table


def copying(readings: OvReadings) -> pd.DataFrame:
    """How often each head copies. Columns: head, copying, positive (shares)."""
    shares = {name: array(getattr(readings, name)) for name in MEASURES}
    return pd.DataFrame({"head": range(readings.layer.n_heads), **shares})


def measures(copying: pd.DataFrame) -> pd.DataFrame:
    """The columns of `copying` below each other. Columns: head, measure, share."""
    heads, values = copying["head"], copying[list(MEASURES)].to_numpy()
    return long({"head": heads, "measure": MEASURES.values()}, share=values)
