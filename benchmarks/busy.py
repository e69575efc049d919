"""How much longer the app's computations take where other work has the cores.

`python -m benchmarks.busy` measures each alone, in a second thread as on a server, and both beside
two other busy processes, at the size of GPT-2 small with random weights. `OMP_WAIT_POLICY=ACTIVE`
before it shows what waiting threads that spin would cost.
"""

import os

import numpy as np
import torch

import detok
from benchmarks import measure, models
from detok.counting.in_memory import count_ids


def main() -> None:
    layer = models.layer()
    draw = np.random.default_rng(0)
    ids = draw.integers(0, models.V, 512)
    texts = [draw.integers(0, models.V, 257).tolist() for _ in range(40)]
    counts = count_ids(np.minimum(draw.zipf(1.3, 1_000_000), models.V) - 1, models.V)
    sample = draw.permutation(models.V)[:256]
    functions = {
        "affinity of a token": lambda: detok.affinity(layer, 10_465),
        "contributions, 512 tokens": lambda: detok.contributions(layer, ids),
        "position_bias": lambda: detok.position_bias(layer, 500),
        "mean_attention, 40 texts": lambda: detok.mean_attention(layer, texts, 256),
        "auroc of 256 tokens": lambda: detok.auroc(layer, counts, sample),
        "mean contributions, 4 texts": lambda: detok.mean_contributions(layer, texts[:4]),
    }
    times = measure.on_a_server(functions, repeats=5)
    alone = times.pop("alone")
    policy = os.environ["OMP_WAIT_POLICY"]
    print(f"{torch.get_num_threads()} threads, OMP_WAIT_POLICY={policy}; over the time alone")
    print(f"{'':30}{'alone':>10}" + "".join(f"{name:>33}" for name in times))
    for name, milliseconds in alone.items():
        ratios = "".join(f"{found[name] / milliseconds:32.1f}x" for found in times.values())
        print(f"{name:30}{milliseconds:7.1f} ms{ratios}")


if __name__ == "__main__":
    main()
