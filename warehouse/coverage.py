"""The coverage ledger: for each series and week due, received, missing, why, and when it is asked for.

The ledger is a function of raw and of the source's clock alone: made anew from the same rows, it is the same.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow as pa
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from warehouse.contracts import CANDLES, DATASETS
from warehouse.home import CHECKOUT
from warehouse.landing import NOT_KEPT, NOT_OFFERED
from warehouse.moments import moment_in
from warehouse.week import Week

RULES = Path(__file__).with_name("coverage.sql")
# How a gap's reason begins where the venue has answered, without the rows or with what a guard holds (coverage.sql).
ANSWERED = "the venue answered"
# Formulas that the ledger and dbt's models share.
_FORMULAS = CHECKOUT / "dbt_project" / "macros" / "metrics"

# How a row of each dataset becomes an event: its moment, its market ('' where there is none), and which rows count.
_EVENTS = {
    "candles": ("{time} + interval '1 hour'", "market_type", "close > 0"),
    "funding_rates": ("date_trunc('hour', {time} + interval '30 minutes')", "'perp'", None),
    "open_interest": ("{time}", "'perp'", None),
    "long_short_ratios": ("{time}", "'perp'", None),
    "liquidations": ("{time}", "'perp'", None),
    # A snapshot has a row per side and band: one of them stands for it.
    "order_book_depth": (
        "date_trunc('hour', {time} + interval '30 minutes')",
        "market_type",
        "side = 'bid' and band_pct = 1",
    ),
    "market_caps": ("{time}", "''", None),
    # A day's close is of the end of its day.
    "asset_class_prices": ("{time}::timestamp + interval '24 hours'", "''", None),
    "macro_series": ("{time}::timestamp + interval '24 hours'", "''", None),
}

# A week is settled if nothing in it is missing or held, and it has rows enough that no gap reaches across it: then only
# a change in it or beside it can change it.
_SETTLED_ROWS = 3

_SAME_WEEK = (
    "k.dataset = w.dataset and k.origin = w.origin and k.market = coalesce(w.market_type, '')"
    " and k.series = w.series and k.week_start = w.week_start"
)

# Rows are stamped with some jitter: what is asked for reaches this far beyond the moment at which a row was due.
JITTER = timedelta(minutes=30)


@dataclass(frozen=True)
class Endpoint:
    """Who can be asked for a dataset: an origin's market (None: it has none), for its history or for now alone.

    What comes in files alone, a day in each, is there when the day has been over for `lag`.
    """

    dataset: str
    origin: str
    market_type: str | None
    kind: Literal["history", "snapshot"]
    lag: timedelta = timedelta(0)


@dataclass(frozen=True)
class Gap:
    """Missing rows of one series in one week, and the window that must be asked for to have them (aware, UTC)."""

    dataset: str
    origin: str
    market_type: str | None
    series: str
    window_start: datetime
    window_end: datetime
    missing_rows: int | None


def update(
    connection: duckdb.DuckDBPyConnection,
    now: datetime,
    starts_at: datetime,
    endpoints: Sequence[Endpoint],
    as_of: datetime | None = None,
) -> None:
    """Make `raw.coverage` what raw says at the source's `now`; with `as_of`, from what was recorded by then.

    `endpoints` are all that can be asked of venues and providers. Only series and weeks that changed since the last
    update are read again, unless the clock went back, the rules are others, or rows came into raw out of order.
    `raw.coverage_state` says when the last update was.
    """
    clock = (_zoneless(now), _zoneless(starts_at))
    known = connection.execute("select coalesce(max(load_id), 0), max(recorded_at) from raw.loads").fetchall()[0]
    state = connection.execute("select * exclude (changed_week, changed_at) from raw.coverage_state").fetchall()
    new_state = (*known, *clock, _rules(endpoints))
    if as_of is None and state == [new_state]:
        return
    since = _since(connection, state[0], new_state) if state and as_of is None else None
    _describe(connection, clock, endpoints, as_of)
    _keep(connection, since)
    _read(connection, is_all=since is None)
    for statement in _rules_as_sql().split(";\n"):
        if statement.strip():
            connection.execute(statement)
    changed_week = _changed_week(connection)
    connection.begin()
    try:
        connection.execute(
            f"delete from raw.coverage w where not exists (select 1 from ledger_kept k where {_SAME_WEEK})"
        )
        connection.execute(
            "insert into raw.coverage by name select * from ledger_weeks w"
            f" where not exists (select 1 from ledger_kept k where {_SAME_WEEK}) order by all"
        )
        connection.execute("delete from raw.coverage_state")
        if as_of is None:
            now_here = _zoneless(moment_in(connection))
            connection.execute(
                "insert into raw.coverage_state values (?, ?, ?, ?, ?, ?, ?)", [*new_state, changed_week, now_here]
            )
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def changed_from(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    """The first week (zone-less) whose missing settlements are others than in the last good build, without new rows.

    A listing that ends, or an answer without rows, changes what is missing; what was built knows nothing of it.
    """
    found = connection.execute("select changed_week::timestamp from raw.coverage_state").fetchall()
    return found[0][0] if found else None


def open_gaps(connection: duckdb.DuckDBPyConnection, now: datetime, dataset: str | None = None) -> list[Gap]:
    """The gaps that are to be asked for at the source's `now`; lists and files that failed have their own turn."""
    found = connection.execute(
        "select dataset, origin, market_type, series, first_missing_at, last_missing_at, missing_rows from raw.coverage"
        " where first_missing_at is not null and not is_closed and next_try_at <= ? and dataset = coalesce(?, dataset)"
        " and not starts_with(series, '*') order by all",
        [_zoneless(now), dataset],
    ).fetchall()
    return [
        Gap(name, origin, market, series, *window(name, first, last), missing)
        for name, origin, market, series, first, last, missing in found
    ]


