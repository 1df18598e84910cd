"""A session: a home held for writing and its source open, from the first row asked for to the published week.

Belongs here: the order of things at both ends (source ready, lock held, home claimed and in order, clock remembered),
and the hooks that tell how far it is.
Does not: the work in between (assets), Dagster.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from ingestion.home import Home, write_durably
from ingestion.leftovers import sweep
from ingestion.progress import Listener, Silent
from ingestion.publications import Retention
from ingestion.source import Source
from orchestration import memory
from orchestration.choice import Choice, check_is_held
from orchestration.market import open_source

# Steps that only show where there is something to tell.
LOCK = "lock"
HOME = "home"


class Progress(Listener, Protocol):
    """Hears how far a run is: the questions of an ingestion, and the steps of the run."""

    def start(self, step: str, total: int | None = None) -> None:
        """A step begins; `total` units of work if that is known."""

    def advance(self, step: str, units: int = 1) -> None:
        """Some of a step's work is done."""

    def finish(self, step: str, outcome: str) -> None:
        """A step is over; `outcome` in a few words."""


class Silence(Silent):
    """Progress that nobody watches."""

    def start(self, step: str, total: int | None = None) -> None:
        """Nothing."""

    def advance(self, step: str, units: int = 1) -> None:
        """Nothing."""

    def finish(self, step: str, outcome: str) -> None:
        """Nothing."""


@dataclass(frozen=True)
class Session:
    """What every asset needs: where to write, whom to ask, whom to tell."""

    home: Home
    source: Source
    progress: Progress = field(default_factory=Silence)


@contextmanager
def open_session(
    home: Home, choice: Choice, *, wait_seconds: float = 0.0, progress: Progress | None = None
) -> Iterator[Session]:
    """Hold a home and its source. HomeError or SourceError if that cannot be; then nothing has changed."""
    check_is_held(home, choice)
    progress = progress or Silence()
    with open_source(choice) as source, hold(home, choice, source, wait_seconds=wait_seconds, progress=progress):
        yield Session(home, source, progress)


@contextmanager
def hold(
    home: Home, choice: Choice, source: Source, *, wait_seconds: float = 0.0, progress: Progress | None = None
) -> Iterator[None]:
    """Make the home this source's, hold its lock, and put in order what a killed run or an older version left."""
    with locked(home, wait_seconds=wait_seconds, progress=progress):
        # Under the lock: of two first runs at once, the second finds the home taken instead of taking it too.
        home.claim(choice.kind, replay_dir=choice.replay_dir, market=choice.market)
        put_in_order(home, progress)
        remember_clock(home, source)
        yield


@contextmanager
def locked(home: Home, *, wait_seconds: float = 0.0, progress: Progress | None = None) -> Iterator[None]:
    """Hold a home's lock; while it is waited for, tell who has it and since when."""
    steps = progress or Silence()

    def waiting(holder: str) -> None:
        steps.start(LOCK)
        steps.finish(LOCK, f"waiting for {holder}")

    with home.lock(wait_seconds, waiting):
        yield


def put_in_order(home: Home, progress: Progress | None = None) -> None:
    """Sweep what killed runs left; make staging anew where this version cannot work with what lies there."""
    from ingestion.rebuild import mend  # with pyarrow and all of raw: who only asks for the clock need not wait for it

    steps = progress or Silence()
    # What cannot be understood is better said now than at the end of a run.
    Retention.read()
    memory.check()
    sweep(home)

    def mending(words: str) -> None:
        steps.start(HOME)
        steps.finish(HOME, words)

    mend(home, mending)


@dataclass(frozen=True)
class Clock:
    """What a source's clock said when it was last open."""

    starts_at: datetime
    now: datetime


def remember_clock(home: Home, source: Source) -> None:
    """Keep what the clock says, so that the weeks on offer are known while the source is closed."""
    content: dict[str, Any] = {"starts_at": source.starts_at.isoformat(), "now": source.now.isoformat()}
    write_durably(home.path / "clock.json", json.dumps(content, indent=2).encode())


def remembered_clock(home: Home) -> Clock | None:
    """The clock as it was last seen; None if it never was."""
    try:
        content = json.loads((home.path / "clock.json").read_text())
        return Clock(datetime.fromisoformat(content["starts_at"]), datetime.fromisoformat(content["now"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
