"""No computation changes the model, or leaves anything on it."""

from copy import deepcopy
from pathlib import Path

import torch

import detok


def everything(model: detok.Model, layer: detok.Layer, ids: list[int]) -> None:
    run = detok.run(model, ids, target=3)
    reversed_attention = detok.reversed_attention(run)
    detok.patched(model, ids, reversed_attention, [-1.0, 1.0])
    detok.term_attribution(run, layer)
    detok.finite_differences(run, layer, 0)
    detok.segment_attention(run, [1])
    lens = detok.backward_lens(run)
    lens.tokens(0, run.n - 1)
    lens.weight_gradient(0)
    detok.forward_shift(model, ids, 3, 0, [-1.0, 1.0])
    detok.flow(run).tokens(0)
    detok.inner_vocabulary(run, 0, 1, word=5)


def test_weights_are_as_before_everything(whole_folder: Path, first: detok.Layer) -> None:
    model = detok.load_model(whole_folder, device="cpu", dtype=torch.float64)
    before = deepcopy(model.network.state_dict())
    for ids in ([4], list(range(16))):
        everything(model, first, ids)
    after = model.network.state_dict()
    assert before.keys() == after.keys()
    for name, weight in before.items():
        assert torch.equal(weight, after[name]), name
    for module in model.network.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
        assert not module._backward_hooks
    assert not any(p.requires_grad or p.grad is not None for p in model.network.parameters())


def test_the_bundled_model_in_float32_and_inference_mode() -> None:
    """As it is used: every result shows itself too."""
    with torch.inference_mode():
        model, layer = detok.load_model("mini", device="cpu"), detok.load("mini", device="cpu")
        ids = model.tokenizer.encode("The detokenization of words.")
        everything(model, layer, ids)
    run = detok.run(model, ids)
    results = [
        *(model, run, detok.reversed_attention(run), detok.term_attribution(run, layer)),
        *(detok.segment_attention(run, [2]), detok.backward_lens(run), detok.flow(run)),
        detok.forward_shift(model, ids, 3, 0, 0.1),
        detok.patched(model, ids, detok.reversed_attention(run), 0.1),
    ]
    for result in results:
        assert repr(result).startswith(type(result).__name__ + "(")
        assert "<table>" in result._repr_html_()
