"""Bytes, seconds and memory of getting a model into detok, against downloading all of it.

`python -m benchmarks.loading` makes models of the shapes of GPT-2 small and XL, of which only the
first layer has numbers and the rest is a hole in the file, and serves them on 127.0.0.1: as fast as
that goes, and at a stated rate in all. Each line is a fresh process with an empty cache of its own.
It needs `transformers`, and room for the largest file.
"""

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice, product
from pathlib import Path

import numpy as np

from benchmarks import hub

V, L = 50_257, 1_024
RATE = 50e6
WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class Shape:
    """A model of GPT-2's architecture, and the type its weights are kept in."""

    name: str
    d: int
    n_heads: int
    n_layers: int
    dtype: str = "float32"

    @property
    def model_id(self) -> str:
        return f"{self.name}/{self.dtype}"

    @cached_property
    def tensors(self) -> dict[str, tuple[int, ...]]:
        """All tensors as they lie in the file of GPT-2's own checkpoints, the masks included."""
        d = self.d
        layer = {
            "attn.bias": (1, 1, L, L),
            **{"attn.c_attn.bias": (3 * d,), "attn.c_attn.weight": (d, 3 * d)},
            **{"attn.c_proj.bias": (d,), "attn.c_proj.weight": (d, d)},
            **{"ln_1.bias": (d,), "ln_1.weight": (d,), "ln_2.bias": (d,), "ln_2.weight": (d,)},
            **{"mlp.c_fc.bias": (4 * d,), "mlp.c_fc.weight": (d, 4 * d)},
            **{"mlp.c_proj.bias": (d,), "mlp.c_proj.weight": (4 * d, d)},
        }
        layers = {f"h.{n}.{k}": shape for n in range(self.n_layers) for k, shape in layer.items()}
        ends = {"ln_f.bias": (d,), "ln_f.weight": (d,), "wpe.weight": (L, d), "wte.weight": (V, d)}
        return layers | ends

    def n_bytes(self, name: str) -> int:
        return math.prod(self.tensors[name]) * np.dtype(self.dtype).itemsize

    def is_first(self, name: str) -> bool:
        """Whether attention of the first layer needs a tensor."""
        return name.startswith(("wte.", "wpe.", "h.0.ln_1.", "h.0.attn.c_attn."))

    def write(self, folder: Path) -> int:
        """Makes the model; gives the bytes that its first layer needs."""
        folder.mkdir(parents=True)
        config = {
            **{"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]},
            **{"vocab_size": V, "n_positions": L, "n_embd": self.d, "torch_dtype": self.dtype},
            **{"n_head": self.n_heads, "n_layer": self.n_layers, "layer_norm_epsilon": 1e-5},
        }
        (folder / "config.json").write_text(json.dumps(config))
        write_tokenizer(folder / "tokenizer.json")
        kind = {"float32": "F32", "float16": "F16"}[self.dtype]
        ends = np.cumsum([self.n_bytes(name) for name in self.tensors]).tolist()
        header = json.dumps(
            {
                name: {"dtype": kind, "shape": shape, "data_offsets": [end - size, end]}
                for (name, shape), end in zip(self.tensors.items(), ends, strict=True)
                for size in [self.n_bytes(name)]
            }
        ).encode()
        header += b" " * (-len(header) % 8)
        generator = np.random.default_rng(0)
        with (folder / WEIGHTS).open("wb") as file:
            file.write(len(header).to_bytes(8, "little") + header)
            data = file.tell()
            file.truncate(data + ends[-1])
            for name, end in zip(self.tensors, ends, strict=True):
                if self.is_first(name):
                    file.seek(data + end - self.n_bytes(name))
                    rows, *rest = self.tensors[name]
                    for start in range(0, rows, 4096):
                        size = (min(4096, rows - start), *rest)
                        block = 0.1 * generator.standard_normal(size, np.float32)
                        file.write(block.astype(self.dtype).tobytes())
        small = sum((folder / name).stat().st_size for name in ("config.json", "tokenizer.json"))
        return small + sum(self.n_bytes(name) for name in self.tensors if self.is_first(name))


def write_tokenizer(path: Path) -> None:
    """One of GPT-2's kind and size, whose tokens are two bytes each."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = list(islice(product(letters, letters), V - len(letters) - 1))
    tokens = [*letters, *(a + b for a, b in merges), "<|endoftext|>"]
    tokenizer = Tokenizer(models.BPE({token: n for n, token in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|endoftext|>"])
    tokenizer.save(str(path))


# Each imports its library, and gives what is then measured.
def _fetch(model_id: str) -> Callable[[], object]:
    from detok import fetch

    return lambda: fetch(model_id)


def _download(model_id: str) -> Callable[[], object]:
    from huggingface_hub import hf_hub_download

    return lambda: hf_hub_download(model_id, WEIGHTS)


def _load(model_id: str) -> Callable[[], object]:
    from detok import load

    return lambda: load(model_id, device="cpu")


def _from_pretrained(model_id: str) -> Callable[[], object]:
    from transformers import GPT2Model

    return lambda: GPT2Model.from_pretrained(model_id)


def _one_token(model_id: str) -> Callable[[], object]:
    import torch
    from transformers import GPT2Model

    @torch.inference_mode()
    def run() -> object:
        # Its weights are only mapped until they are used.
        model = GPT2Model.from_pretrained(model_id)
        return model, model(torch.tensor([[0]]))

    return run


FETCH, DOWNLOAD, LOAD, THEIRS = "detok.fetch", "hf_hub_download", "detok.load", "from_pretrained"
TOKEN, AGAIN = "from_pretrained and one token", ", again"
WORK = {FETCH: _fetch, DOWNLOAD: _download, LOAD: _load, THEIRS: _from_pretrained}
WORK[TOKEN] = _one_token
OURS = {DOWNLOAD: FETCH, THEIRS: LOAD, TOKEN + AGAIN: LOAD + AGAIN}
# What then finds in the cache what it needs.
THEN = {LOAD: LOAD, THEIRS: TOKEN}


def work(name: str, model_id: str) -> None:
    """Does one thing; prints its seconds, those of the processor, and its most memory in bytes."""
    function = WORK[name](model_id)
    start, cpu = time.perf_counter(), time.process_time()
    held = function()
    print(time.perf_counter() - start, time.process_time() - cpu, end=" ")
    del held
    print(1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


@dataclass(frozen=True)
class Run:
    """What one process took."""

    seconds: float
    cpu: float  # seconds, of all threads
    peak: float  # bytes of memory, the libraries' own included
    sent: int
    requests: int
    connections: int


def run(server: hub.Hub, home: Path, name: str, model_id: str) -> Run:
    """Does one thing in a fresh process whose cache is in `home`, and counts what is sent to it."""
    own = {k: v for k, v in os.environ.items() if "HF_" not in k and "proxy" not in k.lower()}
    own |= {"HF_ENDPOINT": server.url, "HF_HOME": str(home), "HOME": str(home)}
    own |= {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    before = server.sent, server.requests, server.connections
    command = [sys.executable, "-m", "benchmarks.loading", "--work", name, model_id]
    answer = subprocess.run(command, env=own, stdout=subprocess.PIPE, text=True, check=True).stdout
    took = map(float, answer.splitlines()[-1].split())
    after = server.sent, server.requests, server.connections
    return Run(*took, *(a - b for a, b in zip(after, before, strict=True)))


def runs(server: hub.Hub, model_id: str, names: Iterable[str], rate: float) -> dict[str, Run]:
    """A run of each, and of what finds its model in the cache then."""
    server.rate = rate
    found = {}
    for name in names:
        with tempfile.TemporaryDirectory() as home:
            found[name] = run(server, Path(home), name, model_id)
            if name in THEN and rate == math.inf:
                found[THEN[name] + AGAIN] = run(server, Path(home), THEN[name], model_id)
    return found


def report(needed: int, fast: dict[str, Run], slow: dict[str, Run]) -> None:
    at_rate = f"at {RATE / 1e6:.0f} MB/s"
    print(f"{'':36}{'MB sent':>9}{'s':>8}{at_rate:>13}{'CPU s':>8}{'peak MB':>9}")
    for name in [FETCH, DOWNLOAD, LOAD, THEIRS, LOAD + AGAIN, TOKEN + AGAIN]:
        if name not in fast:
            continue
        r = fast[name]
        late = f"{slow[name].seconds:.1f}" if name in slow else ""
        print(f"{name:36}{r.sent / 1e6:9.1f}{r.seconds:8.1f}{late:>13}", end="")
        print(f"{r.cpu:8.1f}{r.peak / 1e6:9.0f}")
        if ours := OURS.get(name):
            o = fast[ours]
            sent = f"{r.sent / o.sent:.1f}x" if o.sent else ""
            late = f"{slow[name].seconds / slow[ours].seconds:.1f}x" if name in slow else ""
            print(f"  over {ours:29}{sent:>9}{r.seconds / o.seconds:7.1f}x{late:>13}", end="")
            print(f"{r.cpu / o.cpu:7.1f}x{r.peak / o.peak:8.1f}x")
    r = fast[FETCH]
    print(
        f"detok.fetch: bytes sent over needed {r.sent / needed:.4f}; "
        f"{r.requests} requests over {r.connections} connections"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--whole", action="store_true", help="take minutes more for all of XL")
    parser.add_argument("--work", nargs=2, metavar=("NAME", "MODEL"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        return work(*arguments.work)

    everything = (FETCH, DOWNLOAD, LOAD, THEIRS)
    small, xl = Shape("small", 768, 12, 12), Shape("XL", 1600, 25, 48)
    half = replace(xl, dtype="float16")
    whole = arguments.whole
    for shape, fast, slow in (
        (small, everything, everything),
        (half, everything, (FETCH, DOWNLOAD) if whole else (FETCH,)),
        (xl, everything if whole else (FETCH, LOAD), (FETCH, DOWNLOAD) if whole else (FETCH,)),
    ):
        with tempfile.TemporaryDirectory() as folder, hub.serving(Path(folder)) as server:
            needed = shape.write(Path(folder) / shape.model_id)
            size = sum(shape.n_bytes(name) for name in shape.tensors)
            at_once = runs(server, shape.model_id, fast, math.inf)
            late = runs(server, shape.model_id, slow, RATE)
        print(f"GPT-2 {shape.name}'s shape, {shape.dtype}: {size / 1e6:,.0f} MB, ", end="")
        print(f"of which detok needs {needed / 1e6:,.1f} MB")
        report(needed, at_once, late)
        print(flush=True)


if __name__ == "__main__":
    main()