def weeks_since(connection: duckdb.DuckDBPyConnection, load_id: int) -> list[Week]:
    """The weeks that loads after `load_id` brought rows of, oldest first."""
    found = connection.execute(
        "select distinct week_start from ("
        + " union all ".join(_rows_since(load_id))
        + ") t(dataset, origin, market, series, week_start) order by week_start"
    ).fetchall()
    return [Week(monday) for (monday,) in found]


def window(dataset: str, first_at: datetime, last_at: datetime) -> tuple[datetime, datetime]:
    """What must be asked for to have the rows of two moments (zone-less UTC) and all between."""
    first, last = first_at.replace(tzinfo=UTC), last_at.replace(tzinfo=UTC)
    if dataset == CANDLES.name:  # a candle is asked for by its start, and is due at its end
        return first - timedelta(hours=1), last
    return first - JITTER, last + JITTER


def _changed_week(connection: duckdb.DuckDBPyConnection) -> Any:
    """The first week whose missing settlements change: now, or in an update that no good build has seen yet."""
    told = "select dataset, origin, series, week_start, missing_rows, first_missing_at, last_missing_at"
    of_funding = f"where w.dataset = 'funding_rates' and not exists (select 1 from ledger_kept k where {_SAME_WEEK})"
    old, new = (f"{told} from {table} w {of_funding}" for table in ("raw.coverage", "ledger_weeks"))
    return connection.execute(
        f"""
        select min(week_start) from (
            select week_start from (({old}) except ({new})) union all select week_start from (({new}) except ({old}))
            union all
            select changed_week from raw.coverage_state s where not exists (
                select 1 from raw.builds b where b.is_passed and b.finished_at > s.changed_at)
        )
        """
    ).fetchall()[0][0]


def _rules(endpoints: Sequence[Endpoint]) -> str:
    """One value for all that the ledger follows from beside raw and the clock."""
    asked = repr(sorted(map(str, endpoints))).encode()
    return hashlib.sha256(_rules_as_sql().encode() + Path(__file__).read_bytes() + asked).hexdigest()[:16]


@cache
def _rules_as_sql() -> str:
    templates = Environment(loader=FileSystemLoader(_FORMULAS), undefined=StrictUndefined)
    return templates.from_string(RULES.read_text(encoding="utf-8")).render()


