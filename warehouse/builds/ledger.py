"""What the models were built from, and what the next build has to rewrite.

A build rewrites everything from one moment on and nothing before it. The moment is a Monday: the earliest event among
the rows that were loaded, held or released since the last build, less a margin for what a row changes before its time.
Where the last build cannot be trusted, or was made by other models or from another clock, it is the beginning of time.
"""

from datetime import UTC, datetime, timedelta

import duckdb

from warehouse import coverage
from warehouse.contracts import DATASETS
from warehouse.moments import moment_in
from warehouse.source import Source

EVERYTHING = datetime(1970, 1, 1)
# What a fact can change before its own time: its week, the days that are compared with it, the settlement before it.
MARGIN = timedelta(days=14)
# Small, and read whole by whatever reads them: their revisions, which go back months, need no rewriting.
READ_WHOLE = frozenset({"asset_class_prices", "macro_series"})
# A settlement's interval is seen from its neighbours: a new one changes that of the one before, whose hours reach back
# to the one before that. One more, since two stamps may be one settlement.
SETTLEMENTS_BEFORE = 3
# Stands in the ledger instead of a fingerprint where only some models were built.
SELECTION = "selection"


def begin_build(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    *,
    as_of: datetime,
    fingerprint: str,
    is_selection: bool = False,
) -> datetime:
    """Tell SQL what time it is, as of when it may know things, and from when on it rewrites; returns the last.

    The build stands in the ledger as not passed until `finish_build`: one that is killed is followed by a full refresh.
    A selection of models is no proof for the rest: it covers no more loads than the build before, and the one after it
    is full.
    """
    rebuild_from = rebuild_moment(connection, source, as_of=as_of, fingerprint=fingerprint)
    connection.begin()
    try:
        connection.execute("delete from raw.run_context")
        connection.execute(
            "insert into raw.run_context values (?, ?, ?, ?, ?)",
            [*(_zoneless(t) for t in (as_of, source.now, source.starts_at)), source.kind, rebuild_from],
        )
        connection.execute(
            f"""
            insert into raw.builds
            select
                (select coalesce(max(build_id), 0) + 1 from raw.builds),
                {"(select max_by(load_id, build_id) from raw.builds)" if is_selection else "max(load_id)"},
                ?, false, NULL, ?
            from (select load_id from raw.loads union all select 0)
            """,
            [SELECTION if is_selection else fingerprint, _zoneless(source.now)],
        )
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return rebuild_from


def finish_build(connection: duckdb.DuckDBPyConnection, *, is_passed: bool) -> None:
    """Remember that the build that was begun last has ended, and whether all its tests passed.

    A selection that passed leaves the warehouse as good as the build before it.
    """
    connection.execute(
        """
        update raw.builds b
        set finished_at = ?,
            is_passed = ? and (b.fingerprint <> ? or coalesce((
                select is_passed from raw.builds p where p.build_id < b.build_id order by p.build_id desc limit 1
            ), false))
        where build_id = (select max(build_id) from raw.builds)
        """,
        [_zoneless(moment_in(connection)), is_passed, SELECTION],
    )


def confirm_build(connection: duckdb.DuckDBPyConnection, *, as_of: datetime) -> None:
    """What stands is also what is known at `as_of`: nothing was loaded since."""
    connection.execute("update raw.run_context set as_of = ?", [_zoneless(as_of)])


def is_current(connection: duckdb.DuckDBPyConnection, source: Source, *, fingerprint: str) -> bool:
    """True if the models were built, with all tests passed, from all that is loaded, by these files, at this time."""
    found = connection.execute(
        """
        select b.is_passed and b.finished_at is not null and b.fingerprint = ?
            and b.load_id = (select coalesce(max(load_id), 0) from raw.loads)
            and exists (select 1 from raw.run_context where now_at = ? and starts_at = ?)
            and not exists (  -- loaded by a clock ahead of the one that the build went by
                select 1 from raw.loads where recorded_at > (select as_of from raw.run_context)
            )
        from raw.builds b order by b.build_id desc limit 1
        """,
        [fingerprint, _zoneless(source.now), _zoneless(source.starts_at)],
    ).fetchall()
    return bool(found and found[0][0])


