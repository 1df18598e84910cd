"""What Dagster offers, as a list that a change has to touch: all assets, checks (but dbt's), jobs, schedules, sensors.

After a wanted change: `REGIME_UPDATE_SNAPSHOT=1 python -m pytest tests/unit/orchestration/test_definitions.py`.
"""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from dagster import (
    AssetCheckKey,
    AssetKey,
    BackfillPolicy,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    WeeklyPartitionsDefinition,
)

from orchestration.checks import VERDICTS
from orchestration.definitions import assemble
from orchestration.jobs import NAME
from orchestration.materialisations import DEFERRED
from warehouse.contracts import DATASETS
from warehouse.home import CHECKOUT, Home

SNAPSHOT = Path(__file__).with_name("definitions.txt")
SCHEDULE = "weekly_regime_mondays"


@pytest.fixture(scope="module")
def definitions(tmp_path_factory):
    return assemble(Home.at(tmp_path_factory.mktemp("definitions") / "home"))


def listed(definitions) -> list[str]:
    graph = definitions.resolve_asset_graph()
    assets = [f"asset {key.to_user_string()} ({kind_of(graph.get(key))})" for key in graph.get_all_asset_keys()]
    checks = [f"check {key.asset_key.to_user_string()} {key.name}" for key in graph.asset_check_keys
              if key.asset_key.path[0] == "raw" or key.name == "run_weeks_are_in"]  # fmt: skip
    jobs = [f"job {job.name}" for job in definitions.jobs]
    schedules = [f"schedule {schedule.name}" for schedule in definitions.schedules]
    sensors = [f"sensor {sensor.name}" for sensor in definitions.sensors]
    return sorted(assets + checks + jobs + schedules + sensors)


def kind_of(node) -> str:
    made = "made" if node.is_materializable else "external"
    return f"{made}, by week" if node.partitions_def else made


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


def test_what_is_not_by_week_is_not_partitioned(definitions):
    graph = definitions.resolve_asset_graph()
    seeds = [graph.get(key) for key in graph.get_all_asset_keys() if key.path[0] in {"seeds", "venue", "provider"}]
    assert len(seeds) > 20 and all(node.partitions_def is None and not node.is_materializable for node in seeds)


def test_every_asset_has_an_owner_a_kind_a_group_and_a_description(definitions):
    graph = definitions.resolve_asset_graph()
    for node in (graph.get(key) for key in graph.get_all_asset_keys()):
        assert node.owners and node.kinds and node.group_name != "default" and node.description, node.key


def test_the_summary_is_late_if_it_is_not_published_on_monday_after_the_week_closed(definitions):
    policy = definitions.resolve_asset_graph().get(AssetKey("weekly_regime_summary")).freshness_policy
    assert (policy.deadline_cron, policy.timezone) == ("0 4 * * 1", "UTC")
    assert policy.lower_bound_delta == timedelta(hours=4)  # since Monday 00:00, when the week closed


def test_the_weeks_of_a_run_are_looked_for_before_anything_is_published(definitions):
    graph = definitions.resolve_asset_graph()
    assert graph.get_check_spec(AssetCheckKey(VERDICTS, "run_weeks_are_in")).blocking
    assert VERDICTS in graph.get(AssetKey("weekly_regime_summary")).parent_keys


def test_runs_of_the_job_report_by_themselves_what_is_in(definitions):
    assert definitions.resolve_job_def(NAME).run_tags[DEFERRED] == "true"


def test_definitions_load_without_a_warning(tmp_path):
    """In a process of its own: some of Dagster's warnings come once a process."""
    program = (
        "from warehouse.home import CHECKOUT, Home; from orchestration.definitions import assemble;"
        f"assemble(Home.at({str(tmp_path / 'home')!r})).resolve_asset_graph()"
    )
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert not [line for line in done.stderr.splitlines() if "dagster" in line.lower() and "Warning" in line]


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
