"""A webhook on 127.0.0.1 that keeps what it is sent, and answers as it is told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Received:
    """One request: its path, its headers, and its parts (a JSON body is the part `json`)."""

    path: str
    headers: dict[str, str]
    parts: dict[str, Any]

    @property
    def text(self) -> str:
        payload = self.parts["json"]
        return payload.get("text") or payload["content"]


@dataclass
class Webhook:
    """What came, and what is answered: statuses in their order, the last one for ever."""

    port: int = 0
    statuses: list[int] = field(default_factory=lambda: [200])
    headers: dict[str, str] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    may_answer: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/services/T000/B000/secretsecretsecret") -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@contextmanager
def serving() -> Iterator[Webhook]:
    """The server, for as long as the context."""
    hook = Webhook()
    hook.may_answer.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.received.append(Received(self.path, dict(self.headers), parts(self.headers["Content-Type"], body)))
            hook.may_answer.wait(30)
            status = hook.statuses.pop(0) if len(hook.statuses) > 1 else hook.statuses[0]
            self.send_response(status)
            for name, value in hook.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(self.path.encode())  # as some do: the answer repeats the secret

        def handle(self) -> None:
            with suppress(OSError):  # whoever asked may be gone
                super().handle()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def parts(content_type: str, body: bytes) -> dict[str, Any]:
    if content_type.startswith("application/json"):
        return {"json": json.loads(body)}
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    found = {part.get_param("name", header="content-disposition"): part for part in message.get_payload()}
    read: dict[str, Any] = {name: part.get_payload(decode=True) for name, part in found.items()}
    return read | {"json": json.loads(read.pop("payload_json"))}
