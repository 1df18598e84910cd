"""`regime status`: what a home holds and how it fares, without disturbing a run."""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from regime.commands.sql import open_published
from regime.ledger import by_dataset, disagreements_of, thin_of
from warehouse.clock import remembered_clock
from warehouse.home import FORMAT, Home, describe
from warehouse.publishing.gate import blocking_reasons
from warehouse.untrusted import one_line
from warehouse.week import Week


def show() -> None:
    """Print the status of REGIME_HOME, a line per fact."""
    home = Home.at()
    for name, text in _facts(home):
        print(f"{name + ':':<13} {one_line(text)}")


def _facts(home: Home) -> Iterator[tuple[str, str]]:
    yield "home", str(home.path)
    identity = home.identity()
    if identity is None:
        yield "source", "none yet; the first `regime run` decides"
        return
    yield "source", describe(identity.kind, identity.replay_dir, identity.market)
    clock = remembered_clock(home)
    if clock:
        reach = f"{Week.of(clock.starts_at)} to {Week.last_closed(clock.now)}"
        yield "clock", f"{clock.now:%Y-%m-%d %H:%M} UTC when last open; closed weeks {reach}"
        if clock.is_chosen:
            yield "history", f"from {clock.starts_at:%Y-%m-%d} on; `regime backfill --history 3y` makes it longer"
    yield from _publication(home)
    yield "last run", _last_run(home.dagster)
    yield from _work(home)


def _publication(home: Home) -> Iterator[tuple[str, str]]:
    if not home.warehouse.exists():
        yield "published", "nothing yet"
        return
    with open_published(home) as connection:
        found = connection.execute(
            "select publication_id, published_at, source, is_simulated, code_version from raw.publications"
            " order by publication_id desc limit 1"
        ).fetchall()
        pages = sorted(path.name for path in home.reports.iterdir() if path.is_dir())
        for number, published_at, source, is_simulated, code_version in found:
            label = "SIMULATED data" if is_simulated else f"{source} data"
            yield "published", f"number {number} on {published_at:%Y-%m-%d %H:%M:%S} UTC, {label}, code {code_version}"
        yield "pages", f"{_range(pages)} in {home.reports}"
        try:
            coverage = connection.execute(
                "select dataset, sum(received_rows), sum(expected_rows), min(coverage_pct),"
                " arg_min(venue, coverage_pct) from marts.data_coverage_weekly"
                " where week_start = (select max(last_week) from raw.publications) group by dataset order by dataset"
            ).fetchall()
        except duckdb.Error:
            return
    for dataset, received, expected, least, venue in coverage:
        lowest = f"; least {least:.1f} % ({venue})" if least is not None and least < 100 else ""
        whole = f"{100 * received / expected:.1f} %" if expected else "nothing expected"
        yield "coverage", f"{dataset} {whole}{lowest}"


def _range(pages: list[str]) -> str:
    if len(pages) < 2:
        return ", ".join(pages) or "none"
    return f"{len(pages)} weeks, {pages[0]} to {pages[-1]}"


def _last_run(dagster_home: Path) -> str:
    """The newest run that Dagster recorded, read from its database: Dagster itself takes a second to import."""
    database = dagster_home / "history" / "runs.db"
    if not database.exists():
        return "none"
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=1)) as connection:
            row = connection.execute(
                "select run_id, status, start_time, end_time from runs order by id desc limit 1"
            ).fetchone()
    except sqlite3.Error:
        return "unknown"
    if row is None:
        return "none"
    run_id, state, start, end = row
    when = f" on {datetime.fromtimestamp(start, UTC):%Y-%m-%d %H:%M:%S} UTC" if start else ""
    took = f", {end - start:.0f} s" if start and end else ""
    return f"{run_id[:8]} {state.lower()}{when}{took}"


def _work(home: Home) -> Iterator[tuple[str, str]]:
    """The ledger, and what stands against publishing.

    A shared lock keeps runs out while we read, and tells whether one is in: then the published file has to do.
    """
    if not home.staging.exists():
        yield "blocked by", "nothing is loaded yet"
        return
    identity = home.identity()
    if identity is not None and identity.format < FORMAT:
        yield "blocked by", f"the home is in format {identity.format}; the next run brings it to {FORMAT}"
        return
    try:
        with open(home.path / "lock", "rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            with duckdb.connect(str(home.staging), read_only=True) as connection:
                for line in by_dataset(connection):
                    yield "ledger", line
                for line in thin_of(connection):
                    yield "thin", line
                for line in disagreements_of(connection):
                    yield "disagree", line
                yield "blocked by", "; ".join(blocking_reasons(connection)) or "nothing: the warehouse may be published"
    except BlockingIOError:
        if home.warehouse.exists():
            with open_published(home) as connection:
                for line in by_dataset(connection):
                    yield "ledger", f"as published: {line}"
        yield "blocked by", "a run that is writing now; ask again when it has ended"
    except OSError as error:
        yield "blocked by", f"unknown ({error.strerror})"
    except duckdb.Error as error:
        yield "blocked by", f"{home.staging.name} cannot be read ({str(error).splitlines()[0]}); the next run mends it"
