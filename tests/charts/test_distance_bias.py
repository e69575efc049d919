"""The charts over distances: valid, titled, and in the colours of the terms."""

import pytest

import detok
from detok.charts import distance_bias as charts
from detok.charts.palette import PART_COLORS
from detok.tables import distance_bias as tables
from tests.support.charts import encodings


@pytest.mark.parametrize("several", [True, False])
def test_terms_over_distances(qwen2: detok.RotaryLayer, several: bool) -> None:
    table = tables.curves(detok.distance_bias(qwen2, n_drawn=20))
    spec = charts.curves(table if several else table[table["head"] == 1]).to_dict()
    scales = [e["color"]["scale"] for e in encodings(spec) if "color" in e]
    assert scales
    for scale in scales:
        assert scale["domain"] == list(qwen2.term_names)
        assert scale["range"] == [PART_COLORS[name] for name in qwen2.term_names]
    assert spec["description"]


@pytest.mark.parametrize("with_texts", [True, False])
def test_attention_over_distances(qwen2: detok.RotaryLayer, with_texts: bool) -> None:
    measured = detok.mean_attention(qwen2, [[5, 6, 7, 8]], 3) if with_texts else None
    table = tables.attention(detok.distance_bias(qwen2, n_drawn=20), measured, 4)
    spec = charts.attention(table).to_dict()
    found = list(encodings(spec))
    domain = next(e["color"]["scale"]["domain"] for e in found if "color" in e)
    assert len(domain) == 1 + with_texts
    assert any(e.get("tooltip") for e in found)
