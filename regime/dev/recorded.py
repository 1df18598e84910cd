"""Recorded answers of services: what was asked, what came, and a server on this machine that answers just so.

A recorded answer is a body and a `.toml` beside it: `service`, `method`, `endpoint`, `query`, `status`, `headers`, when
it was recorded, of what `kind` it is, and under `[expect]` what a correct reader gets from it.
"""

import base64
import json
import re
import threading
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from regime.errors import BadInput

# How a body's name ends, and what a server says that it is.
_TYPES = {
    ".json": "application/json", ".csv": "text/csv", ".txt": "text/plain", ".html": "text/html", ".xml": "text/xml",
    ".zip": "application/zip", ".zip.b64": "application/zip", ".csv.b64": "text/csv",
}  # fmt: skip


@dataclass(frozen=True)
class RecordedAnswer:
    """One answer as its service gave it. `now` is when it was recorded, as near as its file says it."""

    path: Path
    service: str
    endpoint: str
    query: Mapping[str, Any]
    status: int
    headers: Mapping[str, str]
    kind: str
    now: datetime
    is_dated: bool
    expect: Mapping[str, Any]
    body: bytes
    content_type: str

    @property
    def name(self) -> str:
        """Its service and file, without an ending: `gate/futures_usdt_contracts.2026-09`."""
        return f"{self.path.parent.name}/{self.path.stem}"

    @property
    def address(self) -> str:
        """The endpoint without a scheme: a path, or a host and a path."""
        return self.endpoint.split("://", 1)[-1].rstrip("/")


def read_recorded(path: Path) -> RecordedAnswer:
    """The answer that a `.toml` describes, its body from beside it. BadInput if one of the two cannot be read."""
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
        body, content_type = _body(path)
        recorded, is_dated = _moment(str(said.get("recorded", "")))
        return RecordedAnswer(
            path,
            said["service"],
            said["endpoint"],
            said.get("query", {}),
            int(said.get("status", 200)),
            said.get("headers", {}),
            said.get("kind", ""),
            recorded,
            is_dated,
            said.get("expect", {}),
            body,
            content_type,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path} is no recorded answer ({error}); name the .toml that stands beside a body") from error


def _body(path: Path) -> tuple[bytes, str]:
    stem = path.name.removesuffix(".toml")
    for ending, content_type in _TYPES.items():
        beside = path.with_name(stem + ending)
        if beside.exists():
            content = beside.read_bytes()
            return base64.b64decode(content) if ending.endswith(".b64") else content, content_type
    raise OSError(f"no body stands beside it, like {stem}.json")


def _moment(text: str) -> tuple[datetime, bool]:
    """When something was recorded, and whether the text says so: of a day, a month or a year their end."""
    if match := re.match(r"(\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(\.\d+)?)", text):
        return datetime.fromisoformat(match[1]).replace(tzinfo=UTC), True
    if match := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)( .*)?", text):
        return datetime(int(match[1]), int(match[2]), int(match[3]), tzinfo=UTC) + timedelta(days=1), True
    if match := re.fullmatch(r"(\d{4})-(\d\d)", text):
        months = int(match[1]) * 12 + int(match[2])
        return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC), True
    if re.fullmatch(r"\d{4}", text):
        return datetime(int(text) + 1, 1, 1, tzinfo=UTC), True
    try:
        return parsedate_to_datetime(text).astimezone(UTC), True
    except (TypeError, ValueError):
        return datetime.now(UTC).replace(microsecond=0), False


@dataclass
class AnsweringServer:
    """Gives one answer to every question, and keeps what was asked: path, and parameters of query or body."""

    url: str = ""
    answer: RecordedAnswer | None = None
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


@contextmanager
def answering() -> Iterator[AnsweringServer]:
    """A server on 127.0.0.1 for as long as it is needed; without an answer it gives `{}`."""
    state = AnsweringServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            self._reply(parts.path, dict(parse_qsl(parts.query)))

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self._reply(urlsplit(self.path).path, json.loads(content or b"{}"))

        def _reply(self, path: str, parameters: dict[str, Any]) -> None:
            state.asked.append((path, parameters))
            answer = state.answer
            body = answer.body if answer else b"{}"
            headers = {"Content-Type": answer.content_type if answer else "application/json"}
            if answer and answer.is_dated:
                headers["Date"] = format_datetime(answer.now, usegmt=True)
            headers |= dict(answer.headers) if answer else {}
            self.send_response_only(answer.status if answer else 200)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nobody listens."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
