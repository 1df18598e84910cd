"""Each venue file against a server that follows that venue's documented page rule, rows compared one by one."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.responses import HTMLResponse, JSONResponse, Response

from ingestion.http.fetch import IMPATIENT, Malformed, NotOffered, Patience, Refused, Throttle, Unreachable
from ingestion.venues import VENUES
from ingestion.venues.client import VenueClient, read_page
from ingestion.venues.venue import History, PageRequest
from tests.unit.ingestion.venues.venue_server import VenueServer, running

HOUR = 3_600_000
START = datetime(2025, 9, 1, tzinfo=UTC)
NOW = datetime(2025, 11, 24, 6, 20, tzinfo=UTC)
START_MS, NOW_MS = int(START.timestamp() * 1000), int(NOW.timestamp() * 1000)
QUICK = Patience(attempts=3, first_wait_s=0.001, longest_wait_s=0.2, longest_asked_wait_s=0.2, give_up_after=3)


def hours(missing: range = range(300, 340), late: int = 7) -> list[int]:
    """Open times from `late` hours after the start to the unfinished hour, with a gap."""
    n = (NOW_MS - START_MS) // HOUR + 1
    return [START_MS + h * HOUR for h in range(late, n) if h not in missing]


def candle(t: int) -> dict[str, float]:
    h = t // HOUR
    low = 100 + 10 * math.sin(h)
    return {"o": low + 1, "h": low + 3, "l": low, "c": low + 2, "v": 5.0 + h % 7, "q": (5.0 + h % 7) * (low + 1.5)}


@pytest.fixture(scope="module")
def served():
    with running() as server:
        yield server


@pytest.fixture
def server(served: VenueServer):
    served.handlers.clear()
    served.calls.clear()
    return served


async def fetch(server: VenueServer, venue: str, market_type: str, dataset: str, symbol: str = "BTCUSDT", **more: Any):
    source = server.source(NOW, START)
    throttle = Throttle(venue, more.pop("patience", QUICK))
    async with VenueClient(VENUES[venue], source, throttle, 5000.0) as client:
        market = VENUES[venue].market(market_type)
        if dataset == "instruments":
            return (await client.instruments(market, frozenset({"USD", "USDT", "USDC"}))).to_pylist()
        if more.get("snapshot"):
            return (await client.snapshot(market, dataset)).to_pylist()
        return (await client.history(market, dataset, symbol, START, NOW, **more)).to_pylist()


def check_candles(rows: list[dict[str, Any]], venue: str, market_type: str, symbol: str, has_quote: bool) -> None:
    finished = [t for t in hours() if t + HOUR <= NOW_MS]
    assert [row["open_time"].replace(tzinfo=UTC).timestamp() * 1000 for row in rows] == finished
    for row, t in zip(rows, finished, strict=True):
        expected = candle(t)
        assert (row["venue"], row["market_type"], row["venue_symbol"]) == (venue, market_type, symbol)
        assert (row["open"], row["high"], row["low"], row["close"]) == (
            expected["o"], expected["h"], expected["l"], expected["c"],
        )  # fmt: skip
        assert row["base_volume"] == expected["v"]
        quote = expected["q"] if has_quote else expected["v"] * expected["c"]
        assert row["quote_volume"] == pytest.approx(quote, rel=1e-12)


def binance_klines(limit: int):
    def handle(request: Any, _: Any) -> Any:
        q = request.query_params
        assert q["symbol"] == "BTCUSDT" and q["interval"] == "1h" and int(q["limit"]) <= limit
        inside = [t for t in hours() if int(q["startTime"]) <= t <= int(q["endTime"])][: int(q["limit"])]
        return [
            [t, *(repr(candle(t)[k]) for k in "ohlcv"), t + HOUR - 1, repr(candle(t)["q"]), 9,
             repr(candle(t)["v"] / 4), "", "0"]
            for t in inside
        ]  # fmt: skip

    return handle


@pytest.mark.parametrize(
    ("market_type", "path", "limit"),
    [("perp", "fapi.binance.com/fapi/v1/klines", 1500), ("spot", "api.binance.com/api/v3/klines", 1000)],
)
async def test_binance_candles(server, market_type, path, limit):
    server.handlers[path] = binance_klines(limit)
    rows = await fetch(server, "binance", market_type, "candles")
    check_candles(rows, "binance", market_type, "BTCUSDT", True)
    assert [row["taker_buy_base_volume"] for row in rows] == [row["base_volume"] / 4 for row in rows]
    assert {row["taker_buy_quote_volume"] for row in rows} == {None}  # what is blank is not known


@pytest.mark.parametrize(("market_type", "category"), [("perp", "linear"), ("spot", "spot")])
async def test_bybit_candles_come_newest_first(server, market_type, category):
    def handle(request: Any, _: Any) -> Any:
        q = request.query_params
        assert q["category"] == category and q["interval"] == "60"
        inside = [t for t in hours() if int(q["start"]) <= t <= int(q["end"])][::-1][: min(int(q["limit"]), 1000)]
        rows = [[str(t), *(repr(candle(t)[k]) for k in "ohlcvq")] for t in inside]
        return {"retCode": 0, "retMsg": "OK", "result": {"category": category, "symbol": "BTCUSDT", "list": rows}}

    server.handlers["api.bybit.com/v5/market/kline"] = handle
    check_candles(await fetch(server, "bybit", market_type, "candles"), "bybit", market_type, "BTCUSDT", True)


def bybit_interest(one_side: int, t: int) -> dict[str, str]:
    """A row as Bybit writes it: both sides, and since some day in 2026 one beside them."""
    row = {"openInterest": f"{2 * one_side}.00000000", "timestamp": str(t)}
    return row | ({"singleOpenInterest": str(one_side)} if t // HOUR % 8 else {})


async def test_bybit_counts_inverse_contracts_in_dollars(server):
    times = [START_MS + 4 * HOUR * i for i in range(2000) if START_MS + 4 * HOUR * i <= NOW_MS]

    def klines(request: Any, _: Any) -> Any:
        q = request.query_params
        assert (q["category"], q["symbol"]) == ("inverse", "BTCUSD")
        inside = [t for t in hours() if int(q["start"]) <= t <= int(q["end"])][::-1][: int(q["limit"])]
        rows = [
            [str(t), *(repr(candle(t)[k]) for k in "ohlcqv")] for t in inside
        ]  # volume in dollars, turnover in coins
        return {"retCode": 0, "retMsg": "OK", "result": {"category": "inverse", "symbol": "BTCUSD", "list": rows}}

    def interest(request: Any, _: Any) -> Any:
        q = request.query_params
        assert (q["category"], q["symbol"]) == ("inverse", "BTCUSD")
        inside = [t for t in times if int(q["startTime"]) <= t <= int(q["endTime"])][::-1][:200]
        rows = [bybit_interest(1000 + t // HOUR % 99, t) for t in inside]
        return {"retCode": 0, "result": {"symbol": "BTCUSD", "category": "inverse", "list": rows, "nextPageCursor": ""}}

    server.handlers["api.bybit.com/v5/market/kline"] = klines
    server.handlers["api.bybit.com/v5/market/open-interest"] = interest
    candles = await fetch(server, "bybit", "perp", "candles", "BTCUSD", is_inverse=True)
    check_candles(candles, "bybit", "perp", "BTCUSD", True)
    rows = await fetch(server, "bybit", "perp", "open_interest", "BTCUSD", is_inverse=True)
    assert [row["open_interest_usd"] for row in rows] == [1000 + t // HOUR % 99 for t in times]
    assert {row["open_interest_base"] for row in rows} == {None}


async def test_bybit_lists_linear_and_inverse_perpetuals(server):
    def handle(request: Any, _: Any) -> Any:
        row = {
            "symbol": "BTCUSDT", "contractType": "LinearPerpetual", "status": "Trading", "baseCoin": "BTC",
            "quoteCoin": "USDT", "settleCoin": "USDT", "launchTime": "1584230400000", "deliveryTime": "0",
            "priceFilter": {"tickSize": "0.1"}, "leverageFilter": {"maxLeverage": "100"},
            "lotSizeFilter": {"qtyStep": "0.001", "minOrderQty": "0.001", "maxOrderQty": "100"},
        }  # fmt: skip
        inverse = row | {"symbol": "BTCUSD", "contractType": "InversePerpetual", "quoteCoin": "USD"}
        inverse |= {"settleCoin": "BTC", "lotSizeFilter": {"qtyStep": "1", "minOrderQty": "1", "maxOrderQty": "9"}}
        dated = inverse | {"symbol": "BTCUSDZ25", "contractType": "InverseFutures", "deliveryTime": "1766736000000"}
        lists = {"linear": [row], "inverse": [inverse, dated]}
        category = request.query_params["category"]
        found = [] if request.query_params.get("status") == "PreLaunch" else lists[category]
        return {"retCode": 0, "result": {"category": category, "list": found, "nextPageCursor": ""}}

    server.handlers["api.bybit.com/v5/market/instruments-info"] = handle
    rows = await fetch(server, "bybit", "perp", "instruments")
    columns = ("venue_symbol", "base", "quote", "settle", "contract_size", "is_inverse")
    assert [tuple(row[name] for name in columns) for row in rows] == [
        ("BTCUSDT", "BTC", "USDT", "USDT", 1.0, False), ("BTCUSD", "BTC", "USD", "BTC", 1.0, True),
    ]  # fmt: skip


async def test_hyperliquid_candles_have_names_and_no_quote_volume(server):
    def handle(_: Any, body: dict[str, Any]) -> Any:
        assert body["type"] == "candleSnapshot"
        q = body["req"]
        assert (q["coin"], q["interval"]) == ("kPEPE", "1h")
        inside = [t for t in hours() if q["startTime"] <= t <= q["endTime"]][:5000]
        return [{"t": t, "T": t + HOUR - 1, "s": "kPEPE", "i": "1h", "n": 3} | {k: repr(candle(t)[k]) for k in "ohlcv"}
                for t in inside]  # fmt: skip

    server.handlers["api.hyperliquid.xyz/info"] = handle
    rows = await fetch(server, "hyperliquid", "perp", "candles", "kPEPE")
    check_candles(rows, "hyperliquid", "perp", "kPEPE", False)


async def test_coinbase_candles_are_asked_300_at_a_time_in_seconds_and_another_order(server):
    def handle(request: Any, _: Any) -> Any:
        q = request.query_params
        start, end = (int(datetime.fromisoformat(q[edge]).timestamp() * 1000) for edge in ("start", "end"))
        if (end - start) // HOUR + 1 > 300:
            return JSONResponse({"message": "granularity too small for the requested time range"}, 400)
        inside = [t for t in hours() if start <= t <= end][::-1][:300]
        return [[t // 1000, *(candle(t)[k] for k in "lhocv")] for t in inside]

    server.handlers["api.exchange.coinbase.com/products/BTC-USD/candles"] = handle
    check_candles(await fetch(server, "coinbase", "spot", "candles", "BTC-USD"), "coinbase", "spot", "BTC-USD", False)


def settlements() -> list[tuple[int, float]]:
    """8 h, then 4 h, then 1 h, with jitter."""
    times = [START_MS + 8 * HOUR * i for i in range(100)]
    times += [times[-1] + 4 * HOUR * i for i in range(1, 80)]
    times += [times[-1] + HOUR * i for i in range(1, 2000) if times[-1] + HOUR * i < NOW_MS]
    return [(t + t // HOUR % 5, round((t // HOUR % 13 - 4) * 1e-5, 8)) for t in times]


def check_funding(rows: list[dict[str, Any]], venue: str) -> None:
    expected = [(t, r) for t, r in settlements() if START_MS <= t <= NOW_MS]
    assert [(row["settled_at"].replace(tzinfo=UTC).timestamp() * 1000, row["funding_rate"]) for row in rows] == [
        (pytest.approx(t, abs=0.01), r) for t, r in expected
    ]
    assert {row["venue"] for row in rows} == {venue}


async def test_binance_funding_through_changes_of_interval(server):
    def handle(request: Any, _: Any) -> Any:
        q = request.query_params
        inside = [s for s in settlements() if int(q["startTime"]) <= s[0] <= int(q["endTime"])][: int(q["limit"])]
        return [{"symbol": "BTCUSDT", "fundingTime": t, "fundingRate": f"{r:.8f}", "markPrice": ""} for t, r in inside]

    server.handlers["fapi.binance.com/fapi/v1/fundingRate"] = handle
    check_funding(await fetch(server, "binance", "perp", "funding_rates"), "binance")


async def test_bybit_funding_200_a_page(server):
    def handle(request: Any, _: Any) -> Any:
        q = request.query_params
        inside = [s for s in settlements() if int(q["startTime"]) <= s[0] <= int(q["endTime"])][::-1][:200]
        rows = [{"symbol": "BTCUSDT", "fundingRate": f"{r:.8f}", "fundingRateTimestamp": str(t)} for t, r in inside]
        return {"retCode": 0, "retMsg": "OK", "result": {"category": "linear", "list": rows}}

    server.handlers["api.bybit.com/v5/market/funding/history"] = handle
    check_funding(await fetch(server, "bybit", "perp", "funding_rates"), "bybit")


async def test_hyperliquid_funding_500_a_page(server):
    def handle(_: Any, body: dict[str, Any]) -> Any:
        assert body["type"] == "fundingHistory"
        inside = [s for s in settlements() if body["startTime"] <= s[0] <= body["endTime"]][:500]
        return [{"coin": "BTC", "fundingRate": f"{r:.8f}", "premium": "0", "time": t} for t, r in inside]

    server.handlers["api.hyperliquid.xyz/info"] = handle
    check_funding(await fetch(server, "hyperliquid", "perp", "funding_rates", "BTC"), "hyperliquid")


@pytest.mark.parametrize("keeps", ["oldest", "newest"])
async def test_binance_open_interest_whichever_end_of_a_long_window_comes(server, keeps):
    times = [START_MS + 4 * HOUR * i for i in range(2000) if START_MS + 4 * HOUR * i <= NOW_MS]

    def handle(request: Any, _: Any) -> Any:
        q = request.query_params
        assert q["period"] == "4h"
        inside = [t for t in times if int(q["startTime"]) <= t <= int(q["endTime"])]
        inside = inside[:150] if keeps == "oldest" else inside[-150:]
        return [
            {
                "symbol": "BTCUSDT",
                "sumOpenInterest": str(t // HOUR),
                "sumOpenInterestValue": str(t // HOUR * 2.5),
                "timestamp": t,
            }
            for t in inside
        ]

    server.handlers["fapi.binance.com/futures/data/openInterestHist"] = handle
    rows = await fetch(server, "binance", "perp", "open_interest")
    assert [row["open_interest_base"] for row in rows] == [t // HOUR for t in times]
    assert [row["open_interest_usd"] for row in rows] == [t // HOUR * 2.5 for t in times]


async def test_bybit_open_interest_is_in_coins_only(server):
    times = [START_MS + 4 * HOUR * i for i in range(2000) if START_MS + 4 * HOUR * i <= NOW_MS]

    def handle(request: Any, _: Any) -> Any:
        q = request.query_params
        inside = [t for t in times if int(q["startTime"]) <= t <= int(q["endTime"])][::-1][:200]
        rows = [bybit_interest(t // HOUR, t) for t in inside]
        return {
            "retCode": 0,
            "result": {"symbol": "BTCUSDT", "category": "linear", "list": rows, "nextPageCursor": "x"},
        }

    server.handlers["api.bybit.com/v5/market/open-interest"] = handle
    rows = await fetch(server, "bybit", "perp", "open_interest")
    assert [row["open_interest_base"] for row in rows] == [t // HOUR for t in times]
    assert {row["open_interest_usd"] for row in rows} == {None}


async def test_hyperliquid_open_interest_is_a_snapshot_of_now(server):
    universe = [{"name": "BTC", "szDecimals": 5}, {"name": "kPEPE", "szDecimals": 0}, {"name": "OLD", "szDecimals": 1}]
    contexts = [{"openInterest": "2.5", "markPx": "100"}, {"openInterest": "7"}, {}]
    server.handlers["api.hyperliquid.xyz/info"] = lambda *_: [{"universe": universe}, contexts]
    rows = await fetch(server, "hyperliquid", "perp", "open_interest", snapshot=True)
    assert [(r["venue_symbol"], r["open_interest_base"], r["open_interest_usd"]) for r in rows] == [
        ("BTC", 2.5, 250.0),
        ("kPEPE", 7.0, None),
    ]
    # An answer without a date is dated by our clock, another by the venue's: ours may be off.
    assert {r["observed_at"] for r in rows} == {NOW.replace(tzinfo=None)}
    dated = JSONResponse([{"universe": universe}, contexts], headers={"Date": "Mon, 24 Nov 2025 06:17:05 GMT"})
    server.handlers["api.hyperliquid.xyz/info"] = lambda *_: dated
    rows = await fetch(server, "hyperliquid", "perp", "open_interest", snapshot=True)
    assert {r["observed_at"] for r in rows} == {datetime(2025, 11, 24, 6, 17, 5)}


BINANCE_SYMBOL = {
    "symbol": "1000PEPEUSDT", "pair": "1000PEPEUSDT", "contractType": "PERPETUAL", "deliveryDate": 4133404800000,
    "onboardDate": 1683270000000, "status": "TRADING", "baseAsset": "1000PEPE", "quoteAsset": "USDT",
    "marginAsset": "USDT", "pricePrecision": 7, "quantityPrecision": 0, "filters": [], "orderTypes": [],
}  # fmt: skip


async def test_binance_instruments_as_the_venue_writes_them(server):
    symbols = [
        BINANCE_SYMBOL,
        BINANCE_SYMBOL | {"symbol": "OLDUSDT", "baseAsset": "OLD", "status": "SETTLING"},
        BINANCE_SYMBOL | {"symbol": "BTCUSDT_251226", "deliveryDate": 1766736000000, "contractType": "CURRENT_QUARTER"},
        BINANCE_SYMBOL | {"symbol": "ETHBTC", "quoteAsset": "BTC", "baseAsset": "ETH"},
    ]
    server.handlers["fapi.binance.com/fapi/v1/exchangeInfo"] = lambda *_: {"symbols": symbols}
    rows = await fetch(server, "binance", "perp", "instruments")
    assert [(r["venue_symbol"], r["base"], r["quote"], r["settle"], r["is_active"]) for r in rows] == [
        ("1000PEPEUSDT", "1000PEPE", "USDT", "USDT", True),
        ("OLDUSDT", "OLD", "USDT", "USDT", False),
    ]
    assert rows[0]["contract_size"] == 1.0 and rows[0]["is_inverse"] is False
    assert rows[0]["listed_at"] == datetime(2023, 5, 5, 7)


async def test_hyperliquid_instruments_keep_small_letters(server):
    universe = [
        {"name": "kPEPE", "szDecimals": 0, "maxLeverage": 10},
        {"name": "GONE", "szDecimals": 0, "isDelisted": True},
    ]
    builders = {"name": "xyz:NVDA", "szDecimals": 2, "maxLeverage": 10}
    answers = {
        ("meta", None): {"universe": universe},
        ("perpDexs", None): [None, {"name": "xyz", "fullName": "XYZ"}],
        ("meta", "xyz"): {"universe": [builders]},
    }
    server.handlers["api.hyperliquid.xyz/info"] = lambda _, body: answers[body["type"], body.get("dex")]
    rows = await fetch(server, "hyperliquid", "perp", "instruments")
    assert [(r["venue_symbol"], r["base"], r["quote"], r["is_active"], r["asset_class"]) for r in rows] == [
        ("kPEPE", "kPEPE", "USDC", True, "crypto"),
        ("GONE", "GONE", "USDC", False, "crypto"),
        ("xyz:NVDA", "xyz:NVDA", "USDC", True, "equity"),
    ]


# An instrument as each venue lists it, and what is left of it as a row: symbol, base, quote, settle, size, active.
OKX_SWAP = {
    "instType": "SWAP", "instId": "BTC-USDT-SWAP", "uly": "BTC-USDT", "instFamily": "BTC-USDT", "baseCcy": "",
    "quoteCcy": "", "settleCcy": "USDT", "ctVal": "0.01", "ctMult": "1", "ctValCcy": "BTC", "ctType": "linear",
    "listTime": "1573557408000", "expTime": "", "lever": "100", "tickSz": "0.1", "lotSz": "0.01", "minSz": "0.01",
    "state": "live",
}  # fmt: skip
BITGET_CONTRACT = {
    "symbol": "BTCUSDT", "baseCoin": "BTC", "quoteCoin": "USDT", "supportMarginCoins": ["USDT"], "minTradeNum": "0.001",
    "priceEndStep": "1", "volumePlace": "3", "pricePlace": "1", "sizeMultiplier": "0.001", "symbolType": "perpetual",
    "symbolStatus": "normal", "launchTime": "", "fundInterval": "8", "maxLever": "125", "makerFeeRate": "0.0002",
}  # fmt: skip
GATE_CONTRACT = {
    "name": "BTC_USDT", "type": "direct", "quanto_multiplier": "0.0001", "order_price_deviate": "0.2",
    "order_size_min": 1, "order_size_max": 1000000, "leverage_max": "100", "status": "trading", "mark_price": "9",
    "order_price_round": "0.1", "in_delisting": False, "create_time": 1573557408,
}  # fmt: skip
KRAKEN_INSTRUMENT = {
    "symbol": "PF_XBTUSD", "type": "flexible_futures", "tickSize": 1, "contractSize": 1, "tradeable": True,
    "openingDate": "2022-03-22T14:22:02.000Z", "contractValueTradePrecision": 4, "tags": [],
}  # fmt: skip
LISTS: list[tuple[str, str, Any, list[tuple[Any, ...]]]] = [
    (
        "okx",
        "www.okx.com/api/v5/public/instruments",
        {"code": "0", "msg": "", "data": [
            OKX_SWAP,
            OKX_SWAP | {"instId": "BTC-USD-SWAP", "uly": "BTC-USD", "settleCcy": "BTC", "ctVal": "100"},
            OKX_SWAP | {"instId": "OLD-USDC-SWAP", "uly": "OLD-USDC", "settleCcy": "USDC", "state": "suspend"},
        ]},
        [("BTC-USDT-SWAP", "BTC", "USDT", "USDT", 0.01, True), ("OLD-USDC-SWAP", "OLD", "USDC", "USDC", 0.01, False)],
    ),
    (
        "gate",
        "api.gateio.ws/api/v4/futures/usdt/contracts",
        [GATE_CONTRACT, GATE_CONTRACT | {"name": "OLD_USDT", "quanto_multiplier": "10", "status": "delisted"}],
        [("BTC_USDT", "BTC", "USDT", "USDT", 0.0001, True), ("OLD_USDT", "OLD", "USDT", "USDT", 10.0, False)],
    ),
    (
        "kraken",
        "futures.kraken.com/derivatives/api/v3/instruments",
        {"result": "success", "instruments": [
            KRAKEN_INSTRUMENT,
            KRAKEN_INSTRUMENT | {"symbol": "pf_xdgusd", "tradeable": False},
            KRAKEN_INSTRUMENT | {"symbol": "PI_XBTUSD", "type": "futures_inverse"},
            KRAKEN_INSTRUMENT | {"symbol": "FF_XBTUSD_251226", "lastTradingTime": "2025-12-26T16:00:00.000Z"},
            {"symbol": "in_xbtusd", "type": "spot index", "tradeable": False},
        ]},
        [("PF_XBTUSD", "XBT", "USD", "USD", 1.0, True), ("PF_XDGUSD", "XDG", "USD", "USD", 1.0, False)],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("venue", "path", "answer", "expected"), LISTS, ids=[row[0] for row in LISTS])
async def test_linear_perpetuals_are_listed_as_the_venue_writes_them(server, venue, path, answer, expected):
    server.handlers[path] = lambda *_: answer
    server.handlers["api.gateio.ws/api/v4/futures/btc/contracts"] = lambda *_: [
        GATE_CONTRACT | {"name": "BTC_USD", "quanto_multiplier": "0", "type": "inverse"}
    ]
    rows = await fetch(server, venue, "perp", "instruments")
    columns = ("venue_symbol", "base", "quote", "settle", "contract_size", "is_active")
    assert [tuple(row[name] for name in columns) for row in rows] == expected
    assert all(row["is_inverse"] is False and row["market_type"] == "perp" for row in rows)


async def test_bitget_lists_by_product_type(server):
    def handle(request: Any, _: Any) -> Any:
        lists = {
            "USDT-FUTURES": [BITGET_CONTRACT, BITGET_CONTRACT | {"symbol": "OLDUSDT", "symbolStatus": "off"}],
            "USDC-FUTURES": [
                BITGET_CONTRACT | {"symbol": "BTCPERP", "quoteCoin": "USDC", "supportMarginCoins": ["USDC"]}
            ],
            "COIN-FUTURES": [
                BITGET_CONTRACT | {"symbol": "BTCUSD", "quoteCoin": "USD", "supportMarginCoins": ["BTC", "ETH"]}
            ],
            "SUSDT-FUTURES": [
                BITGET_CONTRACT
                | {"symbol": "SBTCSUSDT", "baseCoin": "SBTC", "quoteCoin": "SUSDT", "supportMarginCoins": ["SUSDT"]}
            ],
        }
        return {"code": "00000", "msg": "success", "data": lists.get(request.query_params["productType"], [])}

    server.handlers["api.bitget.com/api/v2/mix/market/contracts"] = handle
    rows = await fetch(server, "bitget", "perp", "instruments")
    assert [(r["venue_symbol"], r["quote"], r["settle"], r["is_active"]) for r in rows] == [
        ("BTCUSDT", "USDT", "USDT", True),
        ("OLDUSDT", "USDT", "USDT", False),
        ("BTCPERP", "USDC", "USDC", True),
    ]


@pytest.mark.parametrize(("symbol", "product_type"), [("BTCUSDT", "USDT-FUTURES"), ("BTCPERP", "USDC-FUTURES")])
async def test_bitget_funding_is_read_in_counted_pages(server, symbol, product_type):
    times = [START_MS - 900 * HOUR + 8 * HOUR * i for i in range(365)]

    def handle(request: Any, _: Any) -> Any:
        q = request.query_params
        assert (q["symbol"], q["productType"]) == (symbol, product_type)
        first = (int(q["pageNo"]) - 1) * 50  # a smaller page than was asked for
        rows = [
            {"symbol": symbol, "fundingRate": str(t / 1e15), "fundingTime": str(t)}
            for t in times[::-1][first : first + 50]
        ]
        return {"code": "00000", "msg": "success", "data": rows}

    server.handlers["api.bitget.com/api/v2/mix/market/history-fund-rate"] = handle
    rows = await fetch(server, "bitget", "perp", "funding_rates", symbol)
    expected = [t for t in times if START_MS <= t <= NOW_MS]
    assert [row["settled_at"].replace(tzinfo=UTC).timestamp() * 1000 for row in rows] == expected
    assert [row["funding_rate"] for row in rows] == [t / 1e15 for t in expected]
    assert len(server.calls) == math.ceil(sum(t > START_MS for t in times) / 50)  # no page beyond the window's start


async def test_kraken_funding_is_the_relative_rate(server):
    rates = [
        {"timestamp": "2025-09-01T00:00:00.000Z", "fundingRate": 1.25, "relativeFundingRate": 0.0000125},
        {"timestamp": "2025-09-01T01:00:00.007Z", "fundingRate": -2.5, "relativeFundingRate": -0.000025},
        {"timestamp": "2026-01-01T00:00:00.000Z", "fundingRate": 9.0, "relativeFundingRate": 9.0},
    ]

    def handle(request: Any, _: Any) -> Any:
        assert request.query_params["symbol"] == "PF_XBTUSD"
        return {"result": "success", "rates": rates}

    server.handlers["futures.kraken.com/derivatives/api/v4/historicalfundingrates"] = handle
    rows = await fetch(server, "kraken", "perp", "funding_rates", "PF_XBTUSD")
    assert [(row["settled_at"], row["funding_rate"]) for row in rows] == [
        (datetime(2025, 9, 1), 0.0000125),
        (datetime(2025, 9, 1, 1, 0, 0, 7000), -0.000025),
    ]


async def test_okx_funding_is_the_realised_rate(server):
    times = [START_MS + 4 * HOUR * i + i % 3 for i in range(-50, 400)]

    def handle(request: Any, _: Any) -> Any:
        q = request.query_params
        assert q["instId"] == "BTC-USDT-SWAP" and "before" not in q
        rows = [
            {
                "instId": "BTC-USDT-SWAP",
                "instType": "SWAP",
                "fundingRate": "9",
                "realizedRate": str(t / 1e15),
                "fundingTime": str(t),
            }
            for t in times[::-1]
            if t < int(q["after"])
        ]
        return {"code": "0", "msg": "", "data": rows[: min(int(q["limit"]), 100)]}

    server.handlers["www.okx.com/api/v5/public/funding-rate-history"] = handle
    rows = await fetch(server, "okx", "perp", "funding_rates", "BTC-USDT-SWAP")
    assert [row["funding_rate"] for row in rows] == [t / 1e15 for t in times if START_MS <= t <= NOW_MS]


async def test_snapshots_are_in_coins_and_of_linear_contracts(server):
    server.handlers["futures.kraken.com/derivatives/api/v3/tickers"] = lambda *_: {
        "result": "success",
        "tickers": [
            {"symbol": "PF_XBTUSD", "openInterest": 2.5, "markPrice": 100.0},
            {"symbol": "PF_NEWUSD", "openInterest": 7},
            {"symbol": "PI_XBTUSD", "openInterest": 1e6, "markPrice": 100.0},
            {"symbol": "in_xbtusd", "last": 100.0},
        ],
    }
    rows = await fetch(server, "kraken", "perp", "open_interest", snapshot=True)
    assert [(r["venue_symbol"], r["open_interest_base"], r["open_interest_usd"]) for r in rows] == [
        ("PF_XBTUSD", 2.5, 250.0),
        ("PF_NEWUSD", 7.0, None),
    ]

    def tickers(request: Any, _: Any) -> Any:
        symbol = {"USDT-FUTURES": "BTCUSDT", "USDC-FUTURES": "BTCPERP"}[request.query_params["productType"]]
        data = [{"symbol": symbol, "holdingAmount": "3", "markPrice": "50"}, {"symbol": "X", "holdingAmount": ""}]
        return {"code": "00000", "msg": "success", "data": data}

    server.handlers["api.bitget.com/api/v2/mix/market/tickers"] = tickers
    rows = await fetch(server, "bitget", "perp", "open_interest", snapshot=True)
    assert [(r["venue_symbol"], r["open_interest_base"], r["open_interest_usd"]) for r in rows] == [
        ("BTCUSDT", 3.0, 150.0),
        ("BTCPERP", 3.0, 150.0),
    ]


HOSTILE = "PF_币/y&x=1+z"  # every sign of it may stand in a symbol


@pytest.mark.parametrize(
    ("venue", "path", "empty"),
    [
        ("binance", "fapi.binance.com/fapi/v1/klines", []),
        ("bybit", "api.bybit.com/v5/market/kline", {"retCode": 0, "result": {"list": []}}),
        ("okx", "www.okx.com/api/v5/market/history-candles", {"code": "0", "data": []}),
        ("bitget", "api.bitget.com/api/v2/mix/market/history-candles", {"code": "00000", "data": []}),
        ("gate", "api.gateio.ws/api/v4/futures/usdt/candlesticks", []),
    ],
)
async def test_a_symbol_cannot_change_the_question(server, venue, path, empty):
    def handle(request: Any, _: Any) -> Any:
        assert HOSTILE in request.query_params.values() and "x" not in request.query_params
        return empty

    server.handlers[path] = handle
    source = server.source(NOW, START)
    async with VenueClient(VENUES[venue], source, Throttle(venue, QUICK), 5000.0) as client:
        market = client.venue.market("perp")
        rows = await client.history(market, "candles", HOSTILE, NOW - timedelta(hours=6), NOW, 1.0)
    assert rows.num_rows == 0 and set(server.calls) == {path}


@pytest.mark.parametrize(("venue", "market_type", "part"), [("kraken", "perp", "symbol"), ("coinbase", "spot", "id")])
def test_a_symbol_cannot_leave_its_place_in_a_path(venue, market_type, part):
    candles = VENUES[venue].market(market_type).datasets["candles"]
    assert isinstance(candles, History)
    assert candles.params(PageRequest(HOSTILE, 0, 1))[part] == "PF_%E5%B8%81%2Fy%26x%3D1%2Bz"


PATH = "fapi.binance.com/fapi/v1/klines"


async def test_a_server_error_is_asked_again_and_a_wait_is_kept(server):
    answers = iter([Response(status_code=503), Response(status_code=429, headers={"Retry-After": "0.1"})])
    good = binance_klines(1500)
    server.handlers[PATH] = lambda request, body: next(answers, None) or good(request, body)
    check_candles(await fetch(server, "binance", "perp", "candles"), "binance", "perp", "BTCUSDT", True)


@pytest.mark.parametrize(
    "bad",
    [
        lambda: HTMLResponse("<!DOCTYPE html><html>We will be back</html>"),
        lambda: Response('[[1756684800000,"1.0","1', media_type="application/json"),
        lambda: JSONResponse({"rows": []}),
        lambda: JSONResponse([[1756684800000, "one", "2", "0", "1", "1", 0, "1"]]),
        lambda: JSONResponse([[1756684800000, "1"]]),
    ],
    ids=["html", "truncated", "other shape", "no number", "short row"],
)
async def test_what_is_not_an_answer_is_asked_again_and_then_told(server, bad):
    server.handlers[PATH] = lambda *_: bad()
    with pytest.raises(Malformed):
        await fetch(server, "binance", "perp", "candles")
    assert len(server.calls) == QUICK.attempts


@pytest.mark.parametrize("venue", sorted(VENUES))
async def test_a_list_of_markets_that_is_no_json_is_not_an_empty_list(server, venue):
    for path in (
        "fapi.binance.com/fapi/v1/exchangeInfo",
        "api.bybit.com/v5/market/instruments-info",
        "api.hyperliquid.xyz/info",
        "api.exchange.coinbase.com/products",
        "www.okx.com/api/v5/public/instruments",
        "api.bitget.com/api/v2/mix/market/contracts",
        "api.gateio.ws/api/v4/futures/usdt/contracts",
        "futures.kraken.com/derivatives/api/v3/instruments",
    ):
        server.handlers[path] = lambda *_: HTMLResponse("<html>maintenance</html>")
    market_type = VENUES[venue].markets[0].market_type
    with pytest.raises(Malformed):
        await fetch(server, venue, market_type, "instruments")


async def test_refusals_are_not_asked_again(server):
    server.handlers[PATH] = lambda *_: Response(status_code=451)
    with pytest.raises(Refused, match="451"):
        await fetch(server, "binance", "perp", "candles")
    assert len(server.calls) == 1
    server.handlers[PATH] = lambda *_: JSONResponse({"code": -1121, "msg": "Invalid symbol."}, 400)
    with pytest.raises(NotOffered, match="not offered"):
        await fetch(server, "binance", "perp", "candles")
    assert len(server.calls) == 2


async def test_nobody_there(server):
    source = server.source(NOW, START)
    gone = type(source)(source.kind, "http://127.0.0.1:9", source.starts_at, source.now)
    async with VenueClient(VENUES["binance"], gone, Throttle("binance", QUICK), 5000.0) as client:
        with pytest.raises(Unreachable, match="no answer"):
            await client.history(VENUES["binance"].market("perp"), "candles", "BTCUSDT", START, NOW)


def test_blank_numbers_are_missing_and_scales_are_applied():
    endpoint = VENUES["binance"].market("perp").datasets["funding_rates"]
    assert isinstance(endpoint, History)
    page = read_page(endpoint, [{"fundingTime": 5, "fundingRate": ""}, {"fundingTime": 6, "fundingRate": None}])
    assert page.times_ms.tolist() == [5, 6] and all(math.isnan(x) for x in page.columns["funding_rate"])
    scaled = History(
        endpoint.method, endpoint.params, "t", {"x": "x"}, endpoint.paging, scale={"x": 0.01}, time_unit="s"
    )
    page = read_page(scaled, [{"t": 7, "x": "50"}])
    assert page.times_ms.tolist() == [7000] and page.columns["x"].tolist() == [0.5]


def test_declared_limits_are_kept_only_by_real_venues(server):
    client = VenueClient(VENUES["hyperliquid"], server.source(NOW, START), Throttle("hyperliquid", IMPATIENT), 5000.0)
    endpoint = VENUES["hyperliquid"].market("perp").datasets["candles"]
    assert client.throttle_of(endpoint) is client.throttle
    live = VenueClient(VENUES["hyperliquid"], type(client.source).live(START), Throttle("hyperliquid", IMPATIENT))
    assert live.throttle_of(endpoint).calls_per_minute == 1200
    # Candles and settlements are paid for out of one budget: 20 and a part for the rows.
    assert live.throttle_of(endpoint) is live.throttle_of(live.venue.market("perp").datasets["funding_rates"])
    assert endpoint.weight(PageRequest("BTC", 0, 599 * 3_600_000)) == 30


def test_depths_are_those_of_the_real_venues():
    open_interest = VENUES["binance"].market("perp").datasets["open_interest"]
    assert isinstance(open_interest, History) and open_interest.depth == timedelta(days=30)


async def test_every_call_counts_against_the_limit_also_those_that_check_an_empty_span(server, monkeypatch):
    turns = []
    take = Throttle._turn

    async def counted(self: Throttle, weight: float) -> None:
        turns.append(self.name)
        await take(self, weight)

    monkeypatch.setattr(Throttle, "_turn", counted)
    server.handlers[PATH] = lambda *_: []
    assert await fetch(server, "binance", "perp", "candles") == []
    assert len(turns) == len(server.calls) == 3  # the window, and each half of it
