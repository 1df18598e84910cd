"""How windows and days are written, whatever the locale of the machine."""

from datetime import date, datetime, time

from report.languages import spoken

# The page says once that its weeks are these; another window is named wherever it is meant.
PAGES_WINDOW = "mon_mon"
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


def day_in_words(day: date, *, with_weekday: bool = False, with_year: bool = True) -> str:
    """`2025-11-23` as `23 November 2025` or `2025年11月23日`, whatever the locale of the machine."""
    if spoken() == "ja":
        year = f"{day.year}年" if with_year else ""
        return f"{year}{day.month}月{day.day}日" + (f"（{WEEKDAYS_JA[day.weekday()]}）" if with_weekday else "")
    weekday = f"{WEEKDAYS[day.weekday()]} " if with_weekday else ""
    return f"{weekday}{day.day} {MONTHS[day.month - 1]}" + (f" {day.year}" if with_year else "")


def month_in_words(day: date, *, with_year: bool = True) -> str:
    """The month of a day: `April`, `April 2025`, `2025年4月`."""
    if spoken() == "ja":
        return (f"{day.year}年" if with_year else "") + f"{day.month}月"
    return MONTHS[day.month - 1] + (f" {day.year}" if with_year else "")
