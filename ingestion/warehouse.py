"""The staging database: landed batches become rows of `raw`, append-only and in two times.

Belongs here: raw's tables, loading, the run's clock, and what has been built.
Does not: files of venues (landing), SQL that computes (dbt_project), what stands against publishing (gate).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb
import pyarrow as pa

from ingestion.contracts import DATASETS, Dataset
from ingestion.home import Home, HomeError
from ingestion.landing import Manifest, manifests, read_manifest, verify
from ingestion.source import Source

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
    new_rows BIGINT, quarantined_rows BIGINT, recorded_at TIMESTAMP, ingest_id VARCHAR, clock_at TIMESTAMP);
create table if not exists raw.requests (
    dataset VARCHAR, origin VARCHAR, market_type VARCHAR, series VARCHAR, window_start TIMESTAMP, window_end TIMESTAMP,
    rows_received BIGINT, status VARCHAR, reason VARCHAR, recorded_at TIMESTAMP, load_id BIGINT);
create table if not exists raw.quarantine (
    dataset VARCHAR, origin VARCHAR, market_type VARCHAR, series VARCHAR, event_at TIMESTAMP, rule VARCHAR,
    severity VARCHAR, reason VARCHAR, row_json VARCHAR, landing_file VARCHAR, row_number BIGINT,
    recorded_at TIMESTAMP, load_id BIGINT, released_at TIMESTAMP);
create table if not exists raw.coverage (
    dataset VARCHAR, origin VARCHAR, market_type VARCHAR, series VARCHAR, week_start DATE, due_rows BIGINT,
    received_rows BIGINT, quarantined_rows BIGINT, missing_rows BIGINT, first_missing_at TIMESTAMP,
    last_missing_at TIMESTAMP, last_recorded_at TIMESTAMP, reason VARCHAR, tries BIGINT, last_tried_at TIMESTAMP,
    next_try_at TIMESTAMP, is_closed BOOLEAN);
create table if not exists raw.guard_results (
    load_id BIGINT, dataset VARCHAR, origin VARCHAR, rule VARCHAR, severity VARCHAR, reason VARCHAR,
    evaluated_rows BIGINT, failed_rows BIGINT, is_passed BOOLEAN, recorded_at TIMESTAMP, ingest_id VARCHAR);
create table if not exists raw.builds (
    build_id BIGINT, load_id BIGINT, fingerprint VARCHAR, is_passed BOOLEAN, finished_at TIMESTAMP, now_at TIMESTAMP);
create table if not exists raw.run_context (
    as_of TIMESTAMP, now_at TIMESTAMP, starts_at TIMESTAMP, source VARCHAR, rebuild_from TIMESTAMP);
create table if not exists raw.publications (
    publication_id BIGINT, published_at TIMESTAMP, as_of TIMESTAMP, source VARCHAR, is_simulated BOOLEAN,
    first_week DATE, last_week DATE, code_version VARCHAR, digest VARCHAR);
"""


@dataclass(frozen=True)
class Load:
    """One manifest that became rows: how many it held, how many were new, how many stay in quarantine."""

    load_id: int
    dataset: str
    origin: str
    rows: int
    new_rows: int
    quarantined_rows: int


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
            _create_tables(connection)
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


def load_landed(connection: duckdb.DuckDBPyConnection, home: Home) -> list[Load]:
    """Load every landed batch that is not loaded yet, oldest first, each in one transaction."""
    done = {row[0] for row in connection.execute("select landing_file from raw.loads").fetchall()}
    return [
        _load(connection, home, read_manifest(path))
        for path in manifests(home)
        if str(path.relative_to(home.landing)) not in done
    ]


def covered_until(connection: duckdb.DuckDBPyConnection, dataset: str) -> dict[tuple[str, str | None, str], datetime]:
    """How far each series (origin, market type, series) has been asked completely: the end of its last such window."""
    rows = connection.execute(
        "select origin, market_type, series, max(window_end) from raw.requests"
        " where dataset = ? and status = 'complete' group by all",
        [dataset],
    ).fetchall()
    return {(origin, market, series): end.replace(tzinfo=UTC) for origin, market, series, end in rows}


