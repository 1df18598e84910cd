"""What an API keeps no longer comes from files, as the market has it; what of them cannot be had is told."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from expectations.runner import judge_at
from ingestion.http.fetch import Patience
from ingestion.ingest import Ingested, Only, ingest
from ingestion.planning.endpoints import endpoints
from ingestion.sources.opening import served
from ingestion.universe import ArchiveScope, Universe, VenueScope
from simulator.market import COLUMNS, Market
from simulator.server import Options
from tests.unit.simulator.small_market import N_HOURS, NOW, make_market, serving
from warehouse import coverage
from warehouse.database import connect
from warehouse.home import CHECKOUT, Home
from warehouse.loading import load_landed

QUICK = Patience(attempts=2, first_wait_s=0.001, longest_wait_s=0.05, longest_asked_wait_s=0.05, give_up_after=3)
UNIVERSE = Universe(
    frozenset({"USDT"}),
    {"binance": VenueScope(("perp", "spot"), True)},
    {},
    {"open_interest": timedelta(hours=24)},
    archives={"binance_vision": ArchiveScope(6000)},
)
VISION = "data.binance.vision"
STARTS_AT = datetime(2025, 10, 6, tzinfo=UTC)
KEPT_FROM = pd.Timestamp("2025-10-25 07:00")  # 30 days before the market's clock
FILES_END = pd.Timestamp("2025-11-22")
BOOKS_SINCE = pd.Timestamp("2025-11-10")


def known_market() -> Market:
    """The small market, with takers and ratios, its settlements on the hour or a few milliseconds late."""
    market = make_market()
    times = NOW.floor("D") - pd.to_timedelta(np.arange(N_HOURS // 4)[::-1] * 4, unit="h")
    ratios = pd.concat([
        pd.DataFrame({"venue": "binance", "venue_symbol": symbol, "observed_at": times.astype("datetime64[us]"),
                      "long_short_account_ratio": 1 + np.arange(len(times)) / 1000})
        for symbol in ("BTCUSDT", "1000PEPEUSDT")
    ])  # fmt: skip
    candles = market.candles_1h.assign(
        taker_buy_base_volume=market.candles_1h["base_volume"] / 4,
        taker_buy_quote_volume=market.candles_1h["quote_volume"] / 5,
    )
    return replace(
        market, long_short_ratios=ratios.reset_index(drop=True), candles_1h=candles, order_book_depth=known_books()
    )


def known_books() -> pd.DataFrame:
    """Bitcoin's book from 10 November on, each hour seven seconds after it: one band a side, amounts by place."""
    hours = pd.date_range(BOOKS_SINCE, NOW, freq="h")
    rows = [
        ("binance", "perp", "BTCUSDT", hour + pd.Timedelta(seconds=7), side, 1.0, 10.0 + n, (10.0 + n) * price)
        for n, hour in enumerate(hours[:-1])
        for side, price in (("bid", 99.5), ("ask", 100.5))
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS["order_book_depth"])[:-1]).assign(best_price=np.nan)


@pytest.fixture(scope="module")
def market() -> Market:
    return known_market()


@pytest.fixture(scope="module")
def server(market: Market) -> Iterator[str]:
    with serving(market, Options(has_real_retention=True)) as url:
        yield url


@pytest.fixture
def url(server: str) -> Iterator[str]:
    httpx.delete(f"{server}/market/faults")
    yield server
    httpx.delete(f"{server}/market/faults")


def fault(url: str, kind: str, path: str, **more: Any) -> None:
    httpx.post(f"{url}/market/faults", json={"host": VISION, "kind": kind, "path": path, **more}).raise_for_status()


def run(url: str, home: Home, *datasets: str, **options: Any) -> Ingested:
    source, result = replace(served(url), starts_at=STARTS_AT), Ingested("")
    for dataset in datasets:
        result = ingest(
            dataset, home=home, source=source, judge=judge_at(source.now), universe=UNIVERSE, patience=QUICK, **options
        )
        with connect(home) as connection:
            load_landed(connection, home)
            coverage.update(connection, source.now, source.starts_at, endpoints())
    return result


