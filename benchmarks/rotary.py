"""First layers with rotary positions at the shapes of known models: load, memory, one search.

`python -m benchmarks.rotary` makes checkpoints with random weights in bfloat16 in a folder that is
removed at the end, loads each as `detok.load` does, and times one search over the vocabulary beside
reading its keys once.
"""

import json
import tempfile
import time
from functools import partial
from math import prod
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models

import detok
from benchmarks import measure
from detok.model.families import family_of
from detok.scores.affinity import affinity_scores

CONFIGS = {
    "Qwen 3 0.6B": {
        "model_type": "qwen3",
        "vocab_size": 151_936,
        "hidden_size": 1024,
        "num_attention_heads": 16,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "num_hidden_layers": 28,
        "max_position_embeddings": 40_960,
        "rope_theta": 1_000_000,
    },
    "Llama 3 8B": {
        "model_type": "llama",
        "vocab_size": 128_256,
        "hidden_size": 4096,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "num_hidden_layers": 32,
        "max_position_embeddings": 8192,
        "rope_theta": 500_000.0,
    },
}
TOKEN = 10_465


def checkpoint(folder: Path, config: dict[str, object]) -> int:
    """Random weights of a first layer, and made-up tokens; gives the bytes of the weights."""
    generator = torch.Generator().manual_seed(0)
    tensors = {}
    for name, shape in family_of(config).plan(config).shapes.items():
        sizes = tuple(shape.values())
        is_norm = "norm" in name
        noise = torch.randn(sizes, generator=generator) * (0.1 if is_norm else 0.02)
        tensors[name] = (noise + 1 if is_norm else noise).bfloat16()
    save_file(tensors, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config))
    vocabulary = {f"t{n}": n for n in range(config["vocab_size"])}
    Tokenizer(models.WordLevel(vocabulary, unk_token="t0")).save(str(folder / "tokenizer.json"))
    return 2 * sum(prod(tensor.shape) for tensor in tensors.values())


def main() -> None:
    print(f"{torch.get_num_threads()} threads, checkpoints in bfloat16, keys in float32")
    for name, config in CONFIGS.items():
        with tempfile.TemporaryDirectory() as folder:
            size = checkpoint(Path(folder), config)
            peak = measure.extra_mb(partial(detok.load, folder, device="cpu"))
            start = time.perf_counter()
            layer = detok.load(folder, device="cpu")
            seconds, kept = time.perf_counter() - start, layer.n_bytes / 1e6
            print(f"{name}, {layer.n_key_heads} key heads for {layer.n_heads} heads")
            print(f"  bytes of the first layer on the hub           {size / 1e6:10,.0f} MB")
            print(f"  load                                          {seconds:10.1f} s")
            print(f"  memory that it takes on its way               {peak:10,.0f} MB")
            print(f"  memory of the layer                           {kept:10,.0f} MB")
            searches(layer)


@torch.inference_mode()
def searches(layer: detok.RotaryLayer) -> None:
    vectors = layer.turned(layer.queries(torch.tensor([TOKEN])).double()[:, 0], 1)  # (H, d')
    grouped = vectors.unflatten(0, (layer.n_key_heads, -1))  # (H_kv, H / H_kv, d')
    exact = torch.cat([q @ K.double().T for q, K in zip(grouped, layer.K, strict=True)])  # (H, V)
    error = (affinity_scores(layer, TOKEN) - exact).abs().max() / exact.abs().max()
    functions = {
        "search": lambda: affinity_scores(layer, TOKEN),
        "best": lambda: detok.affinity(layer, TOKEN),
        "read": lambda: layer.K.sum(),
    }
    search, best, read = measure.medians_ms(functions, repeats=7).values()
    back = measure.median_ms(lambda: affinity_scores(layer, TOKEN, side="current"), repeats=1)
    print(f"  reading the keys once                         {read:10.1f} ms")
    print(f"  one search over the vocabulary, all heads     {search:10.1f} ms")
    print(f"  over reading                                  {search / read:10.2f} x")
    print(f"  detok.affinity: the 20 best in all heads      {best:10.1f} ms")
    print(f"  the same reversed: scores of all i            {back:10.1f} ms")
    print(f"  error of a score, over the largest score      {error:10.1e}")


if __name__ == "__main__":
    main()
