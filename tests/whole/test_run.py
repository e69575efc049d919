"""One pass forward and backward holds what `transformers` and its autograd find."""

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import pytest
import torch
from transformers import GPT2LMHeadModel

import detok
from detok.model import memory
from tests.support.whole import gradients, same


def equal(a: detok.Run, b: detok.Run) -> bool:
    pairs = [(getattr(a, f.name), getattr(b, f.name)) for f in fields(a)]
    return all(torch.equal(x, y) if isinstance(x, torch.Tensor) else x == y for x, y in pairs)


@pytest.mark.parametrize("n", [1, 2, 9, 16])
def test_forward_is_the_models_own(whole: detok.Model, oracle: GPT2LMHeadModel, n: int) -> None:
    ids = torch.randint(300, (n,), generator=torch.Generator().manual_seed(n))
    run = detok.run(whole, ids)
    with torch.no_grad():
        own = oracle(ids[None], output_attentions=True, output_hidden_states=True)
    same(run.log_probs, own.logits[0, -1].log_softmax(0))
    assert run.target == int(own.logits[0, -1].argmax())
    same(run.attention, torch.cat(own.attentions))
    same(run.hidden[:-1], torch.cat(own.hidden_states[:-1]))
    same(oracle.transformer.ln_f(run.hidden[-1]), own.hidden_states[-1][0])  # as they say


@pytest.mark.parametrize(
    "config",
    [
        {"scale_attn_weights": False},
        {"scale_attn_by_inverse_layer_idx": True},
        {"activation_function": "relu", "layer_norm_epsilon": 1e-3},
    ],
    ids=str,
)
def test_what_a_config_asks_for(whole_folder: Path, tmp_path: Path, config: dict) -> None:
    folder = shutil.copytree(whole_folder, tmp_path / "changed")
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | config))
    model = detok.load_model(folder, device="cpu", dtype=torch.float64)
    oracle = GPT2LMHeadModel.from_pretrained(folder, attn_implementation="eager").double().eval()
    ids = [5, 4, 3, 2, 1]
    run = detok.run(model, ids, 7)
    with torch.no_grad():
        own = oracle(torch.tensor([ids]), output_attentions=True)
    same(run.log_probs, own.logits[0, -1].log_softmax(0))
    same(run.attention, torch.cat(own.attentions))
    (d_q,) = gradients(model, ids, 7, ("queries",))
    same(detok.reversed_attention(run).R @ run.keys, d_q)
    layer = detok.load(folder, device="cpu", dtype=torch.float64)
    found = detok.term_attribution(run, layer)
    same(found.by_term.sum(1), found.total)


def test_gradients_are_those_of_autograd_with_hooks(
    oracle: GPT2LMHeadModel, ids: list[int], a_run: detok.Run
) -> None:
    """The oracle: tensors that hooks catch in the implementation of `transformers`."""
    caught: dict[str, list[torch.Tensor]] = {"heads": [], "first": [], "second": [], "in": []}

    def keep(name: str, of_input: bool) -> Callable[..., None]:
        def hook(_: object, given: tuple[torch.Tensor], out: torch.Tensor) -> None:
            caught[name].append(given[0] if of_input else out)

        return hook

    handles = []
    for block in oracle.transformer.h:
        for part, name, of_input in (
            (block.attn.c_proj, "heads", True),
            (block.mlp.c_fc, "first", False),
            (block.mlp.c_proj, "second", False),
            (block.mlp.c_proj, "in", True),
        ):
            handles.append(part.register_forward_hook(keep(name, of_input)))
    x = oracle.transformer.wte(torch.tensor(ids))[None].requires_grad_()
    loss = -oracle(inputs_embeds=x).logits[0, -1].log_softmax(0)[7]
    for handle in handles:
        handle.remove()
    same(torch.tensor(a_run.loss, dtype=torch.float64), loss.detach())
    for name, found in (("first", a_run.d_first), ("second", a_run.d_second)):
        expected = torch.autograd.grad(loss, caught[name], retain_graph=True)
        same(found, torch.cat(expected))
    expected = torch.cat(torch.autograd.grad(loss, caught["heads"]))
    same(a_run.d_heads, expected.unflatten(2, (4, 8)).transpose(1, 2))
    heads = torch.cat(caught["heads"]).detach().unflatten(2, (4, 8)).transpose(1, 2)
    same(a_run.heads, heads)
    same(a_run.attention @ a_run.values, heads)
    same(a_run.neurons, torch.cat(caught["in"]).detach())


def test_nothing_is_left_behind(whole: detok.Model, a_run: detok.Run) -> None:
    for module in whole.network.modules():
        assert not module._forward_hooks
        assert not module._backward_hooks
    assert all(p.grad is None for p in whole.network.parameters())
    tensors = [v for v in vars(a_run).values() if isinstance(v, torch.Tensor)]
    assert not any(t.requires_grad or t.is_inference() for t in tensors)


def test_whatever_mode_the_caller_is_in(
    whole: detok.Model, ids: list[int], a_run: detok.Run
) -> None:
    for mode in (torch.inference_mode(), torch.no_grad()):
        with mode:
            assert equal(detok.run(whole, torch.tensor(ids), target=7), a_run)
    with torch.inference_mode():
        model = detok.load_model("mini", device="cpu")
        assert detok.run(model, [1, 2]).loss > 0


def test_several_threads_at_once(whole: detok.Model) -> None:
    texts = [[(seed * 31 + t) % 300 for t in range(3 + seed % 12)] for seed in range(24)]
    alone = [detok.run(whole, text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda text: detok.run(whole, text), texts))
    for a, b in zip(alone, together, strict=True):
        same(b.log_probs, a.log_probs)
        same(b.d_heads, a.d_heads)


def test_targets(whole: detok.Model, ids: list[int]) -> None:
    of_text = detok.run(whole, ids, target=ids[0])
    assert of_text.target == ids[0]
    assert of_text.probability == pytest.approx(of_text.log_probs[ids[0]].exp().item())
    assert detok.run(whole, ids, target=whole.tokenizer.text(65)).target == 65
    assert "loss" in of_text._repr_html_()


@pytest.mark.parametrize(
    ("ids", "target", "sentence"),
    [
        ([], None, "no tokens; expected at least 1"),
        (range(17), None, "n = 17 tokens; expected at most L = 16"),
        ([1, 300], None, "token id 300 is out of range"),
        ([1], 300, "token id 300 is out of range; expected 0 ≤ id < V = 300"),
        ([1], -1, "token id -1 is out of range"),
        ([1], "more than one token", "tokens.*expected one token"),
        ([1], "", "the token is empty"),
        ([1], 0.5, "the token is a float"),
    ],
)
def test_what_it_cannot_take(
    whole: detok.Model, ids: list[int], target: object, sentence: str
) -> None:
    with pytest.raises(detok.InputError, match=sentence):
        detok.run(whole, ids, target)


def test_a_text_too_long_for_the_memory(
    whole: detok.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda _: 100 << 20)
    with pytest.raises(detok.InputError, match=r"this text takes about .* or a shorter text"):
        detok.run(whole, [1])