def query(home: Home, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with connect(home) as connection:
        return connection.execute(sql, values).fetchall()


def series(home: Home, dataset: str, time: str, *columns: str, symbol: str = "BTCUSDT") -> list[tuple[Any, ...]]:
    names = ", ".join((time, *columns))
    return query(home, f"select {names} from raw.{dataset} where venue_symbol = ? order by {time}, load_id", symbol)


def truth(market: Market, table: str, time: str, *columns: str, symbol: str = "BTCUSDT") -> list[tuple[Any, ...]]:
    rows = market.table(table)
    rows = rows[(rows["venue"] == "binance") & (rows["venue_symbol"] == symbol)]
    rows = rows[(rows[time] >= STARTS_AT.replace(tzinfo=None)) & (rows[time] <= NOW)].sort_values(time)
    return [(row[0].to_pydatetime(), *row[1:]) for row in rows[[time, *columns]].itertuples(index=False, name=None)]


OPEN_INTEREST = ("observed_at", "open_interest_base", "open_interest_usd")


def test_open_interest_and_accounts_are_whole_though_the_api_keeps_a_month(url, home, market):
    run(url, home, "instruments", "open_interest", "long_short_ratios", deepest=STARTS_AT)
    for symbol in ("BTCUSDT", "1000PEPEUSDT"):
        assert series(home, "open_interest", *OPEN_INTEREST, symbol=symbol) == truth(
            market, "open_interest", *OPEN_INTEREST, symbol=symbol
        )
    ratios = ("observed_at", "long_short_account_ratio")
    assert series(home, "long_short_ratios", *ratios) == truth(market, "long_short_ratios", *ratios)
    missing = "select distinct first_missing_at from raw.coverage where missing_rows > 0"
    assert query(home, missing) == [(datetime(2025, 11, 24, 4),)]  # what the market itself has not
    # Asked again, nobody is asked anything: the ledger has it all.
    assert run(url, home, "open_interest", deepest=STARTS_AT).requests == 0


def test_an_ordinary_run_reads_no_files_and_a_history_that_is_asked_for_later_still_comes(url, home, market):
    run(url, home, "instruments", "open_interest")
    first = series(home, "open_interest", *OPEN_INTEREST)
    assert first == [row for row in truth(market, "open_interest", *OPEN_INTEREST) if row[0] >= KEPT_FROM]
    reasons = "select distinct reason from raw.requests where dataset = 'open_interest' and status = 'failed'"
    assert query(home, reasons) == [("not kept: the venue keeps only 30 days",)]
    run(url, home, "open_interest", deepest=STARTS_AT)
    assert series(home, "open_interest", *OPEN_INTEREST) == truth(market, "open_interest", *OPEN_INTEREST)


def test_a_span_that_is_asked_for_comes_from_files_where_the_api_does_not_reach(url, home):
    run(url, home, "instruments", "open_interest")
    day = datetime(2025, 10, 15, tzinfo=UTC)
    run(url, home, "open_interest", only=Only("binance", "BTCUSDT", (day, day + timedelta(days=1))))
    times = [row[0] for row in series(home, "open_interest", "observed_at") if row[0] < KEPT_FROM]
    assert times == [day.replace(tzinfo=None) + timedelta(hours=4 * i) for i in range(6)]


BOOK = ("snapshot_at", "side", "band_pct", "base_amount", "quote_amount")


def test_books_come_in_files_alone_and_an_ordinary_week_reads_them(url, home, market):
    """The clock stands at Monday 06:00: Saturday's file is there, Sunday's not; a day that is lost is a hole."""
    fault(url, "file:checksum", "/data/futures/um/daily/bookDepth/BTCUSDT/BTCUSDT-bookDepth-2025-11-12")
    week = (BOOKS_SINCE.tz_localize(UTC).to_pydatetime(), NOW.tz_localize(UTC).to_pydatetime())
    result = run(url, home, "instruments", "order_book_depth", wanted=[week])
    assert [request.window_start.day for request in result.failed] == [12]
    known = [row for row in truth(market, "order_book_depth", *BOOK) if row[0] < datetime(2025, 11, 23)]
    kept = [row for row in known if row[0].day != 12]
    assert sorted(series(home, "order_book_depth", *BOOK)) == sorted(kept) and len(kept) == 12 * 24 * 2
    ledger = "select week_start, received_rows, missing_rows, reason from raw.coverage where missing_rows > 0"
    ledger += " and dataset = 'order_book_depth' and series = 'BTCUSDT'"
    [(week_start, received, missing, reason)] = query(home, ledger)
    assert (str(week_start), received, missing) == ("2025-11-10", 6 * 24, 24) and "checksum" in reason
    httpx.delete(f"{url}/market/faults")
    run(url, home, "order_book_depth", only=Only())
    assert sorted(series(home, "order_book_depth", *BOOK)) == sorted(known)
    assert query(home, ledger) == []
    assert run(url, home, "order_book_depth", wanted=[week]).requests == 0


METRICS = "/data/futures/um/daily/metrics/BTCUSDT/BTCUSDT-metrics-2025-10-15"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("file:checksum", "checksum"), ("status:404", "not offered")],
)
def test_a_file_that_cannot_be_had_costs_its_day_and_is_named(url, home, market, kind, reason):
    fault(url, kind, METRICS)
    result = run(url, home, "instruments", "open_interest", deepest=STARTS_AT)
    assert len(result.failed) == 1 and reason in str(result.failed[0].reason)
    lost = datetime(2025, 10, 15, tzinfo=UTC)
    assert (result.failed[0].window_start, result.failed[0].window_end) == (lost, lost + timedelta(days=1))
    kept = [row for row in truth(market, "open_interest", *OPEN_INTEREST) if row[0].date() != lost.date()]
    assert series(home, "open_interest", *OPEN_INTEREST) == kept
    ledger = (
        "select series, missing_rows, reason from raw.coverage where missing_rows > 0 and week_start = '2025-10-13'"
    )
    assert [(name, n) for name, n, _ in query(home, ledger)] == [("BTCUSDT", 6)]
    assert reason in query(home, ledger)[0][2]
    if kind == "file:checksum":  # put right later: the gap is asked for, from the archive, and is closed
        httpx.delete(f"{url}/market/faults")
        run(url, home, "open_interest", only=Only())
        assert series(home, "open_interest", *OPEN_INTEREST) == truth(market, "open_interest", *OPEN_INTEREST)
        assert query(home, ledger) == []


