"""A process of its own that loads models: `huggingface_hub` reads its settings once, on import."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]


class Client:
    """Loads models in another process, with a hub cache of its own."""

    def __init__(self, home: Path, endpoint: str, **environment: str) -> None:
        self.log = home / "log.txt"
        self.cache = home / "hf" / "hub"
        own = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith("HF_") and "proxy" not in k.lower()
        }
        # The home folder could hold the token of whoever runs the tests.
        own |= {"HF_ENDPOINT": endpoint, "HF_HOME": str(home / "hf"), "HOME": str(home)}
        with self.log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.hub_client"],
                cwd=REPOSITORY,
                env=own | environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def load(self, model: str, revision: str | None = None) -> dict[str, Any]:
        """What `detok.load` did: its seconds, its error or its layer, and whom it contacted."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([model, revision]) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline() or '{"error": "the process ended"}')

    def close(self) -> None:
        """Ends the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)


def serve() -> None:
    """Answers one line per model to be loaded."""
    import detok

    contacted: set[str] = set()

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect":
            contacted.add(str(arguments[1]))
        elif event == "socket.getaddrinfo":
            contacted.add(str(arguments[:2]))

    sys.addaudithook(audit)
    for line in sys.stdin:
        model, revision = json.loads(line)
        started = time.perf_counter()
        try:
            layer = detok.load(model, revision=revision, device="cpu")
            answer = {
                "error": None,
                "revision": layer.source.revision,
                "files": sorted(os.listdir(layer.source.folder)),
                "K_pos": layer.K_pos.tolist(),
                "vocab_size": len(layer.tokenizer),
            }
        except ValueError as error:
            answer = {"error": type(error).__name__, "sentence": str(error)}
        answer["seconds"] = time.perf_counter() - started
        answer["contacted"] = sorted(contacted)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve()
