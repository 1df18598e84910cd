"""The staging database: `raw`, append-only and in two times, and the way in."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import duckdb
import pyarrow as pa

from warehouse.contracts import DATASETS
from warehouse.home import Home, HomeError

# Analysts' tools lag behind the engine: a 1.5 client must open what we publish.
STORAGE_VERSION = "v1.5.0"
# How long opening waits for another process that has the file open.
OPEN_SECONDS = 5.0

_SQL_TYPES = {
    pa.string(): "VARCHAR",
    pa.float64(): "DOUBLE",
    pa.int64(): "BIGINT",
    pa.bool_(): "BOOLEAN",
    pa.timestamp("us"): "TIMESTAMP",
    pa.date32(): "DATE",
}

_LEDGERS = """
create table if not exists raw.loads (
    load_id BIGINT, dataset VARCHAR, origin VARCHAR, landing_file VARCHAR, sha256 VARCHAR, rows BIGINT,
    new_rows BIGINT, quarantined_rows BIGINT, recorded_at TIMESTAMP, ingest_id VARCHAR, clock_at TIMESTAMP,
    archive VARCHAR);
create table if not exists raw.requests (
    dataset VARCHAR, origin VARCHAR, market_type VARCHAR, series VARCHAR, window_start TIMESTAMP, window_end TIMESTAMP,
    rows_received BIGINT, status VARCHAR, reason VARCHAR, recorded_at TIMESTAMP, load_id BIGINT);
create table if not exists raw.quarantine (
    dataset VARCHAR, origin VARCHAR, market_type VARCHAR, series VARCHAR, event_at TIMESTAMP, rule VARCHAR,
    severity VARCHAR, reason VARCHAR, row_json VARCHAR, landing_file VARCHAR, row_number BIGINT,
    recorded_at TIMESTAMP, load_id BIGINT, released_at TIMESTAMP);
create table if not exists raw.check_releases (
    dataset VARCHAR, venue VARCHAR, market_type VARCHAR, series VARCHAR, event_at TIMESTAMP, rule VARCHAR,
    value DOUBLE, bound DOUBLE, released_by VARCHAR, reason VARCHAR, recorded_at TIMESTAMP, load_id BIGINT);
create table if not exists raw.archive_disagreements (
    dataset VARCHAR, venue VARCHAR, market_type VARCHAR, series VARCHAR, event_at TIMESTAMP, field VARCHAR,
    archive VARCHAR, venue_value DOUBLE, archive_value DOUBLE, recorded_at TIMESTAMP, load_id BIGINT,
    resolved_at TIMESTAMP);
create table if not exists raw.coverage (
    dataset VARCHAR, origin VARCHAR, market_type VARCHAR, series VARCHAR, week_start DATE, due_rows BIGINT,
    received_rows BIGINT, quarantined_rows BIGINT, missing_rows BIGINT, first_missing_at TIMESTAMP,
    last_missing_at TIMESTAMP, last_recorded_at TIMESTAMP, reason VARCHAR, tries BIGINT, last_tried_at TIMESTAMP,
    next_try_at TIMESTAMP, is_closed BOOLEAN);
create table if not exists raw.coverage_state (
    load_id BIGINT, recorded_at TIMESTAMP, now_at TIMESTAMP, starts_at TIMESTAMP, rules VARCHAR, changed_week DATE,
    changed_at TIMESTAMP);
create table if not exists raw.guard_results (
    load_id BIGINT, dataset VARCHAR, origin VARCHAR, rule VARCHAR, severity VARCHAR, reason VARCHAR,
    evaluated_rows BIGINT, failed_rows BIGINT, is_passed BOOLEAN, recorded_at TIMESTAMP, ingest_id VARCHAR);
create schema if not exists guards;
-- Of a batch that was judged again, the newest judgement counts.
create view if not exists guards.newest_results as
    select * from raw.guard_results
    qualify recorded_at = max(recorded_at) over (partition by load_id);
-- And of each origin, its last ingestion.
create view if not exists guards.last_results as
    select * from guards.newest_results
    qualify ingest_id = max_by(ingest_id, load_id) over (partition by dataset, origin);
