"""Runs become a file of counts, of which only portions are held in memory."""

import os
from collections.abc import Callable
from pathlib import Path

from detok.counting.counts_file import Writer
from detok.counting.runs import StoredRun, merged


def write_table(
    out: Path,
    new: Path,
    runs: list[StoredRun],
    provenance: dict[str, str],
    *,
    memory: int,
    min_count: int,
    between: Callable[[], None] = lambda: None,
) -> int:
    """Writes the sum of runs, in `new` at first; gives the number of different pairs.

    Its bytes do not depend on how the counts are divided between the runs. `between` is called
    after each portion; an exception it raises leaves `out` as it was.
    """
    tokens = runs[0].tokens()
    for run in runs[1:]:
        tokens += run.tokens()
    pairs = 0
    with Writer(new, tokens, min_count, provenance, tells_within=True) as file:
        for portion in merged(runs, memory):
            between()
            kept = portion.counts >= min_count
            keys = portion.keys[kept]
            current, past = divmod(keys, keys.dtype.type(len(tokens)))
            file.write(current.astype("int64"), past, portion.counts[kept], portion.within[kept])
            pairs += len(keys)
    os.replace(new, out)
    return pairs
