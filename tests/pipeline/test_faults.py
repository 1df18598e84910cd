"""Every fault through the whole line: what comes out is stated, nothing is lost, and no reader notices.

A home is published with one week. The second week's run meets the fault. Then the fault is lifted and the next run is
made (the third week's; where the run was stopped, the same week's again): its marts are those of a home that never met
the fault.

A full disk is had without one: writes that fail as they would there, and for DuckDB, whose writes are not Python's, a
limit of the size of files (RLIMIT_FSIZE) that the kernel keeps. Both work everywhere and need no rights.
"""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingestion.sources import opening
from orchestration.assets import raw as raw_assets
from orchestration.run import RunOutcome
from tests.pipeline.fault_line import (
    NOWS,
    WEEKS,
    FaultyMarket,
    account,
    as_tests_run,
    ask_again,
    copy,
    differences,
    query,
    run,
)
from tests.pipeline.market import number
from tests.pipeline.reader import reading
from tests.pipeline.reliability import record
from tests.pipeline.weekly_homes import WeeklyHomes
from warehouse import landing
from warehouse.home import CHECKOUT, Home
from warehouse.publishing import publish

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults")]

LESS, UNHARMED = "published with less coverage", "published unharmed"
STOPPED = "stopped with a reason, last week stays"
BINANCE, BYBIT, COINBASE = "fapi.binance.com", "api.bybit.com", "api.exchange.coinbase.com"
CANDLES, FUNDING = "/fapi/v1/klines", "/fapi/v1/fundingRate"
# In mid-week, long before the last day, which every run reads again.
EDITED = {"first": "2025-11-12T10:00:00", "last": "2025-11-12T13:00:00"}
N_EDITED = 4
A_DAY = {"first": "2025-11-12T00:00:00", "last": "2025-11-12T23:59:00"}


@dataclass(frozen=True)
class Met:
    """A home that has met a fault: how the run ended, and what it holds."""

    home: Path
    outcome: RunOutcome

    def staging(self, sql: str, *parameters: object) -> list[tuple]:
        """A question to the staging database."""
        return query(Home(self.home).staging, sql, parameters)

    def published(self, sql: str, *parameters: object) -> list[tuple]:
        """A question to what readers see."""
        return query(Home(self.home).warehouse, sql, parameters)

    def failed(self, dataset: str, origin: str) -> str:
        """Why a question failed, as raw keeps it; all reasons in one text."""
        sql = "select distinct reason from raw.requests where dataset = ? and origin = ? and status = 'failed'"
        return "; ".join(reason for (reason,) in self.staging(sql, dataset, origin))

    def held(self, dataset: str, origin: str, series: str) -> list[tuple]:
        """(rule, rows) of what a guard holds of a series."""
        sql = "select rule, count(*) from raw.quarantine where dataset = ? and origin = ? and series = ? group by 1"
        return self.staging(sql, dataset, origin, series)

    def missing(self, dataset: str, origin: str, series: str) -> int | None:
        """Rows that the ledger says are missing of a series in the week of the fault."""
        sql = (
            "select missing_rows from raw.coverage where dataset = ? and origin = ? and series = ? and week_start = ?"
            " and coalesce(market_type, 'perp') = 'perp'"
        )
        found = self.staging(sql, dataset, origin, series, WEEKS[1])
        return found[0][0] if found else None

    def coverage(self, dataset: str, origin: str) -> float:
        """The percentage that analysts see, for the week of the fault."""
        sql = "select coverage_pct from marts.data_coverage_weekly where dataset = ? and venue = ? and week_start = ?"
        return self.published(sql, dataset, origin, WEEKS[1])[0][0]


Meets = Callable[[FaultyMarket, Path, pytest.MonkeyPatch], None]


def run_here(home: Path) -> RunOutcome:
    """The run that meets the fault."""
    return run(home, WEEKS[1])


@dataclass(frozen=True)
class Case:
    """A fault: how it is met (until the run ends), what must come of it, and what must say so.

    `mends` is what somebody has to do before the next run, where the fault does not go by itself. `leaves` names marts
    that rightly remember it: a home that has seen a second name knows it for ever. `only_weeks`: the hours after the
    week may differ until the next run, its figures may not.
    """

    name: str
    tried: str
    meets: Meets
    outcome: str
    says: Callable[["Met"], object]
    runs: Callable[[Path], RunOutcome] = run_here
    mends: Callable[[Path], None] | None = None
    leaves: tuple[str, ...] = ()
    not_for_sale: str = ""
    only_weeks: bool = False


