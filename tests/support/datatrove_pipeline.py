"""A pipeline of datatrove that counts in four tasks, in a process of its own that can be killed."""

import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.readers import ParquetReader

from detok.counting import encoding
from detok.counting.datatrove_step import CountTokens

TASKS = 4


def main(texts: str, tokenizer: str, folder: str, logs: str, killed: int) -> None:
    """Counts in small portions; the task `killed` ends the process after its fifth document."""
    encoding.BATCH_CHARACTERS = 200

    def end(data: Any, rank: int, world_size: int) -> Iterator[Any]:
        for n, document in enumerate(data):
            if rank == killed and n == 5:
                os.kill(os.getpid(), signal.SIGKILL)
            yield document

    pipeline = [ParquetReader(texts), end, CountTokens(folder, tokenizer, memory=2000)]
    # One worker, which is this process: the engine's pool waits for ever for one that was killed.
    LocalPipelineExecutor(pipeline, tasks=TASKS, workers=1, logging_dir=logs).run()


if __name__ == "__main__":
    main(*sys.argv[1:5], killed=int(sys.argv[5]))
