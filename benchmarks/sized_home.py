"""A home whose staging database has a given size, without a market: what publishing costs depends on bytes."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb

from warehouse.builds.ledger import begin_build, finish_build
from warehouse.database import connect
from warehouse.home import Home
from warehouse.publishing.publish import Publication, publish
from warehouse.source import Source
from warehouse.week import Week

WEEK = Week.parse("2025-W47")
_NOW = datetime(2025, 11, 24, 6, tzinfo=UTC)
_SOURCE = Source("simulated", "http://127.0.0.1:1", _NOW, _NOW)
_BYTES_PER_ROW = 8.0  # a random double does not compress


def make(path: Path, size_mb: float) -> Home:
    """A home with so many megabytes of marts, nothing published yet."""
    home = Home(path)
    home.claim("simulated", market="full")
    rows = int(size_mb * 1e6 / _BYTES_PER_ROW)
    with connect(home) as connection:
        connection.execute("create schema marts")
        connection.execute(f"create table marts.filler as select random() as value from range({rows})")
    return home


def move_on(home: Home, state: int) -> None:
    """What a build would change: one small mart, and the ledger of builds."""
    with connect(home) as connection:
        begin_build(connection, _SOURCE, as_of=_NOW, fingerprint="")
        connection.execute(f"create or replace table marts.states as select {state} as state from range(1000)")
        finish_build(connection, is_passed=True)


def publish_once(home: Home) -> Publication:
    """One publication, with a page of a line."""
    return publish(home, _SOURCE, [WEEK], _write_page, code_version="benchmark")


def _write_page(connection: duckdb.DuckDBPyConnection, week: Week, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "summary.md").write_text(str(week))
