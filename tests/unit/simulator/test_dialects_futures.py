"""OKX, Bitget, Gate and Kraken futures: ccxt's unified methods read what the market holds; pages, caps and errors."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import ccxt
import httpx
import pandas as pd
import pytest

from simulator.generation.generate import generate
from simulator.market import COLUMNS, Market
from simulator.paging_market import HOUR_MS, N_CANDLES, NOW, make_paging_market
from simulator.server import Options
from tests.unit.simulator.small_market import serving
from tests.unit.simulator.test_dialects_ccxt import exchange

NOW_MS = int(NOW.timestamp() * 1000)
FIRST_CANDLE_MS = NOW_MS - (N_CANDLES - 1) * HOUR_MS
DAY_MS = 24 * HOUR_MS
OKX, BITGET, GATE = "/www.okx.com/api/v5", "/api.bitget.com/api/v2/mix/market", "/api.gateio.ws/api/v4/futures/usdt"
KRAKEN = "/futures.kraken.com"
# venue, ccxt class, ccxt's symbol, the venue's symbol, coins in a contract
LISTED = [
    ("okx", "okx", "SOL/USDT:USDT", "SOL-USDT-SWAP", 0.01),
    ("bitget", "bitget", "SOL/USDT:USDT", "SOLUSDT", 1.0),
    ("gate", "gate", "SOL/USDT:USDT", "SOL_USDT", 0.0001),
    ("kraken", "krakenfutures", "SOL/USD:USD", "PF_SOLUSD", 1.0),
]
VENUES = [row[0] for row in LISTED]
INVERSE = {"okx": "BTC-USD-SWAP", "bitget": "BTCUSD", "gate": "BTC_USD", "kraken": "PI_XBTUSD"}


@pytest.fixture(scope="module")
def market() -> Market:
    """The market for pagers, and on each of the four venues an inverse contract and one that trades no more."""
    market = make_paging_market(3)
    more = []
    for venue, _, _, symbol, size in LISTED:
        row = market.instruments[market.instruments["venue_symbol"] == symbol].iloc[0]
        more.append((venue, "perp", INVERSE[venue], row.base, "USD", row.base, 1.0, True, True, pd.NaT))
        gone = symbol.replace("SOL", "GONE")
        more.append((venue, "perp", gone, "GONE", row.quote, row.settle, size, False, False, row.listed_at))
    added = pd.DataFrame(more, columns=list(COLUMNS["instruments"])).astype({"listed_at": "datetime64[us]"})
    return replace(market, instruments=pd.concat([market.instruments, added], ignore_index=True))


@pytest.fixture(scope="module")
def url(market: Market) -> Iterator[str]:
    with serving(market) as address:
        yield address


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url) as http:
        yield http


@pytest.fixture(scope="module")
def forgetful(market: Market) -> Iterator[httpx.Client]:
    with serving(market, Options(has_real_retention=True)) as url, httpx.Client(base_url=url) as http:
        yield http


def at_now(name: str, url: str) -> Any:
    """A ccxt client on the market's clock: ccxt asks for candles up to its own."""
    client = exchange(name, url)
    client.milliseconds = lambda: NOW_MS
    client.seconds = lambda: NOW_MS // 1000
    return client


def rows_of(market: Market, table: str, venue: str, symbol: str) -> pd.DataFrame:
    frame = market.table(table)
    return frame[(frame["venue"] == venue) & (frame["venue_symbol"] == symbol)].reset_index(drop=True)


def stamps(column: pd.Series) -> list[int]:
    return column.astype("datetime64[ms]").astype("int64").tolist()


def test_the_market_is_made_by_its_name_and_seed() -> None:
    assert generate("paging", 3).funding_rates.equals(make_paging_market(3).funding_rates)
    assert not generate("paging", 4).funding_rates.equals(make_paging_market(3).funding_rates)


@pytest.mark.parametrize(("venue", "name", "unified", "symbol", "size"), LISTED)
def test_what_is_listed(url: str, venue: str, name: str, unified: str, symbol: str, size: float) -> None:
    markets = at_now(name, url).load_markets()
    assert len(markets) == 6
    listed = markets[unified]
    assert (listed["id"], listed["linear"], listed["active"], listed["swap"]) == (symbol, True, True, True)
    assert listed["contractSize"] == size
    assert listed["created"] == pd.Timestamp("2022-11-24").value // 1_000_000
    inverse = next(row for row in markets.values() if row["id"] == INVERSE[venue])
    assert inverse["inverse"] is True and inverse["linear"] is False
    assert next(row for row in markets.values() if "GONE" in row["id"])["active"] is False


