"""Connections to the hand-made warehouses of `marts_by_hand`."""

from collections.abc import Iterator

import duckdb
import pytest

from tests.unit.report.marts_by_hand import MARTS, plausible_marts


@pytest.fixture
def plausible() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the plausible week."""
    con = plausible_marts()
    yield con
    con.close()


@pytest.fixture(params=sorted(MARTS))
def any_marts(request: pytest.FixtureRequest) -> Iterator[duckdb.DuckDBPyConnection]:
    """Each of the hand-made warehouses in turn."""
    con = MARTS[request.param]()
    yield con
    con.close()
