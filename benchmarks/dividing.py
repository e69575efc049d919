"""How the processor time of a count divides, and what a larger corpus takes.

`python -m benchmarks.dividing FILE… --tokenizer NAME` counts files as one of several processes
does, and merges what it put down, as `python -m detok count` and `merge` do. It prints the seconds
of each step on one core, and what as many tokens as `--tokens` (those of OpenWebText) take at these
rates.
"""

import argparse
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any
from unittest.mock import patch

from detok.counting import table, tally, workers
from detok.counting.encoding import Encoder, named_vocabulary
from detok.counting.files import files_in
from detok.counting.messages import Message, Task, Written
from detok.counting.pairs import PairCounter
from detok.counting.parts import parts_of
from detok.counting.plan import Plan
from detok.counting.reader import Reader
from detok.counting.runs import StoredRun

# Documents of OpenWebText, and their tokens by GPT-2's tokenizer.
DOCUMENTS, TOKENS = 8_013_769, 9_040_000_000
STEPS = {
    "reading files": (Reader, "pieces"),
    "cutting texts into words": (tally, "words_in"),
    "encoding new words": (Encoder, "encode"),
    "pairs across words": (PairCounter, "add_pairs"),
    "pairs inside words": (PairCounter, "add_repeated"),
    "adding up what is held": (PairCounter, "take"),
    "putting down runs": (StoredRun, "write"),
}


class Times:
    """Processor seconds by step."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()

    def of(self, step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, timed; of a generator what it takes to the next item."""

        @wraps(function)
        def timed(*arguments: Any, **options: Any) -> Any:
            start = time.process_time()
            result = function(*arguments, **options)
            self.seconds[step] += time.process_time() - start
            return self._items(step, result) if isinstance(result, Iterator) else result

        return timed

    def _items(self, step: str, items: Iterator[Any]) -> Iterator[Any]:
        while True:
            start = time.process_time()
            item = next(items, None)
            self.seconds[step] += time.process_time() - start
            if item is None:
                return
            yield item


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--tokenizer", default="gpt2")
    parser.add_argument("--memory", type=int, default=512, help="MB of a process")
    parser.add_argument("--tokens", type=int, default=TOKENS)
    options = parser.parse_args()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    memory = options.memory << 20
    with tempfile.TemporaryDirectory() as name:
        plan = Plan(
            Path(name) / "counts", Encoder.of(named_vocabulary(options.tokenizer)[0]), memory=memory
        )
        plan.folder.mkdir()
        report(*count(plan, options.files), plan, options.tokens)


def count(plan: Plan, files: list[Path]) -> tuple[Times, float, list[StoredRun]]:
    """The times of the steps, of all of it, and the runs."""
    times, runs = Times(), []

    def receive(message: Message) -> None:
        if isinstance(message, Written):
            runs.append(StoredRun(plan.folder / message.name, plan.encoder.vocab_size))

    patches = [patch.object(o, n, times.of(step, getattr(o, n))) for step, (o, n) in STEPS.items()]
    for each in patches:
        each.start()
    worker = workers.Worker(plan, receive, lambda: False)
    start = time.process_time()
    for n, part in enumerate(p for file in files_in(files) for p in parts_of(file, "text", print)):
        worker.count(Task(n, part))
    worker.keep()
    seconds = time.process_time() - start
    patch.stopall()
    return times, seconds, runs


def report(times: Times, seconds: float, runs: list[StoredRun], plan: Plan, larger: int) -> None:
    n = sum(run.state().tokens for run in runs)
    documents = sum(run.state().documents for run in runs)
    entries = sum(map(len, runs))
    start = time.process_time()
    with patch.object(table, "merged", times.of("merging", table.merged)):
        pairs = table.write_table(
            plan.out, plan.folder / "new", runs, {}, memory=plan.memory, min_count=1
        )
    merging = times.seconds["merging"]
    writing = time.process_time() - start - merging
    print(f"{n:,} tokens of {documents:,} documents; {pairs:,} different pairs, {len(runs)} runs")
    for step in STEPS:
        print(f"{step:40}{times.seconds[step]:8.2f} s{times.seconds[step] / seconds:8.1%}")
    rest = seconds - sum(times.seconds[step] for step in STEPS)
    print(f"{'the rest':40}{rest:8.2f} s{rest / seconds:8.1%}")
    print(f"{'counting, on one core':40}{seconds:8.2f} s{n / seconds / 1e6:8.2f} M tokens a second")
    print(f"{'merging the runs':40}{merging:8.2f} s{entries / merging / 1e6:8.2f} M pairs a second")
    print(f"{'writing the table':40}{writing:8.2f} s{pairs / writing / 1e6:8.2f} M pairs a second")
    hours = larger * seconds / n / 3600
    print(f"{larger:,} tokens at this rate: {hours:.2f} hours of one core for counting")


if __name__ == "__main__":
    main()