@pytest.mark.parametrize("kind", ["file:duplicates", "file:no_header"])
def test_what_differs_only_in_form_is_the_same_history(url, home, market, kind):
    fault(url, kind, "/data/futures/um/daily/metrics/")
    assert run(url, home, "instruments", "open_interest", deepest=STARTS_AT).failed == []
    assert series(home, "open_interest", *OPEN_INTEREST) == truth(market, "open_interest", *OPEN_INTEREST)


@pytest.mark.parametrize(
    ("kind", "rule"),
    [("file:zeros", "amount_is_no_gap"), ("file:missing_hours", None)],
)
def test_defects_are_held_with_a_reason_or_missing_in_the_ledger(url, home, market, kind, rule):
    fault(url, kind, METRICS)
    run(url, home, "instruments", "open_interest", deepest=STARTS_AT)
    bad = [datetime(2025, 10, 15, hour) for hour in (8, 12)]
    wanted = [row for row in truth(market, "open_interest", *OPEN_INTEREST) if row[0] not in bad]
    assert series(home, "open_interest", *OPEN_INTEREST) == wanted
    held = query(home, "select event_at, rule from raw.quarantine where series = 'BTCUSDT' order by 1")
    assert held == ([(at, rule) for at in bad] if rule else [])
    ledger = query(home, "select sum(missing_rows + quarantined_rows) from raw.coverage where series = 'BTCUSDT'"
                         " and week_start = '2025-10-13'")  # fmt: skip
    assert ledger == [(2,)]


def test_a_replaced_file_is_a_new_version_when_its_span_is_asked_for_again(url, home):
    day = datetime(2025, 10, 15, tzinfo=UTC)
    only = Only("binance", "BTCUSDT", (day, day + timedelta(days=1)))
    run(url, home, "instruments")
    run(url, home, "open_interest", only=only)
    fault(url, "file:replaced", METRICS)
    run(url, home, "open_interest", only=only)
    versions: dict[datetime, list[float]] = {}
    for at, amount in series(home, "open_interest", "observed_at", "open_interest_base"):
        versions.setdefault(at, []).append(amount)
    assert [len(found) for found in versions.values()] == [1, 1, 2, 2, 1, 1]
    assert all(found[1] == found[0] * 1.25 for found in versions.values() if len(found) > 1)