create table if not exists raw.builds (
    build_id BIGINT, load_id BIGINT, fingerprint VARCHAR, is_passed BOOLEAN, finished_at TIMESTAMP, now_at TIMESTAMP);
create table if not exists raw.run_context (
    as_of TIMESTAMP, now_at TIMESTAMP, starts_at TIMESTAMP, source VARCHAR, rebuild_from TIMESTAMP);
create table if not exists raw.publications (
    publication_id BIGINT, published_at TIMESTAMP, as_of TIMESTAMP, source VARCHAR, is_simulated BOOLEAN,
    first_week DATE, last_week DATE, code_version VARCHAR, digest VARCHAR);
create table if not exists raw.summary_sentences (
    week_start DATE, language VARCHAR, sentence_id VARCHAR, section VARCHAR, rule VARCHAR, text VARCHAR,
    evidence VARCHAR);
create table if not exists raw.published_labels (
    week_start DATE, model VARCHAR, label VARCHAR, probability DOUBLE, published_at TIMESTAMP);
"""


@contextmanager
def connect(home: Home, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """The staging database of a home; raw's tables exist in it. HomeError if it cannot be opened."""
    if not read_only:
        home.create()
    try:
        connection = _open(home, read_only)
    except (duckdb.Error, OSError) as error:
        reason = str(error).splitlines()[0]
        raise HomeError(
            f"cannot open {home.staging} ({reason}); if no run is writing in it, move it away, with its .wal: "
            "the next run loads everything again from landing/"
        ) from error
    try:
        connection.execute("set TimeZone = 'UTC'")
        if not read_only:
            create_tables(connection)
        yield connection
    finally:
        connection.close()


def _open(home: Home, read_only: bool) -> duckdb.DuckDBPyConnection:
    """Open the file; waits a moment where the dbt of a run that was killed is just being ended."""
    config: dict[str, str | bool | int | float | list[str]] = (
        {} if read_only else {"storage_compatibility_version": STORAGE_VERSION}
    )
    deadline = time.monotonic() + OPEN_SECONDS
    while True:
        try:
            return duckdb.connect(str(home.staging), read_only=read_only, config=config)
        except duckdb.IOException as error:
            if "lock" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def covered_until(connection: duckdb.DuckDBPyConnection, dataset: str) -> dict[tuple[str, str | None, str], datetime]:
    """How far each series (origin, market type, series) has been asked completely: the end of its last such window."""
    rows = connection.execute(
        "select origin, market_type, series, max(window_end) from raw.requests"
        " where dataset = ? and status = 'complete' group by all",
        [dataset],
    ).fetchall()
    return {(origin, market, series): end.replace(tzinfo=UTC) for origin, market, series, end in rows}


def guard_results(
    connection: duckdb.DuckDBPyConnection, dataset: str
) -> list[tuple[str, str, str, str, int, int, bool]]:
    """The last ingestion's guards: (origin, rule, severity, reason, evaluated rows, failed rows, is passed)."""
    return connection.execute(
        """
        select origin, rule, severity, any_value(reason), sum(evaluated_rows)::bigint,
               sum(failed_rows)::bigint, bool_and(is_passed)
        from guards.last_results
        where dataset = ?
        group by origin, rule, severity order by all
        """,
        [dataset],
    ).fetchall()


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Raw's tables, where they do not exist."""
    connection.execute("create schema if not exists raw")
    connection.execute(_LEDGERS)
    for dataset in DATASETS.values():
        columns = ", ".join(f"{c.name} {_SQL_TYPES[c.type]}" for c in dataset.columns)
        connection.execute(
            f"create table if not exists raw.{dataset.name} ({columns}, recorded_at TIMESTAMP, load_id BIGINT)"
        )
        known = {name for (name,) in connection.execute(
            "select column_name from duckdb_columns() where schema_name = 'raw' and table_name = ?", [dataset.name]
        ).fetchall()}  # fmt: skip
        for column in dataset.columns:  # a home that is older than a column has it from now on, empty in what was read
            if column.name not in known:
                connection.execute(f"alter table raw.{dataset.name} add column {column.name} {_SQL_TYPES[column.type]}")
