"""The one reader of marts: every figure of a page comes through here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from report.errors import ReportError
from report.figures import Figure, Value, unit_of, value_of_cell
from warehouse.week import Week

KEYS: dict[str, tuple[str, ...]] = {
    "universe_weekly": ("week_start", "window_id", "asset_id"),
    "prices_hourly": ("asset_id", "price_at"),
    "market_cap_daily": ("market_date",),
    "index_levels_daily": ("index_id", "market_date"),
    "index_returns_weekly": ("week_start", "window_id", "index_id"),
    "bucket_returns_weekly": ("week_start", "window_id", "rank_bucket"),
    "bucket_correlation_weekly": ("week_start", "window_id", "rank_bucket", "horizon"),
    "sector_returns_weekly": ("week_start", "window_id", "sector"),
    "sector_correlation_weekly": ("week_start", "window_id", "sector_a", "sector_b"),
    "funding_daily": ("market_date", "asset_id"),
    "funding_runs": ("asset_id", "run_start"),
    "funding_weekly": ("week_start", "window_id", "asset_id"),
    "open_interest_market_daily": ("market_date",),
    "open_interest_change_weekly": ("week_start", "window_id", "oi_bucket"),
    "realised_volatility_daily": ("asset_id", "market_date"),
    "regime_weekly": ("week_start",),
    "regime_scoreboard": ("week_start", "model"),
    "regime_evidence_weekly": ("week_start", "dimension", "evidence_id"),
    "data_coverage_weekly": ("week_start", "dataset", "venue"),
    "asset_class_returns_weekly": ("week_start", "asset_class"),
    "correlation_gap_weekly": ("week_start", "window_id", "horizon"),
    "sector_dispersion_weekly": ("week_start", "window_id"),
    "positioning_weekly": ("week_start", "asset_id"),
    "spot_perp_volume_weekly": ("week_start", "window_id"),
    "depth_weekly": ("week_start", "window_id", "asset_id", "venue", "market_type", "band_pct"),
    "liquidations_weekly": ("week_start", "asset_id"),
    "macro_weekly": ("week_start", "series_id"),
    "metric_values": ("metric_id", "value_date"),
    "open_interest_since_high_weekly": ("week_start", "oi_bucket"),
    "headlines_weekly": ("week_start", "metric_id"),
    "week_ahead": ("week_start", "event_date", "kind", "event_id"),
}


@dataclass(frozen=True)
class Row:
    """One row of a mart; a row that is absent has no cells, and each of its figures is not known."""

    table: str
    key: tuple[tuple[str, str], ...]
    cells: Mapping[str, object]

    @property
    def exists(self) -> bool:
        """False where the mart has no such row."""
        return bool(self.cells)

    def figure(self, column: str, unit: str | None = None) -> Figure:
        """The figure in `column`; `unit` where the column's name cannot declare it."""
        value: Value = value_of_cell(self.cells.get(column))
        window_id = dict(self.key).get("window_id")
        return Figure(value, unit_of(column) if unit is None else unit, self.table, self.key, column, window_id)

    def text(self, column: str) -> str:
        """The cell as it stands in the mart, to choose and order rows by; '' where it is not known."""
        cell = self.cells.get(column)
        return "" if cell is None else str(cell)


