"""Page rules, bounds, order and errors of every dialect, against the raw answers."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from simulator.server import Options
from tests.unit.simulator.small_market import N_HOURS, NOW, make_market, serving

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
NOW_MS = NOW.value // 1_000_000
START_MS = NOW_MS - (N_HOURS - 1) * HOUR_MS
FAPI, SPOT, BYBIT = "/fapi.binance.com", "/api.binance.com", "/api.bybit.com/v5/market"
COINBASE, GECKO = "/api.exchange.coinbase.com", "/api.coingecko.com/api/v3"
FRED = "/fred.stlouisfed.org/graph/fredgraph.csv"
BONDS = "/www.mof.go.jp/english/policy/jgbs/reference/interest_rate"
CHART = "/query1.finance.yahoo.com/v8/finance/chart"


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with serving(make_market()) as url, httpx.Client(base_url=url) as http:
        yield http


@pytest.fixture(scope="module")
def forgetful() -> Iterator[httpx.Client]:
    with serving(make_market(), Options(has_real_retention=True)) as url, httpx.Client(base_url=url) as http:
        yield http


def hours(client: httpx.Client, path: str, **parameters: Any) -> list[int]:
    """The hours of the candles in an answer, counted from the market's first one."""
    answer = client.get(path, params=parameters).json()
    rows = answer["result"]["list"] if isinstance(answer, dict) else answer
    stamps = [int(row[0]) for row in rows]
    return [((s * 1000 if s < 10**11 else s) - START_MS) // HOUR_MS for s in stamps]


def test_binance_klines(client: httpx.Client) -> None:
    ask = {"symbol": "BTCUSDT", "interval": "1h"}
    for path, most in ((f"{FAPI}/fapi/v1/klines", 1500), (f"{SPOT}/api/v3/klines", 1000)):
        last = N_HOURS - 1
        assert hours(client, path, **ask) == list(range(last - 499, last + 1))
        assert hours(client, path, **ask, startTime=START_MS, limit=most) == list(range(most))
        assert hours(client, path, **ask, startTime=START_MS + 1, limit=2) == [1, 2]
        assert hours(client, path, **ask, endTime=START_MS + 9 * HOUR_MS, limit=3) == [7, 8, 9]
        both = {"startTime": START_MS + HOUR_MS, "endTime": START_MS + 3 * HOUR_MS}
        assert hours(client, path, **ask, **both) == [1, 2, 3]
        assert hours(client, path, **ask, **both, limit=2) == [1, 2]
        assert hours(client, path, **ask, startTime=NOW_MS + 1) == []


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"interval": "1h"}, -1102),
        ({"symbol": "NOPE", "interval": "1h"}, -1121),
        ({"symbol": "BTCUSDT", "interval": "7h"}, -1120),
        ({"symbol": "BTCUSDT", "interval": "1h", "limit": 1501}, -1130),
        ({"symbol": "BTCUSDT", "interval": "1h", "limit": "x"}, -1100),
        ({"symbol": "BTCUSDT", "interval": "1h", "startTime": 2, "endTime": 1}, -1023),
    ],
)
def test_binance_errors(client: httpx.Client, parameters: dict[str, Any], code: int) -> None:
    answer = client.get(f"{FAPI}/fapi/v1/klines", params=parameters)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_binance_funding(client: httpx.Client) -> None:
    path, ask = f"{FAPI}/fapi/v1/fundingRate", {"symbol": "BTCUSDT"}
    everything = client.get(path, params={**ask, "startTime": 0, "limit": 1000}).json()
    assert len(everything) == N_HOURS // 8
    assert client.get(path, params=ask).json() == everything[-200:]
    assert client.get(path, params={**ask, "startTime": 0}).json() == everything[:100]
    ends = {"startTime": everything[4]["fundingTime"], "endTime": everything[6]["fundingTime"]}
    assert client.get(path, params={**ask, **ends}).json() == everything[4:7]
    assert set(everything[0]) == {"symbol", "fundingTime", "fundingRate", "markPrice"}
    assert everything[0]["fundingRate"] == "-0.0000001"


def test_binance_open_interest(client: httpx.Client, forgetful: httpx.Client) -> None:
    path, ask = f"{FAPI}/futures/data/openInterestHist", {"symbol": "BTCUSDT", "period": "4h"}
    everything = client.get(path, params={**ask, "limit": 500}).json()
    assert len(everything) == 500
    assert client.get(path, params=ask).json() == everything[-30:]
    days = client.get(path, params={"symbol": "BTCUSDT", "period": "1d", "limit": 500}).json()
    assert [row["timestamp"] % DAY_MS for row in days[1:]] == [0] * (len(days) - 1)
    too_early = {**ask, "startTime": NOW_MS - 31 * DAY_MS, "limit": 500}
    assert len(client.get(path, params=too_early).json()) > 180
    refused = forgetful.get(path, params=too_early)
    assert (refused.status_code, refused.json()["msg"]) == (400, "parameter 'startTime' is invalid.")
    kept = forgetful.get(path, params={**ask, "limit": 500}).json()
    assert kept[0]["timestamp"] >= NOW_MS - 30 * DAY_MS
    assert kept == everything[-len(kept) :]


