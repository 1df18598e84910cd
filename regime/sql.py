"""`regime sql`: a query on the published warehouse, in a connection that can reach nothing else.

Belongs here: opening it read-only and shut in, printing rows as a table, CSV or JSON.
Does not: what the tables mean (docs), the staging database.
"""

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

import duckdb

from ingestion.home import Home
from regime.errors import BadInput

FORMATS = ("table", "csv", "json")
_ROWS_AT_ONCE = 10_000
_SHUT_IN: Mapping[str, str] = {"enable_external_access": "false", "lock_configuration": "true"}


def ask(query: str, format: str, out: TextIO = sys.stdout) -> None:
    """Print the rows of a query. BadInput if it is wrong, would write, or nothing has been published."""
    if format not in FORMATS:
        raise BadInput(f"--format {format} is none of {', '.join(FORMATS)}")
    with open_published(Home.at()) as connection:
        try:
            found = connection.execute(query)
            if found is None:
                raise BadInput('there is no query; try: regime sql "show all tables"')
            columns = [column[0] for column in found.description or ()]
            _print(columns, found, format, out)
        except duckdb.Error as error:
            raise BadInput(f'{_reason(error)}; marts are listed by: regime sql "show all tables"') from None


def open_published(home: Home) -> duckdb.DuckDBPyConnection:
    """The published warehouse, read-only and without access to files, networks or settings."""
    path = home.warehouse
    if not path.exists():
        raise BadInput(f"nothing is published in {home.path}; run `regime run` first")
    try:
        # The version's own path: the link may be swapped while we read, the version stays.
        return duckdb.connect(str(path.resolve()), read_only=True, config={**_SHUT_IN})
    except duckdb.Error as error:
        raise BadInput(f"cannot open {path}: {_reason(error)}") from None


def _print(columns: Sequence[str], found: duckdb.DuckDBPyConnection, format: str, out: TextIO) -> None:
    if format == "csv":
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(columns)
        for row in _rows(found):
            writer.writerow(["" if value is None else value for value in row])
    elif format == "json":
        records = [dict(zip(columns, row, strict=True)) for row in _rows(found)]
        json.dump(_finite(records), out, default=str, indent=2, ensure_ascii=False, allow_nan=False)
        out.write("\n")
    else:
        _table(columns, list(_rows(found)), out)


def _rows(found: duckdb.DuckDBPyConnection) -> Iterable[tuple[Any, ...]]:
    while rows := found.fetchmany(_ROWS_AT_ONCE):
        yield from rows


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]], out: TextIO) -> None:
    """Columns side by side, never wrapped or cut: what is printed is what is there."""
    texts = [[_text(value) for value in row] for row in rows]
    widths = [max([len(name), *(len(row[i]) for row in texts)]) for i, name in enumerate(columns)]
    is_number = [
        any(r[i] is not None for r in rows) and all(isinstance(r[i], int | float | None) for r in rows)
        for i in range(len(columns))
    ]
    for row in (list(columns), ["─" * width for width in widths], *texts):
        cells = (
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(row, widths, is_number, strict=True)
        )
        out.write("  ".join(cells).rstrip() + "\n")
    out.write(f"({len(rows):,} row{'' if len(rows) == 1 else 's'})\n")


def _text(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value).replace("\n", " ")


def _finite(value: Any) -> Any:
    """JSON knows no NaN and no infinity: null stands for them."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {str(name): _finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value


def _reason(error: duckdb.Error) -> str:
    """The first paragraph of DuckDB's message; the rest shows the query again."""
    return " ".join(str(error).split("\n\n")[0].split())
