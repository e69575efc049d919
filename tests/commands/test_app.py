"""`python -m detok app`: as it is served to strangers, and what an installation has of it."""

import os
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from contextlib import nullcontext
from importlib import metadata
from pathlib import Path
from unittest.mock import Mock

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from benchmarks import visitor
from detok.commands import app
from detok.errors import InputError

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Of a hosted app that was started somewhere else, takes one name for its own, and is asked.

    What it carries is asked for when all visitors have gone.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("elsewhere")
    environment = {
        "PYTHONPATH": str(ROOT),
        "DETOK_HOSTED": "1",
        "DETOK_CACHE": str(folder),
        "STREAMLIT_SERVER_HEADLESS": "true",
        "STREAMLIT_SERVER_ADDRESS": "127.0.0.1",
        "STREAMLIT_SERVER_PORT": str(port),
        "STREAMLIT_SERVER_ALLOWED_HOSTS": "detok.example.org 127.0.0.1",
    }
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "detok", "app"],
            cwd=folder,
            env={**os.environ, **environment},
            stdout=log,
            stderr=log,
        )
        try:
            deadline = time.monotonic() + 60
            while b"ok" not in _got(f"http://127.0.0.1:{port}/_stcore/health"):
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.1)
            yield port
            process.send_signal(signal.SIGUSR1)
            while '"event": "load"' not in (folder / "log").read_text():
                assert time.monotonic() < deadline + 120
                time.sleep(0.1)
        finally:
            process.terminate()
            assert process.wait(timeout=20) == 0
    lines = (folder / "log").read_text()
    assert "Traceback" not in lines
    assert "'hosts': ['detok.example.org', '127.0.0.1']" in lines.replace('"', "'")


def _got(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.read()
    except OSError:
        return b""


def test_a_visitor_is_shown_the_pages_but_no_metrics(port: int) -> None:
    with visitor.visitor(f"http://127.0.0.1:{port}") as connection:
        sent = visitor.run(connection)
        assert sent[-1].script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
        (navigation,) = [m.navigation for m in sent if m.WhichOneof("type") == "navigation"]
        assert len(navigation.app_pages) == 1 + len([*ROOT.glob("pages/*.py")])
        assert _got(f"http://127.0.0.1:{port}/_stcore/metrics").strip() == b"# EOF"


@pytest.mark.parametrize(
    ("host", "origin", "is_taken"),
    [
        ("detok.example.org", "http://detok.example.org", True),
        ("detok.example.org", "http://evil.example", False),
        ("evil.example", "http://evil.example", False),
    ],
)
def test_pages_of_other_names_open_no_websocket(
    port: int, host: str, origin: str, is_taken: bool
) -> None:
    direct = socket.create_connection(("127.0.0.1", port))
    refused = nullcontext() if is_taken else pytest.raises(InvalidStatus, match="403")
    with refused, connect(f"ws://{host}/_stcore/stream", sock=direct, origin=origin):
        pass


def test_an_installation_has_all_pages_and_their_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["data-files"]
    found = {
        f"{folder}/{path.name}": path
        for folder, patterns in built.items()
        for pattern in patterns
        for path in ROOT.glob(pattern)
    }
    wanted = [ROOT / "app.py", ROOT / ".streamlit/config.toml", *ROOT.glob("pages/*.py")]
    assert {f"share/detok/{path.relative_to(ROOT)}": path for path in wanted} == found
    package = tmp_path / "site-packages" / "detok" / "commands" / "app.py"
    monkeypatch.setattr(app, "__file__", str(package))
    with pytest.raises(InputError, match=r"has no app\.py beside the package"):
        app.script()
    file = metadata.PackagePath("../share/detok/app.py")
    file.dist = Mock(locate_file=lambda path: package.parents[2] / path)
    monkeypatch.setattr(metadata, "files", lambda _: [metadata.PackagePath("detok/app.py"), file])
    assert app.script() == tmp_path / "share" / "detok" / "app.py"
