"""The ledgers in a line each, for `regime status`: coverage by dataset, what is thin, where files say other things."""

from collections.abc import Iterator

import duckdb

from warehouse.landing import NOT_ASKED

_BY_DATASET = """
with series as (
    select dataset, origin, market_type, series, sum(received_rows) as received, sum(due_rows) as due
    from raw.coverage group by all
),
worst as (
    select dataset, arg_min({'origin': origin, 'series': series, 'pct': 100 * received / due},
                            {'pct': received / due, 'more': -due}) as of_all
    from series where due > 0 and received < due group by dataset
)
select dataset, sum(received_rows), sum(due_rows), sum(quarantined_rows), sum(missing_rows),
    count(*) filter (first_missing_at is not null and not is_closed),
    count(*) filter (first_missing_at is not null and is_closed),
    count(*) filter (due_rows is null),
    min(next_try_at), any_value(of_all.origin), any_value(of_all.series), any_value(of_all.pct)
from raw.coverage left join worst using (dataset)
group by dataset order by dataset
"""


def by_dataset(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """A line per dataset; a gap is one series' missing rows in one week. Nothing where there is no ledger yet."""
    try:
        found = connection.execute(_BY_DATASET).fetchall()
    except duckdb.CatalogException:  # published by a version that kept none
        return
    for dataset, received, due, held, missing, is_open, closed, unknown, next_try, origin, series, pct in found:
        words = [f"{received:,} of {due or 0:,} due rows received"]
        if held:
            words.append(f"{held:,} held in quarantine")
        words.append(f"{missing or 0:,} missing")
        if unknown:
            words.append(f"of {unknown} series-weeks it is not known how many")
        gaps = f"gaps: {is_open} open, {closed} closed"
        if next_try:
            gaps += f", next try {next_try:%Y-%m-%d %H:%M} UTC"
        worst = f"; worst: {series} of {origin}, {pct:.1f} %" if series is not None else ""
        yield f"{dataset} {', '.join(words)}; {gaps}{worst}"


def thin_of(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """A line per dataset and origin that was not asked for everything, since the page came first."""
    try:
        found = connection.execute(
            "select dataset, origin, count(distinct series), min(week_start) from raw.coverage"
            " where starts_with(reason, ?) and not is_closed and first_missing_at is not null"
            " and not starts_with(series, '*')"
            " group by all order by all",
            [NOT_ASKED],
        ).fetchall()
    except duckdb.CatalogException:  # published by a version that kept no ledger
        return
    for dataset, origin, series, since in found:
        yield f"{dataset} of {origin}: {series:,} series not asked for all weeks since {since:%Y-%m-%d}"


def disagreements_of(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """A line per dataset whose rows a venue's API and its files tell differently; nothing where they agree."""
    try:
        found = connection.execute(
            """
            select dataset, venue, archive, count(distinct (market_type, series, event_at)) as n,
                count(distinct event_at::date), count(distinct (market_type, series)),
                arg_max({'pct': pct, 'series': series, 'field': field, 'day': event_at::date}, pct) as most
            from (
                select *, 100 * abs(venue_value - archive_value) / greatest(abs(venue_value), abs(archive_value)) as pct
                from raw.archive_disagreements where resolved_at is null
            ) group by all order by all
            """
        ).fetchall()
    except duckdb.CatalogException:  # published by a version that kept no such ledger
        return
    for dataset, venue, archive, rows, days, series, most in found:
        yield (
            f"{dataset} of {venue}: rows that differ in {archive}: {rows:,} (series: {series:,}, days: {days:,}); "
            f"most: {most['field']} of {most['series']} on {most['day']}, by {most['pct']:.2g} %; the venue's count"
        )
