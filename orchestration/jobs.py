"""The one job: the whole line for a week, or for a range of weeks in one run."""

from typing import TYPE_CHECKING

from dagster import AssetSelection, PartitionsDefinition, define_asset_job

from orchestration.materialisations import DEFERRED

if TYPE_CHECKING:  # a type that Dagster hands out and does not export
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

NAME = "weekly_regime"


def weekly_regime(weeks: PartitionsDefinition) -> "UnresolvedAssetJobDefinition":
    """Everything from the venues to the published week."""
    return define_asset_job(
        NAME,
        selection=AssetSelection.all(),
        partitions_def=weeks,
        description=(
            "Fetch, judge, load, model, test and publish the week. A range of weeks is one run. It goes on without a "
            "venue that does not answer, and says which weeks are in."
        ),
        run_tags={DEFERRED: "true"},
    )
