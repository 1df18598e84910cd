"""The warehouse as it was known at a moment: a copy of staging, built anew with what had been recorded by then.

Readers and runs notice nothing: the home's lock is held for the copy alone.
"""

import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import duckdb

from warehouse import coverage
from warehouse.builds import ledger
from warehouse.builds.failures import OUT, what_failed
from warehouse.builds.processes import ends_with_us
from warehouse.builds.project import PROJECT_DIR, STAGING, dbt_executable, environment, fingerprint, keep_parse
from warehouse.clock import remembered_clock
from warehouse.database import connect
from warehouse.home import Home
from warehouse.lock import is_alive
from warehouse.moments import moment_in
from warehouse.progress import SilentSteps, StepProgress
from warehouse.publishing.gate import weeks_without_candles
from warehouse.publishing.history import history
from warehouse.recovery.upkeep import locked, put_in_order
from warehouse.source import Kind, Source
from warehouse.untrusted import one_line
from warehouse.week import Week, closed_weeks

STEP = "as_known"
_PUBLICATION = re.compile(r"publication:([0-9]{1,9})")
# What dbt makes. The ledgers and datasets of `raw` stay: each model takes of them what was recorded by the moment.
_BUILT = ("marts", "operations", "intermediate", "core", "staging", "seeds")


class AsOfError(RuntimeError):
    """The warehouse cannot be shown as of then; the message says why, or what can be asked for."""


@dataclass(frozen=True)
class Known:
    """What was known at a moment: a database that nobody else has, for as long as the context."""

    as_of: datetime
    source: Source
    database: Path

    @contextmanager
    def open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that only reads."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            yield connection


