"""A worker counts parts, says how far it is, and goes on where another one stopped."""

from collections.abc import Callable
from pathlib import Path

import pytest

from detok.counting.encoding import Encoder
from detok.counting.messages import Counted, Message, Task, Written
from detok.counting.parts import parts_of
from detok.counting.plan import Plan
from detok.counting.runs import StoredRun
from detok.counting.workers import Worker
from tests.support.corpora import SMALL
from tests.support.texts import plain_count

pytestmark = pytest.mark.usefixtures("small_portions")


@pytest.mark.parametrize("stop_after", [1, 2, 5, 100])
def test_what_two_workers_count_is_the_whole(tmp_path: Path, stop_after: int) -> None:
    text = "the dog rained on unfit cats, don't it?\n" * 9
    path = tmp_path / "a.txt"
    path.write_text(text)
    (part,) = parts_of(path, "text", pytest.fail)
    messages: list[Message] = []
    runs = []

    def count(task: Task, is_stopped: Callable[[], bool]) -> bool:
        plan = Plan(tmp_path / f"{len(runs)}.parquet", Encoder.of(SMALL))
        plan.folder.mkdir()
        worker = Worker(plan, messages.append, is_stopped)
        is_whole = worker.count(task)
        worker.keep()
        assert isinstance(messages[-1], Written)
        runs.append(StoredRun(plan.folder / messages[-1].name, len(SMALL)))
        return is_whole

    is_whole = count(Task(0, part), lambda: len(messages) >= stop_after)
    assert is_whole == (stop_after == 100)
    state = runs[0].state()
    assert state.done == ([0] if is_whole else [])
    if state.at is not None:
        assert count(Task(0, part, *state.at[1:]), lambda: False)
    tokens, pairs = plain_count([text], SMALL)
    assert sum(run.tokens().sum() for run in runs) == sum(tokens.values())
    assert sum(run.read(0, 10**6).counts.sum() for run in runs) == sum(pairs.values())
    shares = [message.share for message in messages if isinstance(message, Counted)]
    assert shares == sorted(shares)
    assert shares[-1] == 1