@pytest.mark.parametrize(("venue", "name", "unified", "symbol", "size"), LISTED)
def test_candles_are_the_markets_own(
    url: str, market: Market, venue: str, name: str, unified: str, symbol: str, size: float
) -> None:
    got = at_now(name, url).fetch_ohlcv(unified, "1h", since=FIRST_CANDLE_MS + 5 * HOUR_MS, limit=100)
    expected = rows_of(market, "candles_1h", venue, symbol).iloc[5:105]
    assert [row[0] for row in got] == stamps(expected["open_time"])
    for at, column in enumerate(("open", "high", "low", "close"), 1):
        assert [row[at] for row in got] == expected[column].tolist()
    volumes = expected["base_volume"] / (size if venue == "gate" else 1.0)  # ccxt leaves Gate's contracts as they are
    assert [row[5] for row in got] == pytest.approx(volumes.tolist(), rel=1e-12)


@pytest.mark.parametrize(("venue", "name", "unified", "symbol", "size"), LISTED)
def test_the_newest_settlements_are_the_markets_own(
    url: str, market: Market, venue: str, name: str, unified: str, symbol: str, size: float
) -> None:
    expected = rows_of(market, "funding_rates", venue, symbol).iloc[-20:]
    since = stamps(expected["settled_at"])[0]
    got = at_now(name, url).fetch_funding_rate_history(unified, since=since, limit=20)
    assert [row["timestamp"] for row in got] == stamps(expected["settled_at"])
    assert [row["fundingRate"] for row in got] == expected["funding_rate"].tolist()


def test_kraken_gives_an_absolute_rate_beside_the_relative_one(client: httpx.Client, market: Market) -> None:
    answer = client.get(f"{KRAKEN}/derivatives/api/v4/historicalfundingrates", params={"symbol": "PF_SOLUSD"}).json()
    funding = rows_of(market, "funding_rates", "kraken", "PF_SOLUSD")
    assert len(answer["rates"]) == len(funding)  # all of it in one answer
    last, price = answer["rates"][-1], rows_of(market, "candles_1h", "kraken", "PF_SOLUSD").iloc[-2].close
    assert last["relativeFundingRate"] == funding.iloc[-1].funding_rate
    assert last["fundingRate"] == pytest.approx(last["relativeFundingRate"] * price)
    assert last["timestamp"] == funding.iloc[-1].settled_at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def test_open_interest(url: str, market: Market) -> None:
    newest = {venue: rows_of(market, "open_interest", venue, symbol).iloc[-1] for venue, _, _, symbol, _ in LISTED}
    assert at_now("okx", url).fetch_open_interest("SOL/USDT:USDT")["info"]["oiCcy"] == str(
        newest["okx"].open_interest_base
    )
    assert at_now("bitget", url).fetch_open_interest("SOL/USDT:USDT")["openInterestAmount"] == (
        newest["bitget"].open_interest_base
    )
    ticker = at_now("krakenfutures", url).fetch_tickers(["SOL/USD:USD"])["SOL/USD:USD"]
    assert float(ticker["info"]["openInterest"]) == newest["kraken"].open_interest_base
    rows = rows_of(market, "open_interest", "gate", "SOL_USDT").iloc[-50:]
    gate = at_now("gate", url).fetch_open_interest_history("SOL/USDT:USDT", "1h", since=stamps(rows.observed_at)[0])
    assert [row["timestamp"] for row in gate] == stamps(rows.observed_at)[: len(gate)] and len(gate) == 30
    assert [row["openInterestAmount"] * 0.0001 for row in gate] == pytest.approx(rows.open_interest_base.tolist()[:30])
    rows = rows_of(market, "open_interest", "okx", "SOL-USDT-SWAP").iloc[-50:]
    okx = at_now("okx", url).fetch_open_interest_history("SOL/USDT:USDT", "1h", since=stamps(rows.observed_at)[0])
    assert [row["timestamp"] for row in okx] == stamps(rows.observed_at)


