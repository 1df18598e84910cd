"""Real ccxt classes, sync and async, against the market server: what comes back is what the market holds."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import ccxt
import ccxt.async_support as ccxt_async
import numpy as np
import pandas as pd
import pytest

from simulator.market import Market
from tests.unit.simulator.small_market import N_HOURS, NOW, make_market, serving

HOUR_MS = 3_600_000
NOW_MS = NOW.value // 1_000_000
START_MS = NOW_MS - (N_HOURS - 1) * HOUR_MS


@pytest.fixture(scope="module")
def market() -> Market:
    return make_market()


@pytest.fixture(scope="module")
def url(market: Market) -> Iterator[str]:
    with serving(market) as address:
        yield address


def redirected(urls: Any, base: str) -> Any:
    """Every address in ccxt's nested urls, pointed at the market server."""
    if isinstance(urls, dict):
        return {key: redirected(value, base) for key, value in urls.items()}
    return re.sub(r"^https?://", f"{base}/", urls) if isinstance(urls, str) else urls


def exchange(name: str, base: str, library: Any = ccxt) -> Any:
    venue = getattr(library, name)({"enableRateLimit": False})
    venue.urls = redirected(venue.urls, base)
    return venue


def expected_candles(market: Market, venue: str, market_type: str, symbol: str, low: int, high: int) -> list[list]:
    rows = market.candles_1h
    rows = rows[(rows.venue == venue) & (rows.market_type == market_type) & (rows.venue_symbol == symbol)]
    rows = rows.iloc[low:high]
    times = rows.open_time.astype("datetime64[ms]").astype("int64")
    names = ("open", "high", "low", "close", "base_volume")
    return [list(row) for row in zip(times, *(rows[name] for name in names), strict=True)]


LISTED = [
    ("binanceusdm", "binance", "perp", "BTC/USDT:USDT", "BTCUSDT"),
    ("binanceusdm", "binance", "perp", "1000PEPE/USDT:USDT", "1000PEPEUSDT"),
    ("binance", "binance", "spot", "BTC/USDT", "BTCUSDT"),
    ("bybit", "bybit", "perp", "BTC/USDT:USDT", "BTCUSDT"),
    ("bybit", "bybit", "spot", "BTC/USDT", "BTCUSDT"),
    ("hyperliquid", "hyperliquid", "perp", "BTC/USDC:USDC", "BTC"),
    ("hyperliquid", "hyperliquid", "perp", "KPEPE/USDC:USDC", "kPEPE"),
    ("coinbaseexchange", "coinbase", "spot", "BTC/USD", "BTC-USD"),
]


@pytest.mark.parametrize(("name", "venue", "market_type", "unified", "symbol"), LISTED)
def test_candles_are_the_markets_own(
    url: str, market: Market, name: str, venue: str, market_type: str, unified: str, symbol: str
) -> None:
    client = exchange(name, url)
    client.load_markets()
    got = client.fetch_ohlcv(unified, "1h", since=START_MS + 5 * HOUR_MS, limit=200)
    if name == "hyperliquid":
        got = got[:200]
    assert got == expected_candles(market, venue, market_type, symbol, 5, 205)
    newest = client.fetch_ohlcv(unified, "1h", since=NOW_MS - 2 * HOUR_MS, limit=10)
    assert [row[0] for row in newest] == [NOW_MS - 2 * HOUR_MS, NOW_MS - HOUR_MS, NOW_MS]  # the unfinished one too


@pytest.mark.parametrize("name", sorted({row[0] for row in LISTED}))
def test_async_ccxt_reads_the_same(url: str, name: str) -> None:
    unified = next(row[3] for row in LISTED if row[0] == name)

    async def fetch() -> tuple[list[str], list[list]]:
        client = exchange(name, url, ccxt_async)
        try:
            markets = await client.load_markets()
            return sorted(markets), await client.fetch_ohlcv(unified, "1h", since=START_MS, limit=100)
        finally:
            await client.close()

    client = exchange(name, url)
    symbols, candles = asyncio.run(fetch())
    assert symbols == sorted(client.load_markets())
    assert candles == client.fetch_ohlcv(unified, "1h", since=START_MS, limit=100)


@pytest.mark.parametrize(
    ("name", "venue", "unified", "symbol", "most"),
    [
        ("binanceusdm", "binance", "BTC/USDT:USDT", "BTCUSDT", 1000),
        ("bybit", "bybit", "BTC/USDT:USDT", "BTCUSDT", 200),
        ("hyperliquid", "hyperliquid", "BTC/USDC:USDC", "BTC", 500),
    ],
)
def test_funding_keeps_its_milliseconds(
    url: str, market: Market, name: str, venue: str, unified: str, symbol: str, most: int
) -> None:
    rows = market.funding_rates
    rows = rows[(rows.venue == venue) & (rows.venue_symbol == symbol)]
    times = rows.settled_at.astype("datetime64[ms]").astype("int64").tolist()
    n = min(most, len(times) - 3)
    params = {"until": times[3 + n - 1]}
    got = exchange(name, url).fetch_funding_rate_history(unified, since=times[3], limit=most, params=params)
    assert [row["timestamp"] for row in got] == times[3 : 3 + n]
    assert [row["fundingRate"] for row in got] == rows.funding_rate.tolist()[3 : 3 + n]


