"""dbt's own unit tests: what models make of a few rows, worked out by hand beside each model (dbt_project/**/*.yml)."""

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta

import yaml

from warehouse.builds.ledger import begin_build
from warehouse.builds.project import PROJECT_DIR, dbt_executable
from warehouse.database import connect
from warehouse.home import Home
from warehouse.source import Source

NOW = datetime(2025, 11, 24, 6, tzinfo=UTC)


def test_every_unit_test_of_the_models_passes(tmp_path):
    home, source = Home(tmp_path), Source("simulated", "http://127.0.0.1:1", NOW - timedelta(days=21), NOW)
    with connect(home) as connection:
        # A unit test brings its own rows, and needs only that what it reads exists.
        begin_build(connection, source, as_of=NOW, fingerprint="")
    done = subprocess.run(
        [dbt_executable(), "--quiet", "build", "--full-refresh", "--exclude-resource-type", "test",
         "--profiles-dir", str(PROJECT_DIR)],
        cwd=PROJECT_DIR,
        env=os.environ | {
            "REGIME_STAGING": str(home.staging),
            "DBT_TARGET_PATH": str(tmp_path / "target"),
            "DBT_LOG_PATH": str(tmp_path / "logs"),
        },
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    ran = json.loads((tmp_path / "target" / "run_results.json").read_text())["results"]
    passed = {r["unique_id"].split(".")[-1] for r in ran if r["unique_id"].startswith("unit_test.")}
    written = {
        test["name"]
        for path in (PROJECT_DIR / "models").rglob("*.yml")
        for test in yaml.safe_load(path.read_text()).get("unit_tests", [])
    }
    assert passed == written and len(written) > 20
