"""Progress of an ingestion, as people like to see it.

Belongs here: what is told while rows come in, and bars on a terminal.
Does not: metadata for the orchestrator (it has the result), the ledger (raw.requests).
"""

from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Listener(Protocol):
    """Is told what is asked and how each question ended."""

    def asked(self, dataset: str, origin: str, questions: int) -> None:
        """So many more questions go to `origin`."""

    def answered(self, dataset: str, origin: str, rows: int, is_failed: bool) -> None:
        """One question has ended."""


class Silent:
    """Tells nobody."""

    def asked(self, dataset: str, origin: str, questions: int) -> None:
        """Nothing."""

    def answered(self, dataset: str, origin: str, rows: int, is_failed: bool) -> None:
        """Nothing."""


class Bars:
    """A bar per dataset and origin on a terminal; one plain line at the end of each where there is none."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rows]:>9,} rows"),
            TextColumn("{task.fields[failed]} failed"),
            TimeElapsedColumn(),
            console=self._console,
        )
        self._tasks: dict[tuple[str, str], TaskID] = {}
        self._counts: dict[TaskID, tuple[int, int]] = {}

    def __enter__(self) -> "Bars":
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def asked(self, dataset: str, origin: str, questions: int) -> None:
        """Add a bar, or lengthen it."""
        key = (dataset, origin)
        if key not in self._tasks:
            self._tasks[key] = self._bars.add_task(f"{dataset} {origin}", total=0, rows=0, failed=0)
            self._counts[self._tasks[key]] = (0, 0)
        bar = self._tasks[key]
        self._bars.update(bar, total=(self._bars.tasks[self._bars.task_ids.index(bar)].total or 0) + questions)

    def answered(self, dataset: str, origin: str, rows: int, is_failed: bool) -> None:
        """Move the bar."""
        bar = self._tasks[(dataset, origin)]
        total_rows, failed = self._counts[bar]
        self._counts[bar] = (total_rows + rows, failed + is_failed)
        self._bars.update(bar, advance=1, rows=total_rows + rows, failed=failed + is_failed)
