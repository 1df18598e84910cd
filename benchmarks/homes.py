"""Homes to begin from: one that has every week but the last, and one that has the last week's rows too.

All of them work at one path: dbt parses everything again where the path of the database has changed, and that would be
measured as if it were the week's work.
"""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contestants import Start, environment
from benchmarks.market import A_WEEK_AGO, CHECKOUT, serving
from benchmarks.measure import measure


@dataclass(frozen=True)
class Homes:
    """The homes of one benchmark, in a directory of their own."""

    directory: Path
    market: str

    @property
    def home(self) -> Path:
        """Where the contestants work, one after another."""
        return self.directory / "home"

    def environment(self, server_url: str | None) -> dict[str, str]:
        """The environment of a command that works in `home`."""
        return environment(os.environ, self.home, self.market, server_url)

    def set_up(self) -> None:
        """What `make` does before `make run`: dbt's project is parsed, if its files have changed."""
        measure([sys.executable, "-m", "warehouse.builds.project"], CHECKOUT, self.environment(None))

    def empty(self) -> None:
        """No home at all: what a first run meets."""
        shutil.rmtree(self.home, ignore_errors=True)
        self.directory.mkdir(parents=True, exist_ok=True)

    def prepare(self, server_url: str) -> None:
        """Make the homes to begin from. The warm one was never told of the last week: its market stood a week ago."""
        self.empty()
        with serving(A_WEEK_AGO, self.market, self.environment(None)) as earlier_url:
            self._run("regime", "run", server_url=earlier_url)
        self._keep("warm")
        self._run("benchmarks.load_week", server_url=server_url)
        self._keep("loaded")
        # Dagster's tools offer only weeks that the clock, as it was last seen, has closed.
        shutil.copy2(self.directory / "loaded" / "clock.json", self.directory / "warm" / "clock.json")

    def put(self, start: Start) -> None:
        """A fresh copy of a home to begin from; it lies on the disk before anything is measured."""
        self.empty()
        shutil.copytree(self.directory / start, self.home, symlinks=True)
        os.sync()

    def _keep(self, start: Start) -> None:
        shutil.copytree(self.home, self.directory / start, symlinks=True)

    def _run(self, module: str, *arguments: str, server_url: str) -> None:
        measure([sys.executable, "-m", module, *arguments], CHECKOUT, self.environment(server_url))
