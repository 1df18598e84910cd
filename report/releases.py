"""How a macro series is written: yields move by basis points, statistics by tenths of a point, odds by whole points."""

from datetime import datetime

from report.days import midnight
from report.formatting import Printed, as_yield, in_basis_points, in_unit, whole, words
from report.marts import Marts, Row
from report.text import Fragment, compose

CUT = "FED_CUT_PROBABILITY"
UNCHANGED = "unchanged"
# What offices publish once a week, month or quarter; all else is quoted daily.
OFFICES = ("PAYEMS", "UNRATE", "CPIAUCSL_YOY", "GDPC1_YOY", "GBRCPI_YOY", "ICSA")


def value_of(row: Row, column: str = "value_as_released") -> Printed:
    """A value of the series as people quote it."""
    value, unit = row.figure(column), row.text("unit")
    if row.text("series_id") == CUT:
        return whole(value, "percent")
    if unit == "percentage points":
        return in_basis_points(value, signed=False)
    if unit == "percent" and _is_quoted(row):
        return as_yield(value)
    return in_unit(value, unit)


def change_of(row: Row) -> Printed:
    """Its change, with its sign."""
    change, unit = row.figure("change"), row.text("unit")
    if row.text("series_id") == CUT:
        return whole(change, "percentage points", signed=True)
    if unit == "percentage points" or (unit == "percent" and _is_quoted(row)):
        return in_basis_points(change)
    return in_unit(change, "percentage points" if unit == "percent" else unit, signed=True)


def came_this_week(marts: Marts, row: Row) -> bool:
    """True if it was published between the week's two Mondays."""
    released = row.figure("released_at").value
    begins, ends = midnight(marts.week.start), midnight(marts.week.end)
    return isinstance(released, datetime) and begins < released <= ends


def is_curve_move(row: Row) -> bool:
    """True for a curve that moved by more than is usual of it."""
    return row.text("label") not in ("", UNCHANGED) and row.text("series_id") != CUT


def curve_move(row: Row) -> tuple[Fragment, ...]:
    """How a curve moved: which, in which way, by how much."""
    name, label = words(row.figure("name")), words(row.figure("label"))
    return compose("{name} ({label}, {change})", name=name, label=label, change=change_of(row))


def is_stale(row: Row) -> bool:
    """True if its last release lies long before the week."""
    return row.text("is_stale") == "True"


def _is_quoted(row: Row) -> bool:
    return row.text("frequency") == "day"
