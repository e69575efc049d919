"""The figure of where heads look by place alone, whatever kind of layer they are of."""

from detok.app import cached
from detok.app.figure import Figure, kept
from detok.app.provenance import about, counts_in_code, lines
from detok.model.any_layer import AnyLayer
from detok.readings import look_back as readings
from detok.tables import look_back as tables


@kept
def heads(layer: AnyLayer, i: int) -> Figure:
    """All heads in numbers, seen from position i."""
    counts = cached.load_counts(layer)
    table = tables.heads(layer, i, counts)
    best = tables.best(table, i)
    used = counts if "distance" in best else None
    return Figure(
        name="look-back",
        title=f"Where heads look by place alone, seen from i = {i}",
        table=table,
        about=about(layer, "shares of attention by place alone", used),
        code=lines(
            layer,
            "tables.look_back",
            f"counts = {counts_in_code(layer, none='None')}",
            f"table = tables.heads(layer, {i}, counts)",
        ),
        readings=(readings.heads(layer, best, i, used),),
        listed={"": table},
    )
