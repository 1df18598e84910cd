"""Who is compared: four ways to bring the warehouse up to the last closed week."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from warehouse.builds.project import PROJECT_DIR, STAGING

Start = Literal["warm", "loaded"]

WEEK_START, WEEK = "2025-11-17", "2025-W47"

_BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Contestant:
    """One way. It begins in a `warm` home (all earlier weeks) or a `loaded` one (this week's rows too, not built)."""

    name: str
    does: str
    start: Start
    command: tuple[str, ...]
    publishes: bool

    def command_in(self, home: Path) -> list[str]:
        """The command as it is called for a home."""
        return [part.replace("{home}", str(home)) for part in self.command]


WEEKLY = Contestant(
    "weekly run", "`regime run`: fetch, judge, load, build, test, publish",
    "warm", (sys.executable, "-m", "regime", "run"), publishes=True,
)  # fmt: skip
DEFAULT = Contestant(
    "Dagster's default way", "the same assets and checks, `dagster asset materialize`, a process per step",
    "warm",
    (str(_BIN / "dagster"), "asset", "materialize", "-m", "benchmarks.default_way",
     "--select", "*", "--partition", WEEK_START),
    publishes=True,
)  # fmt: skip
DBT = Contestant(
    "bare dbt build", "models, seeds and their tests, on loaded rows",
    "loaded",
    (str(_BIN / "dbt"), "build", "--exclude-resource-type", "unit_test",
     "--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR),
     "--target-path", "{home}/dbt", "--log-path", "{home}/dbt"),
    publishes=False,
)  # fmt: skip
SQL = Contestant(
    "the compiled SQL alone", "models without tests, on loaded rows",
    "loaded", (sys.executable, "-m", "benchmarks.compiled_sql"), publishes=False,
)  # fmt: skip

CONTESTANTS = (WEEKLY, DEFAULT, DBT, SQL)


def has_published(home: Path) -> bool:
    """True if the home's readers see the week."""
    return (home / "reports" / WEEK / "summary.json").exists()


def environment(base: Mapping[str, str], home: Path, market: str, server_url: str | None) -> dict[str, str]:
    """What every command runs with: this home and market, and nothing of the caller's that would change the work."""
    foreign = ("REGIME_", "DAGSTER_", "DBT_", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    kept = {name: value for name, value in base.items() if not name.startswith(foreign)}
    ours = {
        "REGIME_HOME": str(home),
        "REGIME_MARKET": market,
        "REGIME_STAGING": str(STAGING),  # a bare dbt starts in the home, as a run lets it
        "DAGSTER_HOME": str(home / "dagster"),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        "PYTHONPATH": str(PROJECT_DIR.parent),
    }
    return kept | ours | ({"REGIME_SERVER_URL": server_url} if server_url else {})