def test_bybit_kline_is_newest_first(client: httpx.Client) -> None:
    path, ask = f"{BYBIT}/kline", {"category": "linear", "symbol": "BTCUSDT", "interval": "60"}
    last = N_HOURS - 1
    assert hours(client, path, **ask) == list(range(last, last - 200, -1))
    assert hours(client, path, **ask, start=START_MS, limit=3) == [2, 1, 0]
    assert hours(client, path, **ask, start=START_MS + 1, limit=2) == [1, 0]  # the candle that start lies in
    assert hours(client, path, **ask, start=START_MS, end=START_MS + 9 * HOUR_MS, limit=3) == [9, 8, 7]
    assert len(hours(client, path, **ask, limit=5000)) == 1000
    unknown = client.get(path, params={**ask, "symbol": "NOPE"})
    assert (unknown.status_code, unknown.json()["retCode"]) == (200, 10001)


def test_bybit_funding_and_open_interest(client: httpx.Client) -> None:
    ask = {"category": "linear", "symbol": "BTCUSDT"}
    rows = client.get(f"{BYBIT}/funding/history", params=ask).json()["result"]["list"]
    stamps = [int(row["fundingRateTimestamp"]) for row in rows]
    assert len(rows) == 200
    assert stamps == sorted(stamps, reverse=True)
    lone = client.get(f"{BYBIT}/funding/history", params={**ask, "startTime": 0}).json()
    assert lone["retCode"] == 10001
    seen, cursor = [], ""
    for _ in range(20):
        parameters = {**ask, "intervalTime": "1h", "limit": 200, "cursor": cursor}
        result = client.get(f"{BYBIT}/open-interest", params=parameters).json()["result"]
        seen += [int(row["timestamp"]) for row in result["list"]]
        cursor = result["nextPageCursor"]
        if not cursor:
            break
    assert len(seen) == N_HOURS
    assert seen == sorted(set(seen), reverse=True)


def test_hyperliquid(client: httpx.Client, forgetful: httpx.Client) -> None:
    def ask(**body: Any) -> httpx.Response:
        return client.post("/api.hyperliquid.xyz/info", json=body)

    wanted = {"coin": "BTC", "interval": "1h", "startTime": START_MS, "endTime": START_MS + 2 * HOUR_MS}
    rows = ask(type="candleSnapshot", req=wanted).json()
    assert [row["t"] for row in rows] == [START_MS + i * HOUR_MS for i in range(3)]
    assert rows[0]["T"] == START_MS + HOUR_MS - 1
    assert list(rows[0]) == ["t", "T", "s", "i", "o", "c", "h", "l", "v", "n"]
    assert len(ask(type="fundingHistory", coin="BTC", startTime=0).json()) == 500
    assert ask(type="nonsense").status_code == 422
    unknown = ask(type="candleSnapshot", req={**wanted, "coin": "NOPE"})
    assert (unknown.status_code, unknown.json()) == (500, None)
    meta, contexts = ask(type="metaAndAssetCtxs").json()
    assert [row["name"] for row in meta["universe"]] == ["BTC", "kPEPE"]
    assert float(contexts[0]["markPx"]) == pytest.approx(87_003.0 * (1 + (N_HOURS - 1) / 10_000))


