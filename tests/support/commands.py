"""`python -m detok` in a process of its own, with a hub and a cache of its own."""

import subprocess
import sys
from pathlib import Path

from tests.support.hub_client import REPOSITORY, environment_for

# A local server answers at once; what takes longer is torch's import, on a busy machine.
TIMEOUT_S = 120


class Machine:
    """A machine with nothing on it yet, whose hub is at an address."""

    def __init__(self, home: Path, endpoint: str) -> None:
        self.home, self.endpoint = home, endpoint
        self.entries = home / "hf" / "assets" / "detok" / "first_layers"

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Begins with a command, in a group of processes of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "detok", *arguments],
            cwd=REPOSITORY,
            env=environment_for(self.home, self.endpoint) | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, status: int = 0, **environment: str) -> tuple[str, str]:
        """What a command writes, and to stderr; its exit status is checked."""
        process = self.start(*arguments, **environment)
        shown, complained = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == status, (shown, complained)
        assert "Traceback" not in complained
        return shown, complained
