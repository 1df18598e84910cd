"""What has been published: the versions that lie in a home, their history, and how many of them stay.

The history lies beside each published file, whole up to that version, and the version that readers see decides: a
publication whose link was never swapped in is in no history, and neither is a rollback that was never done.
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, astuple, dataclass, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from warehouse.files import sync_directory, write_durably
from warehouse.home import Home, HomeError
from warehouse.publishing import labels

FILE = "publications.json"
KEPT_VERSIONS = 5
KEPT_GB = 20.0


@dataclass(frozen=True)
class Published:
    """A publication, as raw.publications has it: the same columns in the same order."""

    publication_id: int
    published_at: datetime
    as_of: datetime
    source: str
    is_simulated: bool
    first_week: date
    last_week: date
    code_version: str
    digest: str


@dataclass(frozen=True)
class RolledBack:
    """From then on readers saw an older (or newer) publication again."""

    publication_id: int
    from_publication_id: int
    rolled_back_at: datetime


# Adds a publication's row to raw.publications.
INSERT = (
    f"insert into raw.publications ({', '.join(field.name for field in fields(Published))})"
    f" values ({', '.join('?' * len(fields(Published)))})"
)

Event = Published | RolledBack
_READ: Mapping[Any, Callable[[str], date]] = {datetime: datetime.fromisoformat, date: date.fromisoformat}
_KINDS: Mapping[str, type[Published] | type[RolledBack]] = {"publication": Published, "rollback": RolledBack}


@dataclass(frozen=True)
class History:
    """What happened to readers, oldest first."""

    events: tuple[Event, ...] = ()

    @property
    def publications(self) -> list[Published]:
        """Every publication that readers have seen."""
        return [event for event in self.events if isinstance(event, Published)]

    @property
    def numbers(self) -> set[int]:
        """The numbers that are taken."""
        return {event.publication_id for event in self.publications}

    @property
    def seen(self) -> list[int]:
        """The publications that stand, oldest first: the last one is what readers see, before it what they saw before.

        What was rolled back does not stand; rolled forward to, it stands again.
        """
        standing: list[int] = []
        for event in self.events:
            if isinstance(event, RolledBack) and event.publication_id in standing:
                del standing[standing.index(event.publication_id) + 1 :]
            else:
                standing.append(event.publication_id)
        return standing

    def with_event(self, event: Event) -> "History":
        """The history, and one thing more."""
        return History((*self.events, event))

    def write(self, version: Path) -> None:
        """Keep it beside a version."""
        events = [{"kind": _kind_of(event), **_as_text(event)} for event in self.events]
        write_durably(version / FILE, json.dumps({"format": 1, "events": events}, indent=1).encode())


@dataclass(frozen=True)
class Retention:
    """How much of the past stays: at most so many versions, and so many bytes of them."""

    versions: int = KEPT_VERSIONS
    size_bytes: int = int(KEPT_GB * 1e9)

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "Retention":
        """What the environment says. HomeError if that cannot be understood."""
        try:
            versions = int(environment.get("REGIME_KEEP_VERSIONS") or KEPT_VERSIONS)
            gigabytes = float(environment.get("REGIME_KEEP_GB") or KEPT_GB)
            if versions < 1 or not 0 <= gigabytes < float("inf"):
                raise ValueError
        except ValueError:
            raise HomeError(
                "REGIME_KEEP_VERSIONS is a number of versions (1 or more) and REGIME_KEEP_GB one of gigabytes (0 or "
                "more); the published version and the one before it always stay"
            ) from None
        return cls(versions, int(gigabytes * 1e9))


def versions(home: Home) -> list[int]:
    """The numbers of the versions that lie in a home, oldest first."""
    try:
        return sorted(int(p.name) for p in home.published.iterdir() if _is_number(p.name) and p.is_dir())
    except FileNotFoundError:
        return []


def current_number(home: Home) -> int | None:
    """The number of the version that readers see; None if there is none."""
    try:
        name = Path(os.readlink(home.current)).name
    except OSError:
        return None
    return int(name) if _is_number(name) else None


def history(home: Home) -> History:
    """What readers have seen. The current version knows; where it is destroyed, the newest before it that is not."""
    current, lying = current_number(home), versions(home)
    if current is None and lying == [1]:
        return History()  # the first publication died before its link was there: nobody ever saw it
    for number in reversed([n for n in lying if current is None or n <= current]):
        found = _read(home.published / str(number)) or _read_database(home.published / str(number))
        if found is not None:
            return found
    return History()


def next_number(home: Home) -> int:
    """The number of the next publication; none is given twice."""
    return max(history(home).numbers | {current_number(home) or 0, *versions(home)}, default=0) + 1


def version_before(home: Home) -> int | None:
    """What readers saw before what they see now, if it is still kept."""
    kept = set(versions(home))
    return next((number for number in reversed(history(home).seen[:-1]) if number in kept), None)


def remember_publications(staging: duckdb.DuckDBPyConnection, home: Home, told: History) -> None:
    """Staging takes over what readers have seen: only history and chain beside the published file know it."""
    staging.begin()
    staging.execute("delete from raw.publications")
    if told.publications:
        staging.executemany(INSERT, [astuple(row) for row in told.publications])
    staging.commit()
    labels.put(staging, home.current / "reports")


def sweep(home: Home) -> None:
    """Remove versions that were never seen, and what is left of dropped and unfinished ones. Under the lock only."""
    if not home.published.is_dir():
        return
    for path in home.published.iterdir():
        if path.name.startswith((".building-", ".dropping-")):
            shutil.rmtree(path, ignore_errors=True)
    for number in _never_seen(home):
        drop(home, number)


def drop(home: Home, number: int) -> None:
    """Remove a version: in one step for whoever comes now; those who have its files open keep them."""
    leaving = home.published / f".dropping-{number}"
    shutil.rmtree(leaving, ignore_errors=True)
    os.rename(home.published / str(number), leaving)
    sync_directory(home.published)
    shutil.rmtree(leaving, ignore_errors=True)


def drop_old_versions(home: Home, retention: Retention) -> None:
    """Keep the newest versions within the budget; always the current one, and the one before it."""
    stay = {current_number(home), version_before(home)}
    used = sum(size_bytes(home.published / str(number)) for number in stay if number is not None)
    kept = len(stay - {None})
    for number in reversed(versions(home)):
        if number in stay:
            continue
        used += size_bytes(home.published / str(number))
        kept += 1
        if kept > retention.versions or used > retention.size_bytes:
            drop(home, number)


def size_bytes(directory: Path) -> int:
    """The bytes of all files below a directory."""
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def _never_seen(home: Home) -> list[int]:
    """Versions that were made and never swapped in. Only a history that can be read proves it."""
    current, lying = current_number(home), versions(home)
    if current is None:
        return lying if lying == [1] else []
    known = _read(home.published / str(current))
    return [n for n in lying if n > max(known.numbers)] if known and known.numbers else []


def _read(version: Path) -> History | None:
    try:
        content = json.loads((version / FILE).read_bytes())
        return History(tuple(_event(event) for event in content["events"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _read_database(version: Path) -> History | None:
    """The publications as the published file itself tells them: versions older than the history have only that."""
    columns = ", ".join(field.name for field in fields(Published))
    try:
        with duckdb.connect(str(version / "warehouse.duckdb"), read_only=True) as connection:
            rows = connection.execute(f"select {columns} from raw.publications order by publication_id").fetchall()
    except duckdb.Error:
        return None
    return History(tuple(Published(*row) for row in rows))


def _event(told: dict[str, Any]) -> Event:
    kind = _KINDS[told.pop("kind")]
    for field in fields(kind):
        read = _READ.get(field.type)
        if read is not None:
            told[field.name] = read(told[field.name])
    return kind(**told)


def _as_text(event: Event) -> dict[str, Any]:
    return {name: v.isoformat() if isinstance(v, date) else v for name, v in asdict(event).items()}


def _kind_of(event: Event) -> str:
    return next(name for name, kind in _KINDS.items() if isinstance(event, kind))


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdigit()
