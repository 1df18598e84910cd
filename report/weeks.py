"""The week that a page is about, and how its windows and days are written.

Belongs here: labels and edges that follow from `week_start` alone.
Does not: when New York closed (that is in the marts), figures.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from report.errors import ReportError
from report.languages import spoken

WINDOWS = {"mon_mon": "Monday–Monday", "fri_fri": "Friday–Friday"}
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEEKDAYS_JA = "月火水木金土日"


def day_in_words(day: date, *, with_weekday: bool = False) -> str:
    """`2025-11-23` as `23 November 2025` or `2025年11月23日`, whatever the locale of the machine."""
    if spoken() == "ja":
        return f"{day.year}年{day.month}月{day.day}日" + (f"（{WEEKDAYS_JA[day.weekday()]}）" if with_weekday else "")
    weekday = f"{WEEKDAYS[day.weekday()]} " if with_weekday else ""
    return f"{weekday}{day.day} {MONTHS[day.month - 1]} {day.year}"


@dataclass(frozen=True)
class Week:
    """The ISO week that starts on the Monday `start`."""

    start: date

    def __post_init__(self) -> None:
        """Refuse a day that starts no week."""
        if self.start.weekday() != 0:
            raise ReportError(f"a week starts on a Monday and {self.start} is none: name the week by its Monday")

    @property
    def label(self) -> str:
        """`2025-W47`, the name of the week for people and paths."""
        year, number, _ = self.start.isocalendar()
        return f"{year}-W{number:02d}"

    @property
    def end(self) -> date:
        """The next Monday: its 00:00 UTC is the end of the window `mon_mon`."""
        return self.start + timedelta(days=7)

    @property
    def last_day(self) -> date:
        """The Sunday whose end is the end of the week."""
        return self.start + timedelta(days=6)

    @property
    def day_before(self) -> date:
        """The Sunday whose end is the start of the week."""
        return self.start - timedelta(days=1)

    @property
    def midnight_before(self) -> datetime:
        """Monday 00:00 UTC, the start of `mon_mon`; zone-less, as the warehouse keeps time."""
        return datetime.combine(self.start, time())

    @property
    def midnight_after(self) -> datetime:
        """The next Monday 00:00 UTC, the end of `mon_mon`."""
        return datetime.combine(self.end, time())

    @property
    def days(self) -> tuple[date, ...]:
        """The seven days, Monday first."""
        return tuple(self.start + timedelta(days=n) for n in range(7))

    @property
    def previous(self) -> "Week":
        """The week before."""
        return Week(self.start - timedelta(days=7))