def test_okx_pages_are_newest_first_between_cursors_that_do_not_belong(client: httpx.Client, market: Market) -> None:
    times = stamps(rows_of(market, "funding_rates", "okx", "SOL-USDT-SWAP")["settled_at"])
    path, ask = f"{OKX}/public/funding-rate-history", {"instId": "SOL-USDT-SWAP"}

    def asked(**parameters: Any) -> list[int]:
        answer = client.get(path, params=ask | parameters).json()
        assert (answer["code"], answer["msg"]) == ("0", "")
        return [int(row["fundingTime"]) for row in answer["data"]]

    assert asked() == times[::-1][:100]
    assert asked(limit=400) == times[::-1][:100]
    assert asked(after=times[50], limit=3) == [times[49], times[48], times[47]]
    assert asked(before=times[50], limit=3) == [times[53], times[52], times[51]]
    assert asked(before=times[50], after=times[54], limit=2) == [times[53], times[52]]
    candles = {**ask, "bar": "1H", "limit": 1000}
    rows = client.get(f"{OKX}/market/history-candles", params=candles).json()["data"]
    assert len(rows) == N_CANDLES and int(rows[0][0]) == NOW_MS
    assert float(rows[0][5]) * 0.01 == pytest.approx(float(rows[0][6]))  # contracts, coins
    edges = {"begin": NOW_MS - 8 * HOUR_MS, "end": NOW_MS + 1, "period": "4H"}
    points = client.get(f"{OKX}/rubik/stat/contracts/open-interest-history", params=ask | edges).json()["data"]
    assert [int(row[0]) for row in points] == [NOW_MS - 2 * HOUR_MS, NOW_MS - 6 * HOUR_MS]


