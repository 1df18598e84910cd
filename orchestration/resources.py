"""Resources: what a run holds from its first step to its last."""

from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import version

from dagster import DagsterRun, InitResourceContext, resource
from dagster_dbt import DbtCliResource, DbtProject

from expectations.runner import judge_at
from ingestion.history import ask_in_time
from ingestion.session import Session, open_session
from ingestion.sources.choice import choose
from orchestration.materialisations import is_whole_line, weeks_of_run
from warehouse.builds.processes import watched
from warehouse.builds.project import PROJECT_DIR, TARGET, dbt_executable, manifest
from warehouse.home import Home
from warehouse.week import Week

# Runs that Dagster starts wait for one another, and for a run at the command line.
LOCK_WAIT_SECONDS = 600.0


@resource(description="REGIME_HOME, held for writing, and its source: a market server for as long as the run.")
def session_of_home(context: InitResourceContext) -> Iterator[Session]:
    """Open the session of one run, and close it whatever happens."""
    home = Home.at()
    with open_session(home, choose(home), wait_seconds=LOCK_WAIT_SECONDS) as session:
        run, log = context.run, context.log
        yield asked_in_time(session, run, log.info) if run and log else session


def asked_in_time(session: Session, run: DagsterRun, tell: Callable[[str], None] = lambda words: None) -> Session:
    """The session of a run that Dagster starts: of the whole line, asked as long as `regime run` would ask.

    A run of single assets asks by itself, for its weeks and no more.
    """
    if not is_whole_line(run):
        return session
    week = max(weeks_of_run(run), default=Week.last_closed(session.source.now))
    asked = ask_in_time(session, week, judge_at(session.source.now))
    if asked.is_asked:
        tell(f"everyone was asked, what {week} needs first; what was left for later is in the ledger as not asked yet")
    return asked


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
