"""What results look like in a console and in a notebook: short, true, escaped, and what is next."""

import inspect
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import detok
from detok.display import Displayed
from tests.support import rotary_layers

IDS = [70, 12, 250, 12, 9, 9, 31]
SHOWN = [
    name
    for name in detok.__all__
    if inspect.isclass(getattr(detok, name)) and not issubclass(getattr(detok, name), Exception)
]


@pytest.fixture(scope="module")
def results(layer: detok.Layer, counts: detok.Counts, checkpoint: Path) -> dict[str, Any]:
    """One of every class, by its name."""
    terms = detok.terms(layer, IDS)
    model = detok.load_model(checkpoint, device="cpu", dtype=torch.float64)
    run = detok.run(model, IDS)
    reversed_ = detok.reversed_attention(run)
    return {
        "Layer": layer,
        "Vocabulary": layer.tokenizer,
        "Counts": counts,
        "Terms": terms,
        "SplitTerms": detok.split_ee(layer, IDS, detok.shared_query(layer)),
        "Ablation": detok.ablate(terms, {"pp"}),
        "Pair": detok.explain_pair(layer, IDS, i=5, j=2, head=1),
        "PositionBias": detok.position_bias(layer, 5),
        "LayerNormStats": detok.layernorm_stats(layer),
        "MeanAttention": detok.mean_attention(layer, [IDS, IDS[::-1]], 5),
        "MeanContributions": detok.mean_contributions(layer, [IDS, IDS[:3]]),
        "Auroc": detok.auroc(layer, counts),
        "PairAuroc": detok.pair_auroc(layer, counts),
        "Baselines": detok.auroc_baselines(layer, counts),
        "Dataset": detok.Dataset("hf://datasets/owner/name", split="train"),
        "Rebuilt": detok.rebuilt_words(layer, counts),
        "Model": model,
        "Run": run,
        "ReversedAttention": reversed_,
        "Patched": detok.patched(model, IDS, reversed_, [-0.1, 0.1]),
        "TermAttribution": detok.term_attribution(run, layer),
        "SegmentAttention": detok.segment_attention(run, [2, 3]),
        "BackwardLens": detok.backward_lens(run),
        "ForwardShift": detok.forward_shift(model, IDS, 12, 0, [0.0, 0.1]),
        "Flow": detok.flow(run),
        "Pruning": detok.Pruning(),
        "OvReadings": detok.ov_readings(layer),
    }


@pytest.fixture(scope="module")
def rotary(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One of every class that only layers with rotary positions have, by its name."""
    layer = rotary_layers.load(tmp_path_factory.mktemp("rotary"), "biases")
    return {
        "RotaryLayer": layer,
        "RotaryTerms": detok.terms(layer, [1, 2, 3]),
        "DistanceCurve": detok.distance_curve(layer, 1, 2),
        "DistanceBias": detok.distance_bias(layer),
    }


@pytest.fixture(scope="module")
def names(layer: detok.Layer, results: dict[str, Any]) -> dict[str, Any]:
    """What results are called in the lines that say what is next."""
    return {
        "detok": detok,
        "layer": layer,
        "vocabulary": layer.tokenizer,
        "counts": results["Counts"],
        "terms": results["Terms"],
        "ablation": results["Ablation"],
        "pair": results["Pair"],
        "bias": results["PositionBias"],
        "stats": results["LayerNormStats"],
        "measured": results["MeanAttention"],
        "mean": results["MeanContributions"],
        "found": results["Auroc"],
        "pairs": results["PairAuroc"],
        "baselines": results["Baselines"],
        "model": results["Model"],
        "run": results["Run"],
        "reversed": results["ReversedAttention"],
        "lens": results["BackwardLens"],
        "flow": results["Flow"],
        "readings": results["OvReadings"],
        **{"head": 0, "position": 3, "node": 0, "eta": 0.1, "lengths": [2, 3]},
        **{"ids": IDS, "i": 5, "token": 12, "token_id": 12, "text": "a", "past": 1, "current": 2},
    }


class Cells(HTMLParser):
    """The rows of the table in a piece of HTML, and the lines of code; every tag has its end."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.code: list[str] = []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag == "code":
            self.code.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, text: str) -> None:
        if self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += text
        if self.open[-1] == "code":
            self.code[-1] += text


