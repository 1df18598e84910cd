"""Resources: what a run holds from its first step to its last."""

from collections.abc import Iterator
from functools import cache
from importlib.metadata import version

from dagster import InitResourceContext, resource
from dagster_dbt import DbtCliResource, DbtProject

from ingestion.session import Session, open_session
from ingestion.sources.choice import choose
from warehouse.builds.processes import watched
from warehouse.builds.project import PROJECT_DIR, TARGET, dbt_executable, manifest
from warehouse.home import Home

# Runs that Dagster starts wait for one another, and for a run at the command line.
LOCK_WAIT_SECONDS = 600.0


@resource(description="REGIME_HOME, held for writing, and its source: a market server for as long as the run.")
def session_of_home(context: InitResourceContext) -> Iterator[Session]:
    """Open the session of one run, and close it whatever happens."""
    home = Home.at()
    with open_session(home, choose(home), wait_seconds=LOCK_WAIT_SECONDS) as session:
        yield session


@cache
def dbt_project() -> DbtProject:
    """The project as Dagster sees it, with a manifest that fits its files."""
    manifest()
    return DbtProject(project_dir=PROJECT_DIR, profiles_dir=PROJECT_DIR, target_path=TARGET)


def dbt_resource() -> DbtCliResource:
    """Dbt as a subprocess: one call builds and tests everything."""
    return DbtCliResource(
        project_dir=dbt_project(),
        profiles_dir=str(PROJECT_DIR),
        dbt_executable=watched(dbt_executable(), f"dbt-core {version('dbt-core')}"),
    )
