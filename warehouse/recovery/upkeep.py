"""A home's lock, and putting in order what a killed run or an older version left in it."""

from collections.abc import Iterator
from contextlib import contextmanager

from warehouse.builds import memory
from warehouse.home import Home
from warehouse.lock import write_lock
from warehouse.progress import SilentSteps, StepProgress
from warehouse.publishing.history import Retention
from warehouse.recovery.cleanup import sweep

# Steps that are shown only where there is something to report.
LOCK = "lock"
HOME = "home"


@contextmanager
def locked(home: Home, *, wait_seconds: float = 0.0, progress: StepProgress | None = None) -> Iterator[None]:
    """Hold a home's lock; while it is waited for, report who has it and since when."""
    steps = progress or SilentSteps()

    def report(holder: str) -> None:
        steps.start(LOCK)
        steps.finish(LOCK, f"waiting for {holder}")

    with write_lock(home, wait_seconds, report):
        yield


def put_in_order(home: Home, progress: StepProgress | None = None) -> None:
    """Sweep what killed runs left; make staging anew where this version cannot work with what lies there."""
    from warehouse.recovery.rebuild import (
        mend,  # with pyarrow and all of raw: who only asks for the clock need not wait for it
    )

    steps = progress or SilentSteps()
    # A setting that cannot be understood is better reported now than at the end of a run.
    Retention.read()
    memory.check()
    sweep(home)

    def report(words: str) -> None:
        steps.start(HOME)
        steps.finish(HOME, words)

    mend(home, report)
