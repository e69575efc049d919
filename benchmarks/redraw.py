"""How long a page takes to run again when a visitor changes something.

`python -m benchmarks.redraw` runs pages as the server does, on random weights at the size of GPT-2
small and on the bundled model. It times the script; the browser's drawing comes on top.
"""

import os
import random
import statistics
import string
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from streamlit.testing.v1 import AppTest
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import GPT2Config, GPT2LMHeadModel

from benchmarks import models

REPEATS = 20
PAGES = Path(__file__).parent.parent / "pages"


def write_checkpoint(folder: str) -> None:
    """Random weights at GPT-2 small's size, of which the app needs one layer."""
    config = GPT2Config(
        n_layer=1, n_embd=models.D, n_head=models.H, n_positions=models.L, vocab_size=models.V
    )
    GPT2LMHeadModel(config).save_pretrained(folder)
    # Without merges a text is its bytes; the other entries are there for the size.
    entries = sorted(pre_tokenizers.ByteLevel.alphabet())
    entries += [f"entry {n}" for n in range(models.V - len(entries))]
    tokenizer = Tokenizer(BPE(vocab={entry: n for n, entry in enumerate(entries)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.save(f"{folder}/tokenizer.json")


def report(name: str, seconds: list[float]) -> None:
    median, last = statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1]
    print(f"{name:52}{1000 * median:8.0f} ms{1000 * last:8.0f} ms")


def start(page: str, model: str, **query: str) -> AppTest:
    os.environ["DETOK_MODEL"] = model
    test = AppTest.from_file(str(PAGES / page), default_timeout=300)
    for key, value in query.items():
        test.query_params[key] = value
    return run(test)


def run(test: AppTest) -> AppTest:
    test.run()
    assert not test.exception, test.exception
    return test


def timed(test: AppTest) -> float:
    begun = time.perf_counter()
    run(test)
    return time.perf_counter() - begun


def positional_bias(model: str) -> None:
    test = start("2_Positional_bias.py", model)
    draw = random.Random(0)
    heads, positions = [], []
    for _ in range(REPEATS):
        test.selectbox(key="head").select(str(draw.randrange(models.H)))
        heads.append(timed(test))
        test.slider(key="i").set_value(draw.randrange(models.L))
        positions.append(timed(test))
    report("positional bias: another head", heads)
    report("  a position never asked for before", positions)


def six_terms(model: str, n_tokens: int, head: str, name: str) -> None:
    """A text never seen before each time: digits, of which each is a token."""
    draw = random.Random(f"{model} {head}")
    test = start("4_Six-term_contributions.py", model, head=head)
    seconds = []
    for _ in range(REPEATS):
        words = " ".join(draw.choice(string.digits) for _ in range(n_tokens))
        test.text_area(key="passage").input(words)
        seconds.append(timed(test))
    report(name, seconds)


def main() -> None:
    print(f"{REPEATS} changes: median and 95th percentile of a run of the page")
    six_terms("mini", 200, "0", "six terms: a new text, mini, 200 tokens, one head")
    six_terms("mini", 200, "all", "  all heads")
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own: a server's main thread never computes, and PyTorch's threads are
        # slower where another set of them is around.
        code = f"from benchmarks import redraw; redraw.write_checkpoint({folder!r})"
        subprocess.run([sys.executable, "-c", code], check=True)
        six_terms(folder, models.L, "0", "  GPT-2 small's size, 1,024 tokens, one head")
        six_terms(folder, models.L, "all", "  all heads")
        positional_bias(folder)


if __name__ == "__main__":
    main()
