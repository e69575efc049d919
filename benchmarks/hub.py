"""A hub of models on 127.0.0.1 that counts what it sends, and can be as slow as a line."""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "0" * 40
_CHUNK = 1 << 18


class Hub(ThreadingHTTPServer):
    """Serves the folders `owner/name` in a folder; all connections share `rate` bytes a second."""

    daemon_threads = True

    def __init__(self, models: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.models, self.rate = models, float("inf")
        self.sent = self.requests = self.connections = 0
        self._free, self._lock = 0.0, threading.Lock()  # when the line has sent all it was given

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def send(self, n: int) -> None:
        """Counts n bytes, and waits for their turn on the line."""
        with self._lock:
            self.sent += n
            self._free = max(self._free, time.monotonic()) + n / self.rate
            pause = self._free - time.monotonic()
        time.sleep(max(0.0, pause))

    def count(self, requests: int = 0, connections: int = 0) -> None:
        with self._lock:
            self.requests += requests
            self.connections += connections


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Hub

    def setup(self) -> None:
        super().setup()
        self.server.count(connections=1)

    def log_message(self, *_: Any) -> None:
        """Keeps quiet."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.server.count(requests=1)
        path = unquote(urlsplit(self.path).path)
        match = re.fullmatch(r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)", path)
        if about := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/[^/]+)?", path):
            names = [{"rfilename": p.name} for p in (self.server.models / about[1]).iterdir()]
            info = json.dumps({"id": about[1], "sha": COMMIT, "siblings": names}).encode()
            self.head(200, {"Content-Length": len(info)})
            self.wfile.write(info)
        elif match and (file := self.server.models / match[1] / match[2]).is_file():
            self.answer_file(file)
        else:
            self.head(404, {"Content-Length": 0, "X-Error-Code": "EntryNotFound"})

    def answer_file(self, path: Path) -> None:
        size = path.stat().st_size
        start, stop, status = 0, size, 200
        headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{size:040x}"'}
        if asked := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            start, stop, status = int(asked[1]), min(size, int(asked[2] or size) + 1), 206
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        self.head(status, {**headers, "Content-Length": stop - start})
        if self.command == "GET":
            with path.open("rb") as file:
                for at in range(start, stop, _CHUNK):
                    n = min(_CHUNK, stop - at)
                    self.server.send(n)
                    self.connection.sendfile(file, at, n)

    def head(self, status: int, headers: dict[str, Any]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()


@contextmanager
def serving(models: Path) -> Iterator[Hub]:
    """A hub that answers meanwhile."""
    with Hub(models) as hub:
        threading.Thread(target=hub.serve_forever, args=(0.05,), daemon=True).start()
        yield hub
        hub.shutdown()
