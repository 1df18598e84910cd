"""A tiny server for the tests of adapters: documented page rules over rows that the test gives. It knows no market."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from warehouse.source import Source

Handler = Callable[[Request, dict[str, Any]], Any]


class VenueServer:
    """Answers every path with `handlers[path]`; what is not handled is 404. Counts calls by path."""

    def __init__(self) -> None:
        self.handlers: dict[str, Handler] = {}
        self.calls: list[str] = []
        self.url = ""

    async def answer(self, request: Request) -> Response:
        path = request.url.path.lstrip("/")
        self.calls.append(path)
        handler = self.handlers.get(path)
        if handler is None:
            return JSONResponse({"error": "no such page"}, 404)
        body = await request.json() if request.method == "POST" else {}
        answer = handler(request, body)
        return answer if isinstance(answer, Response) else JSONResponse(answer)

    def source(self, now: datetime, starts_at: datetime, **more: Any) -> Source:
        return Source("simulated", self.url, starts_at.replace(tzinfo=UTC), now.replace(tzinfo=UTC), **more)


@contextlib.contextmanager
def running() -> Iterator[VenueServer]:
    venue = VenueServer()
    app = Starlette(routes=[Route("/{path:path}", venue.answer, methods=["GET", "POST"])])
    listener = socket.create_server(("127.0.0.1", 0))
    venue.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", date_header=False))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    try:
        yield venue
    finally:
        server.should_exit = True
        thread.join(10)
