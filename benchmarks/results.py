"""What was measured, whole: for the table, for the document, and as JSON for other programs."""

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.contestants import CONTESTANTS, DEFAULT, WEEKLY, Contestant
from benchmarks.measure import Measurement

MOST_OF_DEFAULT_WAY = 1 / 3
MOST_SECONDS_OF_FIRST_RUN = 60.0


@dataclass(frozen=True)
class Results:
    """One benchmark: the first run in an empty home, and each contestant's runs in the order they were made."""

    market: str
    first_run: Measurement
    load_at_start: float
    runs: dict[str, list[Measurement]] = field(default_factory=lambda: {c.name: [] for c in CONTESTANTS})

    def median_seconds(self, contestant: Contestant) -> float:
        """The median wall time of a contestant."""
        return median(run.wall_seconds for run in self.runs[contestant.name])

    def typical(self, contestant: Contestant) -> Measurement:
        """The run whose wall time is the median, or the one just below it."""
        return sorted(self.runs[contestant.name], key=lambda run: run.wall_seconds)[
            (len(self.runs[contestant.name]) - 1) // 2
        ]

    def ratio(self, contestant: Contestant, to: Contestant) -> float:
        """How many times as long a contestant takes as another."""
        return self.median_seconds(contestant) / self.median_seconds(to)

    def aims(self) -> list[str]:
        """Each aim with what was measured, in a line."""
        share, seconds = self.ratio(WEEKLY, DEFAULT), self.first_run.wall_seconds
        is_short, is_quick = share < MOST_OF_DEFAULT_WAY, seconds < MOST_SECONDS_OF_FIRST_RUN
        return [
            f"Weekly run ÷ Dagster's default way: {share:.2f} (aim: under a third, {_met(is_short)}).",
            f"First full run in an empty home: {seconds:.0f} s"
            f" (aim: under {MOST_SECONDS_OF_FIRST_RUN:.0f} s on two cores, {_met(is_quick)}).",
        ]

    def load(self) -> str:
        """How quiet the machine was."""
        others = [run.other_cores for runs in self.runs.values() for run in runs if run.other_cores is not None]
        beside = f"; beside the measured programs {median(others):.1f} (at most {max(others):.1f}) cores were busy, " \
                 "the market server's included" if others else ""  # fmt: skip
        return f"Load average at the start {self.load_at_start:.1f}{beside}."

    def write(self, path: Path) -> None:
        """Everything as JSON."""
        content: dict[str, Any] = {
            "market": self.market,
            "machine": machine(),
            "load_at_start": self.load_at_start,
            "first_run": asdict(self.first_run),
            "runs": {name: [asdict(run) for run in runs] for name, runs in self.runs.items()},
            "median_wall_seconds": {c.name: self.median_seconds(c) for c in CONTESTANTS},
            "weekly_run_to": {c.name: self.ratio(WEEKLY, c) for c in CONTESTANTS},
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=2))


def machine() -> str:
    """The machine in one line, without its name."""
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory_gb:.0f} GB of memory, {platform.system()}, Python {platform.python_version()}"
    )


def _met(is_met: bool) -> str:
    return "met" if is_met else "missed"
