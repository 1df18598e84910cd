"""Faults of answers: what a caller gets instead of the answer, how often, and for which of its questions."""

import time
from collections.abc import Iterator

import httpx
import pytest

from tests.unit.simulator.small_market import make_market, serving

CANDLES = "/fapi.binance.com/fapi/v1/klines?interval=1h&limit=50&symbol="


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    with serving(make_market()) as address:
        yield address


@pytest.fixture
def url(served: str) -> Iterator[str]:
    yield served
    httpx.delete(f"{served}/market/faults").raise_for_status()


def add(url: str, kind: str, host: str = "fapi.binance.com", **more: object) -> None:
    httpx.post(f"{url}/market/faults", json={"host": host, "kind": kind, **more}).raise_for_status()


def rows(url: str, symbol: str = "BTCUSDT", more: str = "") -> list:
    return httpx.get(url + CANDLES + symbol + more).json()


def test_a_status_with_and_without_a_wait(url: str) -> None:
    add(url, "status:429:retry_after=7", times=1)
    add(url, "status:418", times=1)
    first, second, third = (httpx.get(f"{url}{CANDLES}BTCUSDT") for _ in range(3))
    assert (first.status_code, first.headers["retry-after"]) == (429, "7")
    assert (second.status_code, second.headers.get("retry-after")) == (418, None)
    assert third.status_code == 200


def test_a_body_that_ends_too_soon(url: str) -> None:
    whole = httpx.get(f"{url}{CANDLES}BTCUSDT").content
    add(url, "truncated", times=1)
    half = httpx.get(f"{url}{CANDLES}BTCUSDT")
    assert half.status_code == 200
    assert half.content == whole[: len(whole) // 2]
    add(url, "reset", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{url}{CANDLES}BTCUSDT")
    assert httpx.get(f"{url}{CANDLES}BTCUSDT").content == whole


def test_pages_that_are_not_the_ones_asked_for(url: str) -> None:
    before = rows(url)
    first, last = before[0][0], before[-1][0]
    add(url, "empty", times=1)
    assert rows(url) == []
    assert rows(url) == before
    add(url, "out_of_order", times=1)
    shuffled = rows(url)
    assert shuffled != before and sorted(shuffled) == before
    add(url, "repeat")
    window = f"&startTime={first}&endTime={last - 1}"
    assert rows(url, more=window) == rows(url) == before[:-1]
    assert rows(url, "1000PEPEUSDT") != rows(url)


def test_rows_within_an_answer_are_found(url: str) -> None:
    add(url, "empty", host="api.bybit.com")
    answer = httpx.get(f"{url}/api.bybit.com/v5/market/kline?category=linear&symbol=BTCUSDT&interval=60").json()
    assert (answer["retCode"], answer["result"]["symbol"], answer["result"]["list"]) == (0, "BTCUSDT", [])


@pytest.mark.parametrize("kind", ["endless", "endless:slow"])
def test_a_body_without_end_ends_with_the_caller(url: str, kind: str) -> None:
    add(url, kind, times=1)
    with httpx.stream("GET", f"{url}{CANDLES}BTCUSDT") as answer:
        pieces = answer.iter_raw()
        received = sum(len(next(pieces)) for _ in range(5))
    assert received > 3
    start = time.perf_counter()
    assert rows(url)
    assert time.perf_counter() - start < 1


def test_only_the_questions_that_are_meant(url: str) -> None:
    add(url, "status:500", path="/fapi/v1/klines", query="symbol=1000PEPEUSDT", after=1, times=2)
    assert rows(url)
    codes = [httpx.get(f"{url}{CANDLES}1000PEPEUSDT").status_code for _ in range(4)]
    assert codes == [200, 500, 500, 200]
    add(url, "status:500", after=1, times=2)
    rows(url)
    (shown,) = httpx.get(f"{url}/market/faults").json()["faults"]
    assert (shown["kind"], shown["after"], shown["times"]) == ("status:500", 0, 2)
