"""The seeds of exchange calendars are what the library says, and what the exchanges announced."""

import csv
from datetime import date

import pytest

from regime.dev import calendars
from warehouse.builds.project import PROJECT_DIR


def seed(name: str) -> dict[date, tuple[str, bool]]:
    with open(PROJECT_DIR / "seeds" / f"{name}.csv", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    return {date.fromisoformat(row["market_date"]): (row["holiday"], row["is_half_day"] == "true") for row in rows}


@pytest.mark.parametrize("name", calendars.EXCHANGES)
def test_a_seed_is_what_the_library_says(name):
    pytest.importorskip("exchange_calendars", reason="comes with the development requirements")
    written = (PROJECT_DIR / "seeds" / f"{name}.csv").read_text(encoding="utf-8")
    assert written == calendars.text(calendars.EXCHANGES[name]), "run `python -m regime.dev.calendars`"


# From the exchanges' own announcements and rules: days that a rule alone would miss, or take for closed.
NEW_YORK = {
    date(2012, 10, 29): ("Hurricane Sandy", False),
    date(2018, 3, 30): ("Good Friday", False),
    date(2018, 12, 5): ("National day of mourning for George H. W. Bush", False),
    date(2021, 6, 18): None,  # Juneteenth was no holiday of the exchange before 2022
    date(2022, 6, 20): ("Juneteenth", False),
    date(2021, 12, 31): None,  # New Year's Day on a Saturday is not kept on the Friday before
    date(2024, 7, 3): ("Independence Day eve", True),
    date(2025, 11, 28): ("Day after Thanksgiving", True),
    date(2030, 4, 19): ("Good Friday", False),
}
TOKYO = {
    date(2011, 3, 14): None,  # it opened on the Monday after the earthquake
    date(2015, 9, 22): ("Citizens' Holiday", False),
    date(2019, 10, 22): ("Enthronement Ceremony", False),
    date(2020, 9, 22): ("Autumnal Equinox Day", False),
    date(2020, 10, 1): ("System outage", False),
    date(2021, 7, 23): ("Sports Day", False),
    date(2025, 12, 31): ("Year-end holiday", False),
}


@pytest.mark.parametrize("name, known", [("nyse_calendar", NEW_YORK), ("jpx_calendar", TOKYO)])
def test_days_that_are_known(name, known):
    closures = seed(name)
    assert {day: closures.get(day) for day in known} == known


@pytest.mark.parametrize("name", calendars.EXCHANGES)
def test_every_year_of_the_market_is_there(name):
    closures = seed(name)
    assert {day.year for day in closures} == set(range(2008, 2041))
