"""`python -m regime.dev.binding`: every model bound against empty tables, so that wrong SQL shows before any run.

Without a row: it finds unknown columns, wrong types, and columns that differ from those declared. dbt keeps a database
open for as long as its process lives, so this is a process of its own.
"""

import json
import os
import tempfile
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb

from warehouse.builds.project import PROJECT_DIR, adopt_environment
from warehouse.database import connect
from warehouse.home import Home


def main() -> None:
    """Print a JSON list of [file, problem] to stdout; empty where every model binds."""
    # stdout is dbt's too; what is meant for the caller goes to the descriptor that it gave us
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with tempfile.TemporaryDirectory() as directory:
        json.dump(_problems(Path(directory)), out)
    out.close()


def _problems(directory: Path) -> list[list[str]]:
    from dbt.cli.main import dbtRunner  # imported by this process alone

    home = Home(directory)
    with connect(home):
        pass  # raw's tables
    database = home.staging.rename(directory / "binding.duckdb")  # no schema may be called as the file is
    adopt_environment(database)
    places = ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR), "--quiet"]
    places += ["--target-path", str(directory / "target"), "--log-path", str(directory / "logs")]
    done = dbtRunner().invoke(["compile", "--full-refresh", "--select", "resource_type:model", *places])
    manifest: Any = json.loads((directory / "target" / "manifest.json").read_bytes()) if done.success else None
    if manifest is None:
        failed = [
            [r.node.original_file_path, str(r.message)]
            for r in getattr(done.result, "results", None) or ()
            if str(r.status) not in ("success", "pass")
        ]
        return failed or [["", " ".join(str(done.exception or "dbt cannot parse the project").split())]]
    nodes = manifest["nodes"]
    with duckdb.connect(str(database)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for seed in (node for node in nodes.values() if node["resource_type"] == "seed"):
            _create_seed(connection, seed)
        models = {name: node for name, node in nodes.items() if node["resource_type"] == "model"}
        order = TopologicalSorter({name: node["depends_on"]["nodes"] for name, node in models.items()}).static_order()
        return [
            [models[name]["original_file_path"], problem]
            for name in order
            if name in models and (problem := _bind(connection, models[name]))
        ]


def _create_seed(connection: duckdb.DuckDBPyConnection, seed: dict[str, Any]) -> None:
    with open(PROJECT_DIR / seed["original_file_path"], encoding="utf-8") as lines:
        names = lines.readline().strip().split(",")
    types = seed["config"].get("column_types") or {}
    shape = ", ".join(f'"{name}" {types.get(name, "varchar")}' for name in names)
    connection.execute(f"create schema if not exists {seed['schema']}")
    connection.execute(f"create table {seed['schema']}.{seed['name']} ({shape})")


def frame_of(connection: duckdb.DuckDBPyConnection, code: str) -> Any:
    """What a model in Python gives, of the tables that `connection` has: `code` is as dbt compiled it."""
    compiled: dict[str, Any] = {}
    exec(code, compiled)
    return compiled["model"](compiled["dbtObj"](lambda name: connection.sql(f"from {name}")), connection)


def _bind(connection: duckdb.DuckDBPyConnection, model: dict[str, Any]) -> str | None:
    """What DuckDB says against a model, or how its columns differ from those that it declares."""
    if model["config"]["materialized"] == "ephemeral":
        return None
    relation = f"{model['schema']}.{model['name']}"
    declared = {column["name"]: column["data_type"] for column in model["columns"].values()}
    connection.execute(f"create schema if not exists {model['schema']}")
    try:
        if model["language"] == "python":
            connection.register("rows_made", frame_of(connection, model["compiled_code"]))
            connection.execute(f"create table {relation} as from rows_made with no data")
        else:
            connection.execute(f"create table {relation} as {model['compiled_code']} with no data")
    except Exception as error:
        if model["language"] != "python" and not isinstance(error, duckdb.Error):
            raise
        # The models above it must not fail for its sake.
        if declared:
            shape = ", ".join(f'"{name}" {kind or "varchar"}' for name, kind in declared.items())
            connection.execute(f"create table {relation} ({shape})")
        return str(error)
    found = dict(connection.execute(f"select column_name, data_type from duckdb_columns() where schema_name = "
                                    f"'{model['schema']}' and table_name = '{model['name']}'").fetchall())  # fmt: skip
    wrong = [f"{name} is made and not declared" for name in found.keys() - declared.keys()]
    wrong += [f"{name} is declared and not made" for name in declared.keys() - found.keys()]
    for name in found.keys() & declared.keys():
        wanted = connection.execute(f"select typeof(cast(null as {declared[name]}))").fetchall()[0][0]
        if wanted != found[name] and model["config"].get("contract", {}).get("enforced"):
            wrong.append(f"{name} is {found[name].lower()} and declared as {declared[name]}")
    return "its columns are not those in its .yml: " + "; ".join(sorted(wrong)) if wrong else None


if __name__ == "__main__":
    main()
