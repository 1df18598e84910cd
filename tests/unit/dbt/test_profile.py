"""The database that dbt takes for ours is the one that DuckDB opens, whatever the home is called."""

import duckdb
import pytest
import yaml
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from jinja2 import Template

from warehouse.builds.project import PROJECT_DIR


def credentials(staging: str) -> DuckDBCredentials:
    """The profile as dbt reads it with `staging` in the environment."""
    profile = yaml.safe_load((PROJECT_DIR / "profiles.yml").read_text())["regime"]["outputs"]["duckdb"]

    def rendered(value):
        if isinstance(value, dict):
            return {key: rendered(each) for key, each in value.items()}
        if isinstance(value, list):
            return [rendered(each) for each in value]
        known = {"REGIME_STAGING": staging} if staging else {}
        return Template(value).render(env_var=known.get) if isinstance(value, str) else value

    return DuckDBCredentials.from_dict({name: value for name, value in rendered(profile).items() if name != "type"})


@pytest.mark.parametrize("name", ["plain", "issue#12", "feature%2Fregime", "it's", "a.b"])
@pytest.mark.parametrize("file", ["staging.duckdb", "market.duckdb"])
def test_dbt_names_the_database_as_duckdb_does(tmp_path, name, file):
    (tmp_path / name).mkdir()
    asked = credentials(str(tmp_path / name / file))
    with duckdb.connect(asked.path) as connection:
        for attachment in asked.attach:
            connection.execute(attachment.to_sql())
        named = connection.execute("select database_name from duckdb_databases() where not internal").fetchall()
    assert named == [(asked.database,)]


def test_without_a_home_it_is_the_database_in_memory():
    assert credentials("").database == "memory"
