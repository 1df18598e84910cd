"""A market small enough to know every number of: what the tests of the server ask for."""

import contextlib
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from starlette.types import ASGIApp

from simulator.market import COLUMNS, Clock, Market
from simulator.server import Options, create_app, open_server, url_of

NOW = pd.Timestamp("2025-11-24 06:00")
N_HOURS = 2000
HOUR = pd.Timedelta(hours=1)

# venue, market type, symbol, base, quote, settle, inverse, active, first price
INSTRUMENTS = [
    ("binance", "perp", "BTCUSDT", "BTC", "USDT", "USDT", False, True, 87_000.5),
    ("binance", "perp", "1000PEPEUSDT", "1000PEPE", "USDT", "USDT", False, True, 0.00000123),
    ("binance", "perp", "OLDUSDT", "OLD", "USDT", "USDT", False, False, 2.5),
    ("binance", "spot", "BTCUSDT", "BTC", "USDT", None, False, True, 87_010.25),
    ("bybit", "perp", "BTCUSDT", "BTC", "USDT", "USDT", False, True, 87_001.5),
    ("bybit", "perp", "BTCUSD", "BTC", "USD", "BTC", True, True, 87_002.5),
    ("bybit", "perp", "OLDUSDT", "OLD", "USDT", "USDT", False, False, 2.25),
    ("bybit", "spot", "BTCUSDT", "BTC", "USDT", None, False, True, 87_011.25),
    ("hyperliquid", "perp", "BTC", "BTC", "USDC", "USDC", False, True, 87_003.0),
    ("hyperliquid", "perp", "kPEPE", "kPEPE", "USDC", "USDC", False, True, 0.0045678),
    ("coinbase", "spot", "BTC-USD", "BTC", "USD", None, False, True, 87_012.25),
]


def candles(venue: str, market_type: str, symbol: str, price: float) -> pd.DataFrame:
    """Hourly candles to the unfinished one, each number known from its place in the row."""
    steps = np.arange(N_HOURS)
    times = NOW - HOUR * (N_HOURS - 1) + pd.to_timedelta(steps, unit="h")
    close = price * (1 + steps / 10_000)
    return pd.DataFrame(
        {
            "venue": venue,
            "market_type": market_type,
            "venue_symbol": symbol,
            "open_time": times.astype("datetime64[us]"),
            "open": close * 0.999,
            "high": close * 1.01,
            "low": close * 0.99,
            "close": close,
            "base_volume": 10.0 + steps,
            "quote_volume": (10.0 + steps) * close,
        }
    )


def observed(venue: str, symbol: str, column: str, every_hours: int, jitter_ms: int = 0) -> pd.DataFrame:
    """A series of times every so many hours up to the clock, some of them a few milliseconds late."""
    n = N_HOURS // every_hours
    times = NOW.floor("D") - pd.to_timedelta(np.arange(n)[::-1] * every_hours, unit="h")
    times = times + pd.to_timedelta((np.arange(n) % 2) * jitter_ms, unit="ms")
    return pd.DataFrame({"venue": venue, "venue_symbol": symbol, column: times.astype("datetime64[us]")})