def answers(host: str, kind: str, path: str = "", **more: Any) -> Callable[..., None]:
    """A fault of a host's answers."""
    return lambda market, home, patch: market.fault(host, kind, path, **more)


def rows(dataset: str, origin: str, series: str, edit: str, **more: Any) -> Callable[..., None]:
    """A fault of a venue's rows."""
    return lambda market, home, patch: market.edit(dataset, origin, series, edit, **more)


def unanswered(dataset: str, origin: str, words: str) -> Callable[[Met], object]:
    """The questions failed for that reason, and analysts see less coverage."""

    def says(met: Met) -> None:
        assert words in met.failed(dataset, origin)
        assert met.coverage(dataset, origin) < 100

    return says


def held_by(rule: str, dataset: str, origin: str, series: str) -> Callable[[Met], object]:
    """The rows, all of them and no other, are in quarantine by that rule, whatever others say too."""

    def says(met: Met) -> None:
        found = met.held(dataset, origin, series)
        assert (rule, N_EDITED) in found and {n_rows for _, n_rows in found} == {N_EDITED}
        assert met.coverage(dataset, origin) < 100

    return says


def missing(n_rows: int, dataset: str, origin: str, series: str) -> Callable[[Met], object]:
    """The ledger counts them, and analysts see less coverage."""

    def says(met: Met) -> None:
        assert met.missing(dataset, origin, series) == n_rows
        assert met.coverage(dataset, origin) < 100

    return says


def refused_by_peers(rule: str, dataset: str, origin: str, series: str) -> Callable[[Met], object]:
    """Other rows refuse these: they are in the public quarantine, by that rule, and the week has less coverage."""

    def says(met: Met) -> None:
        sql = "select distinct rule from marts.quarantine where is_peer_check and (dataset, venue, series) = (?, ?, ?)"
        found = met.published(sql, dataset, origin, series)
        assert found == [(rule,)]
        assert met.coverage(dataset, origin) < 100

    return says


def stops_with(*words: str) -> Callable[[Met], object]:
    """The run says in one line what is wrong."""

    def says(met: Met) -> None:
        (reason,) = met.outcome.failures
        assert all(word in reason for word in words) and "\n" not in reason, reason

    return says


def nothing(met: Met) -> None:
    """There is nothing to say: it cost nobody anything."""
    assert not met.staging("select 1 from raw.requests where status = 'failed' and not starts_with(reason, 'not off')")


def second_name(met: Met) -> None:
    """The second name's rows are held, and the first one's are what is counted."""
    refused_by_peers("same_rows_under_two_names", "candles", "binance", "BTCUSDTX")(met)
    refused_by_peers("same_rows_under_two_names", "open_interest", "binance", "BTCUSDTX")(met)
    held = met.published("select count(*) from marts.quarantine where series = 'BTCUSDT'")
    assert held == [(0,)]


def gone(met: Met) -> None:
    """The instrument is known, and known to be listed no more."""
    sql = (
        "select arg_max(is_active, load_id) from raw.instruments"
        " where venue = 'binance' and market_type = 'perp' and venue_symbol = 'POLUSDT'"
    )
    assert met.published(sql) == [(False,)]


def hours_without_rate(met: Met) -> None:
    """The eight hours before the missing settlement have one rate fewer: none of it, and not half of one."""
    assert met.missing("funding_rates", "binance", "BTCUSDT") == 1
    assert met.coverage("funding_rates", "binance") < 100
    due = met.published(
        "select due_at from intermediate.int_funding_missing where venue = 'binance' and venue_symbol = 'BTCUSDT'"
        " and due_at < timestamp '2025-11-17'"
    )
    assert due == [(datetime(2025, 11, 12, 8),)]
    rates = met.published(
        "select hour_at, n_rates from intermediate.int_funding_hourly where asset_id = 'bitcoin'"
        " and hour_at > timestamp '2025-11-10' and hour_at < timestamp '2025-11-17'"
    )
    usual = max(n_rates for _, n_rates in rates)
    fewer = sorted(hour.hour or 24 for hour, n_rates in rates if n_rates == usual - 1)
    assert fewer == [*range(1, 9)] and all(n_rates >= usual - 1 for _, n_rates in rates)


def made_anew(met: Met) -> None:
    """The damaged file was set aside and staging made anew from landing, without being told to."""
    assert [path for path in met.home.iterdir() if path.name.startswith("staging.set-aside")]
    nothing(met)


def our_clock_is_ahead(market: FaultyMarket, home: Path, patch: pytest.MonkeyPatch) -> None:
    """We think that it is two hours later than it is."""
    served = opening.served
    patch.setattr(opening, "served", lambda url: replace(served(url), now=served(url).now + timedelta(hours=2)))