def test_bitget_counts_its_pages(client: httpx.Client, market: Market) -> None:
    times = stamps(rows_of(market, "funding_rates", "bitget", "SOLUSDT")["settled_at"])[::-1]
    path, ask = f"{BITGET}/history-fund-rate", {"symbol": "SOLUSDT", "productType": "USDT-FUTURES"}

    def asked(**parameters: Any) -> list[int]:
        answer = client.get(path, params=ask | parameters).json()
        assert (answer["code"], answer["msg"]) == ("00000", "success")
        return [int(row["fundingTime"]) for row in answer["data"]]

    assert asked() == times[:20]
    assert asked(pageSize=500) == times[:100]
    assert asked(pageSize=100, pageNo=3) == times[200:300]
    assert asked(pageSize=100, pageNo=len(times) // 100 + 1) == times[len(times) // 100 * 100 :]
    assert asked(pageSize=100, pageNo=len(times) // 100 + 2) == []
    edges = {"granularity": "1H", "startTime": NOW_MS - 5 * HOUR_MS, "endTime": NOW_MS}
    rows = client.get(f"{BITGET}/history-candles", params=ask | edges | {"limit": 2}).json()["data"]
    assert [int(row[0]) for row in rows] == [NOW_MS - 2 * HOUR_MS, NOW_MS - HOUR_MS]  # up to the end, without it
    wide = client.get(f"{BITGET}/history-candles", params=ask | edges | {"startTime": NOW_MS - 91 * DAY_MS})
    assert (wide.status_code, wide.json()["code"]) == (400, "40017")


def test_gate_writes_seconds_and_contracts(client: httpx.Client, market: Market) -> None:
    times = [t // 1000 for t in stamps(rows_of(market, "funding_rates", "gate", "SOL_USDT")["settled_at"])]
    path, ask = f"{GATE}/funding_rate", {"contract": "SOL_USDT"}

    def asked(**parameters: Any) -> list[int]:
        return [row["t"] for row in client.get(path, params=ask | parameters).json()]

    assert asked() == times[::-1][:100]
    assert asked(limit=1000) == times[::-1][:100]
    assert asked(**{"from": times[4], "to": times[9], "limit": 3}) == [times[9], times[8], times[7]]
    assert asked(**{"from": times[4], "limit": 3}) == [times[6], times[5], times[4]]
    candles = {**ask, "interval": "1h", "from": NOW_MS // 1000 - 7200, "to": NOW_MS // 1000}
    rows = client.get(f"{GATE}/candlesticks", params=candles).json()
    assert [row["t"] for row in rows] == [NOW_MS // 1000 - 7200, NOW_MS // 1000 - 3600, NOW_MS // 1000]
    last = rows_of(market, "candles_1h", "gate", "SOL_USDT").iloc[-1]
    assert rows[-1]["v"] * 0.0001 == pytest.approx(last.base_volume)
    assert float(rows[-1]["sum"]) == last.quote_volume
    for wrong in ({"limit": 10}, {"from": NOW_MS // 1000 - 2000 * 3600}):
        refused = client.get(f"{GATE}/candlesticks", params=candles | wrong)
        assert (refused.status_code, refused.json()["label"]) == (400, "INVALID_PARAM_VALUE")


def test_kraken_charts(client: httpx.Client) -> None:
    path = f"{KRAKEN}/api/charts/v1/trade/PF_SOLUSD/1h"
    edges = {"from": NOW_MS // 1000 - 7200, "to": NOW_MS // 1000 - 3600}
    answer = client.get(path, params=edges).json()
    assert [row["time"] for row in answer["candles"]] == [NOW_MS - 2 * HOUR_MS, NOW_MS - HOUR_MS]
    assert answer["more_candles"] is False
    assert len(client.get(path).json()["candles"]) == N_CANDLES


UNKNOWN: list[tuple[str, Callable[[Any], Any], type[Exception]]] = [
    ("okx", lambda c: c.public_get_public_funding_rate_history({"instId": "NOPE-USDT-SWAP"}), ccxt.BadSymbol),
    ("okx", lambda c: c.public_get_public_instruments({"instType": "NOPE"}), ccxt.BadRequest),
    (
        "bitget",
        lambda c: c.publicMixGetV2MixMarketHistoryFundRate({"symbol": "NOPE", "productType": "USDT-FUTURES"}),
        ccxt.ExchangeError,
    ),
    ("gate", lambda c: c.publicFuturesGetSettleFundingRate({"settle": "usdt", "contract": "NOPE"}), ccxt.BadSymbol),
    ("gate", lambda c: c.publicFuturesGetSettleFundingRate({"settle": "usdt"}), ccxt.ArgumentsRequired),
    ("krakenfutures", lambda c: c.publicGetHistoricalfundingrates({"symbol": "PF_NOPEUSD"}), ccxt.ExchangeError),
    (
        "krakenfutures",
        lambda c: c.chartsGetPriceTypeSymbolInterval({"price_type": "trade", "symbol": "NOPE", "interval": "1h"}),
        ccxt.ExchangeError,
    ),
]


@pytest.mark.parametrize(("name", "call", "error"), UNKNOWN)
def test_errors_are_those_that_ccxt_knows(url: str, name: str, call: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        call(exchange(name, url))


def test_real_memories_are_short(client: httpx.Client, forgetful: httpx.Client) -> None:
    path, ask = f"{OKX}/public/funding-rate-history", {"instId": "SOL-USDT-SWAP", "after": NOW_MS - 93 * DAY_MS}
    assert len(client.get(path, params=ask).json()["data"]) == 100
    assert forgetful.get(path, params=ask).json()["data"] == []
    old = {"contract": "SOL_USDT", "interval": "1h", "from": NOW_MS // 1000 - 10_001 * 3600}
    ends = {"to": old["from"] + 3600}
    assert client.get(f"{GATE}/candlesticks", params=old | ends).json() == []
    refused = forgetful.get(f"{GATE}/candlesticks", params=old | ends)
    assert refused.status_code == 400 and "too long ago" in refused.json()["message"]


def test_a_symbol_may_hold_anything(market: Market) -> None:
    odd = 'A"\\<b>\u202e币'
    symbols = {symbol: odd for _, _, _, symbol, _ in LISTED}

    def renamed(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(venue_symbol=frame["venue_symbol"].replace(symbols))

    names = ("instruments", "funding_rates", "candles_1h", "open_interest")
    with serving(replace(market, **{name: renamed(market.table(name)) for name in names})) as url:
        get = httpx.Client(base_url=url).get
        funding = get(f"{OKX}/public/funding-rate-history", params={"instId": odd}).json()["data"]
        assert {row["instId"] for row in funding} == {odd}
        ask = {"symbol": odd, "productType": "USDT-FUTURES"}
        assert {row["symbol"] for row in get(f"{BITGET}/history-fund-rate", params=ask).json()["data"]} == {odd}
        assert len(get(f"{GATE}/funding_rate", params={"contract": odd}).json()) == 100
