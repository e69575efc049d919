"""A process of its own that loads models: `huggingface_hub` reads its settings once, on import."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]


def environment_for(home: Path, endpoint: str) -> dict[str, str]:
    """The variables of a process that asks one hub, and has a cache of its own."""
    own = {
        k: v for k, v in os.environ.items() if not k.startswith("HF_") and "proxy" not in k.lower()
    }
    # The home folder could hold the token of whoever runs the tests.
    return own | {"HF_ENDPOINT": endpoint, "HF_HOME": str(home / "hf"), "HOME": str(home)}


class Client:
    """Loads models in another process, with a hub cache of its own."""

    def __init__(self, home: Path, endpoint: str, **environment: str) -> None:
        self.log = home / "log.txt"
        self.cache = home / "hf" / "hub"
        self.entries = home / "hf" / "assets" / "detok" / "first_layers"
        with self.log.open("w") as log:
            self._environment = environment_for(home, endpoint) | environment
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.hub_client"],
                cwd=REPOSITORY,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def load(self, model: str, revision: str | None = None) -> dict[str, Any]:
        """What `detok.load` did: its seconds, its error or its layer, and whom it contacted."""
        self.begin("load", model, revision)
        return self.end()

    def fetch(
        self, model: str, revision: str | None = None, give_up_at: int | None = None
    ) -> dict[str, Any]:
        """What `detok.fetch` did, and what it reported; given up once so many bytes are there."""
        self.begin("fetch", model, revision, give_up_at)
        return self.end()

    def whole(
        self, model: str, revision: str | None = None, give_up_at: int | None = None
    ) -> dict[str, Any]:
        """What `detok.fetch_whole` and then `detok.load_model` did, as `fetch`."""
        self.begin("whole", model, revision, give_up_at)
        return self.end()

    def begin(self, *order: Any) -> None:
        """Has the process begin with something; `end` waits for its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def end(self) -> dict[str, Any]:
        """The answer of the process."""
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline() or '{"error": "the process ended"}')

    def run(self, code: str) -> None:
        """Runs other code in yet another process, with the same settings."""
        subprocess.run([sys.executable, "-c", code], env=self._environment, check=True)

    def kill(self) -> None:
        """Ends the process at once, whatever it is at."""
        self._process.kill()
        self._process.wait(timeout=30)

    def close(self) -> None:
        """Ends the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)


def load(model: str, revision: str | None) -> dict[str, Any]:
    """Loads a model."""
    import detok

    layer = detok.load(model, revision=revision, device="cpu")
    return {
        "revision": layer.source.revision,
        "latest": layer.source.latest,
        "files": sorted(os.listdir(layer.source.folder)),
        "K_pos": layer.K_pos.tolist(),
        "vocab_size": len(layer.tokenizer),
    }


def fetch(model: str, revision: str | None, give_up_at: int | None) -> dict[str, Any]:
    """Fetches a model."""
    import detok

    return _reported(detok.fetch, model, revision, give_up_at)


def whole(model: str, revision: str | None, give_up_at: int | None) -> dict[str, Any]:
    """Fetches and loads all layers of a model."""
    import detok

    answer = _reported(detok.fetch_whole, model, revision, give_up_at)
    loaded = detok.load_model(model, revision=revision, device="cpu")
    return answer | {
        "folder": str(loaded.source.folder),
        "probability": detok.run(loaded, [1, 2, 3]).probability,
    }


def _reported(
    fetch: Callable[..., Any], model: str, revision: str | None, give_up_at: int | None
) -> dict[str, Any]:
    reported = []

    def report(here: int, wanted: int) -> None:
        reported.append((here, wanted))
        if give_up_at is not None and here >= give_up_at:
            raise ValueError("given up")

    fetch(model, revision, progress=report)
    return {"reported": reported}


ORDERS = {"load": load, "fetch": fetch, "whole": whole}


def serve() -> None:
    """Answers one line per order."""
    contacted: set[str] = set()

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect":
            contacted.add(str(arguments[1]))
        elif event == "socket.getaddrinfo":
            contacted.add(str(arguments[:2]))

    sys.addaudithook(audit)
    for line in sys.stdin:
        order, *arguments = json.loads(line)
        started = time.perf_counter()
        try:
            answer = {"error": None} | ORDERS[order](*arguments)
        except (ValueError, KeyboardInterrupt) as error:
            answer = {"error": type(error).__name__, "sentence": str(error)}
        answer["seconds"] = time.perf_counter() - started
        answer["contacted"] = sorted(contacted)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve()