@pytest.mark.parametrize(("market_type", "symbols"), [("perp", 3), ("spot", 1)])
def test_candles_of_files_are_those_of_the_api_with_what_takers_bought(
    url, home, market, market_type, symbols, monkeypatch
):
    monkeypatch.setattr(
        "ingestion.planning.archives.is_sooner", lambda files, api: files.files > 0
    )  # files by all means
    universe = replace(UNIVERSE, venues={"binance": VenueScope((market_type,), True)})
    monkeypatch.setattr(sys.modules[__name__], "UNIVERSE", universe)
    run(url, home, "instruments", "candles", deepest=STARTS_AT)
    columns = ("open", "high", "low", "close", "base_volume", "quote_volume", "taker_buy_base_volume",
               "taker_buy_quote_volume")  # fmt: skip
    rows = market.candles_1h
    rows = rows[
        (rows["venue"] == "binance") & (rows["market_type"] == market_type) & (rows["venue_symbol"] == "BTCUSDT")
    ]
    rows = rows[(rows["open_time"] >= STARTS_AT.replace(tzinfo=None)) & (rows["open_time"] < NOW)]
    expected = [
        (r[0].to_pydatetime(), *r[1:]) for r in rows[["open_time", *columns]].itertuples(index=False, name=None)
    ]
    assert series(home, "candles", "open_time", *columns) == expected
    windows = query(home, "select count(distinct series), min(window_start), max(window_end) from raw.requests"
                          " where dataset = 'candles' and status = 'complete'")  # fmt: skip
    assert windows == [(symbols, datetime(2025, 10, 6), datetime(2025, 11, 24, 6))]
    # Files up to where there are some, and the API for the rest: two questions and more for each series.
    edges = query(
        home, "select distinct window_start from raw.requests where dataset = 'candles' and series = 'BTCUSDT'"
    )
    assert (FILES_END.to_pydatetime(),) in edges


def test_settlements_of_files_are_stamped_as_those_of_the_api(url, home, market, monkeypatch):
    monkeypatch.setattr("ingestion.planning.archives.is_sooner", lambda files, api: files.files > 0)
    run(url, home, "instruments", "funding_rates", deepest=STARTS_AT)
    assert series(home, "funding_rates", "settled_at", "funding_rate") == truth(
        market, "funding_rates", "settled_at", "funding_rate"
    )


_KILLED = """
import sys
from pathlib import Path
from tests.unit.ingestion.archives import test_archive_ingest as t
from ingestion import ingest
from warehouse.home import Home
ingest.ROWS_PER_BATCH = 50
t.run(sys.argv[1], Home(Path(sys.argv[2])), "open_interest", deepest=t.STARTS_AT)
"""


@pytest.mark.slow
def test_a_history_that_is_killed_twice_goes_on_where_it_was_and_is_complete_to_the_row(url, home, market):
    from warehouse.landing import manifests

    run(url, home, "instruments")
    for _ in range(2):
        before = len(list(manifests(home)))
        process = subprocess.Popen([sys.executable, "-c", _KILLED, url, str(home.path)], cwd=CHECKOUT)
        while process.poll() is None and len(list(manifests(home))) <= before:
            time.sleep(0.001)
        os.kill(process.pid, signal.SIGKILL) if process.poll() is None else None
        assert process.wait() == -signal.SIGKILL
        with connect(home) as connection:
            load_landed(connection, home)
        assert series(home, "open_interest", *OPEN_INTEREST) != truth(market, "open_interest", *OPEN_INTEREST)
    asked = query(home, "select count(*) from raw.requests where dataset = 'open_interest'")[0][0]
    assert asked > 0
    run(url, home, "open_interest", deepest=STARTS_AT)
    for symbol in ("BTCUSDT", "1000PEPEUSDT"):
        assert series(home, "open_interest", *OPEN_INTEREST, symbol=symbol) == truth(
            market, "open_interest", *OPEN_INTEREST, symbol=symbol
        )
    again = "select count(*) from raw.requests r join raw.requests o using (dataset, series, window_start, window_end)"
    assert query(home, f"{again} where dataset = 'open_interest' and r.load_id < o.load_id") == [(0,)]
