"""Providers of reference data: their files as they write them, and what is made of files that are something else."""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from ingestion.http.fetch import IMPATIENT, Malformed, NotOffered, Patience, Refused, Task, Throttle, Unreachable, run
from ingestion.ingest import ingest
from ingestion.references import PROVIDERS, fred, mof, yahoo
from ingestion.references.meetings import meeting_futures
from ingestion.references.provider import FetchContext, get_once
from ingestion.sources.opening import served
from ingestion.universe import Universe
from simulator.server import Options
from tests.unit.simulator.small_market import make_market, serving
from tests.unit.warehouse.batches import no_guard
from warehouse.database import connect
from warehouse.loading import load_landed
from warehouse.source import Source

STARTS = datetime(2025, 3, 31, tzinfo=UTC)
NOW = datetime(2025, 11, 24, 6, tzinfo=UTC)
QUICK = Patience(attempts=3, first_wait_s=0.001, longest_wait_s=0.05, longest_asked_wait_s=0.05)


def response(text: str) -> httpx.Response:
    return httpx.Response(200, text=text, request=httpx.Request("GET", "http://office/file"))


async def answers(provider: str, dataset: str, pages: Any, **options: Any) -> dict[str, Any]:
    """Ask everything that is due; the rows of each series, or the reason why there are none."""
    source = options.pop("source", Source("simulated", "http://server", STARTS, NOW))
    covered = options.pop("covered", {})
    found: dict[str, Any] = {}
    async with httpx.AsyncClient(transport=httpx.MockTransport(pages)) as http:
        context = FetchContext(
            dataset, source, Universe.read().references[provider], Throttle(provider, QUICK), http, NOW,
            covered.get, lambda series: covered.get(series, STARTS) < NOW, **options,
        )  # fmt: skip
        tasks: list[Task] = PROVIDERS[provider].tasks(context)
        async for outcome in run(tasks):
            answer = outcome.answer
            found[outcome.task.series] = outcome.reason if answer is None else answer.rows.to_pylist()
    return found


def coin(name: str, rank: int, supply: float | None) -> dict[str, Any]:
    return {
        "id": name, "symbol": name[:3], "name": name.title(), "current_price": 2.0, "market_cap": 2.0 * (supply or 0),
        "market_cap_rank": rank, "total_volume": 5, "circulating_supply": supply,
        "last_updated": "2025-11-24T05:59:12.345Z",
    }  # fmt: skip


