"""The one partitions definition: closed weeks, named by their Monday.

ISO names (`2025-W47`) are for people; Dagster cannot parse them.
"""

from datetime import UTC, date, datetime, timedelta

from dagster import TimeWindowPartitionsDefinition, WeeklyPartitionsDefinition

from warehouse.clock import Clock
from warehouse.week import Week

# The first week of any perpetual in the data that we know of.
EARLIEST_WEEK = Week(date(2019, 9, 2))


def weekly(clock: Clock | None, *, is_live: bool) -> TimeWindowPartitionsDefinition:
    """The weeks that a source has closed, by its own clock; a live source's grow with the wall clock.

    Until a source has been open once its clock is unknown, and every week since the earliest is on offer.
    """
    first = Week.of(clock.starts_at) if clock else EARLIEST_WEEK
    if clock is None or is_live:
        return WeeklyPartitionsDefinition(start_date=first.starts_at, day_offset=1)
    last = Week.last_closed(clock.now)
    # A source's clock may run ahead of this machine's: Dagster then has to be told how far.
    weeks_ahead = max(0, -((datetime.now(UTC).date() - last.end) // timedelta(days=7)))
    return WeeklyPartitionsDefinition(
        start_date=first.starts_at, end_date=last.ends_at, day_offset=1, end_offset=weeks_ahead
    )
