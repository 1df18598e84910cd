"""Backfills as an engineer starts them from Dagster's page: whole, or not at all.

An asset backfill once ended COMPLETED_SUCCESS with the final asset never run, so the published weeks are looked at,
and not the status.
"""

from datetime import UTC, datetime

import pytest

from expectations.runner import judge_at
from tests.pipeline.market import MONDAYS, WEEKS, CommandLine, number, pages
from tests.pipeline.page import dagster_page
from tests.unit.warehouse.batches import candles
from warehouse.contracts import CANDLES
from warehouse.home import Home
from warehouse.landing import Landing

NOW = datetime(2025, 11, 24, 6, tzinfo=UTC)


def misread_candles(home: Home) -> None:
    """A batch as a misread answer would give it: over half of its rows have prices below 0."""
    rows = candles([-1.0] * 30)
    Landing(home).land(CANDLES, "misread", rows, [], judge_at(NOW))


@pytest.mark.slow
def test_backfills_from_the_page_publish_every_week_or_none(tmp_path):
    line = CommandLine(tmp_path / "home", tmp_path)
    with dagster_page(line, tmp_path / "page.log") as page:
        assets = page.backfill(MONDAYS)
        assert (len(assets["runs"]), pages(line.home), number(line.home)) == (1, list(WEEKS), 1), assets
        job = page.backfill(MONDAYS, job="weekly_regime")
        assert (len(job["runs"]), pages(line.home), number(line.home)) == (1, list(WEEKS), 2), job

        misread_candles(Home(line.home))
        for name in (None, "weekly_regime"):
            stopped = page.backfill(MONDAYS, job=name)
            steps = {step["stepKey"]: step["status"] for run in stopped["runs"] for step in run["stepStats"]}
            assert number(line.home) == 2, stopped
            assert steps["guards_of_candles"] == "FAILURE"
            assert "warehouse" not in steps and "weekly_regime_summary" not in steps, steps
