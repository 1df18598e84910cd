"""Gaps through the whole line: a venue that is down leaves them, and asking again fills exactly them.

What a venue does not have is asked for three times, and given up; who knows better asks by hand.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.pipeline.fault_line import NOWS, WEEKS, FaultyMarket, copy, differences, query
from tests.pipeline.market import CommandLine, market_server, number, pages
from warehouse.home import Home

pytestmark = pytest.mark.xdist_group("gaps")

BINANCE, CANDLES = "fapi.binance.com", "/fapi/v1/klines"
GAPS = "select series, week_start, missing_rows, reason, tries, next_try_at, is_closed from raw.coverage"
OPEN = f"{GAPS} where dataset = 'candles' and origin = 'binance' and missing_rows > 0 order by all"


@pytest.fixture(scope="module")
def market():
    with market_server("--market", "tiny") as url:
        yield FaultyMarket(url)


@pytest.fixture(autouse=True)
def well_again(market, monkeypatch):
    """Every test begins with a market that is well, at the second week's clock."""
    monkeypatch.setenv("REGIME_SERVER_URL", market.url)
    monkeypatch.setenv("REGIME_MARKET", "tiny")
    market.lift()
    market.clock(NOWS[1])


@pytest.fixture
def line(weekly_homes, market, tmp_path) -> CommandLine:
    return CommandLine(copy(weekly_homes[0], tmp_path / "home"), tmp_path, market.url)


def staging(line: CommandLine, sql: str) -> list[tuple[Any, ...]]:
    return query(Home(line.home).staging, sql)


def asked_since(line: CommandLine, load_id: int) -> list[tuple[Any, ...]]:
    return staging(line, "select dataset, origin, series, window_start, window_end, status from raw.requests"
                         f" where load_id > {load_id} order by all")  # fmt: skip


def last_load(line: CommandLine) -> int:
    return int(staging(line, "select max(load_id) from raw.loads")[0][0])


@pytest.mark.slow
def test_what_a_venue_withheld_is_asked_for_and_nothing_else(line, market, weekly_homes):
    perps = "select distinct venue_symbol from raw.candles where venue = 'binance' and market_type = 'perp' order by 1"
    symbols = [row[0] for row in staging(line, perps)]
    market.fault(BINANCE, "status:503", CANDLES)
    assert line("run").returncode == 0
    found = [row for row in staging(line, OPEN) if row[1] == WEEKS[1]]
    assert {row[0] for row in found} == set(symbols) and all(
        "503" in row[3] or "counts as down" in row[3] for row in found
    )
    assert all((row[2], row[6]) == (168 - 6, False) for row in found)  # the first run had the first six hours
    assert "gaps: " in line("status").stdout

    failed = line("backfill", "--gaps")  # still down: nothing is lost by asking
    assert failed.returncode == 1 and "no gap could be asked for" in failed.stderr, failed.stderr

    market.lift()
    before, published = last_load(line), number(line.home)
    done = line("backfill", "--gaps")
    assert done.returncode == 0, done.stderr
    asked = asked_since(line, before)
    gaps = [row for row in asked if row[0] == "candles" and row[1] == "binance"]
    assert sorted(row[2] for row in gaps) == symbols and {row[5] for row in gaps} == {"complete"}
    # The last day of what was answered is read again with it: its end may have been unfinished.
    assert {(row[3], row[4]) for row in gaps} == {(datetime(2025, 11, 9, 6), datetime(2025, 11, 17, 6))}
    assert staging(line, OPEN) == []
    assert number(line.home) == published + 1 and iso(WEEKS[1]) in pages(line.home)
    assert differences(line.home, weekly_homes[1]) == []

    again = line("backfill", "--gaps")
    assert again.returncode == 0 and "no open gaps" in again.stdout
    assert asked_since(line, last_load(line)) == [] and number(line.home) == published + 1


@pytest.mark.slow
def test_what_a_venue_does_not_have_is_asked_for_three_times_and_given_up(market, tmp_path):
    line, symbol = CommandLine(tmp_path / "home", tmp_path, market.url), "BTCUSDT"
    market.clock(NOWS[0])
    first, last = datetime(2025, 11, 5, 10), datetime(2025, 11, 5, 13)  # four candles, by their starts
    market.edit(
        "candles", "binance", symbol, "drop", market_type="perp", first=first.isoformat(), last=last.isoformat()
    )
    assert line("run").returncode == 0
    (gap,) = staging(line, OPEN)
    assert gap[:5] == (symbol, WEEKS[0], 4, "the venue answered without it", 1)
    assert gap[5:] == (naive(NOWS[0]) + timedelta(days=1), False)

    def asked_for_it() -> int:
        window = "window_start <= '2025-11-05 10:00' and window_end >= '2025-11-05 14:00'"
        whose = f"origin = 'binance' and market_type = 'perp' and series = '{symbol}' and dataset = 'candles'"
        sql = f"select count(*) from raw.requests where {whose} and {window}"
        return int(staging(line, sql)[0][0])

    for later, expected in [(timedelta(hours=1), 1), (timedelta(days=1), 2), (timedelta(days=2), 2),
                            (timedelta(days=8), 3), (timedelta(days=12), 3)]:  # fmt: skip
        market.clock(NOWS[0] + later)
        done = line("backfill", "--gaps")
        assert done.returncode == 0, done.stderr
        assert asked_for_it() == expected, later
    (gap,) = staging(line, OPEN)
    assert gap[3:] == ("the venue answered 3 times without it", 3, None, True)
    assert number(line.home) == 1

    market.lift()  # the venue found it after all
    market.clock(NOWS[0] + timedelta(days=12))
    week = ["--week", iso(WEEKS[0]), "--dataset", "candles"]
    done = line("backfill", "--force", "--venue", "binance", "--symbol", symbol, *week)
    assert done.returncode == 0, done.stderr
    assert staging(line, OPEN) == [] and asked_for_it() == 4
    assert number(line.home) == 2


@pytest.mark.parametrize(
    "arguments, words",
    [
        ([], "--gaps"),
        (["--gaps", "--force"], "--gaps"),
        (["--from", "2025-W45"], "--to"),
        (["--force", "--venue", "binance"], "--symbol"),
        (["--gaps", "--venue", "binance"], "--force"),
        (["--force", "--venue", "nowhere", "--symbol", "X", "--week", "2025-W45"], "no venue is called 'nowhere'"),
        (["--force", "--venue", "binance", "--symbol", "'; drop", "--week", "2025-W45"], "binance lists no"),
        (["--force", "--venue", "binance", "--symbol", "BTCUSDT", "--week", "2025-W99"], "no week 2025-W99"),
        (["--force", "--venue", "binance", "--symbol", "BTCUSDT", "--week", "2025-W47"], "2025-W47"),
        (
            ["--force", "--venue", "binance", "--symbol", "BTCUSDT", "--week", "2025-W45", "--dataset", "x"],
            "history of 'x'",
        ),
    ],
)
def test_what_cannot_be_asked_is_one_line(line, arguments, words):
    done = line("backfill", *arguments)
    said = [text for text in done.stderr.splitlines() if text.startswith("regime: ")]
    assert done.returncode == 2 and len(said) == 1 and words in said[0], done.stderr
    assert "Traceback" not in done.stderr and number(line.home) == 1


def iso(week: Any) -> str:
    return f"{week.isocalendar().year}-W{week.isocalendar().week:02}"


def naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
