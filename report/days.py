"""How windows and days are written, whatever the locale of the machine."""

from datetime import date, datetime, time

from report.languages import spoken

WINDOWS = {"mon_mon": "Monday–Monday", "fri_fri": "Friday–Friday"}
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEEKDAYS_JA = "月火水木金土日"


def midnight(day: date) -> datetime:
    """00:00 UTC of a day; zone-less, as the warehouse keeps time."""
    return datetime.combine(day, time())


def day_in_words(day: date, *, with_weekday: bool = False) -> str:
    """`2025-11-23` as `23 November 2025` or `2025年11月23日`, whatever the locale of the machine."""
    if spoken() == "ja":
        return f"{day.year}年{day.month}月{day.day}日" + (f"（{WEEKDAYS_JA[day.weekday()]}）" if with_weekday else "")
    weekday = f"{WEEKDAYS[day.weekday()]} " if with_weekday else ""
    return f"{weekday}{day.day} {MONTHS[day.month - 1]} {day.year}"
