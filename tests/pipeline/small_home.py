"""A home that takes no dbt: a batch of candles, one mart, pages of a line. Published in milliseconds."""

import os
from pathlib import Path

import duckdb

from tests.unit.warehouse.batches import START, candles, no_guard
from tests.unit.warehouse.batches import build as built
from warehouse.contracts import CANDLES
from warehouse.database import connect
from warehouse.home import Home
from warehouse.landing import Landing
from warehouse.loading import load_landed
from warehouse.publishing.publish import Publication, publish
from warehouse.source import Source
from warehouse.week import Week

SOURCE = Source("simulated", "http://127.0.0.1:1", START, START)
WEEKS = (Week.parse("2025-W46"), Week.parse("2025-W47"))
ROWS = 1000


def write_page(connection: duckdb.DuckDBPyConnection, week: Week, directory: Path) -> None:
    """A page that says which state it was made from."""
    directory.mkdir(parents=True, exist_ok=True)
    state = connection.execute("select max(state) from marts.states").fetchall()[0][0]
    (directory / "summary.md").write_text(f"state {state}")


def land(home: Home, closes: list[float], first_hour: int = 0) -> None:
    """Land a batch of candles."""
    Landing(home).land(CANDLES, "binance", candles(closes, first_hour=first_hour), [], no_guard)


def begin(path: Path) -> Home:
    """A claimed home with one batch, loaded."""
    home = Home(path)
    home.claim("simulated", market="tiny")
    land(home, [1.0, 2.0])
    with connect(home) as connection:
        load_landed(connection, home)
    return home


def build(home: Home, state: int) -> None:
    """What dbt would do: marts of one state, all rows of which say which, and a build that passed."""
    with connect(home) as connection:
        connection.execute("create schema if not exists marts")
        connection.execute(
            f"create or replace table marts.states as select {state} as state, range as row from range({ROWS})"
        )
        connection.execute("create or replace view marts.publications as from raw.publications")
        built(connection, is_passed=True)


def publish_state(home: Home, weeks: tuple[Week, ...] = WEEKS[1:]) -> Publication:
    """Publish what is built."""
    return publish(home, SOURCE, list(weeks), write_page, code_version="test")


def published(path: Path, states: int) -> Home:
    """A home with so many publications, each of a state of its own: publication n shows state n."""
    home = begin(path)
    for state in range(1, states + 1):
        build(home, state)
        publish_state(home, WEEKS[:1] if state == 1 else WEEKS[1:])
    return home


def read(path: Path) -> tuple[int, int, str]:
    """What an analyst finds: the publication's number, the state, and the newest page. Fails if these do not agree."""
    version = Path(os.path.realpath(path / "current"))  # one version for the database and its pages
    with duckdb.connect(str(version / "warehouse.duckdb"), read_only=True) as connection:
        number = connection.execute("select max(publication_id) from raw.publications").fetchall()[0][0]
        rows, least, most = connection.execute("select count(*), min(state), max(state) from marts.states").fetchall()[
            0
        ]
    page = (version / "reports" / "2025-W47" / "summary.md").read_text()
    assert (rows, least) == (ROWS, most), f"half a mart: {rows} rows of states {least} to {most}"
    assert version.name == str(number), f"version {version.name} holds publication {number}"
    assert page == f"state {most}", f"the page says {page}, the database {most}"
    return number, most, page
