"""Sensors: a minute after a publication, its alerts."""

from dagster import DefaultSensorStatus, SensorDefinition, SensorEvaluationContext, SkipReason, sensor

from alerts.outbox import deliver
from ingestion.secrets import kept_from_errors
from warehouse.home import Home

NAME = "regime_alerts"


def regime_alerts(home: Home, *, is_live: bool) -> SensorDefinition:
    """Looks at what is published every minute. Like the schedule, it runs by default only for a live home."""

    @sensor(
        name=NAME,
        minimum_interval_seconds=60,
        default_status=DefaultSensorStatus.RUNNING if is_live else DefaultSensorStatus.STOPPED,
        description=(
            "Tells each change of the verdict and each threshold of the seed alert_rules once: to alerts/alerts.jsonl "
            "of the home, and to the webhook in REGIME_WEBHOOK_URL if that is set."
        ),
    )
    def alerts(context: SensorEvaluationContext) -> SkipReason:
        with kept_from_errors():
            outcome = deliver(home)
        for problem in outcome.problems:
            context.log.warning(problem)
        return SkipReason("; ".join([outcome.words, *outcome.problems]))

    return alerts
