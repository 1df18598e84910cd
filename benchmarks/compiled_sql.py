"""`python -m benchmarks.compiled_sql`: the compiled SQL straight in DuckDB, in order of dependencies."""

import json
import os
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb


def run(home: Path) -> None:
    """Make every view and table anew in the home's staging database."""
    nodes = json.loads((home / "dbt" / "manifest.json").read_text())["nodes"]
    models = {key: node for key, node in nodes.items() if node["resource_type"] == "model"}
    order = TopologicalSorter({key: node["depends_on"]["nodes"] for key, node in models.items()}).static_order()
    with duckdb.connect(str(home / "staging.duckdb")) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set preserve_insertion_order = false")
        for model in (models[key] for key in order if key in models):
            sql = (home / "dbt" / "compiled" / model["package_name"] / model["original_file_path"]).read_text()
            kind = "view" if model["config"]["materialized"] == "view" else "table"
            connection.execute(f"create or replace {kind} {model['relation_name']} as {sql}")


if __name__ == "__main__":
    run(Path(os.environ["REGIME_HOME"]))
