"""What Dagster is told is in: by the run itself in runs of the job, by Dagster in runs of single assets."""

import pytest
from dagster import (
    AssetKey,
    AssetSelection,
    DagsterInstance,
    Definitions,
    WeeklyPartitionsDefinition,
    asset,
    define_asset_job,
    in_process_executor,
)

from orchestration.materialisations import DEFERRED, is_deferred, range_tags, report, weeks_of_run
from warehouse.week import Week

WEEKS = WeeklyPartitionsDefinition(start_date="2025-10-06", end_date="2025-12-01", day_offset=1)
KEY = AssetKey(["raw", "things"])
FIRST, SECOND, THIRD = Week.parse("2025-W45").until(Week.parse("2025-W47"))


def run(
    instance: DagsterInstance, known: list[Week], tags: dict[str, str], week: str | None = None, is_made: bool = True
) -> list[str]:
    """The weeks that Dagster was told of by one run of an asset that has seen `known`, in the order of telling."""

    @asset(key=KEY, partitions_def=WEEKS)
    def things(context) -> None:
        if is_deferred(context):
            report(context, KEY, known, {"rows": 1}, is_made=is_made)

    job = define_asset_job("line", AssetSelection.all(), partitions_def=WEEKS)
    definitions = Definitions([things], jobs=[job], executor=in_process_executor)
    result = definitions.resolve_job_def("line").execute_in_process(instance=instance, partition_key=week, tags=tags)
    assert result.success
    return [event.partition for event in result.all_events if event.is_step_materialization]


@pytest.fixture
def instance():
    with DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def test_a_run_of_the_job_reports_the_weeks_that_are_in_and_no_others(instance):
    weeks = [FIRST, SECOND]
    assert run(instance, weeks, {DEFERRED: "true"}, "2025-11-17") == ["2025-11-03", "2025-11-10"]
    assert instance.get_materialized_partitions(KEY) == {"2025-11-03", "2025-11-10"}  # the run's own week was not in


def test_a_week_is_reported_again_only_by_a_run_for_it(instance):
    weeks = [FIRST, SECOND]
    run(instance, weeks, {DEFERRED: "true"}, "2025-11-10")
    assert run(instance, [*weeks, THIRD], {DEFERRED: "true"}, "2025-11-10") == [
        "2025-11-10",
        "2025-11-17",
    ]


def test_what_a_run_left_as_it_was_is_reported_only_where_dagster_does_not_know_of_it(instance):
    run(instance, [FIRST], {DEFERRED: "true"}, "2025-11-03")
    assert run(instance, [FIRST, SECOND], {DEFERRED: "true"}, "2025-11-03", is_made=False) == ["2025-11-10"]


def test_without_the_tag_dagster_reports_every_week_of_the_run(instance):
    tags = range_tags([SECOND, FIRST])
    assert run(instance, [], tags) == ["2025-11-03", "2025-11-10"]


def test_the_weeks_of_a_run_are_in_its_tags(instance):
    run(instance, [], {}, "2025-11-10")
    run(instance, [], range_tags([FIRST, THIRD]))
    found = {tuple(week.label for week in weeks_of_run(known)) for known in instance.get_runs()}
    assert found == {("2025-W46",), ("2025-W45", "2025-W46", "2025-W47")}
