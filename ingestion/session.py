"""A session: a home held for writing and its source open, from the first row asked for to the published week."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ingestion.progress import Progress, Silent
from ingestion.sources.choice import Choice, check_is_held
from ingestion.sources.depth import with_depth
from ingestion.sources.opening import open_source
from warehouse.clock import remember_clock
from warehouse.home import Home
from warehouse.progress import StepProgress
from warehouse.recovery.upkeep import locked, put_in_order
from warehouse.source import Source


@dataclass(frozen=True)
class Session:
    """What every step of a run needs: where to write, whom to ask, who is listening.

    `is_asked`: everyone has been asked already, what came has landed.
    """

    home: Home
    source: Source
    progress: Progress = field(default_factory=Silent)
    is_asked: bool = False


@contextmanager
def open_session(
    home: Home, choice: Choice, *, wait_seconds: float = 0.0, progress: Progress | None = None
) -> Iterator[Session]:
    """Hold a home and its source. HomeError or SourceError if that cannot be; then nothing has changed."""
    check_is_held(home, choice)
    progress = progress or Silent()
    with open_source(choice) as opened:
        source = with_depth(home, opened)
        with hold(home, choice, source, wait_seconds=wait_seconds, progress=progress):
            yield Session(home, source, progress)


@contextmanager
def hold(
    home: Home, choice: Choice, source: Source, *, wait_seconds: float = 0.0, progress: StepProgress | None = None
) -> Iterator[None]:
    """Make the home this source's, hold its lock, and put in order what a killed run or an older version left."""
    with locked(home, wait_seconds=wait_seconds, progress=progress):
        # Under the lock: of two first runs at once, the second finds the home taken instead of taking it too.
        home.claim(choice.kind, replay_dir=choice.replay_dir, market=choice.market)
        put_in_order(home, progress)
        remember_clock(home, source)
        yield
