"""The seeds of exchange calendars, from the library exchange-calendars; `python -m regime.dev.calendars` writes them.

The library knows each exchange's rules and its unscheduled closures; here are the years, and what a day is called.
Closures that are decreed later come with a newer library.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import pandas as pd

from warehouse.builds.project import PROJECT_DIR

# Nothing of this market is older than 2009; its first week begins in 2008.
FIRST, LAST = date(2008, 1, 1), date(2040, 12, 31)
EXCHANGES = {"nyse_calendar": "XNYS", "jpx_calendar": "XTKS"}

# The library's names where ours differ. It adds the years in brackets in which a rule holds.
_NAMES: Mapping[str, str] = {
    "Dr. Martin Luther King Jr. Day": "Martin Luther King Jr. Day",
    "President's Day": "Washington's Birthday",
    "July 4th": "Independence Day",
    "Juneteenth National Independence Day": "Juneteenth",
    "Labor Thanksgiving Day": "Labour Thanksgiving Day",
    "New Year's Holiday": "New Year's holiday",
    "Emperor Akihito's Birthday": "Emperor's Birthday",
    "Emperor Naruhito's Birthday": "Emperor's Birthday",
}
# Unscheduled closures, which the library does not name.
_DECREED: Mapping[tuple[str, date], str] = {
    ("XNYS", date(2012, 10, 29)): "Hurricane Sandy",
    ("XNYS", date(2012, 10, 30)): "Hurricane Sandy",
    ("XNYS", date(2018, 12, 5)): "National day of mourning for George H. W. Bush",
    ("XNYS", date(2025, 1, 9)): "National day of mourning for Jimmy Carter",
    ("XTKS", date(2019, 4, 30)): "Citizens' Holiday",
    ("XTKS", date(2019, 5, 1)): "Accession of the Emperor",
    ("XTKS", date(2019, 5, 2)): "Citizens' Holiday",
    ("XTKS", date(2019, 10, 22)): "Enthronement Ceremony",
    ("XTKS", date(2020, 10, 1)): "System outage",
}
_HALF_DAYS: Mapping[int, str] = {7: "Independence Day eve", 11: "Day after Thanksgiving", 12: "Christmas Eve"}
_ELSE = "Unscheduled closure"


def rows(code: str) -> Iterator[tuple[date, str, bool]]:
    """The weekdays on which an exchange has no session, or a short one: day, what is kept on it, is it a half-day."""
    import exchange_calendars  # of those who change the code, as this command is

    calendar = exchange_calendars.get_calendar(code, start=str(FIRST), end=str(LAST))
    sessions, short = set(calendar.sessions), set(calendar.early_closes)
    names = calendar.regular_holidays.holidays(str(FIRST), str(LAST), return_name=True).to_dict()
    for day in pd.bdate_range(FIRST, LAST):
        if day not in sessions:
            is_followed = day + pd.Timedelta(days=1) not in sessions
            yield day.date(), _name(code, day.date(), names.get(day), is_followed), False
        elif day in short:
            yield day.date(), _HALF_DAYS.get(day.month, _ELSE), True


def _name(code: str, day: date, told: str | None, is_followed: bool) -> str:
    """What is kept on a day; `told` by the library, and whether the day after is a closure too."""
    if decreed := _DECREED.get((code, day)):
        return decreed
    if told is not None:
        name = re.sub(r"\s*\(.*\)", "", told)
        if name == "Health and Sports Day" and day.year >= 2020:
            return "Sports Day"
        return "Year-end holiday" if "Dec 31" in told else _NAMES.get(name, name)
    if code == "XTKS" and day.month == 3:
        return "Vernal Equinox Day"
    if code == "XTKS" and day.month == 9:  # a day between Respect for the Aged Day and the equinox is a holiday too
        return "Citizens' Holiday" if day.weekday() == 1 and is_followed else "Autumnal Equinox Day"
    return _ELSE


def text(code: str) -> str:
    """A calendar as its seed has it."""
    lines = (f"{day},{name},{str(is_half_day).lower()}" for day, name, is_half_day in rows(code))
    return "\n".join(["market_date,holiday,is_half_day", *lines, ""])


def write(directory: Path = PROJECT_DIR / "seeds") -> None:
    """Write both seeds."""
    for seed, code in EXCHANGES.items():
        (directory / f"{seed}.csv").write_text(text(code), encoding="utf-8")


if __name__ == "__main__":
    write()
