"""Where a venue and an archive of its files tell the same row differently: a line per key and field, with both values.

The ledger follows from the versions in `raw` alone. Of each key the last word of either counts; a line is resolved when
the two agree again, or say something else.
"""

from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow as pa

from warehouse.contracts import Dataset
from warehouse.landing import landed_rows

# Equal but for doubles' last bits and digits that one of the two cuts.
TOLERANCE = 1e-6
# Binance's API counts accounts in four digits and divides those; its files divide the accounts.
TOLERANCES = {"long_short_account_ratio": 1e-3}
# Half of the last digit that is published, where that is much of a small number.
ROUNDING = {"funding_rate": 5e-9}


def update(connection: duckdb.DuckDBPyConnection, dataset: Dataset, origin: str, parquets: Iterable[Path]) -> int:
    """Make the ledger's lines of the keys in some landed files what raw says; how many are open now."""
    if dataset.time_column is None or not _are_two(connection, dataset, origin):
        return 0
    key, time = ", ".join(dataset.key), dataset.time_column
    files = [str(path) for path in parquets]
    first, last = connection.execute(
        f"select min({time}), max({time}) from {landed_rows(dataset)}", [files]
    ).fetchall()[0]  # fmt: skip
    connection.execute(
        f"""
        create or replace temp table told_twice as
        with told as (
            select {key}, archive
            from (select * from raw.{dataset.name} where {time} between ? and ?) known
            semi join {landed_rows(dataset)} landed using ({key})
            left join (select load_id, archive from raw.loads where archive is not null) files using (load_id)
        )
        select {key} from told group by all having bool_or(archive is null) and bool_or(archive is not null)
        """,
        [first, last, files],
    )
    if not connection.execute("select exists (from told_twice)").fetchall()[0][0]:
        return 0
    market = "market_type" if "market_type" in dataset.key else "'perp'"
    names = f"{dataset.origin_column}, {market}, {dataset.series_column}, {time}"
    connection.execute(
        f"""
        delete from raw.archive_disagreements where dataset = ?
            and (venue, market_type, series, event_at) in (select ({names}) from told_twice)
        """,
        [dataset.name],
    )
    fields = [name for name in dataset.value_columns if dataset.column(name).type == pa.float64()]
    said = " union all ".join(
        f"select {names}, '{field}', {field}, archive, recorded_at, load_id,"
        f" {TOLERANCES.get(field, TOLERANCE)}, {ROUNDING.get(field, 0.0)} from known"
        for field in fields
    )
    return int(
        connection.execute(
            f"""
            insert into raw.archive_disagreements
            with known as (
                select * from (select * from raw.{dataset.name} where {time} between ? and ?)
                semi join told_twice using ({key})
                left join (select load_id, archive from raw.loads where archive is not null) files using (load_id)
            ),
            said(venue, market_type, series, event_at, field, value, archive, recorded_at, load_id, tolerance, rounding)
            as ({said}),
            pairs as (  -- the last word of either at each moment
                select * exclude (value, archive),
                    last_value(case when archive is null then {{'is': value}} end ignore nulls)
                        over so_far as venue_said,
                    last_value(case when archive is not null then {{'is': value, 'by': archive}} end ignore nulls)
                        over so_far as archive_said
                from said
                window so_far as (
                    partition by venue, market_type, series, event_at, field order by recorded_at, load_id
                    rows between unbounded preceding and current row)
            ),
            changed as (
                select * from pairs
                window history as (
                    partition by venue, market_type, series, event_at, field order by recorded_at, load_id)
                qualify row_number() over history = 1
                    or (venue_said, archive_said) is distinct from lag((venue_said, archive_said)) over history
            ),
            until_next as (
                select *, lead(recorded_at) over (
                    partition by venue, market_type, series, event_at, field order by recorded_at, load_id
                ) as resolved_at
                from changed
            )
            select ?, venue, market_type, series, event_at, field, archive_said.by, venue_said.is, archive_said.is,
                recorded_at, load_id, resolved_at
            from until_next
            where abs(venue_said.is - archive_said.is)
                > greatest(tolerance * greatest(abs(venue_said.is), abs(archive_said.is)), rounding)
            order by all
            """,
            [first, last, dataset.name],
        ).fetchall()[0][0]
    )


def _are_two(connection: duckdb.DuckDBPyConnection, dataset: Dataset, origin: str) -> bool:
    """True if both an origin itself and an archive of its files have told of a dataset."""
    found = connection.execute(
        "select count(distinct archive is null) from raw.loads where dataset = ? and origin = ? and rows > 0",
        [dataset.name, origin],
    ).fetchall()
    return bool(found[0][0] == 2)
