"""The market server: every dialect below the path of its host's name, on loopback.

Belongs here: the application, the faults that can be switched on, rate limits, and how the process starts and ends.
Does not: what a venue answers (dialects/), or where the market comes from (generate.py, replay.py).
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from simulator.archive import ArchiveFile
from simulator.dialects import DIALECTS
from simulator.dialects.dialect import Dialect, RequestError, Retention, json_response
from simulator.market import Market

LOOPBACK = "127.0.0.1"
FaultKind = Literal["down", "html", "timeout"]
# Where a connection is hung up on without an answer, this is how the application reaches it.
TRANSPORT = "market.transport"


@dataclass(frozen=True)
class Options:
    """How a market is served."""

    has_real_retention: bool = False
    enforces_rate_limits: bool = False
    hosts_down: tuple[str, ...] = ()


@dataclass
class Fault:
    """What is wrong with a host: `kind` is down, html, timeout or status:CODE; `times` counts down, None is for good.

    `path` restricts it to requests whose path (below the host) starts so.
    """

    host: str
    kind: str
    times: int | None = None
    path: str = ""

    def __post_init__(self) -> None:
        if self.kind in get_args(FaultKind):
            return
        name, _, code = self.kind.partition(":")
        if name != "status" or not code.isdigit() or not 400 <= int(code) <= 599:
            raise ValueError(f"no fault is called {self.kind!r}: use down, html, timeout or status:400 … status:599")


class FaultSwitch:
    """The faults that are on, in front of the application."""

    def __init__(self, app: ASGIApp, faults: list[Fault]) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the first fault that fits says, or pass the request on."""
        fault = self._fitting(scope) if self._faults and scope["type"] == "http" else None
        if fault is None:
            await self._app(scope, receive, send)
        elif fault.kind == "down":
            scope["extensions"][TRANSPORT].abort()
            await _disconnected(receive)
        elif fault.kind == "timeout":
            await _disconnected(receive)
        elif fault.kind == "html":
            page = "<!DOCTYPE html><html><head><title>Maintenance</title></head><body>We will be back.</body></html>"
            await HTMLResponse(page)(scope, receive, send)
        else:
            status = int(fault.kind.partition(":")[2])
            await json_response({"code": 0, "msg": f"simulated fault {status}"}, status)(scope, receive, send)

    def _fitting(self, scope: Scope) -> Fault | None:
        _, host, *rest = scope["path"].split("/", 2)
        path = "/" + "".join(rest)
        for fault in self._faults:
            if fault.host == host and path.startswith(fault.path):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                return fault
        return None