class Marts:
    """The marts of an open connection, as the page of one week reads them."""

    def __init__(self, con: duckdb.DuckDBPyConnection, week: Week) -> None:
        """Look up which marts and columns there are; a database without the schema is an error."""
        self.week = week
        self._con = con
        found = con.execute(
            "select table_name, column_name from duckdb_columns() "
            "where database_name = current_database() and schema_name = 'marts' order by table_name, column_index"
        ).fetchall()
        # A page is made in every language from the same marts: each row is read once.
        self._known: dict[tuple[str, str, tuple[object, ...]], list[Row]] = {}
        self._columns: dict[str, list[str]] = {}
        for table, column in found:
            self._columns.setdefault(table, []).append(column)
        if not self._columns:
            raise ReportError("the database has no schema `marts` with tables in it: build the marts, then write pages")

    def rows(self, table: str, **where: object) -> list[Row]:
        """All rows whose columns equal `where`, in the order of the key; none if the mart is absent."""
        columns = self._columns.get(table, [])
        if not set(where) <= set(columns):
            return []
        condition = " and ".join(f'"{column}" = ?' for column in where) or "true"
        order = ", ".join(f'"{column}"' for column in KEYS[table] if column in columns)
        return self._read(table, f"where {condition} order by {order}", list(where.values()))

    def since(self, table: str, column: str, first: date, last: date, **where: object) -> list[Row]:
        """The rows of a span of days or weeks, both ends in it, in the order of the key; for charts of the past."""
        columns = self._columns.get(table, [])
        if not {column, *where} <= set(columns):
            return []
        condition = " and ".join([f'"{column}" between ? and ?', *(f'"{name}" = ?' for name in where)])
        order = ", ".join(f'"{name}"' for name in KEYS[table] if name in columns)
        return self._read(table, f"where {condition} order by {order}", [first, last, *where.values()])

    def row(self, table: str, **key: object) -> Row:
        """The row of this key; a row that does not exist where the mart has none."""
        found = self.rows(table, **key)
        if len(found) > 1:
            raise ReportError(f"marts.{table} has {len(found)} rows for {key}: its grain test should have failed")
        return found[0] if found else Row(table, tuple((name, _key_text(value)) for name, value in key.items()), {})

    def weekly(self, table: str, *, window_id: str | None = "mon_mon", **key: object) -> Row:
        """The week's row of a weekly mart; `window_id=None` for marts without windows."""
        return self.row(table, **self._this_week(window_id), **key)

    def headline(self, metric_id: str) -> Row:
        """The week's row of a headline metric."""
        return self.weekly("headlines_weekly", window_id=None, metric_id=metric_id)

    def weekly_rows(self, table: str, *, window_id: str | None = "mon_mon", **key: object) -> list[Row]:
        """The week's rows of a weekly mart, in the order of its key."""
        return self.rows(table, **self._this_week(window_id), **key)

    def absent(self, table: str, *, window_id: str | None = "mon_mon") -> Row:
        """The row to cite where this week has none in a mart: its figures are not known."""
        key = tuple((name, _key_text(value)) for name, value in self._this_week(window_id).items())
        return Row(table, key, {})

    def first(self, table: str, column: str) -> Row:
        """The earliest row of a daily mart in which `column` is known."""
        return self._pick(table, column, "market_date", None)

    def highest(self, table: str, column: str, until: date) -> Row:
        """The row of a daily mart in which `column` is highest on any day up to `until`; of ties the earliest."""
        return self._pick(table, column, f'"{column}" desc, market_date', until)

    def _this_week(self, window_id: str | None) -> dict[str, object]:
        window: dict[str, object] = {} if window_id is None else {"window_id": window_id}
        return {"week_start": self.week.start, **window}

    def _pick(self, table: str, column: str, order: str, until: date | None) -> Row:
        if not {column, "market_date"} <= set(self._columns.get(table, [])):
            return Row(table, (), {})
        known = f"""where "{column}" is not null and not isnan("{column}"::double)"""
        bound, parameters = ("", []) if until is None else (" and market_date <= ?", [until])
        found = self._read(table, f"{known}{bound} order by {order} limit 1", parameters)
        return found[0] if found else Row(table, (), {})

    def _read(self, table: str, rest: str, parameters: Sequence[object]) -> list[Row]:
        asked = (table, rest, tuple(parameters))
        if asked not in self._known:
            self._known[asked] = self._query(table, rest, parameters)
        return list(self._known[asked])

    def _query(self, table: str, rest: str, parameters: Sequence[object]) -> list[Row]:
        result = self._con.execute(f'select * from marts."{table}" {rest}', list(parameters))
        names = [column[0] for column in result.description or []]
        rows = []
        for values in result.fetchall():
            cells = dict(zip(names, values, strict=True))
            key = tuple((name, _key_text(cells[name])) for name in KEYS[table] if name in cells)
            rows.append(Row(table, key, cells))
        return rows


def ranked(rows: list[Row], column: str, *, highest_first: bool = True) -> list[Row]:
    """The rows in which `column` is a number, ordered by it; ties keep the order of the key."""
    known = [(row, number) for row in rows if (number := row.figure(column).number) is not None]
    return [row for row, _ in sorted(known, key=lambda pair: -pair[1] if highest_first else pair[1])]


def _key_text(value: object) -> str:
    return value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)
