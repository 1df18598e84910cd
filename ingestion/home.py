"""A home: the directory that holds one source's data, and the lock that lets one run at a time write in it.

Belongs here: where things lie and how a week's directory is called, whose data it is, who is writing.
Does not: what is in the files (landing, warehouse, publish).
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

from ingestion.source import Kind

CHECKOUT = Path(__file__).resolve().parent.parent
FORMAT = 1


class HomeError(RuntimeError):
    """The home cannot be used so; the message says what to do."""


class HomeLocked(HomeError):
    """Another process is writing in this home."""


@dataclass(frozen=True)
class Identity:
    """Whose data a home holds, fixed by its first run. `replay_dir` and `market` say which replay or simulation."""

    kind: str
    replay_dir: str | None
    market: str | None
    created_at: str
    format: int = FORMAT


@dataclass(frozen=True)
class Home:
    """The paths of one home. Nothing is created until something is written."""

    path: Path

    @classmethod
    def at(cls, path: Path | str | None = None) -> "Home":
        """The home at `path`, else at REGIME_HOME, else `var/` of the checkout."""
        chosen = path or os.environ.get("REGIME_HOME") or CHECKOUT / "var"
        return cls(Path(chosen).expanduser().absolute())

    @property
    def landing(self) -> Path:
        """Immutable Parquet files with their manifests: the truth."""
        return self.path / "landing"

    @property
    def staging(self) -> Path:
        """The DuckDB file that runs write in; never for readers."""
        return self.path / "staging.duckdb"

    @property
    def published(self) -> Path:
        """The published versions, one directory each."""
        return self.path / "published"

    @property
    def current(self) -> Path:
        """The link to the version that readers see. Replacing it is the publication."""
        return self.path / "current"

    @property
    def warehouse(self) -> Path:
        """The published database, for analysts."""
        return self.path / "warehouse.duckdb"

    @property
    def reports(self) -> Path:
        """The published pages, a directory per week."""
        return self.path / "reports"

    @property
    def dagster(self) -> Path:
        """DAGSTER_HOME of this home's runs."""
        return self.path / "dagster"

    @property
    def _identity_file(self) -> Path:
        return self.path / "home.json"

    def identity(self) -> Identity | None:
        """Whose data this home holds; None before its first run. HomeError if the file cannot be understood."""
        try:
            text = self._identity_file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise HomeError(
                f"cannot read {self._identity_file}: {error.strerror}; set REGIME_HOME elsewhere"
            ) from error
        try:
            identity = Identity(**json.loads(text))
            if identity.kind not in get_args(Kind):
                raise ValueError(f"no source is of kind {identity.kind}")
        except (ValueError, TypeError) as error:
            raise HomeError(
                f"{self._identity_file} is damaged: restore it from a backup, or set REGIME_HOME to a new directory"
            ) from error
        if identity.format != FORMAT:
            raise HomeError(
                f"{self.path} was written in format {identity.format}, this version reads {FORMAT}; use a new home"
            )
        return identity

    def claim(self, kind: str, *, replay_dir: Path | None = None, market: str | None = None) -> Identity:
        """Make this the home of one source, or check that it already is. HomeError if it belongs to another."""
        found = self.identity()
        directory = str(replay_dir.resolve()) if replay_dir else None
        if found is None:
            identity = Identity(kind, directory, market, datetime.now(UTC).isoformat(timespec="seconds"))
            self.create()
            write_durably(self._identity_file, json.dumps(asdict(identity), indent=2).encode())
            return identity
        if (found.kind, found.replay_dir, found.market) != (kind, directory, market):
            raise HomeError(
                f"{self.path} holds {describe(found.kind, found.replay_dir, found.market)}, not "
                f"{describe(kind, directory, market)}; set REGIME_HOME to a new directory for the other source"
            )
        return found

    def create(self) -> None:
        """Make the home's directory; HomeError where it cannot be written."""
        try:
            self.landing.mkdir(parents=True, exist_ok=True)
            self.published.mkdir(exist_ok=True)
            self.dagster.mkdir(exist_ok=True)
        except OSError as error:
            raise HomeError(f"cannot write in {self.path}: {error.strerror}; set REGIME_HOME elsewhere") from error
        if not os.access(self.path, os.W_OK):
            raise HomeError(f"cannot write in {self.path}; set REGIME_HOME to a directory you may write in")

    @contextmanager
    def lock(self, wait_seconds: float = 0.0) -> Iterator[None]:
        """Hold this home's writer lock. The kernel frees it when its holder dies, so no lock is ever stale.

        Waits up to `wait_seconds`; then HomeLocked, which names the holder and since when.
        """
        self.create()
        try:
            handle = open(self.path / "lock", "a+")  # noqa: SIM115 - closed below, after the lock is given back
        except OSError as error:
            raise HomeError(f"cannot write in {self.path}: {error.strerror}; set REGIME_HOME elsewhere") from error
        with handle:
            deadline = time.monotonic() + wait_seconds
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= deadline:
                        handle.seek(0)
                        raise HomeLocked(
                            f"{self.path} is being written by {handle.read().strip() or 'another process'}; "
                            "wait for it to end, or use another REGIME_HOME"
                        ) from None
                    time.sleep(0.1)
            handle.truncate(0)
            handle.write(f"process {os.getpid()} since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")
            handle.flush()
            try:
                yield
            finally:
                handle.truncate(0)
                handle.flush()
                fcntl.flock(handle, fcntl.LOCK_UN)


def describe(kind: str, replay_dir: str | None, market: str | None) -> str:
    """A source in words, for messages."""
    if kind == "simulated":
        return f"the simulated {market or 'full'} market's data"
    if kind == "replay":
        return f"a replay of {replay_dir}"
    return "live data"


def iso_week(week_start: date) -> str:
    """2025-11-17 as people and paths write it: 2025-W47."""
    year, week, _ = week_start.isocalendar()
    return f"{year}-W{week:02d}"


def write_durably(path: Path, content: bytes) -> None:
    """Write a whole file or none: a temporary file beside it, fsync, rename, fsync of the directory."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with open(temporary, "wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(temporary, path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make renames in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
