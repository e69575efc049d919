"""How long a page takes to run again when a visitor changes the head or the position.

`python -m benchmarks.redraw` runs the page of positional bias as the server does, on random weights
at the size of GPT-2 small. It times the script; the browser's drawing comes on top.
"""

import os
import random
import statistics
import tempfile
import time
from pathlib import Path

from streamlit.testing.v1 import AppTest

from benchmarks import models
from tests.models import random_checkpoint

REPEATS = 20
PAGE = Path(__file__).parent.parent / "pages" / "2_Positional_bias.py"


def report(name: str, seconds: list[float]) -> None:
    median, last = statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1]
    print(f"{name:36}{1000 * median:8.0f} ms{1000 * last:8.0f} ms")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        random_checkpoint(
            Path(folder),
            n_embd=models.D,
            n_head=models.H,
            n_positions=models.L,
            vocab_size=models.V,
        )
        os.environ["DETOK_MODEL"] = folder
        test = AppTest.from_file(str(PAGE), default_timeout=300).run()
        assert not test.exception, test.exception
        draw = random.Random(0)
        heads, positions = [], []
        for _ in range(REPEATS):
            start = time.perf_counter()
            test.selectbox(key="head").select(str(draw.randrange(models.H))).run()
            heads.append(time.perf_counter() - start)
            start = time.perf_counter()
            test.slider(key="i").set_value(draw.randrange(models.L)).run()
            positions.append(time.perf_counter() - start)
    print(f"GPT-2 small's size; {REPEATS} changes: median and 95th percentile of a run of the page")
    report("another head", heads)
    report("a position never asked for before", positions)


if __name__ == "__main__":
    main()
