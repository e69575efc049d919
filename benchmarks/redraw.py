"""What it costs to run a page again when a visitor chooses another head, and how soon it shows.

`python -m benchmarks.redraw` runs a server and a browser, on the bundled model and on random
weights at the size of GPT-2 small. Of each page it gives the processor time that the server spends
on a rerun, and the time from the choice to the end of the browser's drawing: for a head that nobody
has asked for yet, and for one whose figures are kept. Server and browser share the machine.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import GPT2Config, GPT2LMHeadModel

from benchmarks import browser, models

PAGES = [
    "Token_affinity",
    "Positional_bias",
    "LayerNorm_variance",
    "Six-term_contributions",
    "Detokenizing_heads",
    "Token_frequency",
]
# Of GPT-2's size fewer are asked for: a page takes longer there.
HEADS, HEADS_GPT2 = range(1, 8), range(1, 5)
QUIET_S = 0.4  # without processor time of the server, after which a rerun is over


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


def processor_time() -> float:
    """Seconds of all processes that this one has started and that still run, servers among them."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            command = stat.with_name("cmdline").read_bytes()
        except OSError:
            continue  # it has ended
        if b"streamlit" in command and int(fields[1]) == os.getpid():
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def settle(page: Page) -> None:
    """Waits until neither the browser nor the server has anything to do."""
    browser.settle(page)
    spent, since = processor_time(), time.monotonic()
    while time.monotonic() - since < QUIET_S:
        time.sleep(0.05)
        if processor_time() != spent:
            spent, since = processor_time(), time.monotonic()


def choose(page: Page, head: int) -> tuple[float, float]:
    """Chooses a head: seconds of the server's processor, and from the choice to what is drawn."""
    box = page.get_by_role("combobox", name="Head").first
    box.click()
    box.fill(str(head))
    page.get_by_role("option", name=str(head), exact=True).wait_for()
    spent, begun = processor_time(), time.monotonic()
    box.press("Enter")
    page.wait_for_url(f"**head={head}**")
    browser.settle(page)
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    seen = time.monotonic() - begun
    settle(page)
    return processor_time() - spent, seen


def measure(name: str, model: str, heads: range) -> None:
    with (
        tempfile.TemporaryDirectory() as cache,
        browser.server(DETOK_MODEL=model, DETOK_CACHE=cache) as address,
        browser.chromium() as chromium,
    ):
        for title in PAGES:
            page = browser.visit(chromium, f"{address}/{title}?head=0")
            page.locator(".st-key-bundle").first.wait_for(timeout=300_000)
            settle(page)
            page.wait_for_timeout(1000)  # charts move what is below them
            if not page.get_by_role("combobox", name="Head").count():
                page.context.close()  # without counts, a page may have no heads to choose
                continue
            new = [choose(page, head) for head in heads]
            kept = [choose(page, head) for head in heads]
            report(f"{name}: {title.replace('_', ' ').lower()}", new, kept)
            page.context.close()


def report(name: str, *rounds: list[tuple[float, float]]) -> None:
    """The mean of the processor time, which is counted in steps of 10 ms, and the median time."""
    parts = []
    for found in rounds:
        spent, seen = zip(*found, strict=True)
        parts += [statistics.mean(spent), statistics.median(seen)]
    print(f"{name:40}" + "".join(f"{1000 * part:8.0f} ms" for part in parts), flush=True)


def main() -> None:
    print(f"{'':40}   new head: cpu, shown    kept head: cpu, shown")
    measure("mini", "mini", HEADS)
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own: PyTorch's threads would stay.
        code = f"from benchmarks import redraw; redraw.write_checkpoint({folder!r})"
        subprocess.run([sys.executable, "-c", code], check=True)
        measure("GPT-2 small's size", folder, HEADS_GPT2)
    load, _, _ = os.getloadavg()
    print(f"{os.cpu_count()} cores, of which {load:.1f} were asked for in the last minute")


if __name__ == "__main__":
    main()
