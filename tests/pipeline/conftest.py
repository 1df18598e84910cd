"""What tests through the whole line share."""

import os

import pytest

from tests.pipeline.weekly_homes import WeeklyHomes


@pytest.fixture(scope="session")
def weekly_homes(tmp_path_factory: pytest.TempPathFactory) -> WeeklyHomes:
    """Homes of the tiny market, week by week; made by the first worker that asks."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return WeeklyHomes(shared / "weekly_homes")
