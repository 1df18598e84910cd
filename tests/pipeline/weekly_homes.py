"""Homes that never meet a fault, made once for all tests of a session: after the first week, the second, the third."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.pipeline.fault_line import NOWS, WEEKS, copy, run
from tests.pipeline.market import market_server


class WeeklyHomes:
    """`homes[n]` is the home published with the first n + 1 weeks. Nobody may change it: take a copy."""

    def __init__(self, directory: Path) -> None:
        """Make them below a directory that all workers of the session share."""
        self._directory = directory
        directory.mkdir(exist_ok=True)

    def __getitem__(self, n: int) -> Path:
        with self._alone():
            return self._made(n)

    def _made(self, n: int) -> Path:
        home = self._directory / f"{WEEKS[n]:%G-W%V}"
        if home.exists():
            return home
        draft = home.with_suffix(".draft")
        if n:
            copy(self._made(n - 1), draft)
        server = market_server("--market", "tiny", "--now", NOWS[n].isoformat())
        with server as url, pytest.MonkeyPatch.context() as patch:
            patch.setenv("REGIME_SERVER_URL", url)
            patch.setenv("REGIME_MARKET", "tiny")
            outcome = run(draft, WEEKS[n])
            assert outcome.is_success, outcome.failures
        return draft.rename(home)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with open(self._directory / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
