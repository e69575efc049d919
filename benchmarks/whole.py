"""A whole model at the size of GPT-2 small: one run, what is read from it, and its memory.

`python -m benchmarks.whole` takes a text of 64 tokens through random weights.
"""

from dataclasses import replace

import torch

import detok
from benchmarks import measure, models
from detok.model.layer import Layer, fold_layer
from detok.whole.model import Model

N_TOKENS = 64


def whole() -> Model:
    """All twelve layers, in float32, with the weights that `transformers` begins training with.

    The activation is the one that `detok.load_model` takes for GPT-2's "gelu_new", its equal.
    """
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    config = GPT2Config(attn_implementation="eager", activation_function="gelu_pytorch_tanh")
    network = GPT2LMHeadModel(config)
    return Model(models.SOURCE, models.vocabulary(), network.eval().requires_grad_(False))


def first_of(model: Model) -> Layer:
    """The same model's first layer."""
    block = model.blocks[0]
    W, b = block.attn.c_attn.weight, block.attn.c_attn.bias
    (W_Q, W_K, W_V), (b_Q, b_K, _) = W.chunk(3, dim=1), b.chunk(3)
    first = replace(
        models.first_layer(),
        W_E=model.W_E.detach(),
        W_pos=model.network.transformer.wpe.weight.detach(),
        ln_1_weight=block.ln_1.weight.detach(),
        ln_1_bias=block.ln_1.bias.detach(),
        W_Q=W_Q,
        b_Q=b_Q,
        W_K=W_K,
        b_K=b_K,
        W_V=W_V,
        W_O=block.attn.c_proj.weight.detach(),
        ln_f_weight=model.network.transformer.ln_f.weight.detach(),
    )
    with torch.inference_mode():
        parts = first, model.tokenizer, model.source
        return fold_layer(*parts, torch.device("cpu"), torch.float32)


def main() -> None:
    model = whole()
    layer = first_of(model)
    ids = torch.randint(models.V, (N_TOKENS,), generator=torch.Generator().manual_seed(0))
    run = detok.run(model, ids)
    print(f"GPT-2 small's size, n = {N_TOKENS}, {torch.get_num_threads()} threads, float32")
    direction = detok.reversed_attention(run)
    functions = {
        "detok.run: forward and backward": lambda: detok.run(model, ids),
        "detok.segment_attention": lambda: detok.segment_attention(run, [20, 30]),
        "detok.reversed_attention": lambda: detok.reversed_attention(run),
        "detok.patched, 5 values of eta": lambda: detok.patched(model, ids, direction, range(5)),
        "detok.term_attribution, all heads and terms": lambda: detok.term_attribution(run, layer),
        "detok.backward_lens": lambda: detok.backward_lens(run),
        "detok.forward_shift, 5 values of eta": lambda: detok.forward_shift(
            model, ids, run.target, 5, range(5)
        ),
        "detok.flow": lambda: detok.flow(run),
        "detok.ov_readings, once a model": lambda: detok.ov_readings(layer),
        "six finite differences of one head": lambda: detok.finite_differences(run, layer, 0),
    }
    times = measure.medians_ms(functions, repeats=3)
    for name, milliseconds in times.items():
        print(f"{name:48s}{milliseconds:8.0f} ms")
    differences = times["six finite differences of one head"] * models.H
    attribution = times["detok.term_attribution, all heads and terms"]
    print(f"{'finite differences of all heads, over that':48s}{differences / attribution:8.0f} x")
    extra = measure.extra_mb(lambda: detok.run(model, ids))
    print(f"{'peak extra memory of a run':48s}{extra:8.0f} MB")
    print(f"{'the model':48s}{model.n_bytes / 1e6:8.0f} MB")
    print(f"{'the process':48s}{measure.resident_mb():8.0f} MB")


if __name__ == "__main__":
    main()
