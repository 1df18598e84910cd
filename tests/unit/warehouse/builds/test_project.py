"""dbt does what we say, and not what the shell was set up for."""

import os

from warehouse.builds.project import adopt_environment, environment

# What an analyst's shell holds for another project; each is an option of `dbt build`.
OTHERS = {
    "DBT_RESOURCE_TYPES": "model",
    "DBT_EXCLUDE_RESOURCE_TYPES": "test",
    "DBT_SELECT": "one_model",
    "DBT_TARGET": "prod",
    "DBT_PROFILE": "other",
    "DBT_FULL_REFRESH": "1",
    "DBT_STORE_FAILURES": "1",
    "DBT_ENGINE_FAIL_FAST": "1",
    "DBT_TARGET_PATH": "/elsewhere",
}


def test_nothing_of_another_project_reaches_dbt(tmp_path):
    staging = tmp_path / "staging.duckdb"
    told = environment(staging, OTHERS | {"PATH": "/bin", "REGIME_STAGING": "other.duckdb"})
    assert told == {"PATH": "/bin", "REGIME_STAGING": str(staging), "PYTHONUTF8": "1"}


def test_a_dbt_that_a_library_starts_gets_the_same(tmp_path, monkeypatch):
    for name, value in OTHERS.items():
        monkeypatch.setenv(name, value)
    for name in ("REGIME_STAGING", "PYTHONUTF8"):
        monkeypatch.setenv(name, "")  # restored afterwards
    adopt_environment(tmp_path / "staging.duckdb")
    assert OTHERS.keys() & os.environ.keys() == set()
    assert os.environ["REGIME_STAGING"] == str(tmp_path / "staging.duckdb")
