"""`python -m benchmarks.download [--rounds N]`: hourly candles of twenty pairs, by us and by `freqtrade download-data`.

It prints its part of docs/benchmarks.md. freqtrade pins other versions than ours and lives in an environment of its
own: REGIME_FREQTRADE names its command (2026.9 was measured); without it there is only our side.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx

from benchmarks.market import CHECKOUT, NOW, serving

PAIRS = 20
START, END = datetime(2025, 4, 1, tzinfo=UTC), datetime(2025, 11, 22, tzinfo=UTC)
HOSTS = "fapi.binance.com", "dapi.binance.com", "api.binance.com"


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.download", description="Candles, from one server.")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how often each downloads (default 3)")
    parser.add_argument("--ours", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ours:
        _ours(*options.ours)
        return 0
    freqtrade = os.environ.get("REGIME_FREQTRADE")
    scratch = CHECKOUT / "tmp"
    scratch.mkdir(exist_ok=True)
    with (
        TemporaryDirectory(dir=scratch, prefix="benchmark-") as directory,
        serving(NOW, "full", dict(os.environ)) as url,
    ):
        pairs = _pairs(url)
        ours = _typical(lambda n: _by_us(url, pairs, Path(directory) / f"home{n}"), options.rounds)
        theirs = (
            _typical(lambda n: _by_freqtrade(freqtrade, url, pairs, Path(directory) / f"user{n}"), options.rounds)
            if freqtrade
            else None
        )
    print("\n".join(_section(ours, theirs, options.rounds)))
    return 0


def _pairs(url: str) -> list[tuple[str, str]]:
    listed = httpx.get(f"{url}/api.binance.com/api/v3/exchangeInfo", trust_env=False).json()["symbols"]
    traded = [
        (s["baseAsset"], s["quoteAsset"]) for s in listed if s["quoteAsset"] == "USDT" and s["status"] == "TRADING"
    ]
    return traded[:PAIRS]


def _typical(download: Callable[[int], None], rounds: int) -> float:
    seconds = []
    for n in range(rounds):
        started = time.perf_counter()
        download(n)
        seconds.append(time.perf_counter() - started)
    return median(seconds)


def _by_us(url: str, pairs: list[tuple[str, str]], home: Path) -> None:
    bases = [base for base, _ in pairs]
    subprocess.run(
        [sys.executable, "-m", "benchmarks.download", "--ours", url, str(home), *bases], cwd=CHECKOUT, check=True
    )


def _ours(url: str, home: str, *bases: str) -> None:
    """List, fetch, judge, land and load, as a run does."""
    from dataclasses import replace

    from expectations.runner import judge_at
    from ingestion.ingest import ingest
    from ingestion.sources.opening import served
    from ingestion.universe import Universe, VenueScope
    from warehouse.database import connect
    from warehouse.home import Home
    from warehouse.loading import load_landed

    source, kept = replace(served(url), starts_at=START, now=END), Home(Path(home))
    scope = VenueScope(("spot",), True, {"spot": frozenset(bases)})
    universe = Universe(frozenset({"USDT"}), {"binance": scope}, {}, {"candles": timedelta(0)})
    for dataset in ("instruments", "candles"):
        ingest(dataset, home=kept, source=source, judge=judge_at(source.now), universe=universe)
        with connect(kept) as connection:
            load_landed(connection, kept)
    with connect(kept) as connection:
        rows = connection.execute("select count(*) from raw.candles").fetchall()[0][0]
    assert rows == len(bases) * (END - START) // timedelta(hours=1), rows


def _by_freqtrade(command: str, url: str, pairs: list[tuple[str, str]], directory: Path) -> None:
    (directory / "data").mkdir(parents=True)
    futures, delivery, spot = (f"{url}/{host}" for host in HOSTS)
    addresses = {
        "fapiPublic": f"{futures}/fapi/v1", "fapiData": f"{futures}/futures/data", "dapiPublic": f"{delivery}/dapi/v1",
        "public": f"{spot}/api/v3",
    }  # fmt: skip
    settings = {
        "dry_run": True,
        "stake_currency": "USDT",
        "exchange": {
            "name": "binance",
            "only_from_ccxt": True,  # its reader of Binance's files has their address written in it
            "pair_whitelist": [f"{base}/{quote}" for base, quote in pairs],
            "ccxt_config": {"urls": {"api": addresses}, "enableRateLimit": False},
        },
        "pairlists": [{"method": "StaticPairList"}],
    }
    config = directory / "config.json"
    config.write_text(json.dumps(settings))
    subprocess.run(
        [command, "download-data", "-c", config, "--userdir", directory, "-t", "1h", "--timerange",
         f"{START:%Y%m%d}-{END:%Y%m%d}"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    found = list((directory / "data" / "binance").glob("*-1h.feather"))
    assert len(found) == len(pairs), found


def _section(ours: float, theirs: float | None, rounds: int) -> Iterator[str]:
    rows = PAIRS * ((END - START) // timedelta(hours=1))
    yield f"## Candles of {PAIRS} spot pairs, {(END - START).days} days by the hour (median of {rounds})\n"
    yield "| way | seconds | candles / s | of ours |"
    yield "|---|---:|---:|---:|"
    yield f"| ours: list, fetch, judge, land, load | {ours:.1f} | {rows / ours:,.0f} | 1 |"
    if theirs is not None:
        yield f"| freqtrade download-data | {theirs:.1f} | {rows / theirs:,.0f} | {theirs / ours:.2f} |"
        yield "\n- Each as a process, from the same market server, without a limit on calls; both page by the API."
    else:
        yield "\n- REGIME_FREQTRADE was not set, so `freqtrade download-data` was not measured beside it."


if __name__ == "__main__":
    sys.exit(main())
