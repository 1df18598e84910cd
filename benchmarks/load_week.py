"""`python -m benchmarks.load_week`: bring a home's raw tables up to the clock, and build nothing."""

from datetime import UTC, datetime

from expectations.runner import judge_at
from ingestion.ingest import ingest
from ingestion.planning.endpoints import endpoints
from ingestion.session import open_session
from ingestion.sources.choice import choose
from warehouse import coverage
from warehouse.builds.ledger import begin_build
from warehouse.contracts import DATASETS
from warehouse.database import connect
from warehouse.home import Home
from warehouse.loading import load_landed


def load_week(home: Home) -> None:
    """Fetch, judge and load everything that is new at the home's source."""
    with open_session(home, choose(home)) as session:
        for name in DATASETS:
            ingest(
                name, home=home, source=session.source, judge=judge_at(session.source.now), progress=session.progress
            )
            with connect(home) as connection:
                load_landed(connection, home)
        with connect(home) as connection:
            coverage.update(connection, session.source.now, session.source.starts_at, endpoints())
            begin_build(connection, session.source, as_of=datetime.now(UTC), fingerprint="")


if __name__ == "__main__":
    load_week(Home.at())