class Gecko:
    """The coins' list in pages of 250, and a daily history per coin."""

    def __init__(self, n_coins: int, broken: frozenset[str] = frozenset()) -> None:
        self.coins = [coin(f"coin{i}", i + 1, 100.0 + i) for i in range(n_coins)]
        self.broken = broken
        self.ranges: dict[str, tuple[int, int]] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path, q = request.url.path, request.url.params
        if path.endswith("/coins/markets"):
            assert q["vs_currency"] == "usd"
            size, page = int(q["per_page"]), int(q["page"])
            return httpx.Response(200, json=self.coins[(page - 1) * size : page * size])
        name = path.split("/")[-3]
        if name in self.broken:
            return httpx.Response(500)
        self.ranges[name] = (int(q["from"]), int(q["to"]))
        days = [d * 1000 for d in range(int(q["from"]) // 86400 * 86400 + 86400, int(q["to"]) + 1, 86400)]
        return httpx.Response(200, json={
            "prices": [[d, 4.0] for d in days],
            "market_caps": [[d, 4.0 * 1000 if d != days[0] else 0] for d in days],
            "total_volumes": [[d, 7.0] for d in days],
        })  # fmt: skip


async def test_coingecko_lists_ranks_and_derives_supplies():
    gecko = Gecko(3)
    found = await answers("coingecko", "market_caps", gecko)
    assert [(r["provider_asset_id"], r["symbol"], r["rank"], r["circulating_supply"]) for r in found["*"]] == [
        ("coin0", "COI", 1, 100.0), ("coin1", "COI", 2, 101.0), ("coin2", "COI", 3, 102.0),
    ]  # fmt: skip
    assert found["*"][0]["observed_at"] == datetime(2025, 11, 24, 5, 59, 12, 345000)
    history = found["coin1"]
    assert [r["observed_at"] for r in history] == [datetime(2025, 4, 1) + timedelta(days=i) for i in range(238)]
    assert [r["circulating_supply"] for r in history] == [None] + [1000.0] * 237
    assert {(r["rank"], r["price_usd"], r["symbol"]) for r in history} == {(None, 4.0, "COI")}


async def test_coingecko_asks_for_the_largest_coins_only():
    found = await answers("coingecko", "market_caps", Gecko(400))
    assert len(found["*"]) == 250 and len(found) == 251


async def test_coingecko_short_ranges_are_lengthened_so_that_days_come_and_not_hours():
    gecko = Gecko(1)
    week_ago = NOW - timedelta(days=7)
    await answers("coingecko", "market_caps", gecko, covered={"coin0": week_ago, "*": week_ago})
    assert gecko.ranges["coin0"] == ((NOW - timedelta(days=95)).timestamp(), NOW.timestamp())


async def test_coingecko_without_a_key_goes_a_year_back():
    gecko = Gecko(1)
    old = Source("replay", "http://server", datetime(2019, 1, 1, tzinfo=UTC), NOW)
    await answers("coingecko", "market_caps", gecko, source=old, has_real_retention=True)
    assert NOW.timestamp() - gecko.ranges["coin0"][0] < 365 * 86400
    await answers("coingecko", "market_caps", gecko, source=old, has_real_retention=False)
    assert gecko.ranges["coin0"][0] == datetime(2019, 1, 1, tzinfo=UTC).timestamp()


async def test_coingecko_one_broken_coin_does_not_stop_the_others_and_is_asked_again():
    gecko = Gecko(5, frozenset({"coin3"}))
    found = await answers("coingecko", "market_caps", gecko)
    assert "HTTP 500" in found["coin3"]
    assert len(found["coin4"]) == 238
    covered = dict.fromkeys(("*", "coin0", "coin1", "coin2", "coin4"), NOW)
    known = tuple((c["id"], "COI", c["name"]) for c in gecko.coins)
    again = await answers("coingecko", "market_caps", Gecko(5), covered=covered, known_series=known)
    assert list(again) == ["coin3"] and len(again["coin3"]) == 238


async def test_coingecko_asks_for_a_gap_again_and_not_for_what_it_keeps_no_longer():
    """What has happened since the last refresh is no gap: it comes with the next one."""
    until, known = NOW - timedelta(days=2), tuple((f"coin{n}", "COI", f"Coin{n}") for n in range(3))
    windows = {
        "coin0": NOW - timedelta(days=200), "coin1": NOW - timedelta(days=400), "coin2": NOW - timedelta(days=1),
    }  # fmt: skip
    gecko = Gecko(3)
    found = await answers(
        "coingecko", "market_caps", gecko, known_series=known, has_real_retention=True,
        covered=dict.fromkeys(windows, until) | {"*": NOW},
        gaps=lambda name: [(windows[name], windows[name] + timedelta(hours=12))],
    )  # fmt: skip
    assert gecko.ranges == {"coin0": (windows["coin0"].timestamp(), NOW.timestamp())}
    assert found["coin1"] == "not kept: the provider keeps only 364 days" and set(found) == {"coin0", "coin1"}


async def test_coingecko_a_coin_that_left_the_list_is_still_asked_for():
    known = (("coin0", "COI", "Coin0"), ("gone", "GON", "Gone"))
    found = await answers("coingecko", "market_caps", Gecko(1), known_series=known)
    assert set(found) == {"*", "coin0", "gone"}
    assert found["gone"][0]["symbol"] == "GON"


def fred_pages(request: httpx.Request) -> httpx.Response:
    name = request.url.params["id"]
    if name == "UNRATE":
        return httpx.Response(404, text="<html>Not Found</html>")
    if name == "PAYEMS":
        return httpx.Response(200, text="<html>busy</html>")
    return httpx.Response(200, text=f"observation_date,{name}\n2025-10-01,4.1\n2025-10-02,.\n2025-10-03,\n")


async def test_fred_keeps_missing_values_of_series_and_not_of_prices():
    found = await answers("fred", "macro_series", fred_pages, offered=("EXTRA",))
    assert [(r["series"], r["reference_date"], r["value"], r["released_at"]) for r in found["DGS10"]] == [
        ("DGS10", date(2025, 10, 1), 4.1, None),
        ("DGS10", date(2025, 10, 2), None, None),
        ("DGS10", date(2025, 10, 3), None, None),
    ]
    assert len(found["EXTRA"]) == 3
    assert found["UNRATE"].startswith("not offered")
    assert "something else than documented" in found["PAYEMS"]
    prices = await answers("fred", "asset_class_prices", fred_pages, offered=("EXTRA",))
    assert [(r["close_date"], r["close"]) for r in prices["SP500"]] == [(date(2025, 10, 1), 4.1)]
    assert "EXTRA" not in prices


@pytest.mark.parametrize("text", ["", "DATE,OTHER\n2025-01-01,1\n", "observation_date,X\n2025-01-01,one\n",
                                  "observation_date,X\n2025-01-0", "observation_date,X\n01/02/2025,1\n"])  # fmt: skip
def test_fred_what_is_not_its_file(text):
    with pytest.raises(ValueError):
        fred.read_csv("X", response(text))


JGB = "Interest Rate,,,,,(Unit : %)\r\nDate,1Y,2Y,10Y,40Y\r\n{rows}"


async def test_mof_reads_its_table_and_says_which_series_it_covers():
    def pages(request: httpx.Request) -> httpx.Response:
        rows = "2025/11/4,0.5,0.9,-,3.4\r\n2025/11/21,0.6,0.95,1.78,3.5\r\n"
        return httpx.Response(200, text=JGB.format(rows=rows if request.url.path.endswith("/jgbcme.csv") else ""))

    found = await answers("mof", "macro_series", pages)
    assert found["* past months"] == []
    rows = {(r["series"], r["reference_date"]): r["value"] for r in found["* this month"]}
    assert rows[("JGB_10Y", date(2025, 11, 4))] is None
    assert rows[("JGB_10Y", date(2025, 11, 21))] == 1.78
    assert rows[("JGB_40Y", date(2025, 11, 4))] == 3.4
    assert len(rows) == 8


async def test_mof_past_months_are_asked_once_a_month():
    def pages(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=JGB.format(rows="2025/11/4,0.5,0.9,-,3.4\r\n"))

    both = {"* past months", "* this month"}
    this_month, last_month = NOW - timedelta(days=7), NOW - timedelta(days=30)
    assert set(await answers("mof", "macro_series", pages, covered=dict.fromkeys(both, this_month))) == {"* this month"}
    assert set(await answers("mof", "macro_series", pages, covered=dict.fromkeys(both, last_month))) == both
    assert await answers("mof", "macro_series", pages, covered=dict.fromkeys(both, NOW)) == {}


@pytest.mark.parametrize("text", ["", "<html>\n<body>", JGB.format(rows="2025-11-04,0.5,0.9,-,3.4\r\n"),
                                  JGB.format(rows="2025/11/4,a,0.9,-,3.4\r\n")])  # fmt: skip
def test_mof_what_is_not_its_file(text):
    with pytest.raises(ValueError):
        mof.read_csv(response(text))


def chart(stamps: list[datetime], closes: list[float | None], zone: str, end: datetime | None = None) -> httpx.Response:
    meta: dict[str, Any] = {"exchangeTimezoneName": zone, "gmtoffset": 0}
    if end:
        meta["currentTradingPeriod"] = {"regular": {"end": end.timestamp()}}
    result = {
        "meta": meta,
        "timestamp": [int(s.timestamp()) for s in stamps],
        "indicators": {"quote": [{"close": closes}]},
    }
    return httpx.Response(
        200, json={"chart": {"result": [result], "error": None}}, request=httpx.Request("GET", "http://y")
    )


def test_yahoo_days_are_those_of_the_market_whatever_the_daylight_saving():
    # Midnight in London is 23:00 UTC in summer and 00:00 in winter.
    stamps = [datetime(2025, 10, 23, 23, tzinfo=UTC), datetime(2025, 10, 27, 0, tzinfo=UTC)]
    closes = yahoo.read_chart(chart(stamps, [1.0, 2.0], "Europe/London"), NOW)
    assert closes == {date(2025, 10, 24): 1.0, date(2025, 10, 27): 2.0}


def test_yahoo_drops_the_day_that_still_trades_and_keeps_days_without_a_close_apart():
    stamps = [datetime(2025, 11, d, 14, 30, tzinfo=UTC) for d in (20, 21, 24)]
    trading, closed = datetime(2025, 11, 24, 18, tzinfo=UTC), datetime(2025, 11, 24, 22, tzinfo=UTC)
    end = datetime(2025, 11, 24, 21, tzinfo=UTC)
    answer = chart(stamps, [1.0, None, 3.0], "America/New_York", end)
    assert yahoo.read_chart(answer, trading) == {date(2025, 11, 20): 1.0, date(2025, 11, 21): None}
    assert yahoo.read_chart(answer, closed) == {
        date(2025, 11, 20): 1.0,
        date(2025, 11, 21): None,
        date(2025, 11, 24): 3.0,
    }


async def test_yahoo_refusing_blocks_nothing():
    def pages(request: httpx.Request) -> httpx.Response:
        return httpx.Response(429, headers={"Retry-After": "3600"})

    found = await answers("yahoo", "asset_class_prices", pages)
    assert found and all(isinstance(reason, str) for reason in found.values())


async def test_yahoo_is_asked_for_all_days_of_a_series_also_for_those_that_are_known():
    asked: dict[str, int] = {}

    def pages(request: httpx.Request) -> httpx.Response:
        asked[request.url.path.rsplit("/", 1)[-1]] = int(request.url.params["period1"])
        return chart([], [], "America/New_York")

    await answers("yahoo", "asset_class_prices", pages, covered={"USO": NOW - timedelta(days=7)})
    assert asked["USO"] == asked["SPY"] == int((STARTS - timedelta(days=400)).timestamp())


def test_yahoo_a_series_that_is_restated_is_on_one_scale_again(home):
    """After a reverse split, 1 for 8, the provider states all of its past in the new shares' price."""
    days = pd.bdate_range("2025-09-29", "2025-11-21").astype("datetime64[us]")
    closes = 70.0 + np.arange(len(days)) % 7
    prices = pd.DataFrame({"series": "USO", "close_date": days, "close": closes, "provider": "yahoo"})
    for frame, day in ((prices[prices["close_date"] < "2025-11-08"], 10), (prices.assign(close=8 * closes), 24)):
        market = replace(make_market(), asset_class_prices=frame)
        with serving(market, Options(now=datetime(2025, 11, day, 6, tzinfo=UTC))) as url:
            ingest("asset_class_prices", home=home, source=served(url), judge=no_guard)
        with connect(home) as connection:
            load_landed(connection, home)
    with connect(home) as connection:
        known = connection.execute(
            "select close_date, arg_max(close, load_id) from raw.asset_class_prices where series = 'USO'"
            " group by close_date order by close_date"
        ).fetchall()
    assert known == list(zip(days.date, 8 * closes, strict=True))


def test_the_future_of_each_next_meeting_is_asked_for_whatever_the_year():
    # Meetings of 2025-10-29 (November's mean is the next rate), 2025-12-10 and 2026-01-28; then across a new year.
    assert meeting_futures(date(2025, 11, 24), 2) == ["ZQX25.CBT", "ZQZ25.CBT", "ZQG26.CBT"]
    assert meeting_futures(date(2026, 12, 10), 1) == ["ZQX26.CBT", "ZQZ26.CBT", "ZQG27.CBT"]
    assert meeting_futures(date(2026, 12, 9), 1)[-1] == "ZQZ26.CBT"  # decided today: its future still tells


async def test_yahoo_an_unknown_symbol_is_not_offered():
    unknown = {"chart": {"result": None, "error": {"code": "Not Found", "description": "No data found"}}}
    found = await answers("yahoo", "asset_class_prices", lambda _: httpx.Response(200, json=unknown))
    assert all(reason.startswith("not offered: ") and "No data found" in reason for reason in found.values())


@pytest.mark.parametrize(
    ("status", "error"), [(404, NotOffered), (403, Refused), (302, Refused), (429, Unreachable), (503, Unreachable)]
)
async def test_each_status_has_its_name(status, error):
    pages = httpx.MockTransport(lambda _: httpx.Response(status, headers={"Retry-After": "7"}))
    async with httpx.AsyncClient(transport=pages) as http:
        with pytest.raises(error) as raised:
            await get_once(http, "http://office/file")
    if status == 429:
        assert raised.value.retry_after_s == 7


async def test_half_a_json_document_is_malformed():
    found = await answers("coingecko", "market_caps", lambda _: httpx.Response(200, text='[{"id":"bitc'))
    assert "something else than documented" in found["*"]
    assert issubclass(Malformed, Unreachable) and IMPATIENT.attempts > 1


LISTED = coin("coin0", 1, 100.0)


@pytest.mark.parametrize(
    "coins",
    [
        {"error": "x"}, [1], [[]], [LISTED | {"symbol": 7}], [LISTED | {"name": {"a": 1}}], [LISTED | {"id": None}, 3],
        [LISTED | {"market_cap_rank": "first"}], [LISTED | {"market_cap_rank": 10**30}],
        [LISTED | {"last_updated": "yesterday"}], [LISTED | {"current_price": "cheap"}],
        [LISTED | {"current_price": [1]}], [LISTED | {"last_updated": 5}],
    ],
    ids=str,
)  # fmt: skip
async def test_a_list_of_another_shape_is_a_reason_and_not_the_end_of_the_run(coins):
    found = await answers("coingecko", "market_caps", lambda request: httpx.Response(200, json=coins))
    assert list(found) == ["*"] and "something else than documented" in found["*"] and found["*"].isprintable()


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000, b'[{"a":' * 5000, b"[NaN]", b"\xff\xfe", b"", b"9" * 10_000,
        b'[{"id": "a", "symbol": "a", "name": "a", "current_price": 1e999}]', b'[{"id":' + b"9" * 10_000 + b"}]",
    ],
    ids=range(8),
)  # fmt: skip
async def test_json_that_is_an_attack_is_a_reason(body):
    found = await answers("coingecko", "market_caps", lambda request: httpx.Response(200, content=body))
    if isinstance(found["*"], list):  # what a number cannot hold is infinite, and a guard sets it aside
        assert found["*"][0]["price_usd"] in (float("inf"), None)
    else:
        assert "something else than documented" in found["*"]


