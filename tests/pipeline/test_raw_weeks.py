"""Raw's weeks as Dagster shows them: asked when they are materialised, green when their rows are in, and only then."""

import os
from datetime import UTC, date, datetime

import pytest
from dagster import AssetKey, ExecuteInProcessResult

from ingestion.session import open_session
from orchestration.definitions import assemble
from orchestration.instance import instance_of
from orchestration.materialisations import range_tags
from tests.pipeline.fault_line import CHOICE, NOWS, FaultyMarket, as_tests_run, copy, run
from tests.pipeline.fault_line import WEEKS as MONDAYS
from tests.pipeline.market import market_server
from warehouse.contracts import DATASETS
from warehouse.database import connect
from warehouse.home import Home
from warehouse.week import Week

pytestmark = pytest.mark.xdist_group("raw_weeks")

WEEKS = tuple(map(Week, MONDAYS))
PERPS, LISTS = "fapi.binance.com", "/fapi/v1/klines"


@pytest.fixture(scope="module")
def market():
    with market_server("--market", "tiny") as url:
        yield FaultyMarket(url)


@pytest.fixture(autouse=True)
def quick(market, monkeypatch):
    as_tests_run(monkeypatch, market)
    monkeypatch.setenv("DAGSTER_HOME", os.environ.get("DAGSTER_HOME", ""))  # put back what `instance_of` sets
    yield
    market.lift()


def materialise(home: Home, dataset: str, *weeks: Week) -> ExecuteInProcessResult:
    """What the UI does with one asset and some weeks, in this process."""
    with open_session(home, CHOICE) as session, instance_of(home) as instance:
        job = assemble(home, resources={"session": session}).resolve_implicit_global_asset_job_def()
        return job.execute_in_process(
            instance=instance,
            asset_selection=[AssetKey(["raw", dataset])],
            tags=range_tags(weeks),
            raise_on_error=False,
        )


def green(home: Home, *path: str) -> set[Week]:
    """The weeks that Dagster shows as materialised."""
    with instance_of(home) as instance:
        return {Week(date.fromisoformat(key)) for key in instance.get_materialized_partitions(AssetKey(list(path)))}


def hours(home: Home) -> tuple[datetime, datetime]:
    with connect(home) as connection:
        return connection.execute("select min(open_time), max(open_time) from raw.candles").fetchall()[0]


def test_one_week_of_candles_is_asked_and_green_alone_in_an_empty_home(tmp_path):
    home = Home(tmp_path / "home")
    assert materialise(home, "candles", WEEKS[1]).success
    assert hours(home) == (datetime(2025, 11, 10), datetime(2025, 11, 16, 23))
    assert green(home, "raw", "candles") == {WEEKS[1]}
    assert green(home, "raw", "funding_rates") == set()
    assert materialise(home, "candles", WEEKS[0], WEEKS[1]).success
    assert hours(home) == (datetime(2025, 11, 3), datetime(2025, 11, 16, 23))
    assert green(home, "raw", "candles") == set(WEEKS[:2])


def test_weeks_that_come_along_are_green_too(tmp_path):
    home = Home(tmp_path / "home")
    assert materialise(home, "macro_series", WEEKS[0]).success  # a provider gives a series whole
    assert green(home, "raw", "macro_series") == set(WEEKS)


def test_a_week_that_a_required_venue_did_not_answer_for_is_not_green(market, tmp_path):
    home = Home(tmp_path / "home")
    assert materialise(home, "candles", WEEKS[0]).success
    market.fault(PERPS, "down", LISTS)
    done = materialise(home, "candles", WEEKS[1], WEEKS[2])
    said = [event.step_failure_data.user_failure_data.description for event in done.all_events if event.is_step_failure]
    assert len(said) == 1 and said[0].startswith("candles of 2025-W47 and 1 more weeks is not in (binance")
    assert "run the job weekly_regime" in said[0]
    assert green(home, "raw", "candles") == {WEEKS[0]}
    market.lift()
    assert materialise(home, "candles", WEEKS[1], WEEKS[2]).success
    assert green(home, "raw", "candles") == set(WEEKS)


def test_after_a_run_of_the_line_raw_and_the_weekly_marts_show_what_is_in(weekly_homes, tmp_path):
    """The second home ran twice, each time for the week that had closed: it has two weeks, and published both."""
    home = Home(copy(weekly_homes[1], tmp_path / "home"))
    # No venue of the tiny market gives liquidations: nobody was asked for any, and no week of them is in. The last two
    # days of the second week's order books are in files that come later.
    others = {"liquidations": set(), "order_book_depth": {WEEKS[0]}}
    for dataset in DATASETS:
        assert green(home, "raw", dataset) == others.get(dataset, set(WEEKS[:2])), dataset
    for mart in ("regime_weekly", "headlines_weekly", "funding_weekly"):
        assert green(home, "marts", mart) == set(WEEKS[:2])
    assert green(home, "weekly_regime_summary") == set(WEEKS[:2])


def test_a_run_of_the_line_goes_on_without_a_provider_and_does_not_call_its_week_green(market, weekly_homes, tmp_path):
    home = Home(copy(weekly_homes[0], tmp_path / "home"))
    market.clock(NOWS[1])
    try:
        market.fault("api.coingecko.com", "down")
        assert run(home.path, MONDAYS[1]).is_success
    finally:
        market.clock(datetime(2025, 11, 24, 6, tzinfo=UTC))
    assert green(home, "raw", "market_caps") == {WEEKS[0]}
    assert green(home, "raw", "candles") == green(home, "weekly_regime_summary") == set(WEEKS[:2])
