"""What dbt makes of an empty home: its unit tests (dbt_project/**/*.yml), and tables with the documented columns."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
import yaml

from warehouse.builds.ledger import begin_build
from warehouse.builds.project import PROJECT_DIR, STAGING, dbt_executable, environment, keep_parse
from warehouse.database import connect
from warehouse.home import Home
from warehouse.source import Source

NOW = datetime(2025, 11, 24, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A directory with a home in which dbt has built every model, of nothing, and run every unit test."""
    tmp_path = tmp_path_factory.mktemp("built")
    home, source = Home(tmp_path), Source("simulated", "http://127.0.0.1:1", NOW - timedelta(days=21), NOW)
    with connect(home) as connection:
        # A unit test brings its own rows, and needs only that what it reads exists.
        begin_build(connection, source, as_of=NOW, fingerprint="")
    (tmp_path / "target").mkdir()
    keep_parse(tmp_path / "target")
    done = subprocess.run(
        [dbt_executable(), "--quiet", "build", "--full-refresh", "--exclude-resource-type", "test",
         "--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)],
        cwd=home.path,
        env=environment(STAGING) | {
            "DBT_TARGET_PATH": str(tmp_path / "target"),
            "DBT_LOG_PATH": str(tmp_path / "logs"),
        },
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return tmp_path


def test_every_unit_test_of_the_models_passes(built):
    ran = json.loads((built / "target" / "run_results.json").read_text())["results"]
    passed = {r["unique_id"].split(".")[-1] for r in ran if r["unique_id"].startswith("unit_test.")}
    written = {
        test["name"]
        for path in (PROJECT_DIR / "models").rglob("*.yml")
        for test in yaml.safe_load(path.read_text()).get("unit_tests", [])
    }
    assert passed == written and len(written) > 20


def test_a_table_is_what_its_columns_say(built):
    """dbt enforces the contracts of marts; of all the others this does: the same columns, in the same types."""
    documented = {
        (node["schema"], node["name"]): {name: column["data_type"].upper() for name, column in node["columns"].items()}
        for node in json.loads((built / "target" / "manifest.json").read_text())["nodes"].values()
        if node["resource_type"] == "model"
    }
    real: dict[tuple[str, str], dict[str, str]] = {}
    with duckdb.connect(str(Home(built).staging), read_only=True) as connection:
        for schema, table, column, kind in connection.execute(
            "select schema_name, table_name, column_name, data_type from duckdb_columns() where not internal"
        ).fetchall():
            real.setdefault((schema, table), {})[column] = kind
    assert {key: real.get(key) for key in documented} == documented
