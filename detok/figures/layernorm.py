"""The figure without LayerNorm: 7."""

from detok.charts import layernorm as charts, paper
from detok.figures.figure import Drawn, Figure
from detok.figures.setting import Setting
from detok.tables import layernorm as tables


def _last_rows(setting: Setting) -> Drawn:
    """Fig. 7, for the heads that are drawn alone; the paper has one and does not say which."""
    rows = {f"Head {head}": tables.last_rows(setting.layer, head) for head in setting.heads}
    drawn = {name: charts.last_rows(table) for name, table in rows.items()}
    how = (
        "p_i W^QK p_jᵀ of the last positions i with every position j, from the weights alone, "
        "divided by no σ."
    )
    return Drawn(paper.beside(drawn, *paper.SINGLE), how)


FIGURES = [
    Figure(
        "7",
        "Tᵖᵖ of the last positions without LayerNorm",
        "Tᵖᵖ without LayerNorm of the last five positions i: that of the very last is unlike "
        "those of the others, for it was never trained.",
        _last_rows,
    )
]