def _since(connection: duckdb.DuckDBPyConnection, state: tuple[Any, ...], new: tuple[Any, ...]) -> int | None:
    """The load after which rows are new; None where not only new loads can have changed something."""
    load_id, recorded_at, now_at, starts_at, rules = state
    if (starts_at, rules) != (new[3], new[4]) or now_at > new[2]:
        return None
    # A judgement lets old rows go; a batch that landed before others were loaded may replace what they brought.
    unusual = connection.execute(
        "select count(*) from raw.loads where load_id > ?"
        " and (recorded_at <= ? or not ends_with(landing_file, '.manifest.json'))",
        [load_id, recorded_at or datetime.min],
    ).fetchall()[0][0]
    return None if unusual else int(load_id)


def _describe(
    connection: duckdb.DuckDBPyConnection,
    clock: tuple[datetime, datetime],
    endpoints: Sequence[Endpoint],
    as_of: datetime | None,
) -> None:
    """The clock, and who can be asked for what, as tables; how reasons begin that close a gap, as variables."""
    connection.execute(
        "create or replace temp table ledger_clock as"
        " select ?::timestamp as now_at, ?::timestamp as starts_at, coalesce(?, timestamp '9999-01-01') as as_of",
        [*clock, _zoneless(as_of) if as_of else None],
    )
    rows = [(e.dataset, e.origin, e.market_type or "", e.kind, e.lag) for e in endpoints]
    columns = zip(("dataset", "origin", "market", "kind", "lag"), zip(*rows, strict=True), strict=True)
    connection.register("endpoints", pa.table({name: list(values) for name, values in columns}))
    connection.execute("create or replace temp table ledger_endpoints as select * from endpoints")
    connection.unregister("endpoints")
    connection.execute(f"set variable not_kept = '{NOT_KEPT}'")
    connection.execute(f"set variable not_offered = '{NOT_OFFERED}'")


def _keep(connection: duckdb.DuckDBPyConnection, since: int | None) -> None:
    """`ledger_kept`: weeks that stay as they are. `ledger_skipped`: those of them that need not even be read.

    What is missing, held or new is made again, with a week on either side, and for that read with another. So are the
    ends of each series. A series whose weeks have holes between them is always made wholly: gaps reach across those.
    """
    shape = "(dataset VARCHAR, origin VARCHAR, market VARCHAR, series VARCHAR, week_start DATE)"
    connection.execute(f"create or replace temp table ledger_kept {shape}")
    connection.execute(f"create or replace temp table ledger_skipped {shape}")
    if since is None:
        return
    held = "select distinct dataset, origin, market, series, " + _week("event_at")
    held += f" from ({_held_rows()}) where load_id > {since}"
    key = "dataset, origin, market, series"
    connection.execute(
        f"""
        create or replace temp table ledger_unsettled as
        with known as (
            select dataset, origin, coalesce(market_type, '') as market, series, week_start,
                coalesce(missing_rows, 1) = 0 and quarantined_rows = 0 and received_rows >= {_SETTLED_ROWS}
                    and week_start not in (min(week_start) over one, max(week_start) over one) as is_settled
            from raw.coverage
            window one as (partition by dataset, origin, coalesce(market_type, ''), series)
        )
        select {key}, week_start from known where not is_settled
        union
        select {key}, week_start from ({" union all ".join([*_rows_since(since), held])}) as touched({key}, week_start)
        """
    )
    for table, reach in (("ledger_kept", 1), ("ledger_skipped", 2)):
        shifts = ", ".join(f"({7 * weeks})" for weeks in range(-reach, reach + 1))
        connection.execute(
            f"""
            insert into {table}
            with whole as (
                select dataset, origin, coalesce(market_type, '') as market, series
                from raw.coverage group by all
                having count(*) = (max(week_start) - min(week_start)) // 7 + 1
            )
            select dataset, origin, coalesce(market_type, '') as market, series, week_start
            from raw.coverage
            semi join whole w on raw.coverage.dataset = w.dataset and raw.coverage.origin = w.origin
                and coalesce(raw.coverage.market_type, '') = w.market and raw.coverage.series = w.series
            except
            select {key}, week_start + days from ledger_unsettled, (values {shifts}) shifts(days)
            """
        )


