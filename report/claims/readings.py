"""The rows that a claim can be read from: every window and convention that its quantity has, with the value in each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import duckdb

from report.claims.catalogue import Column, Quantity, Source
from report.claims.claims import Subject
from warehouse.week import Week

WINDOWS = ("mon_mon", "fri_fri")
_DAYS = timedelta(days=7)
# A note of Monday morning quotes the week's close, or the morning's price.
HOURS_BEFORE_CLOSE, HOURS_AFTER_CLOSE = timedelta(hours=24), timedelta(hours=12)
# A convention that a note names, as a mart may call it.
_ALSO_CALLED = {"week_end": ("week_end", "last_day")}
# Ways to say when, which change nothing where a quantity is read at one moment or over one week anyway.
_HARMLESS = {"level": ("week_end",), "move": ("week_end", "cap_weighted")}
# Why a value is not known; said in words by `telling`.
NO_TABLE, NO_ROW, NO_VALUE = "no_table", "no_row", "no_value"


@dataclass(frozen=True)
class Reading:
    """One way to read a claim: the cell, what it says, and a week before; `value` None where it is not known."""

    table: str
    column: str
    key: Mapping[str, str]
    unit: str
    value: float | str | bool | date | None
    before: float | None = None
    window_id: str = ""
    convention: str = ""
    span: str = ""
    is_default: bool = False
    missing: str = ""
    note: str = ""

    @property
    def number(self) -> float | None:
        """The value, where it is a number."""
        return float(self.value) if isinstance(self.value, int | float) and not isinstance(self.value, bool) else None

    @property
    def change(self) -> float | None:
        """How much it moved over the week, in its unit."""
        return None if self.number is None or self.before is None else self.number - self.before

    @property
    def change_pct(self) -> float | None:
        """How much it moved over the week, in percent."""
        return None if self.number is None or not self.before else (self.number / self.before - 1) * 100


class Marts:
    """The marts of an open connection, as claims about one week read them."""

    def __init__(self, con: duckdb.DuckDBPyConnection, week: Week) -> None:
        """Look up which marts and columns there are."""
        self.week = week
        self._con = con
        self._columns: dict[str, set[str]] = {}
        # Notes say a thing more than once, and many things of one row.
        self._known: dict[tuple[str, tuple[object, ...]], list[tuple[object, ...]]] = {}
        for table, column in con.execute(
            "select table_name, column_name from duckdb_columns()"
            " where database_name = current_database() and schema_name = 'marts'"
        ).fetchall():
            self._columns.setdefault(table, set()).add(column)

    def has(self, table: str, *columns: str) -> bool:
        """Whether there is a mart with these columns."""
        return table in self._columns and set(columns) <= self._columns[table]

    def fetch(self, sql: str, parameters: list[object]) -> list[tuple[object, ...]]:
        """The rows of a query on marts that are there."""
        asked = (sql, tuple(parameters))
        if asked not in self._known:
            self._known[asked] = self._con.execute(sql, parameters).fetchall()
        return self._known[asked]

    def symbols(self) -> dict[str, str]:
        """The week's eligible assets by symbol; of two with one symbol the larger."""
        if not self.has("universe_weekly", "symbol", "rank", "is_eligible", "asset_id"):
            return {}
        rows = self.fetch(
            "select symbol, asset_id from marts.universe_weekly"
            " where week_start = ? and window_id = 'mon_mon' and is_eligible order by rank desc nulls first",
            [self.week.start],
        )
        return {str(symbol): str(asset_id) for symbol, asset_id in rows if symbol}

    def value(self, table: str, column: str, key: Mapping[str, object]) -> tuple[object, str]:
        """The cell of a key, and why it is not known ("" where it is)."""
        if not self.has(table, column, *key):
            return None, NO_TABLE
        where = " and ".join(f'"{name}" = ?' for name in key) or "true"
        rows = self.fetch(f'select "{column}" from marts."{table}" where {where} limit 2', list(key.values()))
        if not rows:
            return None, NO_ROW
        cell = rows[0][0]
        if len(rows) > 1 or cell is None or (isinstance(cell, float) and cell != cell):
            return None, NO_VALUE
        return cell, ""


def readings(marts: Marts, subject: Subject, declared: Mapping[str, str]) -> list[Reading]:
    """Every way to read a subject, the house's own first; only those that the note's words allow."""
    quantity = subject.quantity
    found = [
        _reading(marts, quantity, subject, source, column, window)
        for source in quantity.sources
        for column in source.columns
        for window in (WINDOWS if source.is_windowed else (source.window_id or "",))
    ]
    allowed = [one for one in found if _is_allowed(one, quantity, found, declared)]
    return [replace(one, is_default=n == 0) for n, one in enumerate(allowed)]


