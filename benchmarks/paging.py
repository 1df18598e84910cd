"""`python -m benchmarks.paging [--rounds N]`: three years of settlements, by our pager and by ccxt's own pagination.

It prints its part of docs/benchmarks.md, as a process of its own: what it imports must not weigh on other
measurements.
"""

import argparse
import asyncio
import gc
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

import ccxt.async_support as ccxt
import numpy as np

from benchmarks.market import NOW, serving
from ingestion.http.fetch import IMPATIENT, Throttle
from ingestion.planning.plan import MARKET_SERVER_CALLS_PER_SECOND
from ingestion.sources.opening import served
from ingestion.venues import VENUES as DECLARED
from ingestion.venues.client import VenueClient
from simulator.generation.generate import DEFAULT_SEED
from simulator.market import Market
from simulator.paging_market import INTERVALS_HOURS, VENUES, make_paging_market
from warehouse.source import Source

KINDS = {"BTC": "8 h", "ETH": "4 h", "SOL": "1 h", "XRP": "8, 4, 1 h"}
OURS, CCXT, CCXT_100 = "our pager", "ccxt paginate=True", "ccxt, paginationCalls=100"
CCXT_CLASSES = {"binance": "binanceusdm", "kraken": "krakenfutures"}


@dataclass(frozen=True)
class Fetched:
    """One way to fetch one instrument: the share of all settlements that arrived, and how many a second."""

    venue: str
    kind: str
    way: str
    due: int
    arrived: int
    seconds: float

    @property
    def share(self) -> float:
        """How many of the settlements that there are arrived."""
        return self.arrived / self.due


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.paging", description="Our pager beside ccxt's own.")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how often each is fetched (default 3)")
    rounds = parser.parse_args().rounds
    with serving(NOW, "paging", dict(os.environ)) as url:
        results = asyncio.run(_measure(served(url), make_paging_market(DEFAULT_SEED), rounds))
    print("\n".join(_section(results, rounds)))
    return 0 if all(fetched.share == 1 for fetched in results if fetched.way == OURS) else 1


async def _measure(source: Source, market: Market, rounds: int) -> list[Fetched]:
    results = []
    for venue in VENUES:
        peer = _peer(venue, source)
        throttle = Throttle(venue, IMPATIENT)
        async with VenueClient(DECLARED[venue], source, throttle, MARKET_SERVER_CALLS_PER_SECOND) as ours:
            try:
                await peer.load_markets()
                for coin, kind in KINDS.items():
                    for way, fetch in _ways(venue, coin, market, ours, peer):
                        results.append(await _fetched(venue, coin, kind, way, fetch, market, rounds))
            finally:
                await peer.close()
    return results


def _ways(
    venue: str, coin: str, market: Market, ours: VenueClient, peer: Any
) -> Iterator[tuple[str, Callable[[], Awaitable[np.ndarray]]]]:
    quote = VENUES[venue][1]
    since = int(ours.source.starts_at.timestamp() * 1000)

    async def by_us() -> np.ndarray:
        rows = await ours.history(
            ours.venue.market("perp"), "funding_rates", _symbol(market, venue, coin), ours.source.starts_at,
            ours.source.now,
        )  # fmt: skip
        return rows["settled_at"].cast("int64").to_numpy() // 1000

    def by_ccxt(**parameters: Any) -> Callable[[], Awaitable[np.ndarray]]:
        async def fetch() -> np.ndarray:
            rows = await peer.fetch_funding_rate_history(f"{coin}/{quote}:{quote}", since, params=dict(parameters))
            return np.array([row["timestamp"] for row in rows], np.int64)

        return fetch

    yield OURS, by_us
    # Kraken gives everything in one answer, and ccxt has no pagination for it.
    yield CCXT, by_ccxt() if venue == "kraken" else by_ccxt(paginate=True)
    if venue == "bybit":
        yield CCXT_100, by_ccxt(paginate=True, paginationCalls=100)


async def _fetched(
    venue: str, coin: str, kind: str, way: str, fetch: Callable[[], Awaitable[np.ndarray]], market: Market, rounds: int
) -> Fetched:
    due = market.truth["settled_at_ms"][venue, _symbol(market, venue, coin)]
    seconds, times = [], np.zeros(0, np.int64)
    for _ in range(rounds):
        gc.collect()
        started = time.perf_counter()
        times = await fetch()
        seconds.append(time.perf_counter() - started)
    return Fetched(venue, kind, way, len(due), len(np.intersect1d(times, due)), median(seconds))


def _symbol(market: Market, venue: str, coin: str) -> str:
    rows = market.instruments[market.instruments["venue"] == venue]
    return str(rows.iloc[list(INTERVALS_HOURS).index(coin)]["venue_symbol"])


def _peer(venue: str, source: Source) -> Any:
    """A ccxt client at the same server and on its clock, without any limit on its calls."""
    peer = getattr(ccxt, CCXT_CLASSES.get(venue, venue))({"enableRateLimit": False, "timeout": 30_000})
    peer.urls["api"] = _moved(peer.urls["api"], source)
    peer.has["fetchCurrencies"] = False
    now_ms = int(source.now.timestamp() * 1000)
    peer.milliseconds = lambda: now_ms
    return peer


def _moved(urls: Any, source: Source) -> Any:
    if isinstance(urls, dict):
        return {name: _moved(value, source) for name, value in urls.items()}
    return source.url(urls) if isinstance(urls, str) else urls


def _section(results: list[Fetched], rounds: int) -> Iterator[str]:
    yield f"## Three years of funding settlements, page by page (median of {rounds})\n"
    yield "| venue | interval | due | our pager | settlements / s | ccxt paginate=True | settlements / s |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    ours = {(fetched.venue, fetched.kind): fetched for fetched in results if fetched.way == OURS}
    for peer in results:
        if peer.way != OURS:
            name = peer.venue if peer.way == CCXT else f"{peer.venue}, paginationCalls=100"
            cells = f"{_cells(ours[peer.venue, peer.kind])} | {_cells(peer)}"
            yield f"| {name} | {peer.kind} | {peer.due:,} | {cells} |"
    yield ""
    for way in (OURS, CCXT):
        part = [fetched for fetched in results if fetched.way == way and fetched.venue != "kraken"]
        arrived, due = sum(fetched.arrived for fetched in part), sum(fetched.due for fetched in part)
        rate = arrived / sum(fetched.seconds for fetched in part)
        share = f"{arrived:,} of {due:,} settlements ({arrived / due:.1%})"
        yield f"- All venues that page, {way}: {share}, {rate:,.0f} a second."
    yield (
        "- Both ask one market server, which follows each venue's documented page rule and caps, one instrument at a"
        " time, from one process; ccxt is told the market's clock and has its rate limiter off. What a venue does not"
        " document (OKX's `before`, Gate's `from` alone) is served in the reading that loses ccxt least."
    )
    yield "- ccxt raises no error in any of these. Kraken gives everything in one answer; ccxt does not page there."


def _cells(fetched: Fetched) -> str:
    share = "100 %" if fetched.arrived == fetched.due else f"{min(100 * fetched.share, 99.9):.1f} %"
    return f"{share} | {fetched.arrived / fetched.seconds:,.0f}"


if __name__ == "__main__":
    sys.exit(main())
