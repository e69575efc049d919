"""What is said of a text's attention without some terms."""

import pandas as pd

from detok.tables.terms import FLOOR


def divergences(table: pd.DataFrame, dropped: list[str], i: int) -> str:
    """How far the attention of one head, or of several, has moved without the dropped terms."""
    if not dropped:
        return "No term is dropped: this is the model's own attention."
    names = " and ".join([", ".join(dropped[:-1]), dropped[-1]] if dropped[1:] else dropped)
    if table["largest"].le(FLOOR).all():
        what = "no head's attention moves" if len(table) > 1 else "attention does not move"
        return f"Without {names}, {what} by more than {FLOOR:g} nats, D(P‖Q)."
    if len(table) > 1:
        words = ", ".join(f"head {row.head} {row.mean:.3g}" for row in table.itertuples())
        return f"Without {names}: mean D(P‖Q) in nats, the most changed heads first: {words}."
    row = table.iloc[0]
    return (
        f"Without {names}: D(P‖Q) = {row['at_i']:.3g} nats at i = {i}, {row['mean']:.3g} on "
        f"average over the text, at most {row['largest']:.3g} (at i = {row['largest_at']:.0f})."
    )
