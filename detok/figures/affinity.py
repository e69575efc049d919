"""Figures of Tᵉᵉ between tokens: 2-B and 12."""

from detok.charts import affinity as charts, paper
from detok.charts.paper import Chart
from detok.figures.figure import Drawn, Figure
from detok.figures.setting import Setting
from detok.readings.words import words_for
from detok.tables import affinity as tables

N_ALL_HEADS = 40  # tokens where all heads are side by side


def _heat_maps(setting: Setting) -> Drawn:
    """Fig. 2-B, with a bright diagonal in the one head. The sample is not the paper's."""
    chart = _maps(setting, setting.paired, setting.heads, 320, 2)
    return Drawn(chart, f"{_how(setting, len(setting.paired))} {setting.heads_reason}")


def _all_heat_maps(setting: Setting) -> Drawn:
    """Fig. 12, with fewer tokens than Fig. 2-B."""
    tokens = tables.sampled_tokens(setting.layer, setting.seed, N_ALL_HEADS)
    chart = _maps(setting, tokens, list(range(setting.layer.n_heads)), 200, 4)
    return Drawn(chart, _how(setting, len(tokens)))


def _maps(setting: Setting, tokens: list[int], heads: list[int], size: int, columns: int) -> Chart:
    """A heat map a head, each with a scale of its own."""
    pairs, seen = tables.pairs(setting.layer, tokens, heads), words_for(setting.layer).seen
    maps = {f"Head {head}": charts.pairs(pairs[pairs["head"] == head], seen=seen) for head in heads}
    return paper.own_colors(paper.beside(maps, size, size, columns))


def _how(setting: Setting, n: int) -> str:
    return (
        f"Tᵉᵉ (unscaled) between {n} tokens drawn at random (seed {setting.seed}), from the "
        "weights alone, with σ of each token averaged over all positions. "
        "Each head has a scale of its own."
    )


FIGURES = [
    Figure(
        "2-B",
        "Tᵉᵉ between sampled tokens",
        "Heat maps of Tᵉᵉ in two heads for tokens sampled from the vocabulary: the one has a "
        "bright diagonal, where a token meets its own copy, the other has none.",
        _heat_maps,
    ),
    Figure(
        "12",
        "Tᵉᵉ between sampled tokens, all heads",
        "Heat maps of Tᵉᵉ in every head for tokens sampled from the vocabulary.",
        _all_heat_maps,
    ),
]