def answers_come_from_a_cache(market: FaultyMarket, home: Path, patch: pytest.MonkeyPatch) -> None:
    """A cache before Binance knows one page of each symbol, of some days earlier, and gives it whatever is asked."""
    market.fault(BINANCE, "repeat", CANDLES)
    start = int((NOWS[0] - timedelta(days=4)).timestamp() * 1000)
    end = int((NOWS[0] - timedelta(days=3)).timestamp() * 1000)
    for symbol in ("BTCUSDT", "ETHUSDT"):
        market.get(BINANCE, CANDLES, symbol=symbol, interval="1h", startTime=start, endTime=end)


def no_space(*_: object, **__: object) -> None:
    """What a write says on a full disk."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def full_in_landing(market: FaultyMarket, home: Path, patch: pytest.MonkeyPatch) -> None:
    """The disk is full in the middle of the third file of rows."""
    write, files = landing.pq.write_table, []

    def write_some(rows: Any, path: Path, **options: Any) -> None:
        write(rows, path, **options)
        files.append(path)
        if len(files) >= 3:
            os.truncate(path, os.path.getsize(path) // 2)
            no_space()

    patch.setattr(landing.pq, "write_table", write_some)


def full_in_publication(market: FaultyMarket, home: Path, patch: pytest.MonkeyPatch) -> None:
    """The disk is full in the middle of the copy of the database."""

    copy_file = shutil.copyfile

    def copy_some(source: Path, to: Path, **options: Any) -> Any:
        if Path(source).suffix != ".duckdb":
            return copy_file(source, to, **options)
        Path(to).write_bytes(Path(source).read_bytes()[:1_000_000])
        no_space()

    patch.setattr(publish.shutil, "copyfile", copy_some)


def nowhere(market: FaultyMarket, home: Path, patch: pytest.MonkeyPatch) -> None:
    """The fault is in the run's own process."""


def in_a_process_with_small_files(home: Path) -> RunOutcome:
    """`regime run` where no file may grow beyond half of what the database is."""
    limit = Home(home).staging.stat().st_size // 2
    limited = (
        "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2);"
        " runpy.run_module('regime', run_name='__main__', alter_sys=True)"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, str(limit), "run"],
        env=os.environ | {"REGIME_HOME": str(home), "REGIME_MARKET": "tiny", "PYTHONPATH": str(CHECKOUT)},
        cwd=home, capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip
    assert done.returncode in (1, 2), done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("regime: ")]
    return RunOutcome("", said or [done.stderr])


def damaged_landing(market: FaultyMarket, home: Path, patch: pytest.MonkeyPatch) -> None:
    """Between landing and loading, the disk changes some bytes of Bybit's candles."""
    load, damaged = raw_assets.load_landed, list[Path]()

    def load_damaged(connection: Any, of: Home) -> Any:
        newest = sorted((of.landing / "candles" / "bybit").glob("*/*.parquet"))
        if len(newest) > 1 and not damaged:
            damaged.append(newest[-1])
            damage(newest[-1], 200)
        return load(connection, of)

    patch.setattr(raw_assets, "load_landed", load_damaged)


def damaged_staging(market: FaultyMarket, home: Path, patch: pytest.MonkeyPatch) -> None:
    """The disk changes the head of the staging database."""
    damage(Home(home).staging, 0)


