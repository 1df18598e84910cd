"""Faults on demand: answers that do not come, come late, come broken, or are not the answer to what was asked."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, ClassVar

import orjson
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulator.archives.binance_vision import checksum
from simulator.archives.file_faults import FILE_FAULTS, spoiled
from simulator.dialects.dialect import json_response

# Where an archive's files are listed: host, and bucket.
LISTING = "/s3-ap-northeast-1.amazonaws.com/data.binance.vision"
# Where a connection is hung up on in mid-answer, this is how the application reaches it.
TRANSPORT = "market.transport"
MAINTENANCE = "<!DOCTYPE html><html><head><title>Maintenance</title></head><body>We will be back.</body></html>"
ALONE = ("down", "timeout", "html", "reset", "truncated", "empty", "repeat", "out_of_order", "reshaped", "endless")
# An endless body comes in pieces of this size, with this pause after each.
PIECE, PAUSE_S = b" " * 65_536, 0.001
SLOW_PIECE, SLOW_PAUSE_S = b" ", 0.05


@dataclass
class Fault:
    """What is wrong with a host.

    `kind` is down (hangs up), timeout (says nothing), html (a page of maintenance, status 200), reset (hangs up in
    mid-body), truncated (half the answer, status 200), empty (no rows), repeat (the first answer again and again),
    out_of_order (the rows, shuffled), reshaped (every name another, rows of places become rows of names), endless or
    endless:slow (a body without end), clock:SECONDS (the host's clock is so far ahead, or behind), status:CODE or
    status:CODE:retry_after=SECONDS, answer:CODE (that status, with `body` and `headers` as they are given).

    Files of an archive can be spoiled: file:checksum (a checksum that does not fit),
    file:zeros, file:blanks, file:missing_hours, file:duplicates, file:out_of_order, file:header, file:no_header,
    file:microseconds, file:replaced (other amounts; the list says so, with the moment `since`, which is the market's
    present where it is not given), each with the checksum that fits.

    `path` restricts it to requests whose path (below the host) starts so, `query` to those whose query has that text.
    `after` lets so many of them pass first; `times` counts those that meet it down, None is for good.
    """

    host: str
    kind: str
    times: int | None = None
    path: str = ""
    query: str = ""
    after: int = 0
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    since: str = ""
    repeated: dict[str, Response] = field(default_factory=dict, repr=False)

    FIELDS: ClassVar[tuple[str, ...]] = (
        "host", "kind", "times", "path", "query", "after", "body", "headers", "since",
    )  # fmt: skip

    def __post_init__(self) -> None:
        if self.kind in (*ALONE, "endless:slow"):
            return
        name, _, code = self.kind.partition(":")
        if (name == "file" and code in FILE_FAULTS) or (name == "clock" and code.removeprefix("-").isdigit()):
            return
        if name == "answer" and code.isdigit():
            return
        code, _, wait = code.partition(":retry_after=")
        if name != "status" or not code.isdigit() or not 400 <= int(code) <= 599 or (wait and not wait.isdigit()):
            wanted = ", ".join((*ALONE, "endless:slow", "clock:SECONDS", "answer:CODE"))
            raise ValueError(f"no fault is called {self.kind!r}: use {wanted} or status:400 … status:599")

    def shown(self) -> dict[str, Any]:
        """The fault as it was sent, with what is left of `times` and `after`."""
        return {name: getattr(self, name) for name in self.FIELDS}

    def meets(self, host: str, path: str, query: str) -> bool:
        """True if a request meets this fault; that counts."""
        if host != self.host or not path.startswith(self.path) or self.query not in query or self.times == 0:
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


class FaultSwitch:
    """The faults that are on, in front of the application."""

    def __init__(self, app: ASGIApp, faults: list[Fault]) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the first fault that fits says, or pass the request on."""
        fault = self._fitting(scope) if self._faults and scope["type"] == "http" else None
        if fault is None and self._faults and scope["type"] == "http" and scope["path"] == LISTING:
            await (await _relisted(self._app, scope, receive, self._faults))(scope, receive, send)
            return
        if fault is None:
            await self._app(scope, receive, send)
            return
        name, _, detail = fault.kind.partition(":")
        if name == "down":
            _hang_up(scope)
            await _disconnected(receive)
        elif name == "timeout":
            await _disconnected(receive)
        elif name == "html":
            await HTMLResponse(MAINTENANCE)(scope, receive, send)
        elif name == "status":
            code, _, wait = detail.partition(":retry_after=")
            response = json_response({"code": 0, "msg": f"simulated fault {code}"}, int(code))
            if wait:
                response.headers["Retry-After"] = wait
            await response(scope, receive, send)
        elif name == "answer":
            kind = {"content-type": "application/json"} | {k.lower(): v for k, v in fault.headers.items()}
            await Response(fault.body, int(detail), kind)(scope, receive, send)
        elif name == "endless":
            await _endless(receive, send, is_slow=detail == "slow")
        elif name == "file":
            await (await _spoiled(self._app, scope, receive, detail))(scope, receive, send)
        elif name == "clock":
            await self._app(scope, receive, _dated_off(send, int(detail)))
        else:
            answer = await _answer_of(self._app, scope, receive)
            if name == "reset":
                await _reset(answer, scope, receive, send)
            else:
                await _ALTERED[name](answer, fault, scope)(scope, receive, send)

    def _fitting(self, scope: Scope) -> Fault | None:
        _, host, *rest = scope["path"].split("/", 2)
        path, query = "/" + "".join(rest), scope["query_string"].decode()
        fault = next((fault for fault in self._faults if fault.meets(host, path, query)), None)
        if fault is not None and fault.times == 0:
            self._faults.remove(fault)
        return fault


async def _answer_of(app: ASGIApp, scope: Scope, receive: Receive) -> Response:
    """What the application would have answered."""
    status, headers, body = 500, [], b""

    async def keep(message: Message) -> None:
        nonlocal status, headers, body
        if message["type"] == "http.response.start":
            status, headers = message["status"], message["headers"]
        elif message["type"] == "http.response.body":
            body += message.get("body", b"")

    await app(scope, receive, keep)
    kind = next((value.decode() for name, value in headers if name.lower() == b"content-type"), None)
    return Response(body, status, media_type=kind)


async def _spoiled(app: ASGIApp, scope: Scope, receive: Receive, name: str) -> Response:
    """A file of an archive spoiled, or the checksum of the file that is; anything else as it is."""
    path = scope["path"].removesuffix(".CHECKSUM")
    answer = await _answer_of(app, {**scope, "path": path}, receive)
    if answer.status_code != 200 or not path.endswith(".zip"):
        return await _answer_of(app, scope, receive)
    content = spoiled(bytes(answer.body), name)
    if path == scope["path"]:
        return Response(content, media_type=answer.media_type)
    return Response(checksum(content + b"!" if name == "checksum" else content, path.rsplit("/", 1)[-1]))


async def _relisted(app: ASGIApp, scope: Scope, receive: Receive, faults: Sequence[Fault]) -> Response:
    """The list of an archive's files, those that were replaced with the moment at which they were."""
    answer = await _answer_of(app, scope, receive)
    body = bytes(answer.body).decode()
    for fault in (fault for fault in faults if fault.kind == "file:replaced"):
        key = re.escape(fault.path.lstrip("/")) + r"[^<]*"
        body = re.sub(rf"(<Key>{key}</Key><LastModified>)[^<]*", rf"\g<1>{fault.since}", body)
    return Response(body, answer.status_code, media_type=answer.media_type)


def _dated_off(send: Send, seconds: int) -> Send:
    """The answer with its date so many seconds later."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [
                (name, _later(value, seconds) if name.lower() == b"date" else value)
                for name, value in message["headers"]
            ]
        await send(message)

    return sent


def _later(date: bytes, seconds: int) -> bytes:
    return format_datetime(parsedate_to_datetime(date.decode()) + timedelta(seconds=seconds), usegmt=True).encode()


def _hang_up(scope: Scope) -> None:
    transport = scope["extensions"].get(TRANSPORT)
    if transport is not None:
        transport.abort()


async def _disconnected(receive: Receive) -> None:
    """Say nothing until the connection is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _reset(answer: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """The promised length, half of the body, and then nobody is there any more."""
    await send({"type": "http.response.start", "status": answer.status_code, "headers": answer.raw_headers})
    half = bytes(answer.body)[: len(answer.body) // 2]
    await send({"type": "http.response.body", "body": half, "more_body": True})
    await asyncio.sleep(0.01)  # so that the half is on its way before the end
    _hang_up(scope)
    await _disconnected(receive)


async def _endless(receive: Receive, send: Send, *, is_slow: bool) -> None:
    """A body that begins like an answer and goes on until the caller hangs up."""
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"[", "more_body": True})
    gone = asyncio.create_task(_disconnected(receive))
    piece, pause_s = (SLOW_PIECE, SLOW_PAUSE_S) if is_slow else (PIECE, PAUSE_S)
    try:
        while not gone.done():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(pause_s)
    finally:
        gone.cancel()


def _truncated(answer: Response, fault: Fault, scope: Scope) -> Response:
    half = bytes(answer.body)[: max(len(answer.body) // 2, 1)]
    return Response(half, answer.status_code, media_type=answer.media_type)


def _repeated(answer: Response, fault: Fault, scope: Scope) -> Response:
    """The first answer to anybody who asks for the same series, whatever else is asked."""
    query = dict(part.partition("=")[::2] for part in scope["query_string"].decode().split("&"))
    series = "|".join([scope["path"], *(query.get(name, "") for name in ("symbol", "instId", "contract", "page"))])
    return fault.repeated.setdefault(series, answer)


def _with_rows(change: Callable[[Sequence[Any]], list[Any]]) -> Callable[[Response, Fault, Scope], Response]:
    def altered(answer: Response, fault: Fault, scope: Scope) -> Response:
        try:
            content = orjson.loads(bytes(answer.body))
        except ValueError:
            return answer
        return json_response(_rows_changed(content, change), answer.status_code)

    return altered


def _rows_changed(content: Any, change: Callable[[Sequence[Any]], list[Any]]) -> Any:
    """The answer with its lists of rows changed, wherever they stand in it."""
    if isinstance(content, list):
        return change(content) if all(isinstance(row, list | dict) for row in content) else content
    if isinstance(content, dict):
        return {name: _rows_changed(value, change) for name, value in content.items()}
    return content


def _out_of_order(rows: Sequence[Any]) -> list[Any]:
    """Every other row first, then the rest backwards: neither rising nor falling, and no row twice."""
    return [*rows[::2], *rows[1::2][::-1]]


def _reshaped(answer: Response, fault: Fault, scope: Scope) -> Response:
    try:
        content = orjson.loads(bytes(answer.body))
    except ValueError:
        return answer
    return json_response(_renamed(content), answer.status_code)


def _renamed(content: Any) -> Any:
    """The content under other names; a row of places becomes one of names, so that no place is where it was."""
    if isinstance(content, dict):
        return {f"{name}_v2": _renamed(value) for name, value in content.items()}
    if isinstance(content, list) and content and not isinstance(content[0], list | dict):
        return {f"place_{n}": value for n, value in enumerate(content)}
    return [_renamed(row) for row in content] if isinstance(content, list) else content


_ALTERED: dict[str, Callable[[Response, Fault, Scope], Response]] = {
    "truncated": _truncated,
    "repeat": _repeated,
    "empty": _with_rows(lambda rows: []),
    "out_of_order": _with_rows(_out_of_order),
    "reshaped": _reshaped,
}
