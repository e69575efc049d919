"""What the server carries now, a line in the log each minute in which anything has changed."""

import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from streamlit.runtime import Runtime

from detok.app import alive, gate, log, store

EVERY_S = 60.0


def now() -> dict[str, Any]:
    """Memory, sessions, threads, what is kept, and both queues."""
    running, waiting = zip(gate.LONG.load, gate.SHORT.load, strict=True)
    return {
        "resident_bytes": _resident_bytes(),
        "sessions": _sessions(),
        "models_bytes": alive.n_bytes(),
        "threads": threading.active_count(),
        "computing": sum(running),
        "waiting": sum(waiting),
        **{f"kept_{name}": value for name, value in store.load().items()},
    }


def _sessions() -> int | None:
    with suppress(AttributeError, RuntimeError):
        return Runtime.instance()._session_mgr.num_active_sessions()
    return None


def _resident_bytes() -> int | None:
    """None where the system does not tell as Linux does."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096
    return None


def on_demand() -> None:
    """From now on the log has it whenever this process is sent SIGUSR1, where systems have that.

    To be called in the main thread.
    """
    log.begin()
    if hasattr(signal, "SIGUSR1"):
        # Not in the handler itself: what it waits for, the thread that it interrupts may hold.
        signal.signal(signal.SIGUSR1, lambda *_: threading.Thread(target=_tell).start())


def _tell() -> None:
    log.event("load", **now())


def begin() -> None:
    """From now on the log has it."""
    threading.Thread(target=_go_on, name="detok-load", daemon=True).start()


def _go_on() -> None:
    before: list[object] = []
    while True:
        time.sleep(EVERY_S)
        load = now()
        # Memory is never the same twice.
        of = [value for name, value in load.items() if name not in ("resident_bytes", "threads")]
        if of != before:
            log.event("load", **load)
        before = of