def set_run_context(connection: duckdb.DuckDBPyConnection, source: Source, as_of: datetime) -> None:
    """Tell SQL, in a table and not in variables, what time it is and as of when it may know things."""
    connection.execute("delete from raw.run_context")
    connection.execute(
        "insert into raw.run_context values (?, ?, ?, ?, timestamp '1970-01-01 00:00:00')",
        [*(_zoneless(t) for t in (as_of, source.now, source.starts_at)), source.kind],
    )


def record_build(connection: duckdb.DuckDBPyConnection, *, is_passed: bool, fingerprint: str) -> None:
    """Remember that the models were built from everything loaded so far, and whether all their tests passed."""
    connection.execute(
        "insert into raw.builds select (select coalesce(max(build_id), 0) + 1 from raw.builds),"
        " (select coalesce(max(load_id), 0) from raw.loads), ?, ?, ?, (select now_at from raw.run_context)",
        [fingerprint, is_passed, _zoneless(datetime.now(UTC))],
    )


def guard_results(
    connection: duckdb.DuckDBPyConnection, dataset: str
) -> list[tuple[str, str, str, str, int, int, bool]]:
    """The last ingestion's guards: (origin, rule, severity, reason, evaluated rows, failed rows, is passed)."""
    return connection.execute(
        """
        with latest as (
            select origin, max_by(ingest_id, load_id) as ingest_id
            from raw.guard_results where dataset = ? group by origin
        )
        select origin, rule, severity, any_value(reason), sum(evaluated_rows)::bigint,
               sum(failed_rows)::bigint, bool_and(is_passed)
        from raw.guard_results join latest using (origin, ingest_id)
        where dataset = ? group by origin, rule, severity order by all
        """,
        [dataset, dataset],
    ).fetchall()


def _create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema if not exists raw")
    connection.execute(_LEDGERS)
    for dataset in DATASETS.values():
        columns = ", ".join(f"{c.name} {_SQL_TYPES[c.type]}" for c in dataset.columns)
        connection.execute(
            f"create table if not exists raw.{dataset.name} ({columns}, recorded_at TIMESTAMP, load_id BIGINT)"
        )


def _load(connection: duckdb.DuckDBPyConnection, home: Home, manifest: Manifest) -> Load:
    verify(manifest)
    dataset = DATASETS[manifest.dataset]
    recorded_at = _zoneless(manifest.recorded_at)
    connection.begin()
    try:
        load_id = connection.execute("select coalesce(max(load_id), 0) + 1 from raw.loads").fetchall()[0][0]
        new_rows = quarantined = 0
        if manifest.parquet:
            quarantined = _quarantine(connection, home, dataset, manifest, load_id)
            new_rows = _append_versions(connection, dataset, manifest, load_id)
        if manifest.requests:
            connection.register("asked", pa.Table.from_pylist([_request_row(r) for r in manifest.requests]))
            connection.execute(
                "insert into raw.requests select dataset, origin, market_type, series, window_start, window_end,"
                " rows_received, status, reason, ?, ? from asked",
                [recorded_at, load_id],
            )
            connection.unregister("asked")
        for r in manifest.results:
            connection.execute(
                "insert into raw.guard_results values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [load_id, dataset.name, manifest.origin, r.rule, r.severity, r.reason, r.evaluated_rows,
                 r.failed_rows, r.is_passed, recorded_at, manifest.ingest_id],
            )  # fmt: skip
        connection.execute(
            "insert into raw.loads values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            [load_id, dataset.name, manifest.origin, str(manifest.path.relative_to(home.landing)), manifest.sha256,
             manifest.rows, new_rows, quarantined, recorded_at, manifest.ingest_id],
        )  # fmt: skip
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return Load(load_id, dataset.name, manifest.origin, manifest.rows, new_rows, quarantined)


