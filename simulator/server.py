"""The market server: every dialect below the path of its host's name, on loopback."""

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
from email.utils import format_datetime
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from simulator.archives import PUBLISHERS
from simulator.archives.market_archive import ArchiveFile
from simulator.dialects import DIALECTS
from simulator.dialects.dialect import Dialect, RequestError, Retention, json_response
from simulator.edits import Edit
from simulator.faults import TRANSPORT, Fault, FaultSwitch
from simulator.loopback import LoopbackOnly
from simulator.market import COLUMNS, Market
from simulator.present import Present

LOOPBACK = "127.0.0.1"
KINDS = (*DIALECTS, *PUBLISHERS)  # everyone whom the server answers for


@dataclass(frozen=True)
class Options:
    """How a market is served."""

    has_real_retention: bool = False
    enforces_rate_limits: bool = False
    hosts_down: tuple[str, ...] = ()
    now: datetime | None = None


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
        self, present: Present, notes: Sequence[str], faults: list[Fault], has_real_retention: bool = False
    ) -> None:
        self._present = present
        self._has_real_retention = has_real_retention
        self._notes = list(notes)
        self._faults = faults

    def routes(self) -> list[BaseRoute]:
        """Clock, contents, bulk archive, faults and edits."""
        return [
            Route("/clock", self._clock, methods=["GET"]),
            Route("/clock", self._set_clock, methods=["POST"]),
            Route("/contents", self._contents),
            Route("/archive", self._archive_index),
            Route("/archive/{path:path}", self._archive_file),
            Route("/faults", self._list_faults, methods=["GET"]),
            Route("/faults", self._add_fault, methods=["POST"]),
            Route("/faults", self._clear_faults, methods=["DELETE"]),
            Route("/edits", self._list_edits, methods=["GET"]),
            Route("/edits", self._add_edit, methods=["POST"]),
            Route("/edits", self._clear_edits, methods=["DELETE"]),
        ]

    async def _clock(self, _: Request) -> Response:
        clock = self._present.market.clock
        return json_response(
            {
                "kind": clock.kind,
                "starts_at": clock.starts_at.astimezone(UTC).isoformat(),
                "now": clock.now.astimezone(UTC).isoformat(),
                "has_archive": bool(self._present.archive),
                "label": clock.label,
                "notes": self._notes,
            }
        )

    async def _set_clock(self, request: Request) -> Response:
        try:
            self._present.move(datetime.fromisoformat(orjson.loads(await request.body())["now"]))
        except (KeyError, TypeError, ValueError) as error:
            raise HTTPException(400, f"not a present ({error}): send now, as 2025-11-17T06:00:00+00:00") from None
        return await self._clock(request)

    async def _contents(self, _: Request) -> Response:
        return json_response({**contents(self._present.market), "has_real_retention": self._has_real_retention})

    async def _archive_index(self, _: Request) -> Response:
        files = [
            {"dataset": f.dataset, "origin": f.origin, "path": f.path, "rows": f.rows, "sha256": f.sha256}
            for f in self._present.archive
        ]
        return json_response({"files": files})

    async def _archive_file(self, request: Request) -> Response:
        path = request.path_params["path"]
        file = next((file for file in self._present.archive if file.path == path), None)
        if file is None:
            raise HTTPException(404, "the archive has no such file: GET /market/archive lists them")
        return Response(file.content, media_type="application/vnd.apache.parquet")

    async def _list_faults(self, _: Request) -> Response:
        return json_response({"faults": [fault.shown() for fault in self._faults]})

    async def _add_fault(self, request: Request) -> Response:
        try:
            fault = Fault(**orjson.loads(await request.body()))
            fault.since = fault.since or f"{self._present.market.clock.now.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"
            self._faults.append(fault)
        except (TypeError, ValueError) as error:
            wanted = "send host, kind, and times, after, path or query if wanted"
            raise HTTPException(400, f"not a fault ({error}): {wanted}") from None
        return await self._list_faults(request)

    async def _clear_faults(self, request: Request) -> Response:
        self._faults.clear()
        return await self._list_faults(request)

    async def _list_edits(self, _: Request) -> Response:
        edits = [{**asdict(edit), "kind": edit.kind} for edit in self._present.edits]
        return json_response({"edits": edits})

    async def _add_edit(self, request: Request) -> Response:
        try:
            self._present.edit(Edit.read(orjson.loads(await request.body())))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            wanted = "send dataset, venue (or provider), series, edit, and from, to or column if wanted"
            raise HTTPException(400, f"not an edit ({error}): {wanted}") from None
        return await self._list_edits(request)

    async def _clear_edits(self, request: Request) -> Response:
        self._present.clear_edits()
        return await self._list_edits(request)


def contents(market: Market) -> dict[str, Any]:
    """Which series each provider of reference data has, which symbols and datasets each venue: what may be asked."""
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
    datasets: dict[str, list[str]] = {}
    for table in (name for name, columns in COLUMNS.items() if columns[0] == "venue" and name != "instruments"):
        for venue in market.table(table)["venue"].unique():
            datasets.setdefault(str(venue), []).append(table.removesuffix("_1h"))
    return {
        "venues": venues,
        "datasets": datasets,
        "series": {origin: sorted(names) for origin, names in sorted(series.items())},
    }


def create_app(
    market: Market, archive: Sequence[ArchiveFile] = (), notes: Sequence[str] = (), options: Options | None = None
) -> ASGIApp:
    """The application that serves `market`; it can be called without a server, in tests."""
    options = options or Options()
    present = Present(market, archive, options.now)
    faults = [Fault(host, "down") for host in options.hosts_down]
    pages = MarketPages(present, notes, faults, options.has_real_retention)
    routes: list[BaseRoute] = [Mount("/market", routes=pages.routes())]
    for kind in KINDS:
        dialect = DialectApp(kind, present, options)
        routes += [Mount(f"/{host}", app=dialect) for host in kind.hosts]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _not_served})
    return FaultSwitch(MarketDate(app, present), faults)


class MarketDate:
    """Dates each answer by the market's clock, as a real venue does by its own."""

    def __init__(self, app: ASGIApp, present: Present) -> None:
        self._app, self._present = app, present

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""

        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(self._present.market.clock.now.astimezone(UTC), usegmt=True)
                message["headers"] = [*message["headers"], (b"date", date.encode())]
            await send(message)

        await self._app(scope, receive, send_dated)


class DialectApp:
    """One dialect over the market as it stands; made anew when the clock or a table has changed."""

    def __init__(self, kind: type[Dialect], present: Present, options: Options) -> None:
        self._kind, self._present, self._options = kind, present, options
        self._version = present.version
        self._app = self._make()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on to the dialect."""
        if self._version != self._present.version:
            self._version, self._app = self._present.version, self._make()
        await self._app(scope, receive, send)

    def _make(self) -> ASGIApp:
        dialect = self._kind(self._present.market, Retention(self._options.has_real_retention))
        app = Starlette(routes=dialect.routes(), exception_handlers={RequestError: _refuse})
        return RateLimit(app, dialect) if self._options.enforces_rate_limits else app


async def _refuse(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    return error.response


async def _not_served(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404 and not request.url.path.startswith("/market/"):
        hosts = ", ".join(sorted(host for dialect in KINDS for host in dialect.hosts))
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
        LoopbackOnly(app),
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_level="error",
        access_log=False,
        server_header=False,
        date_header=False,  # the market's own is sent
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
