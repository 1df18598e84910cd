"""The tiny simulated market as tests use it: one server for many runs, and the command line as a user calls it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from warehouse.home import CHECKOUT

WEEKS = ("2025-W45", "2025-W46", "2025-W47")
MONDAYS = ("2025-11-03", "2025-11-10", "2025-11-17")


@contextmanager
def market_server(*arguments: str) -> Iterator[str]:
    """The address of a market server that lives as long as the context."""
    server = subprocess.Popen(
        [sys.executable, "-m", "simulator", "serve", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=CHECKOUT, text=True,
    )  # fmt: skip
    try:
        line = server.stdout.readline()
        yield json.loads(line)["url"]
    finally:
        server.stdin.close()
        server.stdout.close()
        server.wait(20)


@dataclass(frozen=True)
class CommandLine:
    """`regime` in a process of its own, in a home of its own, from a directory that is not the checkout."""

    home: Path
    cwd: Path
    server_url: str | None = None
    market: str | None = "tiny"

    def environment(self, **more: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("REGIME_", "DAGSTER_"))}
        ours = {"REGIME_HOME": str(self.home), "PYTHONPATH": str(CHECKOUT)}
        if self.market:
            ours["REGIME_MARKET"] = self.market
        if self.server_url:
            ours["REGIME_SERVER_URL"] = self.server_url
        return kept | ours | more

    def __call__(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "regime", *arguments],
            cwd=self.cwd, env=self.environment(**more), capture_output=True, text=True, timeout=540, check=False,
        )  # fmt: skip


def number(home: Path) -> int:
    """The number of the current publication; 0 if there is none."""
    link = home / "current"
    return int(os.readlink(link).split("/")[-1]) if link.is_symlink() else 0


def pages(home: Path) -> list[str]:
    """The weeks that have a page."""
    return sorted(p.name for p in (home / "reports").iterdir() if p.is_dir()) if (home / "reports").exists() else []
