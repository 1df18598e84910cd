"""Versions: how what was seen of a key becomes its append-only history in `raw`.

A venue and an archive of its files are two that tell of the same key: each has a history of its own, so that the last
word of either is known. Which one counts is for whoever reads (`latest_version` in dbt: the venue's).

The rule. A row that goes on is known from the moment its batch landed; one that was held, from the judgement that let
it go. In the order in which they became known, a row is a version if it differs from the version before it, unless a
row seen later was known by then. Of one key, the last row of a batch counts. Whatever the order of loading, the same
landing directory gives the same versions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from warehouse.contracts import Dataset
from warehouse.landing import LandingError, landed_rows


def append(
    connection: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    parquet: Path,
    held: set[int],
    *,
    recorded_at: datetime,
    load_id: int,
    archive: str | None = None,
) -> int:
    """Append what a batch has new; how many rows that were. For the newest batch of its origin: nothing later is known.

    `archive` is whose files it came from; None: the venue itself.

    A value that goes back to an older one (A, B, A) is a new version: the comparison is with the latest only.
    """
    key, columns = ", ".join(dataset.key), ", ".join(c.name for c in dataset.columns)
    changed = " or ".join(f"b.{c} is distinct from l.{c}" for c in dataset.value_columns)
    window, bounds = "", []
    if dataset.time_column:  # only the part of history that the batch speaks of is compared
        time = dataset.time_column
        window = f"where {time} between ? and ?"
        found = connection.execute(
            f"select min({time}), max({time}) from {landed_rows(dataset)}", [str(parquet)]
        ).fetchall()
        bounds = list(found[0])
    connection.register("held", pa.table({"row": pa.array(sorted(held), pa.int64())}))
    appended = connection.execute(
        f"""
        insert into raw.{dataset.name} ({columns}, recorded_at, load_id)
        with batch as materialized (
            select {columns}, file_row_number
            from {landed_rows(dataset)}
            where file_row_number not in (select row from held)
            qualify row_number() over (partition by {key} order by file_row_number desc) = 1
        ),
        latest as (
            select {columns}, true as is_known
            from (select * from raw.{dataset.name} {window}) known semi join batch using ({key})
            left join (select load_id, archive from raw.loads where archive is not null) files using (load_id)
            where archive is not distinct from ?
            qualify row_number() over (partition by {key} order by recorded_at desc, load_id desc) = 1
        )
        select {", ".join(f"b.{c.name}" for c in dataset.columns)}, ?, ?
        from batch b left join latest l using ({key})
        where l.is_known is null or {changed}
        order by b.file_row_number
        """,
        [str(parquet), *bounds, archive, recorded_at.astimezone(UTC).replace(tzinfo=None), load_id],
    ).fetchall()[0][0]
    connection.unregister("held")
    return int(appended)


@dataclass(frozen=True)
class LoadedBatch:
    """A loaded batch: its file, when it landed, its load, and the rows that were held.

    A held row maps to the moment and the load of the judgement that let it go; to None while it is held. `archive` is
    whose files it came from; None: the venue itself.
    """

    parquet: Path
    recorded_at: datetime
    load_id: int
    held: dict[int, tuple[datetime, int] | None] = field(default_factory=dict)
    archive: str | None = None


def settle(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, moved: dict[Path, set[int]], batches: Sequence[LoadedBatch]
) -> int:
    """Make the history of some keys what the rule says; how many versions had to go for that.

    `moved` names rows, by file and position, whose keys these are; `batches` are all of their origin. A version goes
    only where a batch was loaded after one that landed later than it.
    """
    key, columns = ", ".join(dataset.key), ", ".join(c.name for c in dataset.columns)
    teller = f"{key}, archive"  # whose word on a key it is
    changed = " or ".join(f"{c} is distinct from lag({c}) over history" for c in dataset.value_columns)
    table = f"raw.{dataset.name}"
    _describe(connection, moved, batches)
    try:
        connection.execute(
            f"""
            create or replace temp table moved_keys as
            select distinct {key} from {landed_rows(dataset)} o
            semi join moved m on m.file = o.filename and m.row = o.file_row_number
            """,
            [[str(path) for path in moved]],
        )
        connection.execute(
            f"""
            create or replace temp table versions as
            with seen as (
                select {", ".join(f"o.{c.name}" for c in dataset.columns)}, b.load_id as batch_id, o.file_row_number,
                       coalesce(h.released_at, b.recorded_at) as recorded_at, coalesce(h.load_id, b.load_id) as load_id,
                       b.archive,
                       rank() over (
                           partition by {key}, b.archive order by b.recorded_at, b.load_id, o.file_row_number
                       ) as place
                from (select * from {landed_rows(dataset)}
                      semi join moved_keys using ({key})) o
                join batches b on b.file = o.filename
                left join held h on h.file = o.filename and h.row = o.file_row_number
                where h.file is null or h.released_at is not null
            ),
            counting as (  -- the last row of a key that became known with its batch
                select * from seen
                qualify row_number() over (partition by {teller}, load_id, batch_id order by file_row_number desc) = 1
            ),
            newer as (
                select *, coalesce(max(place) over (
                    partition by {teller} order by recorded_at, load_id, place
                    rows between unbounded preceding and 1 preceding), 0) as newest_before
                from counting
            )
            select {columns}, recorded_at, load_id
            from newer
            where place > newest_before
            window history as (partition by {teller} order by recorded_at, load_id, place)
            qualify row_number() over history = 1 or {changed}
            """,
            [[str(batch.parquet) for batch in batches]],
        )
    except duckdb.IOException as error:
        raise LandingError(f"a landed file cannot be read ({str(error).splitlines()[0]}); restore it") from error
    gone = connection.execute(
        f"""
        delete from {table} where rowid in (
            select t.rowid from {table} t semi join moved_keys using ({key})
            anti join versions using ({key}, recorded_at, load_id))
        """
    ).fetchall()[0][0]
    connection.execute(
        f"insert into {table} ({columns}, recorded_at, load_id) select {columns}, recorded_at, load_id from versions v"
        f" anti join {table} t using ({key}, recorded_at, load_id) order by load_id, {key}"
    )
    for name in ("moved", "batches", "held"):
        connection.unregister(name)
    return int(gone)


def _describe(
    connection: duckdb.DuckDBPyConnection, moved: dict[Path, set[int]], batches: Sequence[LoadedBatch]
) -> None:
    """What SQL asks of files and rows, as tables."""
    rows = [(str(path), row) for path, positions in moved.items() for row in sorted(positions)]
    held = [(str(batch.parquet), row, known) for batch in batches for row, known in batch.held.items()]
    moment = pa.timestamp("us")
    connection.register(
        "moved",
        pa.table(
            {"file": pa.array([f for f, _ in rows], pa.string()), "row": pa.array([r for _, r in rows], pa.int64())}
        ),
    )
    connection.register(
        "batches",
        pa.table(
            {
                "file": pa.array([str(b.parquet) for b in batches], pa.string()),
                "recorded_at": pa.array([b.recorded_at for b in batches], moment),
                "load_id": pa.array([b.load_id for b in batches], pa.int64()),
                "archive": pa.array([b.archive for b in batches], pa.string()),
            }
        ),
    )
    connection.register(
        "held",
        pa.table(
            {
                "file": pa.array([file for file, _, _ in held], pa.string()),
                "row": pa.array([row for _, row, _ in held], pa.int64()),
                "released_at": pa.array([known[0] if known else None for _, _, known in held], moment),
                "load_id": pa.array([known[1] if known else None for _, _, known in held], pa.int64()),
            }
        ),
    )
