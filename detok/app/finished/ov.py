"""The figures of what heads pass on."""

import detok
from detok.app import copying as jobs
from detok.app.figure import Figure, kept
from detok.app.provenance import about, lines
from detok.charts import ov as charts
from detok.charts.parts import choose
from detok.readings import ov as readings
from detok.tables import affinity as affinity_tables, ov as tables

ENDS = ("most", "least")


@kept
def passed_on(layer: detok.Layer, token: int, head: int | None, k: int) -> Figure:
    """The tokens whose logits each head, or one, raises most and least if it attends to a token.

    Raises: InputError for a model of which that cannot be said.
    """
    heads = list(range(layer.n_heads)) if head is None else [head]
    table = tables.passed_on(layer, token, heads, k)
    shown = layer.tokenizer.show(token)
    parts = {end: table[table["raised"] == end] for end in ENDS}
    of = ", every head" if head is None else f", head {head}"
    return Figure(
        name="passed-on",
        title=f"What attending to {shown} passes on{of}: logits raised most and least",
        table=table,
        about=about(layer, readings.VALUES),
        code=lines(layer, "tables.ov", f"table = tables.passed_on(layer, {token}, {heads}, {k})"),
        answer="" if head is None else readings.answer(table, layer, shown),
        readings=(readings.passed_on(),),
        listed={
            end: affinity_tables.side_by_side(part, "shown")
            if head is None
            else part[["rank", "shown", "change"]]
            for end, part in parts.items()
        },
        of=f"Token {shown} (id {token})",
        more={"token_id": token},
    )


@kept
def copying(layer: detok.Layer, head: int | None) -> Figure:
    """How often each head copies, once it is known; the chosen one is marked."""
    table = jobs.copying_job(layer).result
    drawn = choose(tables.measures(table), -1 if head is None else head)
    return Figure(
        name="copying",
        title="How often each head copies the token it attends to",
        table=table,
        about=about(layer, readings.SHARES),
        code=lines(layer, "tables.ov", "table = tables.copying(detok.ov_readings(layer))"),
        draw=lambda dark: charts.copying(drawn),
        drawn=drawn,
        alike=("copying",),
        readings=(readings.copying(table, head),),
    )