def make_market() -> Market:
    """The tables."""
    instruments = pd.DataFrame(
        [(*row[:6], 1.0, row[6], row[7], pd.Timestamp("2025-08-01")) for row in INSTRUMENTS],
        columns=list(COLUMNS["instruments"]),
    )
    perps = [row for row in INSTRUMENTS if row[1] == "perp"]
    funding = []
    for venue, _, symbol, *_ in perps:
        rows = observed(venue, symbol, "settled_at", 1 if venue == "hyperliquid" else 8, jitter_ms=7)
        funding.append(rows.assign(funding_rate=np.linspace(-1e-7, 3e-4, len(rows))))
    interest = []
    for venue, _, symbol, *_ in perps:
        rows = observed(venue, symbol, "observed_at", 4 if venue == "binance" else 1)
        base = 1000.0 + np.arange(len(rows))
        interest.append(rows.assign(open_interest_base=base, open_interest_usd=base * 87_000.0))
    return Market(
        clock=Clock("simulated", datetime(2025, 9, 1, tzinfo=UTC), datetime(2025, 11, 24, 6, tzinfo=UTC), "small"),
        instruments=instruments,
        candles_1h=pd.concat([candles(*row[:3], row[8]) for row in INSTRUMENTS], ignore_index=True),
        funding_rates=pd.concat(funding, ignore_index=True),
        open_interest=pd.concat(interest, ignore_index=True),
        market_caps=_market_caps(),
        asset_class_prices=_prices(),
        macro_series=_macro(),
        categories={"bitcoin": ("Layer 1",), "coin-7": ("Layer 1", "Meme & Fun")},
    )


def _market_caps() -> pd.DataFrame:
    days = pd.date_range("2025-06-01", "2025-11-24").astype("datetime64[us]")
    names = ["bitcoin", *(f"coin-{i}" for i in range(2, 301))]
    coins = np.arange(1.0, 301.0)
    columns = {"provider": "coingecko", "symbol": "SYM", "name": "Coin", "volume_24h_usd": np.nan}
    now = pd.DataFrame({"asset_id": names, "rank": coins, "price_usd": 1e5 / coins, "circulating_supply": 19.5e6})
    now = now.assign(observed_at=NOW.as_unit("us"), **columns)
    history = pd.DataFrame({"observed_at": days, "price_usd": 80_000.0 + np.arange(len(days))})
    history = history.assign(asset_id="bitcoin", rank=np.nan, circulating_supply=19.4e6, **columns)
    rows = pd.concat([now, history], ignore_index=True)
    return rows.assign(market_cap_usd=rows["price_usd"] * rows["circulating_supply"])


def _prices() -> pd.DataFrame:
    days = pd.date_range("2025-11-03", "2025-11-24").astype("datetime64[us]")
    days = days[days.dayofweek < 5]
    return pd.concat(
        [pd.DataFrame({"series": name, "close_date": days, "close": first + np.arange(len(days)), "provider": "yahoo"})
         for name, first in (("SPY", 600.0), ("GC=F", 4000.0))],
        ignore_index=True,
    )  # fmt: skip


def _macro() -> pd.DataFrame:
    def series(provider: str, name: str, rows: list[tuple[str, float, str]]) -> pd.DataFrame:
        frame = pd.DataFrame(rows, columns=["reference_date", "value", "released_at"])
        frame = frame.assign(provider=provider, series=name)
        return frame.astype({"reference_date": "datetime64[us]", "released_at": "datetime64[us]"})

    return pd.concat(
        [
            series("fred", "UNRATE", [
                ("2025-08-01", 4.3, "2025-09-05"), ("2025-09-01", 4.4, "2025-11-20 13:30"),
                ("2025-10-01", np.nan, "2025-11-20 13:30"), ("2025-11-01", 4.6, "2025-12-16 13:30"),
            ]),
            series("fred", "DGS10", [("2025-11-20", 4.1, "2025-11-21"), ("2025-11-21", 4.06, "2025-11-24")]),
            series("mof", "JGB_10Y", [("2025-10-31", 1.664, "2025-10-31"), ("2025-11-21", 1.785, "2025-11-21")]),
            series("mof", "JGB_40Y", [("2025-11-21", np.nan, "2025-11-21")]),
        ],
        ignore_index=True,
    )  # fmt: skip


@contextlib.contextmanager
def serving(market: Market, options: Options | None = None, **kwargs: Any) -> Iterator[str]:
    """Serve `market` in a thread; gives the address."""
    with served(create_app(market, options=options, **kwargs)) as url:
        yield url


@contextlib.contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """Serve an application in a thread; gives the address."""
    server, listener = open_server(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.005)
        yield url_of(listener)
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
