"""`regime run` killed with `kill -9` at every step of the line: the next plain run completes, and nothing is lost.

A home is published with one week. The next week's run is killed. Readers still see the old week or see the new one;
then a run without help ends with the same rows and marts as one that was never killed.
"""

import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from tests.pipeline.fault_line import NOWS, copy, differences
from tests.pipeline.kill_line import STEPS, processes_of
from tests.pipeline.market import CommandLine, market_server, number
from tests.pipeline.reader import reading
from tests.pipeline.reliability import record
from warehouse.contracts import DATASETS
from warehouse.home import Home
from warehouse.publishing.history import history

pytestmark = pytest.mark.xdist_group("kill_line")

OLD, NEW = "2025-W45", "2025-W46"
ALWAYS: set[str] = set()  # each takes a run to die and a run to recover: minutes, with the homes to compare with
ORPHAN_SECONDS = 10.0


@pytest.fixture(scope="module")
def market():
    with market_server("--market", "tiny", "--now", NOWS[1].isoformat()) as url:
        yield url


def killed(line: CommandLine, step: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.pipeline.kill_line", step, "run"],
        cwd=line.cwd, env=line.environment(), capture_output=True, text=True, timeout=540, check=False,
    )  # fmt: skip


def facts(home: Path) -> dict[str, list[tuple]]:
    """The rows of every dataset as versions, without when and by which batch they were learned."""
    with duckdb.connect(str(Home(home).staging), read_only=True) as connection:
        return {
            name: connection.execute(f"select * exclude (recorded_at, load_id) from raw.{name} order by all").fetchall()
            for name in DATASETS
        }


def wait_for_orphans(home: Path) -> list[int]:
    deadline = time.monotonic() + ORPHAN_SECONDS
    while (left := processes_of(home)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


@pytest.mark.parametrize(
    "step", [step if step in ALWAYS else pytest.param(step, marks=pytest.mark.slow) for step in STEPS]
)
def test_a_run_killed_at_any_step_is_completed_by_the_next(market, weekly_homes, tmp_path, step):
    line = CommandLine(copy(weekly_homes[0], tmp_path / "home"), tmp_path, market)
    with reading(line.home / "warehouse.duckdb") as found:
        dead = killed(line, step)
        assert dead.returncode == -signal.SIGKILL, dead.stderr
        assert not wait_for_orphans(line.home)
        seen = number(line.home)
        assert seen == (2 if step in {"link swapped", "published", "run over"} else 1)
        pages = sorted(path.name for path in (line.home / "reports").iterdir() if path.is_dir())
        assert pages == ([OLD] if seen == 1 else [OLD, NEW])
        done = line("run")
        assert done.returncode == 0, done.stderr
    assert not found.errors, found.errors
    assert number(line.home) == seen + 1
    assert [row.publication_id for row in history(Home(line.home)).publications] == list(range(1, seen + 2))
    mine, theirs = facts(line.home), facts(weekly_homes[1])
    lost = sum(len(set(theirs[name]) - set(mine[name])) for name in DATASETS)
    assert not lost and mine == theirs
    assert differences(line.home, weekly_homes[1]) == []
    record(
        f"run killed: {step}", "`kill -9` of `regime run`, then a plain `regime run`",
        "the old week stays" if seen == 1 else "the new week is published",
        lost, found.opens, len(found.errors), section="kills",
    )  # fmt: skip


def test_a_killed_run_leaves_no_market_server_either(weekly_homes, tmp_path):
    line = CommandLine(copy(weekly_homes[0], tmp_path / "home"), tmp_path)  # it starts a server of its own
    dead = killed(line, "home claimed")
    assert dead.returncode == -signal.SIGKILL, dead.stderr
    assert not wait_for_orphans(line.home)
