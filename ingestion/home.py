"""A home: the directory that holds one source's data, and the lock that lets one run at a time write in it.

Belongs here: where things lie and how a week's directory is called, whose data it is, who is writing.
Does not: what is in the files (landing, warehouse, publish).
"""

import fcntl
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, get_args

from ingestion.source import Kind

CHECKOUT = Path(__file__).resolve().parent.parent
# 2: quarantine can be released, loads know the source's clock, publications keep their history beside the file.
FORMAT = 2

# A process that wants the lock looks for it so often; after a while it says whom it waits for, now and again.
LOCK_SECONDS = 0.1
TELL_AFTER_SECONDS = 2.0
TELL_AGAIN_SECONDS = 30.0


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
            content = json.loads(text)
            written_in = int(content.get("format", 1))
            # Before anything else: a newer format may say other things.
            if written_in <= FORMAT:
                identity = Identity(**content | {"format": written_in})
                if identity.kind not in get_args(Kind):
                    raise ValueError(f"no source is of kind {identity.kind}")
                return identity
        except (ValueError, TypeError, AttributeError) as error:
            raise HomeError(
                f"{self._identity_file} is damaged: restore it from a backup, or set REGIME_HOME to a new directory"
            ) from error
        raise HomeError(
            f"{self.path} was written in format {written_in} by a newer version, and this one reads up to {FORMAT}; "
            "use the newer version, or set REGIME_HOME to a new directory"
        )

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

    def mark_migrated(self) -> None:
        """Write down that this home is in this version's format: the last step of a migration."""
        identity = self.identity()
        if identity is not None and identity.format != FORMAT:
            content = asdict(identity) | {"format": FORMAT}
            write_durably(self._identity_file, json.dumps(content, indent=2).encode())

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
    def lock(self, wait_seconds: float = 0.0, tell: Callable[[str], None] = lambda holder: None) -> Iterator[None]:
        """Hold this home's writer lock. The kernel frees it when its holder dies, so no lock is ever stale.

        Waits up to `wait_seconds`, and tells who holds it and since when; then HomeLocked, which says the same.
        """
        self.create()
        with self._locked(wait_seconds, tell) as handle:
            handle.truncate(0)
            handle.write(f"process {os.getpid()} since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")
            handle.flush()
            try:
                yield
            finally:
                handle.truncate(0)
                handle.flush()

    def _locked(self, wait_seconds: float, tell: Callable[[str], None]) -> IO[str]:
        """The lock file, locked; closing it gives the lock back."""
        file = self.path / "lock"
        started = time.monotonic()
        tell_at = started + TELL_AFTER_SECONDS
        while True:
            try:
                handle = open(file, "a+")  # noqa: SIM115 - whoever gets it closes it
            except OSError as error:
                raise HomeError(f"cannot write in {self.path}: {error.strerror}; set REGIME_HOME elsewhere") from error
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_at(handle, file):
                    return handle
                handle.close()  # somebody removed the file, and others may have locked a new one
                continue
            except BlockingIOError:
                handle.seek(0)
                holder = _holder(handle.read())
                handle.close()
            now = time.monotonic()
            if now - started >= wait_seconds:
                raise HomeLocked(
                    f"{self.path} is being written by {holder}; wait for it to end (--wait SECONDS), "
                    "or use another REGIME_HOME"
                )
            if now >= tell_at:
                tell_at = now + TELL_AGAIN_SECONDS
                tell(holder)
            time.sleep(LOCK_SECONDS)


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


def _holder(text: str) -> str:
    """Who holds the lock, by what the lock file says; a process that was killed leaves its words there."""
    found = re.match(r"process (\d+) since", text)
    return text.strip() if found and is_alive(int(found[1])) else "another process"


def is_alive(process: int) -> bool:
    """True if there is such a process on this machine."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_at(handle: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


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
