"""A step of datatrove's pipelines that counts: `pip install datatrove`."""

from collections.abc import Iterator
from pathlib import Path

from datatrove.data import DocumentsPipeline
from datatrove.pipeline.base import PipelineStep

from detok.counting.encoding import Encoder, named_vocabulary
from detok.counting.pieces import Piece, pieces_of
from detok.counting.plan import DEFAULT_MEMORY
from detok.counting.runs import State
from detok.counting.task_runs import Task
from detok.counting.texts import utf_8


class CountTokens(PipelineStep):
    """Counts the tokens and pairs of the documents that come; the last step of a pipeline.

    Every task puts down one sorted run in `folder`, on a disk that all machines see, of which
    `python -m detok merge` makes a file of counts. A task that was killed is to be run again.
    `tokenizer` is "mini", a hub id or a folder, which every machine has to find; `memory` bounds,
    in bytes, what a task holds.
    """

    name, type = "detok", "Counter"

    def __init__(self, folder: Path | str, tokenizer: str, memory: int = DEFAULT_MEMORY) -> None:
        super().__init__()
        self.folder, self.tokenizer, self.memory = Path(folder), tokenizer, memory

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        """Counts all documents of a task."""
        vocabulary, name = named_vocabulary(self.tokenizer)
        encoder, state = Encoder.of(vocabulary), State()
        task = Task(self.folder, rank, world_size, name, vocabulary.sha256)
        task.count(self._pieces(data, encoder.cuts, state), encoder, state, self.memory)
        self.stat_update("tokens", value=state.tokens)
        yield from ()

    def _pieces(self, data: DocumentsPipeline, cuts: bool, state: State) -> Iterator[Piece]:
        for document in data:
            self.stat_update("documents")
            text, problem = utf_8(document.text, "text")
            if problem is not None:
                state.report(problem, str(document.id))
                continue
            yield from pieces_of(text, cuts)
