"""Ratios of accounts and liquidations of the simulated market, and the dialects that tell them, read by ccxt itself."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import numpy as np
import pandas as pd
import pytest

from simulator.generation.generate import generate
from simulator.generation.truth import truth
from simulator.market import Market
from simulator.server import Options
from tests.unit.simulator.small_market import serving
from tests.unit.simulator.test_dialects_ccxt import exchange
from tests.unit.simulator.test_dialects_futures import at_now, stamps

HOUR_MS = 3_600_000
RATIOS = [
    ("binanceusdm", "binance", "BTC/USDT:USDT", "BTCUSDT"),
    ("bybit", "bybit", "BTC/USDT:USDT", "BTCUSDT"),
    ("okx", "okx", "BTC/USDT:USDT", "BTC-USDT-SWAP"),
    ("bitget", "bitget", "BTC/USDT:USDT", "BTCUSDT"),
]


@pytest.fixture(scope="module")
def full(full_market) -> Market:
    return full_market


@pytest.fixture(scope="module")
def market(full: Market) -> Market:
    """The full market's ratios, at every venue that counts accounts; lists of the market for pagers."""
    listed = generate("paging").instruments
    ratios = full.long_short_ratios
    ours = ratios[(ratios["venue"] == "binance") & (ratios["venue_symbol"] == "BTCUSDT")]
    copies = [ours.assign(venue=venue, venue_symbol=symbol) for _, venue, _, symbol in RATIOS]
    gate = full.instruments[full.instruments["venue"] == "gate"]
    return replace(
        full,
        instruments=pd.concat([listed[listed["venue"] != "gate"], gate], ignore_index=True),
        candles_1h=full.candles_1h.iloc[:0],
        funding_rates=full.funding_rates.iloc[:0],
        open_interest=full.open_interest.iloc[:0],
        market_caps=full.market_caps.iloc[:0],
        long_short_ratios=pd.concat(copies, ignore_index=True),
    )


@pytest.fixture(scope="module")
def url(market: Market) -> Iterator[str]:
    with serving(market) as address:
        yield address


@pytest.fixture(scope="module")
def forgetful(market: Market) -> Iterator[httpx.Client]:
    with serving(market, Options(has_real_retention=True)) as address, httpx.Client(base_url=address) as http:
        yield http


def ratio_rows(market: Market, venue: str) -> pd.DataFrame:
    rows = market.long_short_ratios
    return rows[rows["venue"] == venue].reset_index(drop=True)


@pytest.mark.parametrize(("name", "venue", "unified", "symbol"), RATIOS)
def test_ccxt_reads_the_markets_own_ratios(url: str, market: Market, name: str, venue: str, unified: str, symbol: str):
    rows = ratio_rows(market, venue)
    times = stamps(rows["observed_at"])
    if venue == "bitget":
        expected = rows.tail(len(rows))
        got = exchange(name, url).fetch_long_short_ratio_history(unified, "4h")
    elif venue == "bybit":
        expected = rows.tail(300)
        got = exchange(name, url).fetch_long_short_ratio_history(unified, "4h", limit=300)[::-1]
        got = sorted(got, key=lambda row: row["timestamp"])
    else:
        expected = rows.iloc[10:110]
        params = {"until": times[109]}
        got = at_now(name, url).fetch_long_short_ratio_history(unified, "4h", since=times[10], limit=100, params=params)
    assert [row["timestamp"] for row in got] == stamps(expected["observed_at"])
    if venue in ("binance", "okx"):
        assert [float(row["longShortRatio"]) for row in got] == expected["long_short_account_ratio"].tolist()
    elif venue == "bitget":  # as documented, a hundredth
        ratios = [float(row["longShortRatio"]) * 100 for row in got]
        assert ratios == pytest.approx(expected["long_short_account_ratio"].tolist(), abs=0.0051)
    else:
        shares = [(float(row["info"]["buyRatio"]), float(row["info"]["sellRatio"])) for row in got]
        assert all(abs(long + short - 1) < 1e-9 for long, short in shares)
        ratios = [long / short for long, short in shares]
        assert ratios == pytest.approx(expected["long_short_account_ratio"].tolist(), rel=1e-3)


def test_bybits_cursor_goes_on_where_the_page_ended(url: str, market: Market):
    times = stamps(ratio_rows(market, "bybit")["observed_at"])[::-1]
    path, ask = "/api.bybit.com/v5/market/account-ratio", {"category": "linear", "symbol": "BTCUSDT", "period": "4h"}
    with httpx.Client(base_url=url) as http:
        first = http.get(path, params=ask | {"limit": 999}).json()["result"]
        assert [int(row["timestamp"]) for row in first["list"]] == times[:500]
        second = http.get(path, params=ask | {"limit": 999, "cursor": first["nextPageCursor"]}).json()["result"]
        assert [int(row["timestamp"]) for row in second["list"]] == times[500:1000]
        assert http.get(path, params=ask | {"period": "3h"}).json()["retCode"] == 10001


