"""Schedules: the last closed week, half an hour after it has closed."""

from typing import TYPE_CHECKING

from dagster import (
    DefaultScheduleStatus,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    schedule,
)

from warehouse.week import Week

if TYPE_CHECKING:  # a type that Dagster hands out and does not export
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition


def weekly_schedule(job: "UnresolvedAssetJobDefinition", *, is_live: bool) -> ScheduleDefinition:
    """Mondays 00:30 UTC. It runs by default only for a live home: no other source's clock moves by itself."""

    @schedule(
        name="weekly_regime_mondays",
        job=job,
        cron_schedule="30 0 * * 1",
        execution_timezone="UTC",
        default_status=DefaultScheduleStatus.RUNNING if is_live else DefaultScheduleStatus.STOPPED,
        description="The week that closed half an hour ago.",
    )
    def mondays(context: ScheduleEvaluationContext) -> RunRequest:
        week = Week.last_closed(context.scheduled_execution_time).start.isoformat()
        return RunRequest(run_key=week, partition_key=week)

    return mondays