def _is_allowed(one: Reading, quantity: Quantity, all_of: list[Reading], declared: Mapping[str, str]) -> bool:
    window, span, convention = (declared.get(kind, "") for kind in ("window", "span", "convention"))
    if window and one.window_id and one.window_id != window:
        return False
    if span and one.span and one.span != span:
        return False
    if not span and one.span == "30d":
        return False  # said without a length, it is of the week
    if not convention:
        return True
    names = _ALSO_CALLED.get(convention, (convention,))
    if any(other.convention in names for other in all_of):
        return one.convention in names
    is_mean_anyway = convention == "average" and quantity.measure == "correlation"
    return is_mean_anyway or convention in _HARMLESS[quantity.kind]


def _reading(
    marts: Marts, quantity: Quantity, subject: Subject, source: Source, column: Column, window: str
) -> Reading:
    week = marts.week
    key: dict[str, object] = {name: value.replace("$id", subject.name) for name, value in source.key.items()}
    key |= {"window_id": window} if source.is_windowed else {}
    now, then = _moments(source, week)
    cell, missing = marts.value(source.table, column.value, {**key, **now})
    before_column, before_key = (column.before, now) if column.before else (column.value, then)
    before, _ = marts.value(source.table, before_column, {**key, **before_key})
    value, previous = _scaled(cell, column.scale), _scaled(before, column.scale)
    if column.is_relative:
        value = (value / previous - 1) * 100 if value is not None and previous else None
        previous, missing = None, missing or ("" if value is not None else NO_VALUE)
    if (
        value is not None
        and quantity.complete_if
        and not _is_complete(marts, source.table, quantity.complete_if, {**key, **now})
    ):
        value, missing = None, quantity.incomplete
    return Reading(
        source.table, column.value, {name: _text(one) for name, one in {**now, **key}.items()}, quantity.unit, value,
        previous, window, column.convention, column.span, missing=missing, note=quantity.scope,
    )  # fmt: skip


def _moments(source: Source, week: Week) -> tuple[dict[str, object], dict[str, object]]:
    match source.at:
        case "day":
            return {"market_date": week.last_day}, {"market_date": week.day_before}
        case "moment":
            return {"price_at": _midnight(week.end)}, {"price_at": _midnight(week.start)}
        case _:
            return {"week_start": week.start}, {"week_start": week.previous.start}


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


def _is_complete(marts: Marts, table: str, condition: str, key: Mapping[str, object]) -> bool:
    where = " and ".join(f'"{name}" = ?' for name in key)
    return bool(marts.fetch(f'select 1 from marts."{table}" where {where} and {condition}', list(key.values())))


def _scaled(cell: object, scale: float) -> float | None:
    return float(cell) * scale if isinstance(cell, int | float) and not isinstance(cell, bool) else None


def _text(value: object) -> str:
    return value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)


def last_run(marts: Marts, asset_id: str) -> Reading | None:
    """The sign of funding in the week's last hours, with how long it had been so; None where it had none."""
    table, columns = "funding_runs", ("asset_id", "run_start", "run_end", "sign")
    if not marts.has(table, *columns):
        return None
    end = _midnight(marts.week.end)
    rows = marts.fetch(
        "select run_start, sign from marts.funding_runs where asset_id = ? and run_start <= ? and run_end >= ?",
        [asset_id, end, end],
    )
    if len(rows) != 1 or not isinstance(rows[0][0], datetime) or not isinstance(rows[0][1], int):
        return None
    hours = round((end - rows[0][0]) / timedelta(hours=1)) + 1
    key = {"asset_id": asset_id, "run_start": _text(rows[0][0])}
    return Reading(table, "sign", key, "hours", rows[0][1] * hours, convention="last_hours")


def around_the_close(marts: Marts, subject: Subject, figure: float) -> Reading | None:
    """The hourly price nearest to a figure, of those about the week's end: others close at another hour or venue."""
    table, columns = "prices_hourly", ("asset_id", "price_at", "reference_price_usd")
    if not marts.has(table, *columns):
        return None
    end = _midnight(marts.week.end)
    rows = marts.fetch(
        "select price_at, reference_price_usd from marts.prices_hourly where asset_id = ? and price_at between ? and ?"
        " and reference_price_usd is not null order by abs(reference_price_usd - ?), price_at limit 1",
        [subject.name, end - HOURS_BEFORE_CLOSE, end + HOURS_AFTER_CLOSE, figure],
    )
    if not rows:
        return None
    key = {"asset_id": subject.name, "price_at": _text(rows[0][0])}
    return Reading(table, "reference_price_usd", key, "USD", _scaled(rows[0][1], 1.0), convention="about_the_close")


