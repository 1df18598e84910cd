"""What Dagster offers, as a list that a change has to touch: all asset keys, checks of guards, jobs, schedules,
sensors.

After a wanted change: `REGIME_UPDATE_SNAPSHOT=1 python -m pytest tests/unit/orchestration/test_definitions.py`.
"""

import os
from pathlib import Path

import pytest
from dagster import AssetKey, BackfillPolicy, DefaultScheduleStatus, DefaultSensorStatus, WeeklyPartitionsDefinition

from orchestration.definitions import assemble
from orchestration.jobs import NAME
from warehouse.contracts import DATASETS
from warehouse.home import Home

SNAPSHOT = Path(__file__).with_name("definitions.txt")
SCHEDULE = "weekly_regime_mondays"


@pytest.fixture(scope="module")
def definitions(tmp_path_factory):
    return assemble(Home.at(tmp_path_factory.mktemp("definitions") / "home"))


def listed(definitions) -> list[str]:
    graph = definitions.resolve_asset_graph()
    assets = [f"asset {key.to_user_string()}" for key in graph.get_all_asset_keys()]
    checks = [f"check {key.asset_key.to_user_string()} {key.name}" for key in graph.asset_check_keys
              if key.asset_key.path[0] == "raw"]  # fmt: skip
    jobs = [f"job {job.name}" for job in definitions.jobs]
    schedules = [f"schedule {schedule.name}" for schedule in definitions.schedules]
    sensors = [f"sensor {sensor.name}" for sensor in definitions.sensors]
    return sorted(assets + checks + jobs + schedules + sensors)


def test_nothing_appears_or_vanishes_unseen(definitions):
    if os.environ.get("REGIME_UPDATE_SNAPSHOT"):
        SNAPSHOT.write_text("\n".join(listed(definitions)) + "\n")
    assert listed(definitions) == SNAPSHOT.read_text().splitlines()


def test_all_that_is_made_shares_one_weekly_partitions_definition(definitions):
    graph = definitions.resolve_asset_graph()
    nodes = [graph.get(key) for key in graph.materializable_asset_keys]
    assert len({node.partitions_def for node in nodes}) == 1
    assert isinstance(nodes[0].partitions_def, WeeklyPartitionsDefinition)
    assert {node.backfill_policy for node in nodes} == {BackfillPolicy.single_run()}


def test_critical_guards_block_and_the_others_do_not(definitions):
    graph = definitions.resolve_asset_graph()
    blocking = {
        key.name for key in graph.asset_check_keys
        if key.asset_key.path[0] == "raw" and graph.get_check_spec(key).blocking
    }  # fmt: skip
    assert blocking == {"key_is_complete", "most_rows_go_on", "something_trades", "typical_rate_is_a_fraction"}


def test_the_lineage_reaches_from_a_venue_to_the_summary(definitions):
    graph = definitions.resolve_asset_graph()
    ancestors = graph.get_ancestor_asset_keys(AssetKey("weekly_regime_summary"))
    assert {AssetKey(["venue", "binance"]), AssetKey(["provider", "coingecko"])} <= ancestors
    assert {
        AssetKey(["raw", name]) for name in ("candles", "funding_rates", "open_interest", "market_caps")
    } <= ancestors
    assert {AssetKey(["raw", name]) for name in DATASETS} <= graph.materializable_asset_keys


def test_the_schedule_runs_by_itself_only_for_a_live_home(definitions, tmp_path):
    assert definitions.resolve_schedule_def(SCHEDULE).default_status == DefaultScheduleStatus.STOPPED
    live = Home.at(tmp_path / "live")
    live.claim("live")
    schedule = assemble(live).resolve_schedule_def(SCHEDULE)
    assert (schedule.default_status, schedule.cron_schedule, schedule.job_name) == (
        DefaultScheduleStatus.RUNNING, "30 0 * * 1", NAME,
    )  # fmt: skip


def test_alerts_are_told_by_themselves_only_for_a_live_home(definitions, tmp_path):
    assert definitions.resolve_sensor_def("regime_alerts").default_status == DefaultSensorStatus.STOPPED
    live = Home.at(tmp_path / "live")
    live.claim("live")
    assert assemble(live).resolve_sensor_def("regime_alerts").default_status == DefaultSensorStatus.RUNNING
