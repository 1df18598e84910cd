"""Edits of a served market's tables, seen through the venues' dialects."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pyarrow.parquet as pq
import pytest

from simulator.archives.market_archive import kept_history
from simulator.generation.generate import generate
from tests.unit.simulator.small_market import serving

FIRST, LAST = "2025-11-12T10:00:00", "2025-11-12T11:00:00"
FIRST_MS = int(datetime(2025, 11, 12, 10, tzinfo=UTC).timestamp() * 1000)
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    tiny = generate("tiny")
    with serving(tiny, archive=kept_history(tiny)) as address:
        yield address


@pytest.fixture
def url(served: str) -> Iterator[str]:
    yield served
    httpx.delete(f"{served}/market/edits").raise_for_status()


def edit(url: str, kind: str, **more: object) -> httpx.Response:
    asked = {"dataset": "candles", "venue": "binance", "series": "BTCUSDT", "from": FIRST, "to": LAST, "edit": kind}
    return httpx.post(f"{url}/market/edits", json={name: value for name, value in (asked | more).items() if value})


def candles(url: str, symbol: str = "BTCUSDT", low: int = -1, high: int = 3) -> list[list[float]]:
    """Open time (hours after the first edited), open, high, low, close of a few hours."""
    window = {"startTime": FIRST_MS + low * HOUR_MS, "endTime": FIRST_MS + (high - 1) * HOUR_MS}
    asked = {"symbol": symbol, "interval": "1h", **window}
    rows = httpx.get(f"{url}/fapi.binance.com/fapi/v1/klines", params=asked).json()
    return [[(row[0] - FIRST_MS) / HOUR_MS, *map(float, row[1:5])] for row in rows]


def test_rows_that_are_edited_and_those_beside_them(url: str) -> None:
    before = candles(url)
    assert [row[0] for row in before] == [-1, 0, 1, 2]
    assert edit(url, "drop").status_code == 200
    assert candles(url) == [before[0], before[3]]
    httpx.delete(f"{url}/market/edits")
    assert candles(url) == before
    edit(url, "scale:1.01", column="close")
    assert [row[4] for row in candles(url)[1:3]] == pytest.approx([row[4] * 1.01 for row in before[1:3]])
    assert [row[:4] for row in candles(url)] == [row[:4] for row in before]
    assert candles(url)[3] == before[3]


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("negative", lambda row: row[1] < 0 and row[4] < 0),
        ("absurd", lambda row: row[4] == 1e18),
        ("nan", lambda row: row[4] != row[4]),
        ("high_below_low", lambda row: row[2] < row[3]),
    ],
)
def test_values_that_cannot_be(url: str, kind: str, found: object) -> None:
    edit(url, kind)
    assert [bool(found(row)) for row in candles(url)] == [False, True, True, False]  # type: ignore[operator]


def test_rows_twice_late_and_anothers(url: str) -> None:
    before, others = candles(url), candles(url, "ETHUSDT")
    edit(url, "duplicate")
    assert [row[0] for row in candles(url)] == [-1, 0, 0, 1, 1, 2]
    httpx.delete(f"{url}/market/edits")
    edit(url, "rows_of:ETHUSDT")
    assert candles(url) == [before[0], others[1], others[2], before[3]]
    assert candles(url, "ETHUSDT") == others
    httpx.delete(f"{url}/market/edits")
    edit(url, "shift_hours:2", series="*", **{"from": None, "to": None})
    assert candles(url, low=2, high=4) == [[row[0] + 2, *row[1:]] for row in before[1:3]]


def test_a_second_name_and_no_name(url: str) -> None:
    before = candles(url)
    edit(url, "alias:BTCUSDT2", dataset="instruments", market_type="perp", **{"from": None, "to": None})
    assert candles(url, "BTCUSDT2") == candles(url) == before
    listed = httpx.get(f"{url}/fapi.binance.com/fapi/v1/exchangeInfo").json()["symbols"]
    assert {row["baseAsset"] for row in listed if row["symbol"].startswith("BTCUSDT")} == {"BTC"}
    httpx.delete(f"{url}/market/edits")
    edit(url, "vanish", dataset="instruments", market_type="perp", **{"from": None, "to": None})
    asked = {"symbol": "BTCUSDT", "interval": "1h"}
    assert httpx.get(f"{url}/fapi.binance.com/fapi/v1/klines", params=asked).json()["code"] == -1121
    assert httpx.get(f"{url}/api.binance.com/api/v3/klines", params=asked).status_code == 200


def test_the_archive_is_edited_too(url: str) -> None:
    def interest() -> list[float]:
        content = httpx.get(f"{url}/market/archive/open_interest/hyperliquid.parquet").content
        return pq.read_table(io.BytesIO(content))["open_interest_usd"].to_pylist()

    before = interest()
    done = edit(
        url, "scale:1000", dataset="open_interest", venue="hyperliquid", series="BTC", **{"from": None, "to": None}
    )
    assert done.json()["edits"][0]["kind"] == "scale"
    assert interest() == pytest.approx([1000 * value for value in before])


@pytest.mark.parametrize(
    "wrong",
    [
        {"edit": "wish"}, {"edit": "scale:x"}, {"edit": "alias"}, {"dataset": "ticks"}, {"column": "bid"},
        {"series": "NOSUCH"}, {"from": "later"}, {"colour": "red"}, {"dataset": "instruments", "edit": "drop"},
    ],
)  # fmt: skip
def test_an_edit_that_is_none_is_refused_and_changes_nothing(url: str, wrong: dict[str, str]) -> None:
    before = candles(url)
    answer = edit(url, **{"kind": "drop"} | {"kind" if k == "edit" else k: v for k, v in wrong.items()})
    assert answer.status_code == 400 and "not an edit" in answer.text
    assert candles(url) == before
