"""Asset checks: what the guards found in raw, and whether the run's weeks are in the marts.

The tests of models are not here: dagster-dbt shows them by itself.
"""

from collections.abc import Iterator

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    ResourceParam,
    asset_check,
    multi_asset_check,
)

from expectations.rules import MOST_ROWS_GO_ON, STOP, Rule
from expectations.suites import suite_of
from ingestion.session import Session
from orchestration.assets.models import weeks_in
from orchestration.assets.raw import raw_key
from orchestration.materialisations import bounds
from warehouse.contracts import DATASETS, Dataset
from warehouse.database import connect, guard_results
from warehouse.landing import Severity

GUARDS = "guards_of_"
# Every page has a verdict, and it rests on the other weekly marts.
VERDICTS = AssetKey(["marts", "regime_weekly"])


@asset_check(
    asset=VERDICTS,
    name="run_weeks_are_in",
    blocking=True,
    description="The weeks of this run are in the mart; stops the publication, since models ignore a run's weeks.",
)
def run_weeks_are_in(context: AssetCheckExecutionContext, session: ResourceParam[Session]) -> AssetCheckResult:
    """Compare the run's weeks with those that the mart has rows of."""
    first, last = bounds(context.run) or (None, None)
    with connect(session.home) as connection:
        known = weeks_in(connection, VERDICTS.path[-1])
    asked = first.until(last) if first and last else []
    missing = [week.label for week in asked if week not in known]
    return AssetCheckResult(
        passed=not missing,
        description=f"no row of {', '.join(missing)}; run the job weekly_regime for it" if missing else None,
        metadata={"weeks_of_the_run": len(asked), "weeks_in_the_mart": len(known)},
    )


def guard_checks() -> list[AssetChecksDefinition]:
    """For each dataset its suite: one check per rule."""
    return [_suite_checks(dataset) for dataset in DATASETS.values()]


def _suite_checks(dataset: Dataset) -> AssetChecksDefinition:
    suite = suite_of(dataset.name)
    rules: dict[str, tuple[Severity, str]] = {rule.name: _told(rule) for rule in suite.rules}
    rules[MOST_ROWS_GO_ON] = (STOP, f"stops the line when over {suite.stop_share:.0%} of a batch fail")

    @multi_asset_check(
        name=f"{GUARDS}{dataset.name}",
        specs=[
            AssetCheckSpec(name, asset=raw_key(dataset), description=reason, blocking=severity == STOP)
            for name, (severity, reason) in rules.items()
        ],
    )
    def guards(session: ResourceParam[Session]) -> Iterator[AssetCheckResult]:
        with connect(session.home) as connection:
            results = guard_results(connection, dataset.name)
        for name, (severity, _) in rules.items():
            found = [r for r in results if r[1] == name]
            failing = [
                f"{origin}: {failed} of {evaluated}" for origin, _, _, _, evaluated, failed, ok in found if not ok
            ]
            yield AssetCheckResult(
                asset_key=raw_key(dataset),
                check_name=name,
                passed=not failing,
                severity=AssetCheckSeverity.ERROR if severity == STOP else AssetCheckSeverity.WARN,
                description="; ".join(failing) or None,
                metadata={
                    "failing_action": {"critical": "stops the line", "row": "row to quarantine"}.get(severity, "told"),
                    "evaluated_rows": sum(r[4] for r in found),
                    "failed_rows": sum(r[5] for r in found),
                },
            )

    return guards


def _told(rule: Rule) -> tuple[Severity, str]:
    return rule.severity, rule.reason
