"""A session: a home held for writing and its source open, from the first row asked for to the published week.

Belongs here: the order of things at both ends (source ready, home claimed, lock held, clock remembered), and the
hooks that tell how far it is.
Does not: the work in between (assets), Dagster.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from ingestion.home import Home, write_durably
from ingestion.progress import Listener, Silent
from ingestion.source import Source
from orchestration.choice import Choice, check_is_held
from orchestration.market import open_source


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
    with open_source(choice) as source, hold(home, choice, source, wait_seconds=wait_seconds):
        yield Session(home, source, progress or Silence())


@contextmanager
def hold(home: Home, choice: Choice, source: Source, *, wait_seconds: float = 0.0) -> Iterator[None]:
    """Make the home this source's, and hold its lock."""
    with home.lock(wait_seconds):
        # Under the lock: of two first runs at once, the second finds the home taken instead of taking it too.
        home.claim(choice.kind, replay_dir=choice.replay_dir, market=choice.market)
        remember_clock(home, source)
        yield


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
