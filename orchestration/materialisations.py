"""What Dagster is told is in, week by week.

By itself Dagster reports every asset of a run for each of the run's weeks, whatever the step has seen: a week would be
green without its rows, and the 33 other weeks that came along would be missing. Runs of the weekly job therefore carry
the tag DEFERRED, with which Dagster leaves the reporting to the run. A run of single assets, or a backfill of assets,
carries no tag (its backfill waits for Dagster's own reports): there a step fails unless each of its weeks is in.
"""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from dagster import AssetExecutionContext, AssetKey, AssetMaterialization, DagsterRun

from warehouse.week import Week

DEFERRED = "dagster/defer_asset_events"
_PARTITION, _FIRST, _LAST = (
    f"dagster/{name}" for name in ("partition", "asset_partition_range_start", "asset_partition_range_end")
)


def is_deferred(context: AssetExecutionContext) -> bool:
    """True if this run reports by itself what is in."""
    return context.run.tags.get(DEFERRED) == "true"


def key_of(week: Week) -> str:
    """The partition key of a week: its Monday. Dagster cannot parse `2025-W47`."""
    return week.start.isoformat()


def weeks_of(context: AssetExecutionContext) -> list[Week]:
    """The weeks that a step runs for."""
    return [Week(date.fromisoformat(key)) for key in context.partition_keys]


def range_tags(weeks: Collection[Week]) -> dict[str, str]:
    """The tags of one run for all weeks from the first to the last."""
    return {_FIRST: key_of(min(weeks)), _LAST: key_of(max(weeks))}


def weeks_of_run(run: DagsterRun) -> list[Week]:
    """The weeks from the first to the last of a run; none if it is of no week."""
    first = run.tags.get(_FIRST) or run.tags.get(_PARTITION)
    last = run.tags.get(_LAST) or first
    if not first or not last:
        return []
    return Week(date.fromisoformat(first)).until(Week(date.fromisoformat(last)))


def is_whole_line(run: DagsterRun) -> bool:
    """True if a run goes from the venues to the page: not of some assets, or of raw ones and marts."""
    selected = {key.path[0] for key in run.asset_selection or ()}
    return not selected or {"raw", "marts"} <= selected


def report(
    context: AssetExecutionContext,
    key: AssetKey,
    weeks: Collection[Week],
    metadata: Mapping[str, Any] | None = None,
    *,
    is_made: bool = True,
) -> None:
    """Say that weeks of an asset are in: those that Dagster does not know of, and, if this run made it, the run's."""
    known = context.instance.get_materialized_partitions(key)
    asked = set(context.partition_keys) if is_made else set()
    for week in map(key_of, sorted(weeks)):
        if week in asked:
            context.log_event(AssetMaterialization(key, partition=week, metadata=metadata))
        elif week not in known:
            context.log_event(AssetMaterialization(key, partition=week))