@pytest.mark.parametrize("moment", [1e18, -1e18, "x", None, [1], 10**400])
async def test_a_history_of_another_shape_is_a_reason(moment):
    def pages(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/coins/markets"):
            return httpx.Response(200, json=[LISTED])
        text = json.dumps({"prices": [[moment, 1.0]], "market_caps": [], "total_volumes": []})
        return httpx.Response(200, text=text)

    found = await answers("coingecko", "market_caps", pages)
    assert "something else than documented" in found["coin0"]


async def test_one_hostile_name_costs_its_row_and_not_the_list():
    text = json.dumps([coin("good", 1, 5.0)])[:-1] + ', {"id": "bad\\ud800", "symbol": "\\udfff", "name": "\\u0000"}]'
    asked: list[str] = []

    def pages(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, text=text if "markets" in request.url.path else "{}")

    found = await answers("coingecko", "market_caps", pages)
    assert [row["name"] for row in found["*"]] == ["Good", "\x00"] and found["*"][1]["symbol"] == "\ufffd"
    assert not [address for address in asked if "bad" in address]  # no question is made of such a name


@pytest.mark.parametrize(
    "name", ["../../x", "..", "a/../b", "x?y", "x#y", "a b", "\r\nHost: x", "%2e%2e", "x" * 10_000]
)
async def test_a_series_that_is_no_name_is_not_made_an_address(name):
    asked: list[str] = []

    def pages(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        return httpx.Response(404)

    found = await answers("yahoo", "asset_class_prices", pages, offered=(name,))
    assert "is no name of a series" in found[name] and found[name].isprintable() and len(found[name]) <= 300
    assert all(re.fullmatch(r"/query1\.finance\.yahoo\.com/v8/finance/chart/[\w.%-]+\?[\w=&]+", path) for path in asked)


async def test_the_key_travels_in_a_header_and_only_where_nobody_listens(monkeypatch):
    monkeypatch.setenv("REGIME_COINGECKO_API_KEY", "CG-abcdefghijkl")
    heard: list[httpx.Request] = []

    def pages(request: httpx.Request) -> httpx.Response:
        heard.append(request)
        return httpx.Response(403, text="no CG-abcdefghijkl here")

    for base, is_told in ((None, True), ("http://127.0.0.1:1", True), ("http://elsewhere.example", False)):
        heard.clear()
        found = await answers("coingecko", "market_caps", pages, source=Source("simulated", base, STARTS, NOW))
        assert ["x-cg-demo-api-key" in request.headers for request in heard] == [is_told]
        assert "CG-abc" not in str(heard[0].url) + found["*"]


async def test_an_answer_that_gives_a_secret_back_is_not_kept(monkeypatch):
    monkeypatch.setenv("REGIME_COINGECKO_API_KEY", "CG-abcdefghijkl")
    listed = [coin("coin0", 1, 1.0) | {"name": "CG-abcdefghijkl"}]
    found = await answers("coingecko", "market_caps", lambda request: httpx.Response(200, json=listed))
    assert "holds a secret" in found["*"] and "CG-abc" not in found["*"]


@pytest.mark.parametrize(
    "rows",
    [
        "2025-11-20," + "9" * 200_000, "2025-11-20,1\x00", "2025-11-20,=cmd()", "99999-01-01,1", '"', "2025-11-20",
        "x,1,2",
    ],
    ids=range(7),
)  # fmt: skip
async def test_a_file_of_an_office_that_is_an_attack_is_a_reason(rows):
    def pages(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=f"observation_date,{request.url.params['id']}\n{rows}\n")

    found = await answers("fred", "macro_series", pages)
    assert found and {type(reason) for reason in found.values()} == {str}
    assert all("something else than documented" in reason and reason.isprintable() for reason in found.values())


@pytest.mark.parametrize("zone", ["../../../etc/passwd", "x" * 10_000, "a\x00b", 7, None, ["x"], "/etc/localtime"])
async def test_a_zone_that_is_a_path_is_no_zone(zone):
    chart = {"chart": {"result": [{
        "meta": {"exchangeTimezoneName": zone, "gmtoffset": 0}, "timestamp": [1763646300],
        "indicators": {"quote": [{"close": [1.0]}]},
    }]}}  # fmt: skip
    found = await answers("yahoo", "asset_class_prices", lambda request: httpx.Response(200, json=chart))
    assert all(isinstance(reason, str) and "something else than documented" in reason for reason in found.values())