def test_open_interest_of_binance_and_bybit(url: str, market: Market) -> None:
    # ccxt takes what Bybit calls openInterest, which counts both sides.
    for name, venue, period, hours, limit, sides in (
        ("binanceusdm", "binance", "4h", 4, 100, 1),
        ("bybit", "bybit", "1h", 1, 150, 2),
    ):
        rows = market.open_interest
        rows = rows[(rows.venue == venue) & (rows.venue_symbol == "BTCUSDT")]
        times = rows.observed_at.astype("datetime64[ms]").astype("int64").tolist()
        params = {"until": times[10] + (limit - 1) * hours * HOUR_MS}
        client = exchange(name, url)
        got = client.fetch_open_interest_history("BTC/USDT:USDT", period, since=times[10], limit=limit, params=params)
        assert [row["timestamp"] for row in got] == times[10 : 10 + limit]
        amounts = (sides * rows.open_interest_base).tolist()
        assert [row["openInterestAmount"] for row in got] == amounts[10 : 10 + limit]
        if venue == "binance":
            assert [row["openInterestValue"] for row in got] == rows.open_interest_usd.tolist()[10 : 10 + limit]


def test_hyperliquid_gives_open_interest_of_now_only(url: str, market: Market) -> None:
    client = exchange("hyperliquid", url)
    client.load_markets()
    rows = market.open_interest
    last = rows[(rows.venue == "hyperliquid") & (rows.venue_symbol == "BTC")].iloc[-1]
    assert client.fetch_open_interest("BTC/USDC:USDC")["openInterestAmount"] == last.open_interest_base
    assert client.has["fetchOpenInterestHistory"] is False


def test_what_is_listed(url: str) -> None:
    usdm = exchange("binanceusdm", url).load_markets()
    assert sorted(usdm) == ["1000PEPE/USDT:USDT", "BTC/USDT:USDT", "OLD/USDT:USDT"]
    assert usdm["OLD/USDT:USDT"]["active"] is False
    assert usdm["BTC/USDT:USDT"]["created"] == pd.Timestamp("2025-08-01").value // 1_000_000
    bybit = exchange("bybit", url)
    assert sorted(bybit.load_markets()) == ["BTC/USD:BTC", "BTC/USDT", "BTC/USDT:USDT"]  # the closed one is not
    assert bybit.markets["BTC/USD:BTC"]["inverse"] is True
    closed = bybit.public_get_v5_market_instruments_info({"category": "linear", "status": "Closed"})
    assert [row["symbol"] for row in closed["result"]["list"]] == ["OLDUSDT"]
    assert exchange("coinbaseexchange", url).load_markets()["BTC/USD"]["spot"] is True
    assert sorted(exchange("binance", url).load_markets()) == [
        "1000PEPE/USDT:USDT", "BTC/USDT", "BTC/USDT:USDT", "OLD/USDT:USDT",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("binanceusdm", lambda c: c.fapipublic_get_klines({"symbol": "NOPE", "interval": "1h"})),
        ("binance", lambda c: c.public_get_klines({"symbol": "NOPE", "interval": "1h"})),
        ("bybit", lambda c: c.public_get_v5_market_kline({"category": "linear", "symbol": "NOPE", "interval": "60"})),
        ("coinbaseexchange", lambda c: c.public_get_products_id_candles({"id": "NOPE-USD", "granularity": 3600})),
    ],
)
def test_an_unknown_symbol_is_an_error_that_ccxt_knows(url: str, name: str, call: Any) -> None:
    with pytest.raises(ccxt.ExchangeError):
        call(exchange(name, url))


def test_an_unknown_coin_of_hyperliquid_is_a_server_error(url: str) -> None:
    with pytest.raises(ccxt.ExchangeNotAvailable):
        exchange("hyperliquid", url).public_post_info({"type": "fundingHistory", "coin": "NOPE", "startTime": 0})


def test_small_prices_have_no_exponent(url: str) -> None:
    rows = exchange("binanceusdm", url).fapipublic_get_klines({"symbol": "1000PEPEUSDT", "interval": "1h", "limit": 5})
    texts = np.array([row[1:5] for row in rows]).ravel()
    assert all(re.fullmatch(r"0\.0+\d+", text) for text in texts)
