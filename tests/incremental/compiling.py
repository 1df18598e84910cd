"""`python -m tests.incremental.compiling DIR`: the models as SQL, so that a test can build them without dbt."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import duckdb

from warehouse.builds.project import adopt_environment
from warehouse.database import connect
from warehouse.home import CHECKOUT, Home

PROJECT = CHECKOUT / "dbt_project"
DATABASE = "market.duckdb"
# The moments that models ask for stand in the SQL as literals. Each model that holds one gets a year of its own.
FIRST_SENTINEL_YEAR = 2101


def main(directory: Path) -> None:
    """Write `models.json` and a staging database that has raw's tables and the seeds, and nothing else."""
    from dbt.cli.main import dbtRunner  # imported by this process alone

    home = Home(directory)
    with connect(home):
        pass  # raw's tables
    # One schema is called as the file is, which makes every name of two parts ambiguous in hand-written SQL.
    database = home.staging.rename(directory / DATABASE)
    adopt_environment(database)
    os.environ |= {
        "DBT_TARGET_PATH": str(directory / "target"),
        "DBT_LOG_PATH": str(directory / "logs"),
    }
    places = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--quiet"]
    manifest: Any = _ask(dbtRunner(), ["parse", *places])
    models = {node.name: node for node in manifest.nodes.values() if node.resource_type == "model"}
    sentinels = {
        name: f"{FIRST_SENTINEL_YEAR + 2 * i}-01-01 00:00:00"
        for i, name in enumerate(sorted(n for n, m in models.items() if "rebuild_from" in m.columns))
    }
    kept = [
        name for name, model in models.items() if any("keep_previous_state" in h.sql for h in model.config.pre_hook)
    ]
    with duckdb.connect(str(database)) as connection:
        for name, model in models.items():
            connection.execute(f"create schema if not exists {model.schema}")
            if name in sentinels:
                connection.execute(
                    f"create table {model.schema}.{name} as select timestamp '{sentinels[name]}' as rebuild_from"
                )
            elif model.config.materialized == "incremental" or name in kept:
                connection.execute(f"create table {model.schema}.{name} (nothing int)")
            if name in kept:
                connection.execute(f"create table {model.schema}.{name}_before (nothing int)")
    runner = dbtRunner(manifest=manifest)
    _ask(runner, ["seed", *places])
    increments = _compiled(_ask(runner, ["compile", "--select", "resource_type:model", *places]))
    full = _compiled(_ask(runner, ["compile", "--full-refresh", "--select", "resource_type:model", *places]))
    grains = {
        manifest.nodes[node.attached_node].name: node.test_metadata.kwargs["grain"]
        for node in manifest.nodes.values()
        if node.resource_type == "test" and node.test_metadata and node.test_metadata.name == "integrity"
    }
    told = {
        "sentinels": sentinels,
        "models": [
            {
                "name": name,
                "schema": model.schema,
                "materialized": model.config.materialized,
                "language": str(model.language),
                "columns": {column.name: column.data_type for column in model.columns.values()},
                "depends_on": [manifest.nodes[u].name for u in model.depends_on.nodes if u.startswith("model.")],
                "meta": model.config.meta,
                "keeps_previous_state": name in kept,
                "full_sql": full[name],
                "increment_sql": increments[name],
                "grain": grains.get(name),
            }
            for name, model in models.items()
        ],
    }
    (directory / "models.json").write_text(json.dumps(told))


def _ask(runner: Any, arguments: list[str]) -> Any:
    done = runner.invoke(arguments)
    if not done.success:
        failed = [f"{r.node.name}: {r.message}" for r in getattr(done.result, "results", []) if r.status != "success"]
        raise SystemExit(f"dbt {arguments[0]}: {done.exception or '; '.join(failed)}")
    return done.result


def _compiled(result: Any) -> dict[str, str]:
    return {r.node.name: r.node.compiled_code for r in result.results if r.node.resource_type == "model"}


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
