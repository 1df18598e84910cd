"""The clock of a served market: moved back nothing later is known anywhere, moved to its end all is as it was."""

import io
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pandas as pd
import pyarrow.parquet as pq
import pytest

from simulator.archives.market_archive import kept_history
from simulator.generation.generate import generate
from simulator.market import Market
from simulator.present import Present, at
from tests.pipeline.market import market_server
from tests.unit.simulator.small_market import serving
from warehouse.home import CHECKOUT

EARLIER = datetime(2025, 11, 17, 6, tzinfo=UTC)
MONDAY_MS = int(EARLIER.timestamp() * 1000)
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def tiny() -> Market:
    return generate("tiny")


@pytest.fixture
def url(tiny: Market) -> Iterator[str]:
    with serving(tiny, archive=kept_history(tiny)) as address:
        yield address


def move(url: str, now: str) -> httpx.Response:
    return httpx.post(f"{url}/market/clock", json={"now": now})


def binance(url: str, path: str, **parameters: object) -> list:
    return httpx.get(f"{url}/fapi.binance.com{path}", params={"symbol": "BTCUSDT", **parameters}).json()


def test_moved_back_nothing_later_is_served(url: str) -> None:
    assert move(url, EARLIER.isoformat()).json()["now"] == EARLIER.isoformat()
    candles = binance(url, "/fapi/v1/klines", interval="1h", limit=1500)
    assert candles[-2][0] == MONDAY_MS - HOUR_MS
    *_, unfinished = candles
    assert (unfinished[0], len({*unfinished[1:5]}), float(unfinished[5])) == (MONDAY_MS, 1, 0.0)
    assert binance(url, "/fapi/v1/fundingRate", limit=1000)[-1]["fundingTime"] <= MONDAY_MS
    assert binance(url, "/futures/data/openInterestHist", period="4h", limit=500)[-1]["timestamp"] <= MONDAY_MS
    assert httpx.get(f"{url}/api.bybit.com/v5/market/time").json()["time"] == MONDAY_MS
    coins = httpx.get(f"{url}/api.coingecko.com/api/v3/coins/markets?vs_currency=usd").json()
    assert [coin["market_cap_rank"] for coin in coins] == list(range(1, 9))
    assert {coin["last_updated"] for coin in coins} == {"2025-11-17T06:00:00.000Z"}
    file, *books = httpx.get(f"{url}/market/archive").json()["files"]
    assert [book["path"] for book in books] == [
        f"order_book_depth/{v}.parquet" for v in ("binance", "bybit", "coinbase")
    ]
    table = pq.read_table(io.BytesIO(httpx.get(f"{url}/market/archive/{file['path']}").content))
    assert table.num_rows == file["rows"]
    assert max(table["observed_at"].to_pylist()) <= EARLIER.replace(tzinfo=None)


def test_the_list_of_an_earlier_present_has_the_prices_of_its_hour(tiny: Market) -> None:
    coins = at(tiny, EARLIER).market_caps
    listed = coins[coins["rank"].notna()].set_index("asset_id")
    hour = int(
        (pd.Timestamp(EARLIER.replace(tzinfo=None)) - pd.Timestamp(tiny.truth["model"].starts_at)).total_seconds()
        // 3600
    )
    prices = {a.asset_id: p for a, p in zip(tiny.truth["model"].assets, tiny.truth["model"].prices[hour], strict=True)}
    assert listed["price_usd"].to_dict() == pytest.approx(prices)
    assert (listed["market_cap_usd"] / listed["circulating_supply"]).to_numpy() == pytest.approx(listed["price_usd"])
    assert listed["market_cap_usd"].is_monotonic_decreasing


def test_moved_to_its_end_everything_is_as_it_was(url: str, tiny: Market) -> None:
    path = "/api.coingecko.com/api/v3/coins/markets?vs_currency=usd"
    before = [binance(url, "/fapi/v1/klines", interval="1h", limit=1500), httpx.get(url + path).json()]
    move(url, EARLIER.isoformat())
    assert binance(url, "/fapi/v1/klines", interval="1h", limit=1500) != before[0]
    move(url, tiny.clock.now.isoformat())
    assert [binance(url, "/fapi/v1/klines", interval="1h", limit=1500), httpx.get(url + path).json()] == before
    assert Present(tiny).market is tiny


@pytest.mark.parametrize("now", ["2025-11-24T07:00:00+00:00", "2025-11-03T00:00:00", "tomorrow", None])
def test_a_present_that_the_market_does_not_reach_is_refused(url: str, now: str) -> None:
    answer = move(url, now)
    assert answer.status_code == 400
    assert "not a present" in answer.text


def test_what_is_listed_later_is_not_listed_and_what_ended_later_was_active(full_market) -> None:
    full = full_market
    earlier = at(full, datetime(2025, 7, 7, 6, tzinfo=UTC))
    moment = pd.Timestamp(2025, 7, 7, 6)
    keys = ["venue", "market_type", "venue_symbol"]
    later = full.instruments[full.instruments["listed_at"] > moment]
    assert len(later)
    assert earlier.instruments.merge(later, on=keys).empty
    known = earlier.instruments.merge(full.instruments, on=keys, suffixes=("", "_later"))
    ended = known[~known["is_active_later"].astype(bool)]
    assert len(ended)
    spans = full.candles_1h.astype(dict.fromkeys(keys, str)).groupby(keys)["open_time"].max()
    last = spans.reindex(pd.MultiIndex.from_frame(ended[keys])).to_numpy()
    assert (ended["is_active"].to_numpy() == (last > moment.to_datetime64())).all()
    for name, time in (("candles_1h", "open_time"), ("funding_rates", "settled_at"), ("macro_series", "released_at")):
        assert earlier.table(name)[time].max() <= moment


def test_the_command_line_starts_at_an_earlier_present() -> None:
    with market_server("--market", "tiny", "--now", "2025-11-17T06:00") as url:
        assert httpx.get(f"{url}/market/clock").json()["now"] == EARLIER.isoformat()
    command = [sys.executable, "-m", "simulator", "serve", "--market", "tiny", "--now", "2030-01-01"]
    ended = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1 and "2025-11-24T06:00" in ended.stderr
