"""Weeks by name: `2025-W47` for people and paths, Mondays as keys, and which of them a source has closed.

Belongs here: names, ranges, the last closed week of a clock.
Does not: windows (marts), partitions (partitions.py). Knows no Dagster.
"""

import re
from datetime import UTC, date, datetime, time, timedelta

from warehouse.source import Source

WEEK = timedelta(days=7)


class WeekError(ValueError):
    """No week that can be run; the message says which can."""


def parse_week(text: str) -> date:
    """The Monday of `2025-W47`. WeekError if there is no such week."""
    match = re.fullmatch(r"([1-9][0-9]{3})-W([0-9]{2})", text.strip())
    if not match:
        raise WeekError(f"{text[:40]!r} is no week; write it like 2025-W47")
    try:
        return date.fromisocalendar(int(match[1]), int(match[2]), 1)
    except ValueError:
        raise WeekError(f"there is no week {text}; {match[1]} has weeks W01 to W{_weeks_in(int(match[1]))}") from None


def first_week(starts_at: datetime) -> date:
    """The first week that a source which begins at `starts_at` has anything of."""
    return monday(starts_at.astimezone(UTC).date())


def last_closed_week(now: datetime) -> date:
    """The last week that is over at `now`."""
    return monday(now.astimezone(UTC).date()) - WEEK


def monday(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def start_of(week_start: date) -> datetime:
    """The moment a week begins."""
    return datetime.combine(week_start, time(), UTC)


def check_weeks(first: date, last: date, source: Source) -> list[date]:
    """The Mondays from `first` to `last`. WeekError unless the source has them all, and all are over."""
    earliest, latest = first_week(source.starts_at), last_closed_week(source.now)
    reach = f"choose from {iso_week(earliest)} to {iso_week(latest)}"
    if latest < earliest:
        raise WeekError(f"no week is over yet: this source begins at {source.starts_at:%Y-%m-%d %H:%M}, try later")
    if last < first:
        raise WeekError(f"{iso_week(last)} is before {iso_week(first)}; name the earlier week first")
    for week in (first, last):
        if week < earliest:
            raise WeekError(f"{iso_week(week)} lies before this source's first data; {reach}")
        if start_of(week) > source.now:
            raise WeekError(f"{iso_week(week)} lies in the future of this source; {reach}")
        if week > latest:
            raise WeekError(
                f"{iso_week(week)} is not over: it ends on {week + WEEK:%Y-%m-%d} 00:00 UTC and this source stands at "
                f"{source.now:%Y-%m-%d %H:%M}; {reach}"
            )
    return [first + n * WEEK for n in range((last - first) // WEEK + 1)]


def iso_week(week_start: date) -> str:
    """2025-11-17 as people and paths write it: 2025-W47."""
    year, week, _ = week_start.isocalendar()
    return f"{year}-W{week:02d}"


def _weeks_in(year: int) -> int:
    return date(year, 12, 28).isocalendar().week
