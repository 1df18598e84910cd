"""One replay of the real tables through the whole line, shared by all tests of this folder."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

REPLAYED_WEEKS = ("2025-W47", "2026-W10")


@pytest.fixture(scope="session")
def replayed_home(market_data, tmp_path_factory) -> Path:
    """A home in which both weeks were published, made once for all test processes.

    REGIME_REPLAYED_HOME names one that is kept between test runs.
    """
    shared = tmp_path_factory.getbasetemp().parent if os.environ.get("PYTEST_XDIST_WORKER") else None
    kept = os.environ.get("REGIME_REPLAYED_HOME")
    home = Path(kept) if kept else (shared or tmp_path_factory.getbasetemp()) / "replayed-home"
    with open(home.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for week in REPLAYED_WEEKS:
            if (home / "reports" / week).exists():
                continue
            command = [Path(sys.executable).parent / "regime", "run", "--replay", market_data, "--week", week]
            environment = os.environ | {"REGIME_HOME": str(home)}
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900, check=False)
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return home


@pytest.fixture(scope="session")
def marts(replayed_home):
    """Ask the published warehouse: SQL → frame."""
    connection = duckdb.connect(str(replayed_home / "warehouse.duckdb"), read_only=True)
    yield lambda sql: connection.execute(sql).df()
    connection.close()
