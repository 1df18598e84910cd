"""`regime sql`: a query on the published warehouse, in a connection that can reach nothing else."""

import csv
import json
import re
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from typing import Any, TextIO

import duckdb

from regime.errors import BadInput
from regime.output import as_file
from warehouse.home import Home
from warehouse.untrusted import one_line, spelled

FORMATS = ("table", "csv", "json")
# A table's columns are as wide as their widest value, so its rows are held; csv and json stream.
TABLE_ROWS = 100_000
_ROWS_AT_ONCE = 10_000
# A query that has not ended by then is more likely endless than patient: `from summary(…)` never ends.
TIMEOUT_SECONDS = 300.0
# How a question may begin that DuckDB takes apart into several statements. A pivot is one; so is a COPY of a pivot,
# and that would write: into the published file itself, the one path that stays open to the connection.
_ASKING_WORDS = re.compile(r"\s*\(*\s*(select|from|with|pivot|unpivot|values|table)\b", re.IGNORECASE)
_EXPLAIN = re.compile(r"\s*explain(\s+analyze|\s*\([^()]*\))?\s+(?P<asked>.+)", re.IGNORECASE | re.DOTALL)
_TABLES = 'tables are listed by: regime sql "show tables from marts"'
# Half of the memory at most: a run may be working beside it. No name in a query is a variable of this program.
_CONFIG: Mapping[str, str] = {"memory_limit": "50%", "python_enable_replacements": "false"}
# In this order: without a directory for temporary files none is left open when access ends, and then all is fixed.
_SHUT_IN = ("set temp_directory = ''", "set enable_external_access = false", "set lock_configuration = true")
# A spreadsheet takes a text that begins so for a formula, and runs it.
_FORMULA = re.compile(r"[=+\-@\t\r]")


def ask(query: str, format: str, out: TextIO = sys.stdout, *, timeout_s: float = TIMEOUT_SECONDS) -> None:
    """Print the rows of a query. BadInput if it is wrong, would write, takes too long, or nothing is published."""
    if format not in FORMATS:
        raise BadInput(f"--format {one_line(format, 40)} is none of {', '.join(FORMATS)}")
    if not timeout_s > 0:
        raise BadInput("--timeout must be above 0 seconds")
    with open_published(Home.at()) as connection:
        try:
            with _ended_after(connection, timeout_s):
                found = connection.execute(_single(query))
                columns = [column[0] for column in found.description or ()]
                print_rows(columns, found, format, out)
        except duckdb.InterruptException:
            raise BadInput(
                f"the query was stopped after {timeout_s:g} s; ask for less, or give it --timeout SECONDS"
            ) from None
        except duckdb.Error as error:
            raise BadInput(f"{_reason(error)}; {_advice(error)}") from None


@contextmanager
def _ended_after(connection: duckdb.DuckDBPyConnection, timeout_s: float) -> Iterator[None]:
    """Interrupt whatever the connection does after a time, rows that are still being printed too."""
    timer = threading.Timer(min(timeout_s, threading.TIMEOUT_MAX), connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()  # an interruption that came late must not meet the connection as it closes


def _single(query: str) -> duckdb.Statement:
    """The one statement of a query. BadInput unless there is exactly one, and it asks."""
    statements = duckdb.extract_statements(query)
    if not statements:
        raise BadInput(f"there is no query; {_TABLES}")
    if len(statements) > 1:
        raise BadInput(f"these are {len(statements)} statements; ask one at a time")
    if not _asks(statements[0]):
        raise BadInput(
            f"{_kind(statements[0])} is no question, and the published warehouse is read-only; ask with select"
        )
    return statements[0]


def _asks(statement: duckdb.Statement) -> bool:
    """True for a select, in all its forms, and for the explanation of one. Nothing else has reason to be here."""
    kind = _kind(statement)
    if kind == "SELECT":  # show, describe and summarize are selects too
        return True
    if kind == "MULTI":
        return _ASKING_WORDS.match(statement.query) is not None
    # `explain analyze` executes what it explains.
    explained = _EXPLAIN.fullmatch(statement.query) if kind == "EXPLAIN" else None
    if explained is None:
        return False
    inner = duckdb.extract_statements(explained["asked"])
    return len(inner) == 1 and _kind(inner[0]) == "SELECT"


def _kind(statement: duckdb.Statement) -> str:
    try:
        return str(statement.type.name)
    except ValueError:  # DuckDB knows statements (UPDATE EXTENSIONS) for which its Python module has no word
        return "this"


def _advice(error: duckdb.Error) -> str:
    if isinstance(error, duckdb.PermissionException):
        return "only the published tables can be read"
    if isinstance(error, duckdb.OutOfMemoryException):
        return "ask for less at once"
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
        connection = duckdb.connect(str(path.resolve()), read_only=True, config={**_CONFIG})
    except duckdb.Error as error:
        raise BadInput(f"cannot open {path}: {_reason(error)}; `regime run` publishes it anew") from None
    for setting in _SHUT_IN:
        connection.execute(setting)
    return connection


def print_rows(columns: Sequence[str], found: duckdb.DuckDBPyConnection, format: str, out: TextIO) -> None:
    """What was found, as a table, CSV or JSON."""
    if format == "csv":
        writer = csv.writer(as_file(out), lineterminator="\n")
        writer.writerow([_csv_cell(name) for name in columns])
        for row in _rows(found):
            writer.writerow([_csv_cell(value) for value in row])
    elif format == "json":
        _json(columns, found, as_file(out))
    else:
        _table(columns, found, out)


def _csv_cell(value: Any) -> Any:
    """A cell that neither a spreadsheet nor a terminal obeys; --format json gives every text as it is."""
    if value is None:
        return ""
    if isinstance(value, int | float | Decimal):
        return value
    text = _shown(str(value), kept="\n")
    return f"'{text}" if _FORMULA.match(text) else text


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
        out.write(f"{before}\n{_shown_in_json(text)}")
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
    return _shown(str(value).replace("\n", " "))


def _shown(text: str, kept: str = "") -> str:
    """Names come from outside: one that holds a terminal's control codes is shown, not obeyed."""
    return text if text.isprintable() else "".join(c if c.isprintable() or c in kept else spelled(c) for c in text)


def _shown_in_json(text: str) -> str:
    """The same in JSON's own spelling, which every reader turns back into the character."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


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
    return one_line(str(error).split("\n\n")[0], 500)