# --- the past --------------------------------------------------------------------------------------------------------


def on_days(marts: Marts, subject: Subject, first: date, last: date) -> Iterator[Reading]:
    """The daily values of a level in a span of days, of its default column."""
    source = next((one for one in subject.quantity.sources if one.at in ("day", "moment")), None)
    if source is None:
        return
    column = source.columns[0].value
    day = "market_date" if source.at == "day" else "price_at"
    key = {name: value.replace("$id", subject.name) for name, value in source.key.items()}
    if not marts.has(source.table, column, day, *key):
        return
    start, end = (
        (first, last) if source.at == "day" else (_midnight(first + timedelta(1)), _midnight(last + timedelta(1)))
    )
    where = " and ".join([f'"{day}" between ? and ?', f'"{column}" is not null', *(f'"{name}" = ?' for name in key)])
    hours = "" if source.at == "day" else f" and date_trunc('day', {day}) = {day}"
    rows = marts.fetch(
        f'select "{day}", "{column}" from marts."{source.table}" where {where}{hours} order by 1',
        [start, end, *key.values()],
    )
    for at, value in rows:
        yield Reading(source.table, column, {day: _text(at), **key}, subject.quantity.unit, _scaled(value, 1.0))


@dataclass(frozen=True)
class Past:
    """What a metric's history says of "since": the day, or why it cannot be said."""

    since: date | None
    history_from: date | None
    missing: str = ""
    is_there_now: bool = True


def since_level(marts: Marts, metric: str, level: float, side: int, *, is_run: bool) -> Past:
    """The last day before this run on which a metric lay on one side of a level as it does now.

    With `is_run`, the last day of the last earlier run on that side that was at least as long, in days of the metric.
    """
    history = _history(marts, metric)
    if not history:
        return Past(None, None, NO_ROW)
    sides = [(day, side * (value - level) > 0) for day, value in history]
    if not sides[-1][1]:
        return Past(None, history[0][0], is_there_now=False)
    runs: list[tuple[date, date]] = []
    before: date | None = None
    for day, is_on in sides:
        if is_on:
            is_next = before is not None and runs and runs[-1][1] == before
            runs = [*runs[:-1], (runs[-1][0], day)] if is_next else [*runs, (day, day)]
        before = day
    now = runs[-1]
    earlier = [run for run in runs[:-1] if not is_run or run[1] - run[0] >= now[1] - now[0]]
    return Past(earlier[-1][1] if earlier else None, history[0][0])


def since_extreme(marts: Marts, metric: str, side: int) -> Past:
    """The last earlier day on which a metric was as low (side −1) or as high (1) as it is now."""
    history = _history(marts, metric)
    if not history:
        return Past(None, None, NO_ROW)
    now = history[-1][1]
    earlier = [day for day, value in history[:-1] if side * (value - now) >= 0]
    return Past(earlier[-1] if earlier else None, history[0][0])


def _history(marts: Marts, metric: str) -> list[tuple[date, float]]:
    """A metric's values to the week's end, without holes: those after its last hole of more than two weeks."""
    if not marts.has("metric_values", "metric_id", "value_date", "value"):
        return []
    rows = marts.fetch(
        "select value_date, value from marts.metric_values"
        " where metric_id = ? and value_date <= ? and value is not null order by 1",
        [metric, marts.week.last_day],
    )
    found = [(day, float(value)) for day, value in rows if isinstance(day, date) and isinstance(value, int | float)]
    if not found or found[-1][0] + _DAYS <= marts.week.last_day:
        return []  # it does not reach the week
    for n in range(len(found) - 1, 0, -1):
        if found[n][0] - found[n - 1][0] > 2 * _DAYS:
            return found[n:]
    return found


def is_comparable(marts: Marts, quantity: Quantity, day: date) -> bool:
    """Whether the past day of a daily mart may be compared with today by its own quality."""
    if not quantity.comparable_days:
        return True
    table, _, condition = quantity.comparable_days.partition(".")
    return bool(marts.fetch(f'select 1 from marts."{table}" where market_date = ? and {condition}', [day]))