def moment(text: str, home: Home, *, now: datetime | None = None) -> datetime:
    """`2025-11-24T07:00`, a date (its first moment), with or without zone (then UTC), or `publication:3`. AsOfError."""
    numbers = {row.publication_id: row.as_of for row in history(home).publications}
    # What was published as of a clock that was ahead can be asked for all the same.
    now = max([now or datetime.now(UTC), *(as_of.replace(tzinfo=UTC) for as_of in numbers.values())])
    if found := _PUBLICATION.fullmatch(text.strip()):
        if int(found[1]) not in numbers:
            raise AsOfError(
                f"there is no publication {int(found[1])}; " + _choose(f"publication:{n}" for n in sorted(numbers))
            )
        return numbers[int(found[1])].replace(tzinfo=UTC)
    try:
        asked = datetime.fromisoformat(text.strip())
    except ValueError:
        raise AsOfError(
            f"{one_line(text, 40)!r} is no moment; write it like 2025-11-24T07:00, 2025-11-24 or publication:3"
        ) from None
    try:
        asked = (asked if asked.tzinfo else asked.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise AsOfError(
            f"{one_line(text, 40)} lies outside of time as computers know it; name a later moment"
        ) from None
    if asked > now:
        raise AsOfError(f"{asked:%Y-%m-%d %H:%M:%S} UTC lies in the future; now it is {now:%Y-%m-%d %H:%M:%S} UTC")
    return asked


@contextmanager
def known_at(
    home: Home,
    as_of: datetime | None,
    week: Week,
    endpoints: Sequence[coverage.Endpoint],
    *,
    wait_seconds: float = 0.0,
    progress: StepProgress | None = None,
) -> Iterator[Known]:
    """The warehouse as known at `as_of` (None: now, with all that is loaded), built for `week` to be read.

    AsOfError where nothing was known then, WeekError where the week was not over; both before anything is built.
    """
    steps = progress or SilentSteps()
    scratch = Home(home.path / "scratch" / f"{os.getpid()}-{uuid.uuid4().hex[:8]}")
    try:
        with locked(home, wait_seconds=wait_seconds, progress=steps):
            put_in_order(home, steps)
            _remove_left(home)
            _copy(home, scratch)
        yield _build(home, scratch, as_of, week, endpoints, steps)
    finally:
        shutil.rmtree(scratch.path, ignore_errors=True)
        _remove_empty(scratch.path.parent)


def _copy(home: Home, scratch: Home) -> None:
    if not home.staging.exists():
        raise AsOfError(f"nothing is loaded in {home.path}; run `regime run` first")
    scratch.create()
    for name in (home.staging.name, f"{home.staging.name}.wal"):
        if (home.path / name).exists():
            shutil.copyfile(home.path / name, scratch.path / name)


def _build(
    home: Home,
    scratch: Home,
    as_of: datetime | None,
    week: Week,
    endpoints: Sequence[coverage.Endpoint],
    steps: StepProgress,
) -> Known:
    state = fingerprint()
    with connect(scratch) as connection:
        moment = as_of or moment_in(connection)
        source = _source_at(connection, home, moment)
        closed_weeks(week, week, source)
        _check_candles(connection, week, moment)
        known = Known(moment, source, scratch.staging)
        if as_of is None and ledger.is_current(connection, source, fingerprint=state):
            return known
        steps.start(STEP)
        for told in ("publications", "published_labels"):
            connection.execute(f"delete from raw.{told} where published_at > ?", [_zoneless(moment)])
        coverage.update(connection, source.now, source.starts_at, endpoints, as_of=moment)
        for schema in _BUILT:
            connection.execute(f"drop schema if exists {schema} cascade")
        connection.execute("delete from raw.builds")
        ledger.begin_build(connection, source, as_of=moment, fingerprint=state)
    _run_dbt(scratch)
    with connect(scratch) as connection:
        ledger.finish_build(connection, is_passed=True)
        connection.execute("checkpoint")
    steps.finish(STEP, f"{week} as known at {moment:%Y-%m-%d %H:%M:%S} UTC")
    return known


def _source_at(connection: duckdb.DuckDBPyConnection, home: Home, as_of: datetime) -> Source:
    """The source as it was then: its clock said what the newest batch that had landed by then says."""
    identity, remembered = home.identity(), remembered_clock(home)
    first, clock = connection.execute(
        "select min(recorded_at), max(clock_at) filter (recorded_at <= ?) from raw.loads", [_zoneless(as_of)]
    ).fetchall()[0]
    if identity is None or first is None or remembered is None:
        raise AsOfError(f"nothing is loaded in {home.path}; run `regime run` first")
    if _zoneless(as_of) < first:
        raise AsOfError(
            f"nothing was known at {as_of:%Y-%m-%d %H:%M:%S} UTC: the first rows were recorded at "
            f"{first:%Y-%m-%d %H:%M:%S}"
        )
    # Batches that landed before clocks were kept: a home's clock only moves on, so it said at most what it says now.
    now = clock.replace(tzinfo=UTC) if clock else remembered.now
    for kind in get_args(Kind):
        if kind == identity.kind:
            return Source(kind, None, remembered.starts_at, now)
    raise AsOfError(f"{home.path} holds {identity.kind} data, which this version does not know")


def _check_candles(connection: duckdb.DuckDBPyConnection, week: Week, as_of: datetime) -> None:
    known = connection.execute(
        "select count(*) from raw.candles where recorded_at <= ? and open_time >= ? and open_time < ?",
        [_zoneless(as_of), week.start, week.end],
    ).fetchall()[0][0]
    if not known or weeks_without_candles(connection, [week]):
        raise AsOfError(f"no candle of {week} was known at {as_of:%Y-%m-%d %H:%M:%S} UTC; name a later moment")


def _run_dbt(scratch: Home) -> None:
    """Build and test every model in the copy; AsOfError if that fails."""
    artefacts = scratch.path / "dbt"
    artefacts.mkdir()
    keep_parse(artefacts)
    command = [dbt_executable(), "--quiet", "build", "--full-refresh", "--exclude-resource-type", "unit_test"]
    command += ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)]
    command += ["--target-path", str(artefacts), "--log-path", str(artefacts)]
    with (
        open(artefacts / OUT, "wb") as out,
        subprocess.Popen(
            command,
            cwd=scratch.path,
            env=environment(STAGING),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        ) as dbt,
        ends_with_us(dbt),
    ):
        code = dbt.wait()
    if code:
        raise AsOfError(f"the models could not be built as of then: {what_failed(artefacts, scratch.staging)}")


def _remove_left(home: Home) -> None:
    """Copies of processes that were killed."""
    for path in (home.path / "scratch").glob("*-*"):
        process = path.name.split("-")[0]
        if process.isdigit() and not is_alive(int(process)):
            shutil.rmtree(path, ignore_errors=True)


def _remove_empty(directory: Path) -> None:
    try:
        directory.rmdir()
    except OSError:  # somebody else's copy is in it
        return


def _choose(names: Iterable[str]) -> str:
    known = list(names)
    return f"choose from {', '.join(known[-5:])}" if known else "nothing is published yet"


def _zoneless(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
