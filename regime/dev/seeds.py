"""Seeds against their own declarations, row by row, without dbt: a typo costs a second, not a run.

What a seed's `.yml` promises (columns, types, tests) is asked of the CSV, with its line numbers; dbt asks it again of
what it loaded.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from regime.dev.findings import Finding, read_yaml, suggestion

_REF = re.compile(r"ref\(\s*['\"](\w+)['\"]\s*\)")
_LINE = "csv_line"


@dataclass
class Seed:
    """A CSV file and what its `.yml` says of it."""

    path: Path
    declared_in: Path
    types: Mapping[str, str]
    columns: Sequence[str]
    tests: list[tuple[str | None, str, Mapping[str, Any]]] = field(default_factory=list)


def check_seeds(directory: Path) -> list[Finding]:
    """Every promise of every seed that does not hold, with the row that breaks it."""
    findings: list[Finding] = []
    seeds = _declared(directory)
    for path in sorted(directory.glob("*.csv")):
        if path.stem not in seeds:
            findings.append(
                Finding(path, None, "no .yml in seeds/ declares it", "describe its columns and types there")
            )
    with duckdb.connect() as connection:
        loaded = {}
        for name, seed in sorted(seeds.items()):
            if not seed.path.exists():
                findings.append(
                    Finding(seed.declared_in, None, f"seed {name} has no {name}.csv", "add it, or drop the entry")
                )
                continue
            found = list(_load(connection, seed))
            findings += found
            if not any(f.line in (None, 1) for f in found):
                loaded[name] = seed
        for seed in loaded.values():
            findings += _broken_promises(connection, seed, loaded)
    return sorted(set(findings), key=lambda f: (str(f.path), f.line or 0, f.problem))


def _declared(directory: Path) -> dict[str, Seed]:
    seeds = {}
    for declaration in sorted(directory.glob("*.yml")):
        for entry in read_yaml(declaration.read_text(encoding="utf-8")).get("seeds", ()):
            name = entry["name"]
            types = entry.get("config", {}).get("column_types", {})
            columns = [column["name"] for column in entry.get("columns", ())]
            seed = Seed(directory / f"{name}.csv", declaration, types, columns)
            seed.tests += [(None, *_test(test)) for test in entry.get("data_tests", ())]
            seed.tests += [
                (column["name"], *_test(test))
                for column in entry.get("columns", ())
                for test in column.get("data_tests", ())
            ]
            seeds[name] = seed
    return seeds


def _test(entry: Any) -> tuple[str, Mapping[str, Any]]:
    if isinstance(entry, str):
        return entry, {}
    ((name, content),) = entry.items()
    return name, content.get("arguments", {})


def _load(connection: duckdb.DuckDBPyConnection, seed: Seed) -> Iterator[Finding]:
    """Load a seed with its declared types and its line numbers; yields rows that do not fit, which are left out."""
    with open(seed.path, newline="", encoding="utf-8") as lines:
        reader = csv.reader(lines)
        header = next(reader, [])
        if sorted(header) != sorted(seed.columns):
            extra, missing = (sorted(set(a) - set(b)) for a, b in ((header, seed.columns), (seed.columns, header)))
            what = "; ".join(
                f"{words} {', '.join(names)}" for words, names in (("undeclared", extra), ("missing", missing)) if names
            )
            yield Finding(
                seed.path, 1, f"its columns are not those of {seed.declared_in.name}: {what}", "align the two"
            )
            return
        rows = []
        for values in reader:
            if len(values) != len(header):
                yield Finding(
                    seed.path, reader.line_num, f"{len(values)} fields where the header has {len(header)}",
                    "add or quote what is amiss",
                )  # fmt: skip
                continue
            rows.append([reader.line_num, *(value if value != "" else None for value in values)])
    table = seed.path.stem
    text = [[row[n] for row in rows] for n in range(len(header) + 1)]
    kinds = [pa.int64(), *(pa.string() for _ in header)]
    arrays = [pa.array(values, kind) for values, kind in zip(text, kinds, strict=True)]
    connection.register("csv_rows", pa.table(arrays, names=[_LINE, *header]))
    connection.execute(f'create table "{table}_text" as select * from csv_rows')
    unreadable: set[int] = set()
    for column in header:
        kind = seed.types.get(column, "varchar")
        for line, value in connection.execute(
            f'select {_LINE}, "{column}" from "{table}_text"'
            f' where "{column}" is not null and try_cast("{column}" as {kind}) is null order by all'
        ).fetchall():
            unreadable.add(line)
            yield Finding(seed.path, line, f"{column} {value!r} is no {kind}", "write it as its neighbours are written")
    typed = ", ".join(f'try_cast("{c}" as {seed.types.get(c, "varchar")}) as "{c}"' for c in header)
    connection.execute(
        f'create table "{table}" as select {_LINE}, {typed} from "{table}_text" where not list_contains(?, {_LINE})',
        [sorted(unreadable)],
    )


def _broken_promises(
    connection: duckdb.DuckDBPyConnection, seed: Seed, loaded: Mapping[str, Seed]
) -> Iterator[Finding]:
    for column, test, arguments in seed.tests:
        check = _CHECKS.get(test)
        if check is None:
            yield Finding(
                seed.declared_in, None, f"{seed.path.stem} has a test {test} that `regime dev check` does not know",
                "teach it in regime/dev/seeds.py",
            )  # fmt: skip
            continue
        yield from check(connection, seed, column or arguments.get("column_name"), arguments, loaded)


def _never_null(connection: Any, seed: Seed, _: Any, arguments: Any, loaded: Any) -> Iterator[Finding]:
    for column in arguments["columns"]:
        yield from _not_null(connection, seed, column, arguments, loaded)


def _not_null(connection: Any, seed: Seed, column: str, _: Any, loaded: Any) -> Iterator[Finding]:
    for (line,) in _ask(connection, f'select {_LINE} from "{seed.path.stem}" where {column} is null order by 1'):
        yield Finding(seed.path, line, f"{column} is empty", "fill it in")


def _unique(connection: Any, seed: Seed, expression: str, _: Any, loaded: Any) -> Iterator[Finding]:
    first_line = f"min({_LINE}) over (partition by {expression})"
    repeated = _ask(
        connection,
        f"select {_LINE}, cast({expression} as varchar), {first_line} as first_line"
        f' from "{seed.path.stem}" where {expression} is not null qualify {_LINE} > first_line order by 1',
    )
    for line, value, first in repeated:
        yield Finding(seed.path, line, f"{value} stands in line {first} already", "keep one of the two rows")


def _unique_grain(connection: Any, seed: Seed, _: Any, arguments: Any, loaded: Any) -> Iterator[Finding]:
    yield from _unique(connection, seed, f"concat_ws(' / ', {', '.join(arguments['columns'])})", arguments, loaded)


def _accepted_values(connection: Any, seed: Seed, column: str, arguments: Any, loaded: Any) -> Iterator[Finding]:
    accepted = [str(value) for value in arguments["values"]]
    rows = _ask(connection, f'select {_LINE}, {column} from "{seed.path.stem}" where {column} is not null order by 1')
    for line, value in rows:
        if str(value) not in accepted and not (isinstance(value, float) and str(int(value)) in accepted):
            known = suggestion(str(value), accepted) or f"choose from {', '.join(accepted)}"
            yield Finding(
                seed.path, line, f"{column} {value!r} is not among the accepted values",
                f"{known} (a new one is added in {seed.declared_in.name})",
            )  # fmt: skip


def _relationships(
    connection: Any, seed: Seed, column: str, arguments: Any, loaded: Mapping[str, Seed]
) -> Iterator[Finding]:
    found = _REF.search(arguments["to"])
    if found is None or found[1] not in loaded:  # a model, or a seed that could not be read: dbt asks that one
        return
    other, name = found[1], arguments["field"]
    known = [
        str(value) for (value,) in _ask(connection, f'select distinct {name} from "{other}" where {name} is not null')
    ]
    lost = _ask(
        connection,
        f'select {_LINE}, {column} from "{seed.path.stem}" t where {column} is not null'
        f' and not exists (select 1 from "{other}" o where o.{name} = t.{column}) order by 1',
    )
    for line, value in lost:
        hint = suggestion(str(value), known)
        yield Finding(
            seed.path, line, f"{column} {value!r} is no {name} of {other}.csv",
            f"{hint} Otherwise add it to {other}.csv first".strip(),
        )  # fmt: skip


def _identity_holds(connection: Any, seed: Seed, _: Any, arguments: Any, loaded: Any) -> Iterator[Finding]:
    identity = arguments["identity"]
    for (line,) in _ask(connection, f'select {_LINE} from "{seed.path.stem}" where not ({identity}) order by 1'):
        yield Finding(seed.path, line, f"it breaks the rule `{' '.join(identity.split())}`", "correct the row")


def _ask(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()


_CHECKS: Mapping[str, Any] = {
    "never_null": _never_null,
    "not_null": _not_null,
    "unique": _unique,
    "unique_grain": _unique_grain,
    "accepted_values": _accepted_values,
    "relationships": _relationships,
    "identity_holds": _identity_holds,
}
