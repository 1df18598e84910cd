"""What tests of whole lines share: homes of the tiny market and a home of the full one."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from tests.pipeline.fault_line import FaultyMarket
from tests.pipeline.market import CommandLine, market_server
from tests.pipeline.weekly_homes import WeeklyHomes


@pytest.fixture(scope="session")
def weekly_homes(tmp_path_factory: pytest.TempPathFactory) -> WeeklyHomes:
    """Homes of the tiny market, week by week; made by the first worker that asks."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return WeeklyHomes(shared / "weekly_homes")


@pytest.fixture(scope="session")
def full_line(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A home in which `regime run` was called once, with nothing said; REGIME_FULL_HOME names one that is kept."""
    directory = tmp_path_factory.mktemp("full")
    kept = os.environ.get("REGIME_FULL_HOME")
    line = CommandLine(Path(kept) if kept else directory / "home", directory, market=None)
    if not (line.home / "current").exists():
        done = line("run")
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        (line.home / "said.txt").write_text(done.stdout)
    return line


@pytest.fixture(scope="session")
def full_marts(full_line: CommandLine) -> Iterator[Callable[[str], pd.DataFrame]]:
    """Asks the published warehouse of that home."""
    connection = duckdb.connect(str((full_line.home / "warehouse.duckdb").resolve()), read_only=True)
    yield lambda sql: connection.execute(sql).df()
    connection.close()


@pytest.fixture(scope="session")
def faulty_market() -> Iterator[FaultyMarket]:
    """One server for all faults; each test lifts what it did."""
    with market_server("--market", "tiny") as url:
        yield FaultyMarket(url)