def damaged_block(market: FaultyMarket, home: Path, patch: pytest.MonkeyPatch) -> None:
    """The disk changes the middle half of the staging database; its head is as it was."""
    size = Home(home).staging.stat().st_size
    damage(Home(home).staging, size // 4, size // 2)


def damage(path: Path, at: int, n_bytes: int = 128) -> None:
    """Other bytes than were written."""
    path.chmod(0o644)
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(b"\x00\xff" * (n_bytes // 2))


def move_damaged_batch_away(home: Path) -> None:
    """What the message says: the file and its manifest leave landing/."""
    for path in sorted((Home(home).landing / "candles" / "bybit").glob("*/*.manifest.json")):
        try:
            landing.verify(landing.read_manifest(path))
        except landing.LandingError:
            for part in path.parent.glob(f"{path.name.removesuffix('.manifest.json')}*"):
                shutil.move(part, home / part.name)


def force(venue: str, symbol: str) -> Callable[[Path], None]:
    """Ask again for the symbol's week, as `regime backfill --force` does."""
    return lambda home: ask_again(home, venue, symbol, WEEKS[1])


CASES = (
    Case("429 with Retry-After", "Binance futures answers two questions for candles with 429, Retry-After: 1",
         answers(BINANCE, "status:429:retry_after=1", CANDLES, times=2), UNHARMED, nothing),
    Case("429 without Retry-After", "Bybit answers everything with 429",
         answers(BYBIT, "status:429"), LESS, unanswered("candles", "bybit", "HTTP 429")),
    Case("418", "Binance futures has banned us: everything is 418",
         answers(BINANCE, "status:418"), LESS, unanswered("candles", "binance", "HTTP 418")),
    Case("451", "Bybit refuses our country: everything is 451",
         answers(BYBIT, "status:451"), LESS, unanswered("funding_rates", "bybit", "HTTP 451")),
    Case("500", "Coinbase is unwell: everything is 500",
         answers(COINBASE, "status:500"), LESS, unanswered("candles", "coinbase", "HTTP 500")),
    Case("time-out", "Bybit takes questions for candles and never answers",
         answers(BYBIT, "timeout", "/v5/market/kline"), LESS,
         unanswered("candles", "bybit", "no answer")),
    Case("reset in mid-body", "Binance futures hangs up in the middle of two answers",
         answers(BINANCE, "reset", CANDLES, times=2), UNHARMED, nothing),
    Case("truncated JSON", "Binance futures sends half of each page of settlements, with status 200",
         answers(BINANCE, "truncated", FUNDING), LESS, unanswered("funding_rates", "binance", "no JSON")),
    Case("HTML with status 200", "Bybit answers everything with a page of maintenance, status 200",
         answers(BYBIT, "html"), LESS, unanswered("candles", "bybit", "")),
    Case("an empty page in mid-history", "Binance answers the question for BTCUSDT's candles with no rows, once",
         answers(BINANCE, "empty", CANDLES, query="symbol=BTCUSDT", times=1), UNHARMED, nothing),
    Case("empty pages, all of them", "Binance answers every question for BTCUSDT's candles with no rows",
         answers(BINANCE, "empty", CANDLES, query="symbol=BTCUSDT"), LESS,
         missing(162, "candles", "binance", "BTCUSDT")),  # six of the week's 168 hours came with the run before
    Case("duplicates", "Binance sends every candle of BTCUSDT twice",
         rows("candles", "binance", "BTCUSDT", "duplicate", market_type="perp"), UNHARMED, nothing),
    Case("rows out of order", "Binance futures shuffles the rows of every page of candles",
         answers(BINANCE, "out_of_order", CANDLES), LESS, unanswered("candles", "binance", "in no order")),
    Case("gaps", f"{N_EDITED} candles of Bybit's BTCUSDT are not there",
         rows("candles", "bybit", "BTCUSDT", "drop", **EDITED), LESS,
         missing(N_EDITED, "candles", "bybit", "BTCUSDT")),
    Case("high below low", f"{N_EDITED} candles of Bybit's BTCUSDT have high < low",
         rows("candles", "bybit", "BTCUSDT", "high_below_low", **EDITED), LESS,
         held_by("prices_are_ordered", "candles", "bybit", "BTCUSDT")),
    Case("NaN", f"{N_EDITED} candles of Bybit's BTCUSDT have NaN for prices",
         rows("candles", "bybit", "BTCUSDT", "nan", **EDITED), LESS,
         held_by("values_are_present", "candles", "bybit", "BTCUSDT")),
    Case("negative values", f"{N_EDITED} candles of Bybit's BTCUSDT have prices below 0",
         rows("candles", "bybit", "BTCUSDT", "negative", **EDITED), LESS,
         held_by("amounts_are_possible", "candles", "bybit", "BTCUSDT")),
    Case("absurd values", f"{N_EDITED} candles of Bybit's BTCUSDT cost 10^18 dollars",
         rows("candles", "bybit", "BTCUSDT", "absurd", **EDITED), LESS,
         held_by("amounts_are_possible", "candles", "bybit", "BTCUSDT")),
    Case("repeated page", "a cache gives the same old page of Binance's BTCUSDT and ETHUSDT whatever is asked",
         answers_come_from_a_cache, LESS, unanswered("candles", "binance", "no progress")),
    Case("open interest off by 1000", "Bybit's open interest of BTCUSDT is a thousandfold for a day",
         rows("open_interest", "bybit", "BTCUSDT", "scale:1000", **A_DAY), LESS,
         refused_by_peers("open_interest_fits_its_history", "open_interest", "bybit", "BTCUSDT"),
         mends=force("bybit", "BTCUSDT")),
    Case("one venue's rows under two names", "Binance lists BTCUSDT a second time, as BTCUSDTX, with the same rows",
         rows("instruments", "binance", "BTCUSDT", "alias:BTCUSDTX", market_type="perp"), LESS, second_name,
         leaves=("instruments", "data_coverage_weekly")),
    Case("the wrong symbol's rows", "Bybit gives the candles of BTCUSDT when asked for ETHUSDT's, for a day",
         rows("candles", "bybit", "ETHUSDT", "rows_of:BTCUSDT", **A_DAY), LESS,
         refused_by_peers("same_rows_under_two_names", "candles", "bybit", "ETHUSDT"), mends=force("bybit", "ETHUSDT")),
    Case("a symbol vanishes", "Binance's POLUSDT is not listed, and unknown when asked for",
         rows("instruments", "binance", "POLUSDT", "vanish", market_type="perp"), LESS, gone,
         not_for_sale="POLUSDT"),
    Case("a missing settlement", "one settlement of Binance's BTCUSDT is not there",
         rows("funding_rates", "binance", "BTCUSDT", "drop", first="2025-11-12T07:59:00", last="2025-11-12T08:01:00"),
         LESS, hours_without_rate),
    Case("a clock two hours off", "our clock is two hours ahead of every venue's",
         our_clock_is_ahead, UNHARMED, nothing, leaves=("data_coverage_weekly",), only_weeks=True),
    Case("a body without end", "Coinbase's answers go on for ever, fast",
         answers(COINBASE, "endless"), LESS, unanswered("candles", "coinbase", "")),
    Case("a body without end, slow", "Coinbase's answers go on for ever, a byte at a time",
         answers(COINBASE, "endless:slow"), LESS, unanswered("candles", "coinbase", "")),
    Case("disk full in landing", "no space is left in the middle of the third file that lands",
         full_in_landing, STOPPED, stops_with("No space left on device")),
    Case("disk full in DuckDB", "no file may grow beyond half of the database's size (RLIMIT_FSIZE)",
         nowhere, STOPPED, stops_with("regime: "), runs=in_a_process_with_small_files),
    Case("disk full in publication", "no space is left in the middle of the copy of the database",
         full_in_publication, STOPPED, stops_with("No space left on device")),
    Case("a corrupted landing file", "bytes of a landed batch change before it is loaded",
         damaged_landing, STOPPED, stops_with("changed after it landed", "candles/bybit"),
         mends=move_damaged_batch_away),
    Case("a corrupted staging database", "the head of staging.duckdb is overwritten",
         damaged_staging, UNHARMED, made_anew),
    Case("corrupted blocks in the staging database", "the middle half of staging.duckdb is overwritten",
         damaged_block, UNHARMED, made_anew),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_fault(case: Case, faulty_market: FaultyMarket, weekly_homes: WeeklyHomes, tmp_path: Path) -> None:
    home = copy(weekly_homes[0], tmp_path / "home")
    faulty_market.clock(NOWS[1])
    with reading(Home(home).warehouse) as reader:
        try:
            with pytest.MonkeyPatch.context() as patch:
                as_tests_run(patch, faulty_market)
                case.meets(faulty_market, home, patch)
                met = Met(home, case.runs(home))
        finally:
            faulty_market.lift()
        lost = check(case, met, weekly_homes)
        with pytest.MonkeyPatch.context() as patch:
            as_tests_run(patch, faulty_market)
            # Who was stopped runs again, at once; else the next week's run is the next.
            week = 1 if case.outcome == STOPPED else 2
            faulty_market.clock(NOWS[week])
            if case.mends:
                case.mends(home)
            after = run(home, WEEKS[week])
        assert after.is_success, after.failures
        rest = account(home, NOWS[week])
        assert (rest.absent, rest.lost) == (0, 0), rest
        assert differences(home, weekly_homes[week], aside=case.leaves) == []
    assert reader.errors == [] and reader.opens > 10
    record(case.name, case.tried, case.outcome, lost + rest.lost, reader.opens, len(reader.errors))


def check(case: Case, met: Met, weekly_homes: WeeklyHomes) -> int:
    """That the outcome is the stated one, and something says so; the rows that were lost (0)."""
    if case.outcome == STOPPED:
        assert met.outcome.failures and number(met.home) == 1
        assert differences(met.home, weekly_homes[0]) == []
        case.says(met)
        return 0
    assert met.outcome.is_success, met.outcome.failures
    assert number(met.home) == 2
    case.says(met)
    kept = account(met.home, NOWS[1], case.not_for_sale)
    assert kept.lost == 0, kept.lost_where
    if case.outcome == UNHARMED:
        assert kept.absent == 0
        assert differences(met.home, weekly_homes[1], aside=case.leaves, only_weeks=case.only_weeks) == []
    else:
        assert kept.held + kept.known_missing == kept.absent
    return kept.lost