async def _disconnected(receive: Receive) -> None:
    """Say nothing until the connection is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


class RateLimit:
    """A host's limit of requests a minute, counted in whole minutes."""

    def __init__(self, app: ASGIApp, dialect: Dialect, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._dialect = dialect
        self._clock = clock
        self._minute = 0
        self._requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer that there were too many."""
        minute = int(self._clock() // 60)
        if minute != self._minute:
            self._minute, self._requests = minute, 0
        self._requests += 1
        if self._requests > self._dialect.requests_per_minute:
            response = self._dialect.too_many_requests()
            response.headers["Retry-After"] = str(60 - int(self._clock() % 60))
            await response(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class MarketPages:
    """The server's own pages below /market: what no real venue has."""

    def __init__(
        self,
        market: Market,
        archive: Sequence[ArchiveFile],
        notes: Sequence[str],
        faults: list[Fault],
        has_real_retention: bool = False,
    ) -> None:
        self._market = market
        self._has_real_retention = has_real_retention
        self._archive = {file.path: file for file in archive}
        self._notes = list(notes)
        self._faults = faults

    def routes(self) -> list[BaseRoute]:
        """Clock, contents, bulk archive and faults."""
        return [
            Route("/clock", self._clock),
            Route("/contents", self._contents),
            Route("/archive", self._archive_index),
            Route("/archive/{path:path}", self._archive_file),
            Route("/faults", self._list_faults, methods=["GET"]),
            Route("/faults", self._add_fault, methods=["POST"]),
            Route("/faults", self._clear_faults, methods=["DELETE"]),
        ]

    async def _clock(self, _: Request) -> Response:
        clock = self._market.clock
        return json_response(
            {
                "kind": clock.kind,
                "starts_at": clock.starts_at.astimezone(UTC).isoformat(),
                "now": clock.now.astimezone(UTC).isoformat(),
                "has_archive": bool(self._archive),
                "label": clock.label,
                "notes": self._notes,
            }
        )

    async def _contents(self, _: Request) -> Response:
        return json_response({**contents(self._market), "has_real_retention": self._has_real_retention})

    async def _archive_index(self, _: Request) -> Response:
        files = [
            {"dataset": f.dataset, "origin": f.origin, "path": f.path, "rows": f.rows, "sha256": f.sha256}
            for f in self._archive.values()
        ]
        return json_response({"files": files})

    async def _archive_file(self, request: Request) -> Response:
        file = self._archive.get(request.path_params["path"])
        if file is None:
            raise HTTPException(404, "the archive has no such file: GET /market/archive lists them")
        return Response(file.content, media_type="application/vnd.apache.parquet")

    async def _list_faults(self, _: Request) -> Response:
        return json_response({"faults": [asdict(fault) for fault in self._faults]})

    async def _add_fault(self, request: Request) -> Response:
        try:
            self._faults.append(Fault(**orjson.loads(await request.body())))
        except (TypeError, ValueError) as error:
            raise HTTPException(400, f"not a fault ({error}): send host, kind, and times or path if wanted") from None
        return await self._list_faults(request)

    async def _clear_faults(self, request: Request) -> Response:
        self._faults.clear()
        return await self._list_faults(request)


def contents(market: Market) -> dict[str, Any]:
    """Which series each provider of reference data has, and which symbols each venue: what may be asked for."""
    prices, macro = market.asset_class_prices, market.macro_series
    providers = prices["provider"] if "provider" in prices else ["yahoo"] * len(prices)
    series: dict[str, set[str]] = {}
    for names, origins in ((prices["series"], providers), (macro["series"], macro["provider"])):
        for name, origin in {*zip(names.astype(str), map(str, origins), strict=True)}:
            series.setdefault(origin, set()).add(name)
    listed = market.instruments.groupby(["venue", "market_type"], observed=True)["venue_symbol"]
    venues: dict[str, dict[str, list[str]]] = {}
    for (venue, market_type), symbols in listed:
        venues.setdefault(str(venue), {})[str(market_type)] = sorted(symbols.astype(str))
    return {"venues": venues, "series": {origin: sorted(names) for origin, names in sorted(series.items())}}


def create_app(
    market: Market, archive: Sequence[ArchiveFile] = (), notes: Sequence[str] = (), options: Options | None = None
) -> ASGIApp:
    """The application that serves `market`; it can be called without a server, in tests."""
    options = options or Options()
    faults = [Fault(host, "down") for host in options.hosts_down]
    pages = MarketPages(market, archive, notes, faults, options.has_real_retention)
    routes: list[BaseRoute] = [Mount("/market", routes=pages.routes())]
    retention = Retention(options.has_real_retention)
    for kind in DIALECTS:
        dialect = kind(market, retention)
        app: ASGIApp = Starlette(routes=dialect.routes(), exception_handlers={RequestError: _refuse})
        if options.enforces_rate_limits:
            app = RateLimit(app, dialect)
        routes += [Mount(f"/{host}", app=app) for host in dialect.hosts]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _not_served})
    return FaultSwitch(app, faults)


async def _refuse(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    return error.response


async def _not_served(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404 and not request.url.path.startswith("/market/"):
        hosts = ", ".join(sorted(host for dialect in DIALECTS for host in dialect.hosts))
        return PlainTextResponse(f"the market server answers for these hosts only: {hosts}\n", 404)
    return PlainTextResponse(f"{error.detail}\n", error.status_code)


class _Protocol(HttpToolsProtocol):
    """uvicorn's protocol, which also tells the application its connection, so that a fault can hang up."""

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        # The request runs on the next turn of the loop, so this comes in time.
        self.scope.setdefault("extensions", {})[TRANSPORT] = self.transport  # type: ignore[assignment,typeddict-item]


class _Server(uvicorn.Server):
    """uvicorn's server, which ends on a signal with exit code 0 instead of raising the signal again."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, *_: object) -> None:
        self.should_exit = True


def open_server(app: ASGIApp, port: int = 0) -> tuple[uvicorn.Server, socket.socket]:
    """A server of `app` that is not running yet, and its listening socket on loopback; port 0 takes a free one."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((LOOPBACK, port))
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=1,
    )
    return _Server(config), listener


def url_of(listener: socket.socket) -> str:
    """The address of a server on `listener`."""
    host, port = listener.getsockname()
    return f"http://{host}:{port}"


def serve(app: ASGIApp, port: int, ready: dict[str, Any], ends_with_stdin: bool = True) -> None:
    """Serve on loopback until stdin closes or a signal comes; print `ready`, with url and pid, once it answers."""
    server, listener = open_server(app, port)
    if ends_with_stdin:
        threading.Thread(target=_stop_with_stdin, args=(server,), daemon=True).start()
    with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
        runner.run(_serve(server, listener, {"url": url_of(listener), **ready}))


async def _serve(server: uvicorn.Server, listener: socket.socket, ready: dict[str, Any]) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.005)
    if server.started:
        line = {**ready, "pid": os.getpid(), "ready_at": datetime.now(UTC).isoformat(timespec="milliseconds")}
        sys.stdout.write(orjson.dumps(line).decode() + "\n")
        sys.stdout.flush()
    await serving


def _stop_with_stdin(server: uvicorn.Server) -> None:
    # Plain reads: a buffered reader that is still waiting would stop the interpreter from ending.
    with contextlib.suppress(OSError):
        while os.read(0, 65536):
            pass
    server.should_exit = True