def _quarantine(
    connection: duckdb.DuckDBPyConnection, home: Home, dataset: Dataset, manifest: Manifest, load_id: int
) -> int:
    """Rows that a guard stopped go here whole, with the rule; a row that failed two rules stands here twice."""
    stopped = [v for v in manifest.verdicts if v.severity != "warn"]
    connection.execute(
        "create or replace temp table stopped (row_number BIGINT, rule VARCHAR, severity VARCHAR, reason VARCHAR)"
    )
    if not stopped or manifest.parquet is None:
        return 0
    connection.register(
        "verdicts",
        pa.table(
            {
                "row_number": [v.row for v in stopped],
                "rule": [v.rule for v in stopped],
                "severity": [v.severity for v in stopped],
                "reason": [v.reason for v in stopped],
            }
        ),
    )
    connection.execute("insert into stopped select * from verdicts")
    connection.unregister("verdicts")
    names = [c.name for c in dataset.columns]
    packed = ", ".join(f"{name} := {name}" for name in names)
    market_type = "market_type" if "market_type" in names else "NULL"
    event_at = f"{dataset.time_column}::timestamp" if dataset.time_column else "NULL"
    connection.execute(
        f"""
        insert into raw.quarantine
        select ?, b.{dataset.origin_column}, {market_type}, b.{dataset.series_column}, {event_at}, s.rule, s.severity,
               s.reason, to_json(struct_pack({packed})), ?, s.row_number, ?, ?, NULL
        from read_parquet(?, file_row_number = true) b join stopped s on s.row_number = b.file_row_number
        where not exists (  -- the same row stopped by the same rule once more is nothing new
            from raw.quarantine q
            where q.dataset = ? and q.rule = s.rule and q.row_json = to_json(struct_pack({packed}))::varchar
        )
        """,
        [dataset.name, str(manifest.parquet.relative_to(home.landing)), _zoneless(manifest.recorded_at), load_id,
         str(manifest.parquet), dataset.name],
    )  # fmt: skip
    return len({v.row for v in stopped})


def _append_versions(connection: duckdb.DuckDBPyConnection, dataset: Dataset, manifest: Manifest, load_id: int) -> int:
    """Append the rows that differ from the latest known version of their key; the same again adds nothing.

    A value that goes back to an older one (A, B, A) is a new version: the comparison is with the latest only.
    Within one batch the last row of a key counts.
    """
    table, key = f"raw.{dataset.name}", ", ".join(dataset.key)
    columns = ", ".join(c.name for c in dataset.columns)
    changed = " or ".join(f"b.{c} is distinct from l.{c}" for c in dataset.value_columns)
    window, bounds = "", []
    if dataset.time_column:  # only the part of history that the batch speaks of is compared
        time = dataset.time_column
        window = f"where {time} between ? and ?"
        bounds = list(
            connection.execute(
                f"select min({time}), max({time}) from read_parquet(?)", [str(manifest.parquet)]
            ).fetchall()[0]
        )
    return connection.execute(
        f"""
        insert into {table}
        with batch as (
            select {columns}, file_row_number
            from read_parquet(?, file_row_number = true)
            where file_row_number not in (select row_number from stopped)
            qualify row_number() over (partition by {key} order by file_row_number desc) = 1
        ),
        latest as (
            select {columns}, true as is_known
            from {table} {window}
            qualify row_number() over (partition by {key} order by recorded_at desc, load_id desc) = 1
        )
        select {", ".join(f"b.{c.name}" for c in dataset.columns)}, ?, ?
        from batch b left join latest l using ({key})
        where l.is_known is null or {changed}
        order by b.file_row_number
        """,
        [str(manifest.parquet), *bounds, _zoneless(manifest.recorded_at), load_id],
    ).fetchall()[0][0]


def _request_row(request: dict[str, object]) -> dict[str, object]:
    times = {name: _zoneless(datetime.fromisoformat(str(request[name]))) for name in ("window_start", "window_end")}
    return request | times


def _zoneless(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
