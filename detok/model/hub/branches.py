"""Which commit a branch of a model was at when it was last asked for, and whether it has moved.

The hub is asked at most once a day, whether it answers or not, and never offline.
"""

import json
import re
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from detok.model.hub import entries
from detok.model.hub.sentences import within

DAY_S = 24 * 3600.0
# Nobody waits longer than this for something that can wait until tomorrow.
TIMEOUT_S = 2.0
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Branch:
    """What is noted of a branch, or tag."""

    commit: str  # that is used
    latest: str  # that it was last seen at
    asked: float  # seconds since 1970


def is_commit(revision: str | None) -> bool:
    """Whether a revision is a commit, which never moves."""
    return revision is not None and _COMMIT.fullmatch(revision) is not None


def noted(model_id: str, revision: str | None) -> Branch | None:
    """What is noted of a branch; None for one that was never asked for."""
    try:
        return Branch(**_read(entries.notes_of(model_id))[revision or "main"])
    except (KeyError, TypeError):
        return None


def note(model_id: str, revision: str | None, commit: str, latest: str) -> None:
    """Notes the commit that is used of a branch, and the one it was just seen at."""
    path = entries.notes_of(model_id)
    with entries.lock(model_id):
        notes = _read(path) | {
            revision or "main": asdict(Branch(commit, latest, time.time())),
        }
        new = path.with_suffix(".new")
        new.write_text(json.dumps(notes), encoding="utf-8")
        new.replace(path)


def latest(model_id: str, revision: str | None, commit: str) -> str:
    """The commit that a branch is at by now, as far as is known; `commit` is the one that is used.

    Asks the hub if that was not done for a day.
    """
    import huggingface_hub as hub

    known = noted(model_id, revision)
    if is_commit(revision):
        return commit
    if hub.is_offline_mode() or (known is not None and time.time() - known.asked < DAY_S):
        return known.latest if known is not None else commit
    found = known.latest if known is not None else commit
    with suppress(Exception):  # out of reach, or gone: what is here still works
        info = within(
            TIMEOUT_S,
            lambda: hub.model_info(model_id, revision=revision or None, timeout=TIMEOUT_S),
        )
        found = str(info.sha)
    with suppress(OSError):  # a cache that cannot be written: asked again next time
        note(model_id, revision, commit, found)
    return found


def _read(path: Path) -> dict[str, dict]:
    try:
        notes = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return notes if isinstance(notes, dict) else {}