def _rows_since(load_id: int) -> list[str]:
    """Series and weeks that a later load brought rows of, dataset by dataset."""
    return [
        f"select distinct '{name}', {DATASETS[name].origin_column}, {market}, {DATASETS[name].series_column},"
        f" {_week(_moment(name))} from raw.{name} where load_id > {int(load_id)}"
        for name, (_, market, _) in _EVENTS.items()
    ]


def _read(connection: duckdb.DuckDBPyConnection, *, is_all: bool) -> None:
    """`ledger_events`: accepted rows, by series and moment. `ledger_held`: rows that a guard holds, none accepted."""
    key = "dataset, origin, market, series"
    queries = []
    for name, (_, market, counts) in _EVENTS.items():
        dataset = DATASETS[name]
        unread = (
            f" and not exists (select 1 from ledger_skipped k where k.dataset = '{name}' and k.market = {market}"
            f" and k.origin = r.{dataset.origin_column} and k.series = r.{dataset.series_column}"
            f" and k.week_start = {_week(_moment(name))})"
        )
        latest = f" having arg_max({counts}, {{'r': recorded_at, 'l': load_id}})" if counts else ""
        queries.append(
            f"select '{name}' as dataset, {dataset.origin_column} as origin, {market} as market,"
            f" {dataset.series_column} as series, {_moment(name)} as event_at, max(recorded_at) as recorded_at"
            f" from raw.{name} r, ledger_clock c where recorded_at <= c.as_of{'' if is_all else unread}"
            f" group by {', '.join(dataset.key)}{latest}"
        )
    # Rows on either side of a stretch that is not read are no neighbours.
    connection.execute(
        f"""
        create or replace temp table ledger_events as
        with rows as (
            select {key}, event_at, count(*) as n_rows, max(recorded_at) as recorded_at
            from ({" union all ".join(queries)}), ledger_clock c
            where dataset <> 'candles' or event_at <= c.now_at
            group by {key}, event_at
        ),
        weeks as (
            select {key}, week_start, sum(is_skipped) over (partition by {key} order by week_start) as island
            from (
                select {key}, week_start, 1 as is_skipped from ledger_skipped
                union all
                select distinct {key}, {_week("event_at")}, 0 from rows
            )
        )
        select r.*, coalesce(w.island, 0) as island
        from rows r left join weeks w
            on w.dataset = r.dataset and w.origin = r.origin and w.market = r.market and w.series = r.series
            and w.week_start = {_week("r.event_at")}
        """
    )
    connection.execute(
        f"""
        create or replace temp table ledger_held as
        with held as (
            select distinct {key}, event_at
            from ({_held_rows()}) q, ledger_clock c
            where q.recorded_at <= c.as_of and (q.released_at is null or q.released_at > c.as_of)
        )
        select * from held anti join ledger_events using ({key}, event_at)
        """
    )


def _held_rows() -> str:
    """Quarantined rows as events; a time that no market knows is none."""
    moments = " ".join(
        f"when '{name}' then {moment.format(time='event_at')}" for name, (moment, _, _) in _EVENTS.items()
    )
    perps = ", ".join(f"'{name}'" for name, (_, market, _) in _EVENTS.items() if market == "'perp'")
    return (
        "select dataset, coalesce(origin, '') as origin, coalesce(market_type,"
        f" case when dataset in ({perps}) then 'perp' else '' end) as market,"
        f" coalesce(series, '') as series, case dataset {moments} end as event_at, recorded_at, load_id, released_at"
        " from raw.quarantine where event_at between timestamp '1900-01-01' and timestamp '2200-01-01'"
    )


def _moment(dataset: str) -> str:
    return _EVENTS[dataset][0].format(time=DATASETS[dataset].time_column)


def _week(moment: str) -> str:
    """A week holds the events in (Monday 00:00, next Monday 00:00]."""
    return f"date_trunc('week', {moment} - interval '1 microsecond')::date"


def _zoneless(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