def test_coinbase_candles(client: httpx.Client) -> None:
    path, ask = f"{COINBASE}/products/BTC-USD/candles", {"granularity": 3600}
    last = N_HOURS - 1
    assert hours(client, path, **ask) == list(range(last, last - 300, -1))
    first = pd.Timestamp(START_MS, unit="ms")
    ends = {"start": f"{first.isoformat()}Z", "end": f"{(first + pd.Timedelta(hours=3)).isoformat()}Z"}
    assert hours(client, path, **ask, **ends) == [3, 2, 1, 0]
    assert hours(client, path, **ask, start=ends["start"]) == hours(client, path, **ask)
    row = client.get(path, params={**ask, **ends}).json()[-1]
    price = 87_012.25
    assert row == [START_MS // 1000, price * 0.99, price * 1.01, price * 0.999, price, 10.0]
    wide = {"start": str(START_MS // 1000), "end": str(START_MS // 1000 + 301 * 3600)}
    refused = client.get(path, params={**ask, **wide})
    assert refused.status_code == 400
    assert "exceeds 300" in refused.json()["message"]
    assert client.get(f"{COINBASE}/products/NOPE-USD/candles").json() == {"message": "NotFound"}


def test_coingecko(client: httpx.Client, forgetful: httpx.Client) -> None:
    ask = {"vs_currency": "usd"}
    first = client.get(f"{GECKO}/coins/markets", params=ask).json()
    assert [coin["market_cap_rank"] for coin in first] == list(range(1, 101))
    assert first[0]["circulating_supply"] == 19.5e6
    assert first[0]["total_volume"] is None
    second = client.get(f"{GECKO}/coins/markets", params={**ask, "per_page": 250, "page": 2}).json()
    assert [coin["market_cap_rank"] for coin in second] == list(range(251, 301))
    categories = client.get(f"{GECKO}/coins/categories").json()
    assert [row["id"] for row in categories] == ["layer-1", "meme-fun"]
    members = client.get(f"{GECKO}/coins/markets", params={**ask, "category": "layer-1"}).json()
    assert [coin["id"] for coin in members] == ["bitcoin", "coin-7"]
    day = pd.Timestamp("2025-06-01").value // 10**9
    path = f"{GECKO}/coins/bitcoin/market_chart/range"
    points = client.get(path, params={**ask, "from": day, "to": NOW_MS // 1000}).json()
    assert points["prices"][:2] == [[day * 1000, 80_000.0], [day * 1000 + DAY_MS, 80_001.0]]
    assert points["market_caps"][0][1] == pytest.approx(80_000.0 * 19.4e6)
    assert len(points["prices"]) == 177  # one a day: the list's own moment, 06:00, is none
    short = client.get(path, params={**ask, "from": NOW_MS // 1000 - 86_400, "to": NOW_MS // 1000}).json()
    assert short["prices"][-1] == [NOW_MS, 1e5]
    assert client.get(f"{GECKO}/coins/nope/market_chart/range", params={**ask, "from": 0, "to": 1}).status_code == 404
    assert client.get(f"{GECKO}/coins/markets").status_code == 422
    assert forgetful.get(path, params={**ask, "from": 0, "to": NOW_MS // 1000}).status_code == 401


def test_fred_knows_what_was_released(client: httpx.Client) -> None:
    assert client.get(FRED, params={"id": "UNRATE"}).text == (
        "observation_date,UNRATE\n2025-08-01,4.3\n2025-09-01,4.4\n2025-10-01,.\n"
    )
    both = client.get(FRED, params={"id": "UNRATE,DGS10", "cosd": "2025-10-01"}).text
    assert both == "observation_date,UNRATE,DGS10\n2025-10-01,.,\n2025-11-20,,4.1\n2025-11-21,,4.06\n"
    early = client.get(FRED, params={"id": "UNRATE", "vintage_date": "2025-11-19"}).text
    assert early.splitlines()[1:] == ["2025-08-01,4.3"]
    assert client.get(FRED, params={"id": "NOPE"}).status_code == 404


def test_ministry_of_finance(client: httpx.Client) -> None:
    past = client.get(f"{BONDS}/historical/jgbcme_all.csv").content.decode()
    assert past.startswith("Interest Rate,,,,,,,,,,,,,,,(Unit : %)\r\nDate,1Y,2Y,")
    assert past.split("\r\n")[2] == "2025/10/31" + ",-" * 9 + ",1.664" + ",-" * 5
    rows = list(csv.reader(io.StringIO(client.get(f"{BONDS}/jgbcme.csv").text)))
    assert [rows[2][0], rows[2][10], rows[2][15]] == ["2025/11/21", "1.785", "-"]
    assert len(rows) == 3


def test_yahoo(client: httpx.Client) -> None:
    answer = client.get(f"{CHART}/GC%3DF", params={"period1": 0, "period2": NOW_MS // 1000, "interval": "1d"}).json()
    result = answer["chart"]["result"][0]
    assert result["meta"]["exchangeTimezoneName"] == "America/New_York"
    opens = pd.to_datetime(result["timestamp"], unit="s", utc=True).tz_convert("America/New_York")
    assert opens[0] == pd.Timestamp("2025-11-03 00:00", tz="America/New_York")
    assert opens[-1].date() == pd.Timestamp("2025-11-21").date()  # the clock's own day is not over
    assert result["indicators"]["adjclose"][0]["adjclose"] == list(4000.0 + np.arange(15))
    assert result["indicators"]["quote"][0]["close"][0] == 4000.0
    shares = client.get(f"{CHART}/SPY", params={"range": "max"}).json()["chart"]["result"][0]
    stamp = pd.Timestamp(shares["timestamp"][0], unit="s", tz="America/New_York")
    assert (stamp.hour, stamp.minute) == (9, 30)
    # The end of a period does not belong to it.
    until = {"period1": 0, "period2": shares["timestamp"][3]}
    assert len(client.get(f"{CHART}/SPY", params=until).json()["chart"]["result"][0]["timestamp"]) == 3
    unknown = client.get(f"{CHART}/NOPE")
    assert (unknown.status_code, unknown.json()["chart"]["error"]["code"]) == (404, "Not Found")
