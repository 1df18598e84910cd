"""A server that answers in every way that costs its caller memory or time, and a caller that says what it paid.

`python -m tests.unit.ingestion.http.greedy_server CLIENT KIND` asks once and prints one line of JSON: how the question
ended, and how much memory it took at the most. A process of its own, since memory is counted for whole processes.
"""

import asyncio
import json
import resource
import sys
import threading
import time
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache

import httpx

MB = 2**20
ROOM = b" " * MB
# Unpacked. Far over every limit, and made in a second.
BOMB_MB = 512


@cache
def packed(megabytes: int, container: int = zlib.MAX_WBITS | 16) -> bytes:
    """Blanks, packed a thousandfold."""
    packer = zlib.compressobj(9, zlib.DEFLATED, container)
    return b"".join(packer.compress(ROOM) for _ in range(megabytes)) + packer.flush()


async def send(writer: asyncio.StreamWriter, *headers: str, status: str = "200 OK", body: bytes = b"") -> None:
    head = [f"HTTP/1.1 {status}", "Content-Type: application/json", "Connection: close", *headers]
    writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + body)
    await writer.drain()


async def endless(writer: asyncio.StreamWriter) -> None:
    await send(writer, body=b"[")
    while True:
        writer.write(ROOM)
        await writer.drain()


async def endless_chunks(writer: asyncio.StreamWriter) -> None:
    await send(writer, "Transfer-Encoding: chunked")
    while True:
        writer.write(b"%x\r\n%s\r\n" % (len(ROOM), ROOM))
        await writer.drain()


async def long(writer: asyncio.StreamWriter) -> None:
    """A length of gigabytes that is honest."""
    await send(writer, f"Content-Length: {4096 * MB}")
    for _ in range(4096):
        writer.write(ROOM)
        await writer.drain()


async def gzip_bomb(writer: asyncio.StreamWriter) -> None:
    await send(writer, "Content-Encoding: gzip", body=packed(BOMB_MB))


async def deflate_bomb(writer: asyncio.StreamWriter) -> None:
    await send(writer, "Content-Encoding: deflate", body=packed(BOMB_MB, zlib.MAX_WBITS))


async def nested_bomb(writer: asyncio.StreamWriter) -> None:
    """Packed twice: some kilobytes are gigabytes."""
    inner = packed(BOMB_MB)
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    await send(writer, "Content-Encoding: gzip, gzip", body=packer.compress(inner) + packer.flush())


async def brotli(writer: asyncio.StreamWriter) -> None:
    await send(writer, "Content-Encoding: br", body=b"\x5b\xff\xff\x5f" * 100)


async def half_gzip(writer: asyncio.StreamWriter) -> None:
    await send(writer, "Content-Encoding: gzip", body=packed(1)[:-20])


async def slow(writer: asyncio.StreamWriter) -> None:
    """A byte now and then: each single read is answered in time."""
    await send(writer, "Content-Length: 100000")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def slow_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X: y\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


async def long_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        writer.write(ROOM)
        await writer.drain()


async def redirect(writer: asyncio.StreamWriter) -> None:
    port = writer.get_extra_info("sockname")[1]
    await send(writer, f"Location: http://localhost:{port}/secret-of-another-host", status="302 Found")


async def cut(writer: asyncio.StreamWriter) -> None:
    await send(writer, "Content-Length: 100000", body=b'[{"a":1},')


KINDS: dict[str, Callable[[asyncio.StreamWriter], object]] = {
    f.__name__: f
    for f in (
        endless, endless_chunks, long, gzip_bomb, deflate_bomb, nested_bomb, brotli, half_gzip, slow,
        slow_head, long_head, redirect, cut,
    )
}  # fmt: skip


@asynccontextmanager
async def greedy_server(kind: str) -> AsyncIterator[tuple[str, list[str]]]:
    """The server's address, and the request lines that it has heard."""
    heard: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            heard.append((await reader.readuntil(b"\r\n\r\n")).decode().splitlines()[0])
            await KINDS[kind](writer)  # type: ignore[misc]
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heard
    finally:
        server.close()


async def ask_httpx(url: str) -> None:
    from ingestion.references.provider import get_once

    async with httpx.AsyncClient(timeout=30) as http:
        await get_once(http, f"{url}/file")


async def ask_ccxt(url: str) -> None:
    from datetime import UTC, datetime, timedelta

    from ingestion.http.fetch import Patience, Throttle
    from ingestion.venues import VENUES
    from ingestion.venues.client import VenueClient
    from warehouse.source import Source

    now = datetime(2025, 11, 24, tzinfo=UTC)
    venue = VENUES["coinbase"]
    async with VenueClient(
        venue, Source("simulated", url, now, now), Throttle("x", Patience(1, 0.01, 0.1)), 1000
    ) as client:
        await client.history(venue.market("spot"), "candles", "BTC-USD", now - timedelta(days=1), now)


def main(client: str, kind: str) -> None:
    import ingestion.references.provider  # what importing costs is not what the answer costs

    if client == "ccxt":
        import ingestion.venues.client  # noqa: F401

    served: dict[str, object] = {}
    ready, over = threading.Event(), threading.Event()

    def serve() -> None:  # beside the caller, and counted with it: it holds a megabyte
        async def until_over() -> None:
            async with greedy_server(kind) as (url, heard):
                served.update(url=url, heard=heard)
                ready.set()
                await asyncio.to_thread(over.wait)

        asyncio.run(until_over())

    threading.Thread(target=serve, daemon=True).start()
    ready.wait()
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    try:
        asyncio.run({"httpx": ask_httpx, "ccxt": ask_ccxt}[client](str(served["url"])))
        ended, reason = "answer", ""
    except Exception as error:
        ended, reason = type(error).__name__, str(error)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told = {
        "ended": ended, "reason": reason, "grown_mb": (after - before) // 1024,
        "seconds": round(time.monotonic() - started, 1), "heard": served["heard"],
    }  # fmt: skip
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    import os

    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
