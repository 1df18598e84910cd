"""Two builds of the same raw, table by table: the same keys, the same values, floats within 1e-9.

Belongs here: what differs, in words. Does not: how they were built.
"""

from pathlib import Path
from typing import Any

import duckdb

# What an increment is told or tells itself, and a full refresh is not.
WHOLE_TABLES = {"rebuild_start", "int_funding_rebuild", "int_funding_look_back"}
TOLERANCE = 1e-9
# Sums that cancel out have no relative precision: this share of the column's largest value is nothing.
NOTHING = 1e-12


def differences(one: Path, other: Path, grains: dict[str, tuple[str, list[str] | None]]) -> list[str]:
    """Every table and column that differs, with in how many rows."""
    with duckdb.connect() as connection:
        for name, path in (("a", one), ("b", other)):
            connection.execute(f"attach '{path}' as {name} (read_only)")
        return [
            f"{schema}.{table}: {found}"
            for table, (schema, grain) in sorted(grains.items())
            if table not in WHOLE_TABLES
            for found in _of_table(connection, schema, table, grain)
        ]


def _of_table(connection: duckdb.DuckDBPyConnection, schema: str, table: str, grain: list[str] | None) -> list[str]:
    a, b = f"a.{schema}.{table}", f"b.{schema}.{table}"
    columns = {name: kind for name, kind, *_ in connection.execute(f"describe {b}").fetchall()}
    if grain is None:  # no grain is declared: whole rows
        names = ", ".join(columns)
        only = [
            _one(connection, f"select count(*) from (select {names} from {x} except all select {names} from {y})")
            for x, y in ((a, b), (b, a))
        ]
        return [f"{only[0]} rows only in the increment, {only[1]} only in the refresh"] if any(only) else []
    same_key = " and ".join(f"a.{c} is not distinct from b.{c}" for c in grain)
    only = [
        _one(connection, f"select count(*) from {x} a where not exists (select 1 from {y} b where {same_key})")
        for x, y in ((a, b), (b, a))
    ]
    found = [f"{only[0]} keys only in the increment, {only[1]} only in the refresh"] if any(only) else []
    counts = [_one(connection, f"select count(*) from {x}") for x in (a, b)]
    if counts[0] != counts[1]:
        found.append(f"{counts[0]} rows in the increment, {counts[1]} in the refresh")
    values = [name for name in columns if name not in grain]
    if values:
        differ = ", ".join(
            f"count(*) filter (where {_differ(connection, b, name, columns[name])}) as {name}" for name in values
        )
        row = connection.execute(f"select {differ} from {a} a join {b} b on {same_key}").fetchall()[0]
        found += [f"{name} differs in {n} rows" for name, n in zip(values, row, strict=True) if n]
    return found


def _differ(connection: duckdb.DuckDBPyConnection, relation: str, name: str, kind: str) -> str:
    if kind != "DOUBLE":
        return f"a.{name} is distinct from b.{name}"
    largest = _one(connection, f"select coalesce(max(abs({name})) filter (where isfinite({name})), 0) from {relation}")
    near = f"{TOLERANCE} * greatest(abs(a.{name}), abs(b.{name})) + {NOTHING * largest!r}"
    return (
        f"(a.{name} is null) <> (b.{name} is null)"
        f" or not (a.{name} is not distinct from b.{name} or abs(a.{name} - b.{name}) <= {near})"
    )


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    return connection.execute(sql).fetchall()[0][0]
