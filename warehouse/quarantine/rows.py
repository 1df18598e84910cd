"""Quarantine: the rows that a guard stopped, as rows of `raw.quarantine`; what became of them.

One row of the table is one landed row and one rule. `released_at` is when the rule let it go; as of before, it is
held.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.contracts import DATASETS, Dataset
from warehouse.home import Home
from warehouse.landing import Manifest, Verdict, landed_rows


def hold(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    manifest: Manifest,
    verdicts: Iterable[Verdict],
    *,
    learned_at: datetime,
    load_id: int,
) -> None:
    """Keep each stopped row whole, with the rule; a row that failed two rules stands here twice.

    The same row stopped by the same rule once more, while it is held, is nothing new.
    """
    dataset = DATASETS[manifest.dataset]
    if manifest.parquet is None or not _with_rows(connection, dataset, manifest.parquet, verdicts):
        return
    at = _zoneless(learned_at)
    connection.execute(
        """
        insert into raw.quarantine
        select ?, s.origin, s.market_type, s.series, s.event_at, s.rule, s.severity, s.reason, s.row_json, ?,
               s.row_number, ?, ?, NULL
        from stopped s where not exists (
            select 1 from raw.quarantine q
            where q.dataset = ? and q.rule = s.rule and q.row_json = s.row_json and q.released_at is null
        )
        order by s.row_number, s.rule
        """,
        [dataset.name, str(manifest.parquet.relative_to(home.landing)), at, load_id, dataset.name],
    )


def let_go(
    connection: duckdb.DuckDBPyConnection, manifest: Manifest, verdicts: Iterable[Verdict], *, learned_at: datetime
) -> None:
    """Mark what these verdicts said as no longer held, from `learned_at` on."""
    dataset = DATASETS[manifest.dataset]
    if manifest.parquet is None or not _with_rows(connection, dataset, manifest.parquet, verdicts):
        return
    connection.execute(
        "update raw.quarantine set released_at = ? from stopped s where raw.quarantine.dataset = ?"
        " and raw.quarantine.rule = s.rule and raw.quarantine.row_json = s.row_json"
        " and raw.quarantine.released_at is null and raw.quarantine.recorded_at <= ?",
        [_zoneless(learned_at), dataset.name, _zoneless(learned_at)],
    )


def _with_rows(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, parquet: Path, verdicts: Iterable[Verdict]
) -> bool:
    """Put the rows that verdicts speak of into the temporary table `stopped`; False if they speak of none."""
    stopped = [v for v in verdicts if v.severity != "warn"]
    if not stopped:
        return False
    said = {name: [getattr(v, name) for v in stopped] for name in ("row", "rule", "severity", "reason")}
    connection.register("said", pa.table(said))
    names = pq.read_schema(parquet).names  # what landed before a column is held as it landed
    market_type = "b.market_type" if "market_type" in names else "NULL::varchar"
    event_at = f"b.{dataset.time_column}::timestamp" if dataset.time_column else "NULL::timestamp"
    packed = ", ".join(f"{name} := b.{name}" for name in names)
    connection.execute(
        f"""
        create or replace temp table stopped as
        select b.{dataset.origin_column} as origin, {market_type} as market_type, b.{dataset.series_column} as series,
               {event_at} as event_at, s.rule, s.severity, s.reason, s.row as row_number,
               to_json(struct_pack({packed}))::varchar as row_json
        from {landed_rows(dataset)} b join said s on s.row = b.file_row_number
        qualify row_number() over (partition by s.rule, row_json order by s.row) = 1
        """,
        [str(parquet)],
    )
    connection.unregister("said")
    return True


def _zoneless(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
