"""How far a count has come, as its caller hears it."""

from pathlib import Path

from detok.counting.messages import Counted, Task
from detok.counting.parts import Part
from detok.counting.progress import Meter, Progress


def test_what_earlier_calls_counted_is_progress_but_no_speed() -> None:
    parts = [Part(Path(name), "txt", None, 0, 100, 100) for name in "abcd"]
    heard: list[Progress] = []
    # The first part is counted, half of the second one too.
    tasks = [Task(1, parts[1], position=50), Task(2, parts[2]), Task(3, parts[3])]
    meter = Meter(parts, tasks, 1000, heard.append)
    meter.update(Counted(0, 1, 0.5))
    meter.update(Counted(30, 2, 0.25))
    meter.update(Counted(70, 2, 1.0))
    assert [progress.share for progress in heard] == [150 / 400, 175 / 400, 250 / 400]
    assert [progress.tokens for progress in heard] == [1000, 1030, 1100]
    assert heard[0].tokens_per_second == 0
    assert heard[-1].tokens_per_second > 0
    assert heard[0].seconds_left is None
    assert meter.tokens == 1100
