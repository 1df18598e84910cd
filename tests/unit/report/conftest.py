"""Connections to the hand-made warehouses of `marts_by_hand` and `two_weeks`."""

from collections.abc import Iterator

import duckdb
import pytest

from tests.unit.report.marts_by_hand import MARTS, plausible_marts
from tests.unit.report.two_weeks import two_weeks_marts

ALL_MARTS = {**MARTS, "two_weeks": two_weeks_marts}


@pytest.fixture
def plausible() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the plausible week."""
    con = plausible_marts()
    yield con
    con.close()


@pytest.fixture
def two_weeks() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the plausible week after another one, with every mart."""
    con = two_weeks_marts()
    yield con
    con.close()


@pytest.fixture(params=sorted(ALL_MARTS))
def any_marts(request: pytest.FixtureRequest) -> Iterator[duckdb.DuckDBPyConnection]:
    """Each of the hand-made warehouses in turn."""
    con = ALL_MARTS[request.param]()
    yield con
    con.close()
