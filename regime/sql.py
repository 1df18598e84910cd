"""`regime sql`: a query on the published warehouse, in a connection that can reach nothing else.

Belongs here: opening it read-only and shut in, printing rows as a table, CSV or JSON.
Does not: what the tables mean (docs), the staging database.
"""

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, TextIO

import duckdb

from ingestion.home import Home
from regime.errors import BadInput

FORMATS = ("table", "csv", "json")
# A table's columns are as wide as their widest value, so its rows are held; csv and json stream.
TABLE_ROWS = 100_000
_ROWS_AT_ONCE = 10_000
_ASKS = {
    duckdb.StatementType.SELECT,
    duckdb.StatementType.EXPLAIN,
    duckdb.StatementType.PRAGMA,
    duckdb.StatementType.CALL,
    duckdb.StatementType.MULTI,  # a pivot
}
_TABLES = 'tables are listed by: regime sql "show tables from marts"'
_SHUT_IN: Mapping[str, str] = {"enable_external_access": "false", "lock_configuration": "true"}


def ask(query: str, format: str, out: TextIO = sys.stdout) -> None:
    """Print the rows of a query. BadInput if it is wrong, would write, or nothing has been published."""
    if format not in FORMATS:
        raise BadInput(f"--format {format} is none of {', '.join(FORMATS)}")
    with open_published(Home.at()) as connection:
        try:
            found = connection.execute(_single(query))
            columns = [column[0] for column in found.description or ()]
            _print(columns, found, format, out)
        except duckdb.Error as error:
            raise BadInput(f"{_reason(error)}; {_advice(error)}") from None


def _single(query: str) -> duckdb.Statement:
    """The one statement of a query. BadInput unless there is exactly one, and it asks."""
    statements = duckdb.extract_statements(query)
    if not statements:
        raise BadInput(f"there is no query; {_TABLES}")
    if len(statements) > 1:
        raise BadInput(f"these are {len(statements)} statements; ask one at a time")
    if statements[0].type not in _ASKS:
        raise BadInput(
            f"{statements[0].type.name} is no question, and the published warehouse is read-only; ask with select"
        )
    return statements[0]


def _advice(error: duckdb.Error) -> str:
    if isinstance(error, duckdb.PermissionException):
        return "only the published tables can be read"
    if "read-only" in str(error):
        return "what is published does not change; ask with select"
    return _TABLES


def open_published(home: Home) -> duckdb.DuckDBPyConnection:
    """The published warehouse, read-only and without access to files, networks or settings."""
    path = home.warehouse
    if not path.exists():
        raise BadInput(f"nothing is published in {home.path}; run `regime run` first")
    try:
        # The version's own path: the link may be swapped while we read, the version stays.
        return duckdb.connect(str(path.resolve()), read_only=True, config={**_SHUT_IN})
    except duckdb.Error as error:
        raise BadInput(f"cannot open {path}: {_reason(error)}; `regime run` publishes it anew") from None


def _print(columns: Sequence[str], found: duckdb.DuckDBPyConnection, format: str, out: TextIO) -> None:
    if format == "csv":
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(columns)
        for row in _rows(found):
            writer.writerow(["" if value is None else value for value in row])
    elif format == "json":
        _json(columns, found, out)
    else:
        _table(columns, found, out)


def _rows(found: duckdb.DuckDBPyConnection) -> Iterable[tuple[Any, ...]]:
    while rows := found.fetchmany(_ROWS_AT_ONCE):
        yield from rows


def _json(columns: Sequence[str], found: duckdb.DuckDBPyConnection, out: TextIO) -> None:
    if twice := [name for name, count in Counter(columns).items() if count > 1]:
        raise BadInput(f"two columns are called {twice[0]}, JSON keeps one of a name; name them with `as`")
    before = "["
    for row in _rows(found):
        record = _finite(dict(zip(columns, row, strict=True)))
        text = json.dumps(record, default=str, indent=2, ensure_ascii=False, allow_nan=False)
        out.write(f"{before}\n{text}")
        before = ","
    out.write("[]\n" if before == "[" else "\n]\n")


def _table(columns: Sequence[str], found: duckdb.DuckDBPyConnection, out: TextIO) -> None:
    """Columns side by side, never wrapped or cut: what is printed is what is there."""
    found_rows = iter(_rows(found))
    rows = list(islice(found_rows, TABLE_ROWS))
    more = next(found_rows, None)
    texts = [[_text(value) for value in row] for row in rows]
    widths = [max([len(_text(name)), *(len(row[i]) for row in texts)]) for i, name in enumerate(columns)]
    is_number = [
        any(r[i] is not None for r in rows) and all(isinstance(r[i], int | float | None) for r in rows)
        for i in range(len(columns))
    ]
    for row in ([_text(name) for name in columns], ["─" * width for width in widths], *texts):
        cells = (
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(row, widths, is_number, strict=True)
        )
        out.write("  ".join(cells).rstrip() + "\n")
    first = "the first " if more else ""
    rest = "; --format csv gives all" if more else ""
    out.write(f"({first}{len(rows):,} row{'' if len(rows) == 1 else 's'}{rest})\n")


def _text(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, float):
        return f"{value:.10g}"
    # Names come from outside: one that holds a terminal's control codes is shown, not obeyed.
    text = str(value).replace("\n", " ")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


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