def test_venues_forget_accounts_after_30_days_if_told_to(forgetful: httpx.Client, market: Market):
    now_ms = int(market.clock.now.timestamp() * 1000)
    oldest = now_ms - 30 * 24 * HOUR_MS
    ask = {"symbol": "BTCUSDT", "period": "4h", "limit": 500}
    path = "/fapi.binance.com/futures/data/globalLongShortAccountRatio"
    assert forgetful.get(path, params=ask | {"startTime": oldest - 1}).json()["code"] == -1130
    kept = [row["timestamp"] for row in forgetful.get(path, params=ask).json()]
    expected = [t for t in stamps(ratio_rows(market, "binance")["observed_at"]) if t >= oldest]
    assert kept == expected
    answer = forgetful.get("/api.bitget.com/api/v2/mix/market/account-long-short", params=ask).json()
    assert [int(row["ts"]) for row in answer["data"]] == expected


def test_ccxt_reads_gates_liquidations(url: str, market: Market):
    rows = market.liquidations[market.liquidations["venue_symbol"] == "BTC_USDT"].tail(40)
    got = exchange("gate", url).fetch_liquidations("BTC/USDT:USDT", limit=40)
    got = sorted(got, key=lambda row: (row["timestamp"], row["baseValue"]))
    rows = rows.sort_values(["liquidated_at", "quantity"])
    assert [row["timestamp"] for row in got] == stamps(rows["liquidated_at"])
    assert [row["baseValue"] for row in got] == pytest.approx(rows["quantity"].tolist(), rel=1e-9)
    assert [row["price"] for row in got] == rows["price"].tolist()
    # ccxt names the side of the position that was closed: buy for a long one
    assert [{"buy": "long", "sell": "short"}[row["side"]] for row in got] == rows["side"].tolist()


def test_gate_answers_for_an_hour_at_a_time_and_for_all_contracts(url: str, market: Market):
    path = "/api.gateio.ws/api/v4/futures/usdt/liq_orders"
    rows = market.liquidations
    hour = rows["liquidated_at"].dt.floor("h").mode()[0]
    first = int(hour.timestamp())
    inside = rows[
        (rows["liquidated_at"] >= hour) & (rows["liquidated_at"] <= hour + pd.Timedelta(minutes=59, seconds=59))
    ]
    with httpx.Client(base_url=url) as http:
        got = http.get(path, params={"from": first, "to": first + 3599, "limit": 1000}).json()
        assert len(got) == len(inside) > 5 and {row["contract"] for row in got} == set(inside["venue_symbol"])
        assert [row["time"] for row in got] == sorted((row["time"] for row in got), reverse=True)
        assert len(http.get(path, params={"from": first, "to": first + 3600, "limit": 3}).json()) == 3
        wide = http.get(path, params={"from": first, "to": first + 3601})
        assert (wide.status_code, wide.json()["message"]) == (400, "range from/to must in 1 hour")
        assert http.get(path, params={"contract": "NO_USDT"}).json()["label"] == "CONTRACT_NOT_FOUND"


def test_the_truth_is_that_of_the_tables(full: Market):
    known = truth(full)
    rows = full.liquidations.assign(usd=full.liquidations["price"] * full.liquidations["quantity"])
    week = rows["liquidated_at"].sub(pd.Timedelta(seconds=1)).dt.to_period("W-SUN").dt.start_time
    for side in ("long", "short"):
        mine = rows["side"] == side
        sums = rows[mine].groupby(week[mine])["usd"].sum()
        stated = known.liquidations.groupby("week_start")[f"{side}_usd"].sum()
        assert np.allclose(sums.reindex(stated.index, fill_value=0.0), stated, rtol=1e-9)
    ratios = known.long_short["long_short_account_ratio"]
    assert ratios.between(0.2, 10).all() and ratios.std() > 0.2


def test_some_are_alike_but_for_their_amount_and_the_tiny_market_has_none(full: Market):
    key = ["venue_symbol", "liquidated_at", "side", "price"]
    assert full.liquidations.duplicated(key).sum() > 50
    tiny = generate("tiny")
    assert tiny.liquidations.empty and "gate" not in set(tiny.instruments["venue"])
    assert set(tiny.long_short_ratios["venue"]) == {"binance", "bybit"}


def test_the_fed_funds_rate_prices_the_december_cut_at_30_percent(full: Market):
    rates = full.macro_series[full.macro_series["series"] == "DFF"].set_index("reference_date")["value"].dropna()
    assert (rates["2025-09-17"], rates["2025-09-18"], rates["2025-10-30"], rates["2025-11-21"]) == (
        4.33,
        4.08,
        3.88,
        3.88,
    )
    assert rates["2025-10-01":"2025-10-29"].between(4.09, 4.12).all()
    prices = full.asset_class_prices
    future = prices[(prices["series"] == "ZQZ25.CBT") & (prices["close_date"] == "2025-11-21")]["close"].item()
    day, days, average = 10, 31, 100 - future
    end = (average - day / days * rates["2025-11-21"]) * days / (days - day)
    assert round(100 * (rates["2025-11-21"] - end) / 0.25) == 30
