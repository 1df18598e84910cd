"""A week: `2025-W47` for people and paths, its Monday as key, and which weeks a source has closed."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from warehouse.source import Source

_LABEL = re.compile(r"([1-9][0-9]{3})-W([0-9]{2})")
_DAYS = timedelta(days=7)


class WeekError(ValueError):
    """No week that can be used; the message says which can."""


@dataclass(frozen=True, order=True)
class Week:
    """The ISO week that starts on the Monday `start`; it ends where the next one starts, at 00:00 UTC."""

    start: date

    def __post_init__(self) -> None:
        """Refuse a day that starts no week."""
        if self.start.weekday() != 0:
            raise WeekError(f"a week starts on a Monday and {self.start} is none: name the week by its Monday")

    @classmethod
    def parse(cls, text: str) -> "Week":
        """The week called `2025-W47`. WeekError if there is none."""
        match = _LABEL.fullmatch(text.strip())
        if not match:
            raise WeekError(f"{text[:40]!r} is no week; write it like 2025-W47")
        year = int(match[1])
        try:
            return cls(date.fromisocalendar(year, int(match[2]), 1))
        except ValueError:
            last = date(year, 12, 28).isocalendar().week
            raise WeekError(f"there is no week {text}; {match[1]} has weeks W01 to W{last}") from None

    @classmethod
    def of(cls, moment: date) -> "Week":
        """The week of a day, or of a moment (aware)."""
        day = moment.astimezone(UTC).date() if isinstance(moment, datetime) else moment
        return cls(day - timedelta(days=day.weekday()))

    @classmethod
    def last_closed(cls, now: datetime) -> "Week":
        """The last week that is over at `now`."""
        return cls.of(now).previous

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """`2025-W47`, the name of the week for people and paths."""
        year, number, _ = self.start.isocalendar()
        return f"{year}-W{number:02d}"

    @property
    def end(self) -> date:
        """The next Monday: its 00:00 UTC is the end of the window `mon_mon`."""
        return self.start + _DAYS

    @property
    def last_day(self) -> date:
        """The Sunday whose end is the end of the week."""
        return self.end - timedelta(days=1)

    @property
    def day_before(self) -> date:
        """The Sunday whose end is the start of the week."""
        return self.start - timedelta(days=1)

    @property
    def days(self) -> tuple[date, ...]:
        """The seven days, Monday first."""
        return tuple(self.start + timedelta(days=n) for n in range(7))

    @property
    def starts_at(self) -> datetime:
        """Monday 00:00 UTC (aware)."""
        return datetime.combine(self.start, time(), UTC)

    @property
    def ends_at(self) -> datetime:
        """The next Monday 00:00 UTC (aware)."""
        return datetime.combine(self.end, time(), UTC)

    @property
    def previous(self) -> "Week":
        """The week before."""
        return Week(self.start - _DAYS)

    @property
    def next(self) -> "Week":
        """The week after."""
        return Week(self.start + _DAYS)

    def until(self, last: "Week") -> "list[Week]":
        """The weeks from this one to `last`, both among them."""
        return [Week(self.start + n * _DAYS) for n in range((last.start - self.start) // _DAYS + 1)]


def closed_weeks(first: Week, last: Week, source: Source) -> list[Week]:
    """The weeks from `first` to `last`. WeekError unless the source has them all, and all are over."""
    earliest, latest = Week.of(source.starts_at), Week.last_closed(source.now)
    choice = f"choose from {earliest} to {latest}"
    if latest < earliest:
        raise WeekError(f"no week is over yet: this source begins at {source.starts_at:%Y-%m-%d %H:%M}, try later")
    if last < first:
        raise WeekError(f"{last} is before {first}; name the earlier week first")
    for week in (first, last):
        if week < earliest:
            raise WeekError(f"{week} lies before this source's first data; {choice}")
        if week.starts_at > source.now:
            raise WeekError(f"{week} lies in the future of this source; {choice}")
        if week > latest:
            raise WeekError(
                f"{week} is not over: it ends on {week.end:%Y-%m-%d} 00:00 UTC and this source stands at "
                f"{source.now:%Y-%m-%d %H:%M}; {choice}"
            )
    return first.until(last)
