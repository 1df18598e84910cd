"""A figure: one cell of a mart, with everything needed to find it again."""

import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

Value = float | int | str | date | datetime | None

# Names come from exchanges and data providers: whoever lists a coin chooses them.
LONGEST_NAME = 60

# The first pattern that fits names the unit: units stand last in a column's name.
_UNITS: tuple[tuple[str, str], ...] = (
    (r"correlation|^ci_(low|high)$", "correlation"),
    (r"(^|_)price_usd$", "USD per coin"),
    (r"_usd$", "USD"),
    (r"_base$", "coins"),
    (r"_pct$", "percent"),
    (r"_pp$", "percentage points"),
    (r"(^|_)hours(_|$)", "hours"),
    (r"_days(_max)?$", "days"),
    (r"_weeks$|^weeks_in_", "weeks"),
    (r"^level$", "index points"),
    (r"^n_|_rows$|_settlements$|^rank$", "count"),
    (r"_at$|_date$|^week_start$", "UTC"),
)


@dataclass(frozen=True)
class Figure:
    """The value of `column` in the row `key` of the mart `table`; None where the mart knows none.

    Text cells (a sector, a coin's symbol, a verdict) are figures too: a sentence that names them has evidence.
    """

    value: Value
    unit: str
    table: str
    key: tuple[tuple[str, str], ...]
    column: str
    window_id: str | None = None

    @property
    def is_known(self) -> bool:
        """False where the row is absent or its value is NULL."""
        return self.value is not None

    @property
    def number(self) -> float | None:
        """The value to sort and draw by; None for texts, dates and what is not known."""
        return float(self.value) if isinstance(self.value, int | float) else None

    def evidence(self) -> dict[str, Any]:
        """The figure as `summary.json` carries it: enough to write the query that finds it again."""
        return {
            "table": self.table,
            "key": dict(self.key),
            "column": self.column,
            "value": self.plain_value(),
            "unit": self.unit,
            "window_id": self.window_id,
        }

    def plain_value(self) -> float | int | str | None:
        """The value for machines. Nine digits: parallel sums differ in the last ones, and pages must not."""
        if isinstance(self.value, float):
            return float(f"{self.value:.9g}") + 0.0
        if isinstance(self.value, date):
            return self.value.isoformat()
        return self.value


@cache
def unit_of(column: str) -> str:
    """The unit that a column's (or metric's) name declares; '' for names, flags and plain numbers."""
    for pattern, unit in _UNITS:
        if re.search(pattern, column):
            return unit
    return ""


def clean_name(text: str, longest: int = LONGEST_NAME) -> str:
    """A foreign name on one line, without control and direction characters, at most `longest` characters of it."""
    visible = "".join(" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c)[0] != "C")
    # A base letter with a tower of accents would run over its neighbours' lines.
    visible = re.sub(r"\s+", " ", re.sub(r"([̀-ͯ]{2})[̀-ͯ]+", r"\1", visible)).strip()
    if not visible:
        return "unnamed"
    return visible if len(visible) <= longest else visible[: longest - 1].rstrip() + "…"


def value_of_cell(cell: object) -> Value:
    """A database cell as a figure's value; NaN and infinity are not known, like NULL."""
    if cell is None:
        return None
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, Decimal):
        cell = float(cell)
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else None
    if isinstance(cell, int | date):
        return cell
    return clean_name(str(cell))
