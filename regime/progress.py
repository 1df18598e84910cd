"""Progress of a run on a terminal: a line per step, with a bar while it lasts.

Where no terminal listens, each finished step is one plain line.
"""

import os
import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from warehouse.untrusted import one_line


class Steps:
    """Shows steps as they start, advance and finish; a session's progress."""

    def __init__(self) -> None:
        # A copy of stderr's descriptor: Dagster captures what a step prints, and this must stay visible.
        self._out = os.fdopen(os.dup(2), "w", encoding=sys.stderr.encoding, errors="replace")
        self._console = Console(file=self._out)
        self._bars = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description:<18}"),
            BarColumn(bar_width=20),
            TimeElapsedColumn(),
            TextColumn("{task.fields[told]}", markup=False),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._rows: dict[str, int] = {}
        self._started: dict[str, float] = {}

    def __enter__(self) -> "Steps":
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        self._out.close()

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._bars.stop()

    def start(self, step: str, total: int | None = None) -> None:
        """A step begins, or begins again."""
        if step in self._tasks:
            self._bars.reset(self._tasks[step], total=total)
        else:
            self._tasks[step] = self._bars.add_task(step.replace("_", " "), total=total, told="")
        self._rows[step] = 0
        self._started[step] = time.monotonic()

    def advance(self, step: str, units: int = 1) -> None:
        """Some of a step's work is done."""
        if step in self._tasks:
            self._bars.update(self._tasks[step], advance=units)

    def finish(self, step: str, outcome: str) -> None:
        """A step is over."""
        outcome = one_line(outcome)  # it may name an origin, and names come from outside
        seconds = time.monotonic() - self._started.get(step, time.monotonic())
        if self._console.is_terminal:
            bar = self._tasks[step]
            total = max(1.0, self._bars.tasks[self._bars.task_ids.index(bar)].total or 1.0)
            self._bars.update(bar, total=total, completed=total, told=outcome)
        else:
            print(f"{step.replace('_', ' '):<18} {seconds:5.1f} s  {outcome}", file=self._out, flush=True)

    def asked(self, dataset: str, origin: str, questions: int) -> None:
        """More questions go out."""
        if dataset in self._tasks:
            task = self._bars.tasks[self._bars.task_ids.index(self._tasks[dataset])]
            self._bars.update(self._tasks[dataset], total=(task.total or 0) + questions)

    def answered(self, dataset: str, origin: str, rows: int, is_failed: bool) -> None:
        """A question has ended."""
        if dataset in self._tasks:
            self._rows[dataset] += rows
            self._bars.update(self._tasks[dataset], advance=1, told=f"{self._rows[dataset]:,} rows")
