"""A history that is begun short and deepened, killed on the way: the same rows as one that was asked for at once."""

import signal
import subprocess
import sys

import duckdb
import pytest

from regime.ledger import thin_of
from tests.pipeline.market import CommandLine, market_server
from warehouse.clock import remembered_clock
from warehouse.contracts import DATASETS
from warehouse.home import CHECKOUT, Home


@pytest.fixture(scope="module")
def server():
    with market_server("--market", "tiny") as url:
        yield url


def step(home, server: str, *arguments: str) -> int:
    line = CommandLine(home, home.parent, server)
    return subprocess.run(
        [sys.executable, "-m", "tests.pipeline.deepening", *arguments],
        cwd=CHECKOUT, env=line.environment(), timeout=300, check=False,
    ).returncode  # fmt: skip


def facts(home) -> dict[str, set[tuple]]:
    with duckdb.connect(str(Home(home).staging), read_only=True) as connection:
        return {
            name: set(connection.execute(f"select * exclude (recorded_at, load_id) from raw.{name}").fetchall())
            for name in DATASETS
        }


def asked(home) -> list[tuple]:
    """What was answered completely of candles, by series."""
    with duckdb.connect(str(Home(home).staging), read_only=True) as connection:
        return connection.execute(
            "select origin, market_type, series, window_start, window_end from raw.requests"
            " where dataset = 'candles' and status = 'complete' order by all"
        ).fetchall()


@pytest.mark.slow
def test_killed_twice_it_is_complete_to_the_row_and_asks_nothing_twice(server, tmp_path):
    whole, deepened = tmp_path / "whole", tmp_path / "deepened"
    assert step(deepened, server, "first", "300") == 0
    begun = remembered_clock(Home(deepened))
    assert begun is not None and f"{begun.starts_at:%Y-%m-%d}" == "2025-11-17"
    planned = CommandLine(deepened, tmp_path, server)("backfill", "--history", "3w", "--plan")
    assert planned.returncode == 0 and "a history from 2025-11-03 on" in planned.stdout, planned.stderr
    assert remembered_clock(Home(deepened)) == begun  # a plan changes nothing
    few = facts(deepened)
    assert step(deepened, server, "deepen", "6") == -signal.SIGKILL
    assert step(deepened, server, "deepen", "12") == -signal.SIGKILL
    assert step(deepened, server, "deepen", "0") == 0
    clock = remembered_clock(Home(deepened))
    assert clock is not None and f"{clock.starts_at:%Y-%m-%d}" == "2025-11-03"

    assert step(whole, server, "whole", "300") == 0
    once, found = facts(whole), facts(deepened)
    assert {name: len(rows) for name, rows in found.items()} == {name: len(rows) for name, rows in once.items()}
    assert found == once
    assert len(few["candles"]) * 2 < len(once["candles"])  # it had been short
    windows = asked(deepened)
    assert len(windows) == len(set(windows))


def test_what_there_was_no_time_for_is_told_and_asked_for_later(server, tmp_path):
    home = tmp_path / "home"
    assert step(home, server, "first", "0") == 0
    with duckdb.connect(str(Home(home).staging), read_only=True) as connection:
        assert connection.execute("select count(*) from raw.candles").fetchall() == [(0,)]
        reasons = connection.execute(
            "select distinct reason from raw.requests where status = 'failed' and dataset = 'instruments'"
        ).fetchall()
        assert len(reasons) == 1 and reasons[0][0].startswith("not asked yet")
        assert list(thin_of(connection))
    assert step(home, server, "deepen", "0") == 0
    with duckdb.connect(str(Home(home).staging), read_only=True) as connection:
        assert connection.execute("select count(*) from raw.candles").fetchall()[0][0] > 0
        assert [line for line in thin_of(connection) if "candles" in line] == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--history", "3y"), "`regime run` first"),
        (("--history", "3 years"), "write it like 20w, 6m or 3y"),
        (("--history", "3y", "--gaps"), "--history 3y, or --gaps"),
        (("--plan",), "--history 3y"),
    ],
)
def test_what_cannot_be_deepened_is_told_in_one_line(server, tmp_path, arguments, says):
    done = CommandLine(tmp_path / "home", tmp_path, server)("backfill", *arguments)
    assert done.returncode == 2 and says in done.stderr and done.stderr.count("\n") == 1, done.stderr
