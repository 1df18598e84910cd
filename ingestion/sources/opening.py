"""Opening a source: the market server as a process of its own, for as long as it is needed, or the real services."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from tempfile import TemporaryFile
from typing import IO

import httpx

from ingestion.http import proxies
from ingestion.secrets import without_secrets
from ingestion.sources.choice import Choice
from ingestion.sources.depth import EARLIEST
from warehouse.home import CHECKOUT
from warehouse.source import Source, SourceError

START_SECONDS = 180.0
STOP_SECONDS = 5.0

LIVE_PROBES = (
    "https://fapi.binance.com/fapi/v1/ping",
    "https://api.bybit.com/v5/market/time",
    "https://api.coingecko.com/api/v3/ping",
)


@contextmanager
def open_source(choice: Choice) -> Iterator[Source]:
    """The source, ready to be asked, with all its history (`depth` narrows it to a home's).

    SourceError if it cannot be opened; the message says what to do.
    """
    if choice.kind == "live":
        check_network()
        yield Source.live(EARLIEST)
    elif running := os.environ.get("REGIME_SERVER_URL"):
        yield _checked(served(running), choice)
    else:
        with _serve(choice) as url:
            yield _checked(served(url), choice)


def served(base_url: str) -> Source:
    """The market server at `base_url`; it says itself whether it simulates or replays, and what time it is."""
    try:
        answer = httpx.get(f"{base_url}/market/clock", timeout=30, trust_env=False)
        answer.raise_for_status()
        clock = answer.json()
        return Source(
            kind=clock["kind"],
            base_url=base_url.rstrip("/"),
            starts_at=datetime.fromisoformat(clock["starts_at"]),
            now=datetime.fromisoformat(clock["now"]),
            has_archive=bool(clock["has_archive"]),
        )
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        raise SourceError(f"no market server answers at {base_url} ({error}); is it still running?") from error


def _checked(source: Source, choice: Choice) -> Source:
    if source.kind != choice.kind:
        raise SourceError(
            f"the market server at {source.base_url} serves a {source.kind} market, not {choice.words}; "
            "unset REGIME_SERVER_URL"
        )
    return source


@contextmanager
def _serve(choice: Choice) -> Iterator[str]:
    command = [sys.executable, "-m", "simulator", "serve"]
    command += (
        ["--replay", str(choice.replay_dir)] if choice.kind == "replay" else ["--market", choice.market or "full"]
    )
    with TemporaryFile() as errors:
        server = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # the server ends when its stdin closes: it cannot outlive us, even if we are killed
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=CHECKOUT,
            env=without_secrets() | {"PYTHONPATH": str(CHECKOUT)},
            start_new_session=True,  # Ctrl-C is ours to handle; the server ends with us
        )
        try:
            yield _ready_url(server, errors)
        finally:
            _stop(server)


def _ready_url(server: "subprocess.Popen[bytes]", errors: IO[bytes]) -> str:
    timer = threading.Timer(START_SECONDS, server.kill)
    timer.start()
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
    finally:
        timer.cancel()
    try:
        return str(json.loads(line)["url"])
    except (ValueError, KeyError, TypeError):
        _stop(server)
        errors.seek(0)
        told = errors.read().decode(errors="replace").strip().splitlines()
        reason = told[-1] if told else "it said nothing"
        raise SourceError(f"the market server did not start: {reason}") from None


def _stop(server: "subprocess.Popen[bytes]") -> None:
    for pipe in (server.stdin, server.stdout):
        if pipe:
            pipe.close()
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def check_network() -> None:
    """One service that answers anything at all is enough: a venue that is down costs coverage, not the run."""
    proxies.check()
    reasons = []
    for probe in LIVE_PROBES:
        try:
            httpx.head(probe, timeout=10)
            return
        except httpx.HTTPError as error:
            reasons.append(str(error) or type(error).__name__)
    raise SourceError(f"no network: none of the real services answers ({reasons[0]}); connect, or leave out --live")
