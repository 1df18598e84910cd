"""Asset checks: what the guards found, as checks of the raw assets. A critical one that failed stops the line."""

from collections.abc import Iterator

from dagster import (
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetCheckSpec,
    ResourceParam,
    multi_asset_check,
)

from expectations.rules import MOST_ROWS_GO_ON, STOP, Rule
from expectations.suites import suite_of
from ingestion.session import Session
from orchestration.assets.raw import raw_key
from warehouse.contracts import DATASETS, Dataset
from warehouse.database import connect, guard_results
from warehouse.landing import Severity

GUARDS = "guards_of_"


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