def table(result: Displayed) -> dict[str, list[str]]:
    return {name: cells for name, *cells in Cells(result._repr_html_()).rows}


@pytest.mark.parametrize("name", SHOWN)
def test_every_public_class_shows_itself_briefly(
    results: dict[str, Any], rotary: dict[str, Any], name: str
) -> None:
    result = (results | rotary)[name]
    assert type(result).__name__ == name
    assert repr(result).startswith(f"{name}(")
    assert len(repr(result)) < 500
    assert "tensor(" not in repr(result) + result._repr_html_()
    assert len(result._repr_html_()) < 5000
    assert len(table(result)) > 1


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_next_can_be_called(
    results: dict[str, Any], rotary: dict[str, Any], names: dict[str, Any], name: str
) -> None:
    known = dict(names)
    if name in rotary:
        known |= {
            "layer": rotary["RotaryLayer"],
            "terms": rotary["RotaryTerms"],
            "curve": rotary["DistanceCurve"],
            "bias": rotary["DistanceBias"],
            **{"token": 2, "ids": [1, 2, 3]},
        }
    for line in Cells((results | rotary)[name]._repr_html_()).code:
        eval(line, known)


def test_tensors_are_shown_by_shape_type_and_ends(results: dict[str, Any]) -> None:
    terms = results["Terms"]
    ends = [f"{end.item():.4g}" for end in (terms.ee.min(), terms.ee.max())]
    assert table(terms)["ee"] == ["(2, 7, 7)", "float64", *ends]
    assert table(terms)["scale"][0] == f"{terms.scale:.4g}"
    assert "ee=(2, 7, 7)" in repr(terms)


def test_what_a_result_does_not_have_is_left_out(layer: detok.Layer) -> None:
    plain = detok.position_bias(layer, 5, layernorm=False)
    assert "p_std" not in repr(plain)
    assert "p_std" not in table(plain)


def test_values_that_are_no_number_are_no_end(results: dict[str, Any]) -> None:
    pairs = results["PairAuroc"]
    assert np.isnan(pairs.area).any()
    assert table(pairs)["area"][2:] == [
        f"{end:.4g}" for end in (np.nanmin(pairs.area), np.nanmax(pairs.area))
    ]
    nothing = replace(pairs, area=np.full_like(pairs.area, np.nan))
    assert table(nothing)["area"][2:] == ["", ""]


def test_half_precision_can_be_shown(results: dict[str, Any]) -> None:
    half = replace(results["Terms"], ee=torch.tensor([[[1.5]]], dtype=torch.bfloat16))
    assert table(half)["ee"] == ["(1, 1, 1)", "bfloat16", "1.5", "1.5"]


def test_a_pair_is_a_column_a_token(layer: detok.Layer, results: dict[str, Any]) -> None:
    pair = results["Pair"]
    rows = table(pair)
    assert rows["head 1, i = 5"] == ["j = 2", f"runner-up, j = {pair.runner_up.j}"]
    assert rows["ee"][0] == f"{pair.chosen.parts['ee']:.4g}"
    assert rows["weight"][1] == f"{pair.runner_up.weight:.4g}"
    alone = detok.explain_pair(layer, IDS, i=0, j=0, head=1)
    assert table(alone)["head 1, i = 0"] == ["j = 0"]


def test_a_layer_says_what_model_it_is(layer: detok.Layer) -> None:
    rows = table(layer)
    assert rows["model"] == [layer.name]
    assert rows["tokens V"] == [f"{layer.vocab_size:,}"]
    assert rows["positions L"] == [f"{layer.n_positions:,}"]


def test_what_looks_like_html_is_escaped(layer: detok.Layer) -> None:
    wicked = "<script>alert('&')</script>"
    named = replace(layer, source=replace(layer.source, model_id=wicked))
    assert wicked not in named._repr_html_()
    assert table(named)["model"] == [wicked]
    first = layer.tokenizer.first_token
    assert first is not None
    shown = layer.tokenizer.show(first)
    assert "<" in shown
    assert shown not in layer.tokenizer._repr_html_()
    assert table(layer.tokenizer)["first_token"] == [shown]
