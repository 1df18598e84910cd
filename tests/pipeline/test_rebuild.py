"""A home made anew from landing alone, beside the one that grew run by run: equal, table by table.

It has seen what homes see: a venue that was down, rows in quarantine, a revision, a judgement, a rollback.
"""

import os
from pathlib import Path

import duckdb
import pytest

from tests.pipeline.fault_line import NOWS, FaultyMarket, copy, differences
from tests.pipeline.market import CommandLine, market_server, number
from tests.pipeline.reliability import record
from warehouse.home import Home
from warehouse.publishing.history import history

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("rebuild")]

# Not from landing: what was built when, the last run's clock, and up to where the ledger was last brought.
OF_RUNS = {"builds", "run_context", "coverage_state"}
MIDDLE = {"first": "2025-11-05T10:00:00", "last": "2025-11-05T13:00:00"}
LAST_DAY = {"first": "2025-11-09T15:00:00", "last": "2025-11-09T17:00:00"}  # one settlement, which is read once more


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    directory = tmp_path_factory.mktemp("grown")
    with market_server("--market", "tiny") as url:
        market, line = FaultyMarket(url), CommandLine(directory / "home", directory, url)
        market.clock(NOWS[0])
        market.edit("candles", "binance", "BTCUSDT", "high_below_low", market_type="perp", **MIDDLE)
        market.fault("api.bybit.com", "status:500")
        assert line("run").returncode == 0
        market.lift()
        market.clock(NOWS[1])
        market.edit("funding_rates", "binance", "BTCUSDT", "scale:1.01", **LAST_DAY)
        assert line("run").returncode == 0
        rules = rows(line.home, "select distinct rule from raw.quarantine where dataset = 'candles'")
        for (rule,) in rules:
            assert line("quarantine", "release", rule).returncode == 0
        assert line("run").returncode == 0
        assert line("rollback").returncode == 0
        yield line


def rows(home: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(Home(home).staging), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def raw(home: Path) -> dict[str, list[tuple]]:
    tables = [name for (name,) in rows(home, "select table_name from duckdb_tables() where schema_name = 'raw'")]
    return {name: rows(home, f"from raw.{name} order by all") for name in tables if name not in OF_RUNS}


def test_what_is_made_anew_equals_what_grew(grown, tmp_path):
    line = CommandLine(copy(grown.home, tmp_path / "home"), tmp_path, grown.server_url)
    before = raw(line.home)
    assert all(before[name] for name in ("candles", "quarantine", "requests", "guard_results", "coverage", "loads"))
    assert any(row[7] == "failed" for row in before["requests"])
    done = line("rebuild")
    assert done.returncode == 0, done.stderr
    after = raw(line.home)
    assert {name: len(found) for name, found in after.items()} == {name: len(found) for name, found in before.items()}
    assert [name for name in before if before[name] != after[name]] == []
    assert number(line.home) == number(grown.home)  # readers see what they saw, until the next run

    assert grown("run").returncode == 0
    done = line("rebuild", "--publish")
    assert done.returncode == 0, done.stderr
    assert number(line.home) == number(grown.home) == 4
    assert differences(line.home, grown.home) == []
    assert history(Home(line.home)).numbers == {1, 2, 3, 4}
    record(
        "everything but landing gone", "`regime rebuild`", "all of raw as it grew, load by load; marts equal",
        0, 0, 0, section="kills",
    )  # fmt: skip


@pytest.mark.parametrize("damage", ["cut short", "garbage", "gone"])
def test_a_run_mends_a_damaged_staging_by_itself(grown, tmp_path, damage):
    line = CommandLine(copy(grown.home, tmp_path / "home"), tmp_path, grown.server_url)
    before, staging, seen = raw(line.home), Home(line.home).staging, number(line.home)
    if damage == "cut short":
        os.truncate(staging, staging.stat().st_size // 2)
    elif damage == "garbage":
        staging.write_bytes(os.urandom(500_000))
    else:
        staging.unlink()
    done = line("run")
    assert done.returncode == 0 and "made anew from landing" in done.stderr, done.stderr
    assert number(line.home) > seen
    after = raw(line.home)
    asked = {"publications", "loads", "requests", "guard_results", "coverage"}  # what the run itself may have added to
    assert {name for name in before if before[name] != after[name]} <= asked
    assert after["loads"][: len(before["loads"])] == before["loads"]
    assert len(list(line.home.glob("staging.set-aside-*.duckdb"))) == (damage != "gone")
