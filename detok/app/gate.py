"""What bounds how many computations are under way at once: the others wait in a queue."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from detok.app import settings

# How often who waits is asked whether to go on.
OFTEN_S = 0.2


class Gate:
    """Lets in so many at once as `DETOK_HEAVY` says, in the order in which they came."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: list[object] = []
        self._inside = 0
        self._of_thread = threading.local()

    @property
    def load(self) -> tuple[int, int]:
        """How many are inside, and how many wait."""
        return self._inside, len(self._queue)

    @contextmanager
    def turn(self, waits: Callable[[int], None] = lambda before: None) -> Iterator[None]:
        """Waits for its turn; who is inside already goes on.

        `waits` is called meanwhile with how many are before this one; what it raises gives the
        place up.
        """
        if getattr(self._of_thread, "is_inside", False):
            yield
            return
        self._enter(waits)
        self._of_thread.is_inside = True
        try:
            yield
        finally:
            self._of_thread.is_inside = False
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def _enter(self, waits: Callable[[int], None]) -> None:
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
        try:
            while True:
                with self._changed:
                    place = self._queue.index(ticket)
                    if place == 0 and self._inside < settings.now().heavy:
                        self._inside += 1
                        return
                    before = place + self._inside
                waits(before)
                with self._changed:
                    self._changed.wait(OFTEN_S)
        finally:
            with self._changed:
                self._queue.remove(ticket)
                self._changed.notify_all()


# Computations of minutes, in threads of their own.
LONG = Gate()
# Those of seconds, which a page waits for: not behind the others.
SHORT = Gate()
