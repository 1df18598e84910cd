"""From a figure's evidence to the query that finds it again."""

from collections.abc import Mapping
from typing import Any

from report.figures import Value, value_of_cell

# Pages keep nine digits of a number.
_RELATIVE_TOLERANCE = 1e-8


def query_of(evidence: Mapping[str, Any]) -> str:
    """One select that gives the cell, from an evidence as `summary.json` has it: table, key, column."""
    conditions = " and ".join(f"{_name(column)} = {_literal(value)}" for column, value in evidence["key"].items())
    where = f" where {conditions}" if conditions else ""
    return f"select {_name(evidence['column'])} from marts.{_name(evidence['table'])}{where}"


def says_the_same(evidence: Mapping[str, Any], cell: object) -> bool:
    """True if a database cell is the value that the page was written with."""
    said, found = evidence["value"], value_of_cell(cell)
    if isinstance(said, int | float) and isinstance(found, int | float):
        return abs(said - found) <= _RELATIVE_TOLERANCE * max(abs(said), abs(found))
    return bool(said == _plain(found))


def _plain(value: Value) -> object:
    return value if value is None or isinstance(value, int | float | str) else value.isoformat()


def _name(name: str) -> str:
    return name if name.isidentifier() and name.isascii() else '"' + name.replace('"', '""') + '"'


def _literal(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
