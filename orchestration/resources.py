"""Resources: what a run holds from its first step to its last.

Belongs here: the session as Dagster opens it, dbt.
Does not: what a session is (session.py).
"""

from collections.abc import Iterator

from dagster import InitResourceContext, resource
from dagster_dbt import DbtCliResource

from ingestion.home import Home
from orchestration.choice import choose
from orchestration.processes import watched
from orchestration.project import PROJECT_DIR, dbt_executable, dbt_project
from orchestration.session import Session, open_session

# Runs that Dagster starts wait for one another, and for a run at the command line.
LOCK_WAIT_SECONDS = 600.0


@resource(description="REGIME_HOME, held for writing, and its source: a market server for as long as the run.")
def session_of_home(context: InitResourceContext) -> Iterator[Session]:
    """Open the session of one run, and close it whatever happens."""
    home = Home.at()
    with open_session(home, choose(home), wait_seconds=LOCK_WAIT_SECONDS) as session:
        yield session


def dbt_resource() -> DbtCliResource:
    """Dbt as a subprocess: one call builds and tests everything."""
    return DbtCliResource(
        project_dir=dbt_project(), profiles_dir=str(PROJECT_DIR), dbt_executable=watched(dbt_executable())
    )
