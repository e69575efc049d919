"""A small Hugging Face hub on this machine: what of its protocol models and data sets take.

A data set's id is "datasets/OWNER/NAME".
"""

import hashlib
import json
import re
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    sent: int  # bytes of the answer's body


class Hub:
    """Serves folders as models and data sets on 127.0.0.1, and misbehaves when asked to.

    It notes all requests.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.gated: set[str] = set()
        # What to go wrong with: no answer at all; a status for everything; statuses for the next
        # downloads of weights; the number of downloads of a file to break off, the first in its
        # middle and those after it at once; seconds before each megabyte; whole files for parts of
        # them; parts that are shorter than those asked for, or others.
        self.silent = False
        self.status: HTTPStatus | None = None
        self.statuses: list[HTTPStatus] = []
        self.breaks: dict[str, int] = {}
        self.pause = 0.0
        self.slow_from = 0  # the byte of a file from which on that holds
        self.whole_only = self.short = self.shifted = False
        # Large files lie on another server, as the real hub's do.
        self.redirects = False
        self._models: dict[str, dict[str, Path]] = {}
        self.connections: set[socket.socket] = set()
        self.n_accepted = 0  # connections in all
        self._port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listens, on the same port as before if it did so before."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), _Handler)
        self._server.daemon_threads = True
        self._server.hub = self  # type: ignore[attr-defined]
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """From now on, connections are refused."""
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self.connections):
            with suppress(OSError):  # the client was faster
                connection.shutdown(socket.SHUT_RDWR)

    def add(self, model_id: str, folder: Path, revision: str = "main") -> str:
        """Serves a folder as a revision of a model; gives its commit hash."""
        commit = hashlib.sha1(f"{model_id} {folder}".encode()).hexdigest()
        self._models.setdefault(model_id, {}).update({revision: folder, commit: folder})
        return commit

    def folder_of(self, model_id: str) -> Path:
        """What is served as the main branch of a model."""
        return self._models[model_id]["main"]

    def revisions(self, model_id: str) -> dict[str, Path] | None:
        return self._models.get(model_id)

    def files_asked(self, model_id: str, method: str = "GET") -> list[str]:
        """The files of a model that were asked for, in order; more than once if in parts."""
        resolve = re.compile(rf"/{re.escape(model_id)}/resolve/[^/]+/(.+)")
        return [
            match[1]
            for request in self.requests
            if request.method == method and (match := resolve.fullmatch(request.path))
        ]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # The bodies are small; without this the last packet of each would wait for the client.
    disable_nagle_algorithm = True

    @property
    def hub(self) -> Hub:
        return self.server.hub  # type: ignore[attr-defined]

    def setup(self) -> None:
        super().setup()
        self.hub.connections.add(self.connection)
        self.hub.n_accepted += 1

    def finish(self) -> None:
        self.hub.connections.discard(self.connection)
        super().finish()

    def log_message(self, *_: Any) -> None:
        """Keeps quiet."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        if self.hub.silent:
            while self.hub.silent:
                time.sleep(0.05)
            self.close_connection = True
            return
        path = unquote(urlsplit(self.path).path)
        if self.hub.status is not None:
            self.answer(self.hub.status, b"{}")
        elif path == "/api/agent-harnesses":
            self.answer(HTTPStatus.OK, b'{"standardEnvVars": [], "harnesses": {}}')
        elif match := re.fullmatch(r"/api/(?:models/)?(.+?)/tree/([^/]+)/?(.*)", path):
            self.answer_tree(*match.groups())
        elif match := re.fullmatch(r"/api/(?:models/)?(.+?)(?:/revision/(.+))?", path):
            self.answer_info(match[1], match[2] or "main")
        elif match := re.fullmatch(r"/(?!elsewhere/)(.+?)/resolve/([^/]+)/(.+)", path):
            self.answer_file(*match.groups(), may_redirect=True)
        elif match := re.fullmatch(r"/elsewhere/(.+?)/resolve/([^/]+)/(.+)", path):
            self.answer_file(*match.groups())
        else:
            self.refuse(HTTPStatus.NOT_FOUND, "NotFound")

    def folder(self, model_id: str, revision: str) -> Path | None:
        """The folder of a revision, or None after having refused it."""
        revisions = self.hub.revisions(model_id)
        if revisions is None:
            self.refuse(HTTPStatus.NOT_FOUND, "RepoNotFound")
        elif revision not in revisions:
            self.refuse(HTTPStatus.NOT_FOUND, "RevisionNotFound")
        else:
            return revisions[revision]
        return None

    def answer_info(self, model_id: str, revision: str) -> None:
        # Like the real hub, a gated model's file names are public, only its files are not.
        if folder := self.folder(model_id, revision):
            files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.*"))
            info = {
                "id": model_id,
                "sha": self.hub.add(model_id, folder, revision),
                "private": False,
                "siblings": [{"rfilename": name} for name in files],
            }
            self.answer(HTTPStatus.OK, json.dumps(info).encode())

    def answer_tree(self, model_id: str, revision: str, under: str) -> None:
        folder = self.folder(model_id, revision)
        if folder is None:
            return
        if not (folder / under).is_dir():
            return self.refuse(HTTPStatus.NOT_FOUND, "EntryNotFound")
        # Those of the folder alone, or also below it.
        wanted = "**/*" if "recursive=true" in self.path.lower() else "*"
        found = [
            {
                "type": "file" if path.is_file() else "directory",
                "path": path.relative_to(folder).as_posix(),
                "oid": "0" * 40,
                "size": path.stat().st_size if path.is_file() else 0,
            }
            for path in sorted((folder / under).glob(wanted))
        ]
        self.answer(HTTPStatus.OK, json.dumps(found).encode())

    def answer_file(
        self, model_id: str, revision: str, name: str, may_redirect: bool = False
    ) -> None:
        folder = self.folder(model_id, revision)
        if folder is None:
            return
        if model_id in self.hub.gated:
            return self.refuse(HTTPStatus.UNAUTHORIZED, "GatedRepo")
        if not (folder / name).is_file():
            return self.refuse(HTTPStatus.NOT_FOUND, "EntryNotFound")
        size = (folder / name).stat().st_size
        etag = hashlib.sha1(f"{folder} {name} {size}".encode()).hexdigest()
        headers = {
            "X-Repo-Commit": self.hub.add(model_id, folder, revision),
            "ETag": f'"{etag}"',
        }
        is_weights = name.endswith(".safetensors")
        if may_redirect and self.hub.redirects and is_weights:
            headers |= {
                "Location": f"{self.hub.url}/elsewhere{self.path}",
                "X-Linked-Size": str(size),
                "X-Linked-ETag": f'"{etag}"',
            }
            return self.answer(HTTPStatus.FOUND, b"", headers=headers)
        is_download = self.command == "GET" and "-100000" not in self.headers.get("Range", "")
        if is_download and is_weights and self.hub.statuses:
            return self.answer(self.hub.statuses.pop(0), b"{}", headers={"Retry-After": "0"})
        start, stop, status = 0, size, HTTPStatus.OK
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked and not (is_download and self.hub.whole_only):
            start = int(asked[1]) + (1 if is_download and self.hub.shifted else 0)
            stop = min(size, int(asked[2] or size) + 1)
            status = HTTPStatus.PARTIAL_CONTENT
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        if is_download and is_weights and self.hub.short:
            stop = start + (stop - start + 1) // 2
        length = stop - start
        if is_download and self.hub.breaks.get(name):
            self.hub.breaks[name] -= 1
            stop = start if self.hub.breaks[name] % 2 else start + length // 2
        with (folder / name).open("rb") as file:
            file.seek(start)
            body = file.read(stop - start)
        self.answer(status, body, length, headers, is_slow=start >= self.hub.slow_from)

    def refuse(self, status: HTTPStatus, code: str) -> None:
        self.answer(status, b'{"error": "no"}', headers={"X-Error-Code": code})

    def answer(
        self,
        status: HTTPStatus,
        body: bytes,
        length: int | None = None,
        headers: dict[str, str] | None = None,
        is_slow: bool = True,
    ) -> None:
        """Sends a body, or breaks off after it if it is shorter than the length announced."""
        sent = len(body) if self.command == "GET" else 0
        self.hub.requests.append(Request(self.command, urlsplit(self.path).path, sent))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("Content-Type", "application/json")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(OSError):  # the client had enough
            if self.command == "GET":
                for at in range(0, len(body), 1 << 20):
                    time.sleep(self.hub.pause if is_slow else 0)
                    self.wfile.write(body[at : at + (1 << 20)])
            if length is not None and len(body) < length:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
