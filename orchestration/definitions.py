"""All definitions, assembled. `workspace.yaml` names this module."""

from collections.abc import Mapping
from typing import Any

from dagster import AssetKey, Definitions, definitions, in_process_executor

from ingestion.sources.choice import choose
from orchestration.assets.models import model_assets, seed_specs
from orchestration.assets.origins import origin_specs
from orchestration.assets.publication import weekly_regime_summary
from orchestration.assets.raw import ledger_specs, raw_assets
from orchestration.checks import guard_checks, run_weeks_are_in
from orchestration.instance import quicken_history
from orchestration.jobs import weekly_regime
from orchestration.partitions import weekly
from orchestration.resources import dbt_resource, session_of_home
from orchestration.schedules import weekly_schedule
from orchestration.sensors import regime_alerts
from warehouse.clock import remembered_clock
from warehouse.home import Home


def assemble(home: Home, **overrides: Any) -> Definitions:
    """The definitions for a home. `resources` replaces single resources; anything else goes to Dagster as it is."""
    is_live = choose(home).kind == "live"
    weeks = weekly(remembered_clock(home), is_live=is_live)
    models = model_assets(weeks)
    marts = sorted((key for key in models.keys if key.path[0] == "marts"), key=AssetKey.to_user_string)
    job = weekly_regime(weeks)
    resources: Mapping[str, Any] = {"session": session_of_home, "dbt": dbt_resource()}
    return Definitions(
        assets=[
            *origin_specs(), *ledger_specs(), *raw_assets(weeks), *seed_specs(), models,
            weekly_regime_summary(weeks, marts),
        ],
        asset_checks=[*guard_checks(), run_weeks_are_in],
        jobs=[job],
        schedules=[weekly_schedule(job, is_live=is_live)],
        sensors=[regime_alerts(home, is_live=is_live)],
        resources={**resources, **overrides.pop("resources", {})},
        **{"executor": in_process_executor, **overrides},
    )  # fmt: skip


@definitions
def defs() -> Definitions:
    """What Dagster's tools load: the definitions of REGIME_HOME."""
    quicken_history()
    return assemble(Home.at())