def rebuild_moment(
    connection: duckdb.DuckDBPyConnection, source: Source, *, as_of: datetime, fingerprint: str
) -> datetime:
    """From when on a build at this time rewrites: a Monday 00:00, or EVERYTHING."""
    builds = connection.execute(
        "select load_id, is_passed, finished_at, fingerprint, now_at from raw.builds order by build_id desc limit 1"
    ).fetchall()
    runs = connection.execute("select as_of, starts_at, source from raw.run_context").fetchall()
    if not builds or len(runs) != 1:
        return EVERYTHING
    load_id, is_passed, finished_at, built_by, built_at = builds[0]
    known_until, starts_at, kind = runs[0]
    if not is_passed or finished_at is None or built_by != fingerprint or built_at is None:
        return EVERYTHING
    if _zoneless(source.now) < built_at or _zoneless(as_of) < known_until:
        return EVERYTHING  # a clock went back: rows that were seen may not be seen any more
    if (starts_at, kind) != (_zoneless(source.starts_at), source.kind):
        return EVERYTHING
    touched = [event for event in _touched(connection, load_id, known_until) if event is not None]
    # What the clock has passed since: windows that have closed, prices that are carried on.
    first = min([built_at, *touched]) - MARGIN
    monday = datetime(first.year, first.month, first.day) - timedelta(days=first.weekday())
    return max(monday, EVERYTHING)


def _touched(connection: duckdb.DuckDBPyConnection, load_id: int, known_until: datetime) -> list[datetime | None]:
    """The first event of each dataset among what the last build has not seen: rows loaded, or let go, since."""
    is_new = "(load_id > ? or recorded_at > ?)"
    since = [load_id, known_until]
    datasets = [d for d in DATASETS.values() if d.time_column and d.name not in READ_WHOLE]
    found = [
        connection.execute(
            f"select min({dataset.time_column})::timestamp from raw.{dataset.name} where {is_new}", since
        ).fetchall()[0][0]
        for dataset in datasets
    ]
    names = ", ".join(f"'{dataset.name}'" for dataset in datasets)
    found += connection.execute(
        f"select min(event_at) from raw.quarantine where dataset in ({names}) and ({is_new} or released_at > ?)",
        [*since, known_until],
    ).fetchall()[0]
    found += connection.execute(f"select min(event_at) from raw.check_releases where {is_new}", since).fetchall()[0]
    return [*found, _settlements_before(connection, load_id, known_until), coverage.changed_from(connection)]


def _settlements_before(connection: duckdb.DuckDBPyConnection, load_id: int, known_until: datetime) -> datetime | None:
    """The earliest of the settlements that lie right before the new ones of their own series, however long before."""
    return connection.execute(
        """
        with touched as (
            select venue, venue_symbol, date_trunc('week', min(settled_at)) as first_week
            from raw.funding_rates where load_id > ? or recorded_at > ? group by all
            union all
            select origin, series, date_trunc('week', min(event_at))
            from raw.quarantine
            where dataset = 'funding_rates' and (load_id > ? or recorded_at > ? or released_at > ?) group by all
            union all
            select venue, series, date_trunc('week', min(event_at))
            from raw.check_releases
            where dataset = 'funding_rates' and (load_id > ? or recorded_at > ?) group by all
        ),
        before as (
            select f.venue, f.venue_symbol, max(distinct f.settled_at) as settled_at
            from raw.funding_rates f
            join (select venue, venue_symbol, min(first_week) as first_week from touched group by all) t
                using (venue, venue_symbol)
            where f.settled_at < t.first_week
            group by f.venue, f.venue_symbol, date_trunc('hour', f.settled_at + interval 30 minutes)
            qualify row_number() over (partition by f.venue, f.venue_symbol order by max(f.settled_at) desc) <= ?
        )
        select min(settled_at) from before
        """,
        [*[load_id, known_until] * 2, known_until, load_id, known_until, SETTLEMENTS_BEFORE],
    ).fetchall()[0][0]


def _zoneless(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
