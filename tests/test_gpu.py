"""Every result on a GPU is what the CPU computes."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import detok
from detok.counting.counts import Counts
from detok.scores import reference
from tests.support import rotary_layers

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")

TEXT = [5, 17, 280, 17, 5, 99, 280, 3, 42, 120]
RESULTS: dict[str, Callable[[detok.Layer, Counts], Any]] = {
    "affinity": lambda layer, counts: detok.affinity(layer, 17, k=20),
    "affinity_matrix": lambda layer, counts: detok.affinity_matrix(layer, TEXT),
    "affinity_scores": lambda layer, counts: detok.affinity_scores(layer, 17),
    "auroc": lambda layer, counts: detok.auroc(layer, counts),
    "contributions": lambda layer, counts: detok.contributions(layer, TEXT),
    "explain_pair": lambda layer, counts: detok.explain_pair(layer, TEXT, i=7, j=3, head=1),
    "layernorm_stats": lambda layer, counts: detok.layernorm_stats(layer),
    "mean_attention": lambda layer, counts: detok.mean_attention(layer, [TEXT, TEXT[::-1]], 8),
    "pair_auroc": lambda layer, counts: detok.pair_auroc(layer, counts),
    "position_bias": lambda layer, counts: detok.position_bias(layer, 9),
    "ranks": lambda layer, counts: detok.previous_piece_ranks(layer, TEXT),
    "self_assertion": lambda layer, counts: detok.self_assertion(layer),
    "shared_query": lambda layer, counts: detok.shared_query(layer, counts.tokens),
    "terms": lambda layer, counts: detok.terms(layer, TEXT),
    "without_terms": lambda layer, counts: detok.ablate(detok.terms(layer, TEXT), ["ee", "pp"]),
}

BY_DISTANCE: dict[str, Callable[[detok.RotaryLayer], Any]] = {
    "affinity": lambda layer: detok.affinity(layer, 17, k=20, distance=3),
    "affinity_matrix": lambda layer: detok.affinity_matrix(layer, TEXT, distance=1),
    "affinity_scores": lambda layer: detok.affinity_scores(layer, 17, distance=2),
    "attention": lambda layer: detok.attention(detok.terms(layer, TEXT[: layer.n_distances])),
    "distance_bias": lambda layer: detok.distance_bias(layer, [0, 1, 2], n_drawn=30),
    "distance_curve": lambda layer: detok.distance_curve(layer, 17, 280),
}
OF_THE_WHOLE: dict[str, Callable[[detok.Run, detok.Layer], Any]] = {
    "backward_lens": lambda run, layer: detok.backward_lens(run),
    "flow": lambda run, layer: detok.flow(run, 5),
    "forward_shift": lambda run, layer: detok.forward_shift(run.model, run.ids, 7, 1, 0.01),
    "ov_readings": lambda run, layer: detok.ov_readings(layer),
    "patched": lambda run, layer: detok.patched(
        run.model, run.ids, detok.reversed_attention(run), [0.0, 0.01]
    ),
    "reversed_attention": lambda run, layer: detok.reversed_attention(run),
    "run": lambda run, layer: run,
    "segment_attention": lambda run, layer: detok.segment_attention(run, [4, 6]),
    "term_attribution": lambda run, layer: detok.term_attribution(run, layer),
}


@pytest.fixture(scope="module", params=[torch.float64, torch.float32], ids=str)
def both(request: pytest.FixtureRequest, checkpoint: Path) -> tuple[detok.Layer, detok.Layer]:
    """The random checkpoint's first layer on the CPU and on the GPU."""
    cpu, gpu = (
        detok.load(str(checkpoint), device=device, dtype=request.param)
        for device in ("cpu", "cuda")
    )
    return cpu, gpu


def numbers(result: Any) -> list[np.ndarray]:
    """All arrays of numbers in a result, in a fixed order."""
    if isinstance(result, torch.Tensor):
        return [result.double().cpu().numpy()]
    if isinstance(result, pd.DataFrame):
        return [result.select_dtypes("number").to_numpy(float)]
    if isinstance(result, np.ndarray):
        return [result.astype(float)] if result.dtype.kind in "biuf" else []
    if isinstance(result, int | float):
        return [np.array(float(result))]
    if is_dataclass(result):
        parts = [getattr(result, field.name) for field in fields(result)]
    else:
        parts = list(result) if isinstance(result, list | tuple) else []
    return [array for part in parts for array in numbers(part)]


def same(on_cpu: Any, on_gpu: Any, dtype: torch.dtype) -> None:
    tolerance = 1e-9 if dtype == torch.float64 else 2e-4
    cpu, gpu = numbers(on_cpu), numbers(on_gpu)
    assert cpu
    assert len(cpu) == len(gpu)
    for there, here in zip(gpu, cpu, strict=True):
        np.testing.assert_allclose(there, here, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", RESULTS)
def test_a_gpu_gives_what_the_cpu_gives(
    name: str, both: tuple[detok.Layer, detok.Layer], counts: Counts
) -> None:
    cpu, gpu = both
    same(RESULTS[name](cpu, counts), RESULTS[name](gpu, counts), cpu.Q_E.dtype)


@pytest.mark.parametrize("kind", rotary_layers.KINDS)
@pytest.mark.parametrize("name", BY_DISTANCE)
def test_so_it_does_by_distance(name: str, kind: str, tmp_path: Path) -> None:
    cpu = rotary_layers.load(tmp_path, kind)
    gpu = detok.load(str(tmp_path), device="cuda", dtype=torch.float64)
    same(BY_DISTANCE[name](cpu), BY_DISTANCE[name](gpu), torch.float64)


@pytest.mark.parametrize("name", OF_THE_WHOLE)
def test_so_it_does_of_a_whole_model(name: str, whole_folder: Path) -> None:
    cpu, gpu = (
        OF_THE_WHOLE[name](
            detok.run(
                detok.load_model(whole_folder, device=device, dtype=torch.float64), TEXT, target=7
            ),
            detok.load(str(whole_folder), device=device, dtype=torch.float64),
        )
        for device in ("cpu", "cuda")
    )
    same(cpu, gpu, torch.float64)


def test_the_terms_sum_to_the_attention_of_the_model(both: tuple[detok.Layer, detok.Layer]) -> None:
    for layer in both:
        assert reference.attention_error(layer, TEXT) < 1e-5
        assert reference.direct_error(layer, TEXT) < 1e-5
