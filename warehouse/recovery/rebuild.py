"""The staging database made anew from landing alone, and when that is needed.

Readers notice nothing: what is published stays until the next publication. A file that cannot be worked with is moved
aside and never deleted; one whose every load is in landing is replaced.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from warehouse import coverage
from warehouse.clock import Clock
from warehouse.database import connect, create_tables
from warehouse.files import sync_directory
from warehouse.home import FORMAT, Home, HomeError
from warehouse.loading import load_landed
from warehouse.publishing.history import history, remember_publications
from warehouse.recovery.cleanup import REBUILDING

_MAGIC_OFFSET, _MAGIC = 8, b"DUCK"
# The system's reasons for not opening a file, in DuckDB's words: they say nothing about the file.
_NOT_THE_FILE = ("lock on file", "Permission denied", "No space left", "Too many open files", "out of memory")


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild made: batches and rows loaded, rows in quarantine; where the old file lies if it was kept."""

    batches: int
    rows: int
    quarantined_rows: int
    aside: Path | None
    is_complete: bool  # False: the old file knew batches that landing does not have


@dataclass(frozen=True)
class _Beside(Home):
    """The same home with another staging file: the one that is being made."""

    @property
    def staging(self) -> Path:
        return self.path / REBUILDING


def rebuild(
    home: Home,
    *,
    clock: Clock | None = None,
    endpoints: Sequence[coverage.Endpoint] = (),
    is_kept_aside: bool = False,
) -> Rebuilt:
    """Make staging anew from landing, beside the old file, and swap it in. Under the lock only.

    With the source's clock, and `endpoints`, the coverage ledger is made too; else the next build makes it. Killed at
    any moment it leaves the old file or the new one; an unfinished one is begun again.
    """
    beside = _Beside(home.path)
    _remove(beside.staging)
    with connect(beside) as connection:
        loads = load_landed(connection, beside)
        if clock is not None:
            coverage.update(connection, clock.now, clock.starts_at, endpoints)
        remember_publications(connection, home, history(home))
        files = {row[0] for row in connection.execute("select landing_file from raw.loads").fetchall()}
        connection.execute("checkpoint")
    known = _loaded_files(home)
    is_complete = known is None or known <= files
    aside = move_aside(home) if is_kept_aside or known is None or not is_complete else None
    _sync(beside.staging)
    # Its log first: a log beside a file that it does not belong to would be played into it.
    _log(home.staging).unlink(missing_ok=True)
    os.replace(beside.staging, home.staging)
    sync_directory(home.path)
    return Rebuilt(
        len(loads), sum(load.new_rows for load in loads), sum(load.quarantined_rows for load in loads), aside,
        is_complete,
    )  # fmt: skip


def mend(home: Home, tell: Callable[[str], None] = lambda words: None) -> None:
    """Make sure that there is a staging database that this version can work with. Under the lock only.

    A home in an older format is migrated; a staging file that is damaged, foreign or gone is made anew from landing.
    """
    identity = home.identity()
    is_older = identity is not None and identity.format < FORMAT
    reason = fault(home)
    if is_older and reason in (None, _OTHER_TABLES):
        if reason or home.staging.exists():
            tell(f"{home.staging.name} is in format {identity.format if identity else 1}: " + _words(rebuild(home)))
    elif reason:
        tell(f"{home.staging.name} {reason}: " + _words(rebuild(home, is_kept_aside=True)))
    home.mark_migrated()


_OTHER_TABLES = "has other tables than this version"


def fault(home: Home) -> str | None:
    """Why staging cannot be worked with; None if it can, or if nothing was ever loaded."""
    if not home.staging.exists():
        return "is gone" if _log(home.staging).exists() or _has_landed(home) else None
    try:
        with open(home.staging, "rb") as file:  # DuckDB would take other kinds of files for what they are
            head = file.read(_MAGIC_OFFSET + len(_MAGIC))
    except IsADirectoryError:
        return "is a directory"
    if head[_MAGIC_OFFSET:] != _MAGIC:
        return "is no database"
    try:
        with connect(home, read_only=True) as connection:
            if _shape(connection) != _expected_shape():
                return _OTHER_TABLES
            if _is_of_another_home(connection, home):
                return "was made from another landing"
            _read_all(connection)
    except HomeError as error:
        if any(words in str(error) for words in _NOT_THE_FILE):
            raise
        return "cannot be opened"
    except duckdb.Error as error:
        if isinstance(error, duckdb.OutOfMemoryException) or any(words in str(error) for words in _NOT_THE_FILE):
            raise
        return "is damaged"
    return None


def move_aside(home: Home) -> Path | None:
    """Give the staging file, and its log, a name that no run uses; None where there is no file."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    aside = home.path / f"staging.set-aside-{stamp}.duckdb"
    for path, name in ((_log(home.staging), _log(aside)), (home.staging, aside)):
        if path.exists():
            os.rename(path, name)
    sync_directory(home.path)
    return aside if aside.exists() else None


def _sync(file: Path) -> None:
    with open(file, "rb+") as handle:
        os.fsync(handle.fileno())


def _words(made: Rebuilt) -> str:
    words = f"made anew from landing, {made.batches} batches and {made.rows:,} rows"
    return words + (f"; the old file is kept as {made.aside.name}" if made.aside else "")


def _remove(file: Path) -> None:
    _log(file).unlink(missing_ok=True)
    file.unlink(missing_ok=True)


def _log(file: Path) -> Path:
    return file.with_name(f"{file.name}.wal")


def _has_landed(home: Home) -> bool:
    return next(home.landing.glob("*/*/*/*.json"), None) is not None


def _loaded_files(home: Home) -> set[str] | None:
    """The landed files that the old staging has loaded; None where it cannot say."""
    if not home.staging.exists():
        return set()
    try:
        with connect(home, read_only=True) as connection:
            return {row[0] for row in connection.execute("select landing_file from raw.loads").fetchall()}
    except (HomeError, duckdb.Error):
        return None


def _is_of_another_home(connection: duckdb.DuckDBPyConnection, home: Home) -> bool:
    """True if nothing of what it loaded has landed here."""
    files = connection.execute("select landing_file from raw.loads").fetchall()
    return bool(files) and not any((home.landing / file).exists() for (file,) in files)


def _shape(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return connection.execute(
        "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'raw' and not internal"
        " and database_name = current_database() order by table_name, column_index"
    ).fetchall()


def _expected_shape() -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        create_tables(connection)
        return _shape(connection)


def _read_all(connection: duckdb.DuckDBPyConnection) -> None:
    """Read every block of every table: DuckDB checks each against its sum, and a file that was cut short ends early."""
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables() where not internal and database_name = current_database()"
    ).fetchall()
    for schema, table in tables:
        connection.execute(f'select sum(hash(t)::hugeint) from "{schema}"."{table}" t').fetchall()
