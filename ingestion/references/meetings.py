"""Futures on the rate that a central bank decides, by the meetings that the seed knows: which can be asked for now."""

import csv
from datetime import date, timedelta
from functools import cache

from warehouse.home import CHECKOUT

MEETINGS = CHECKOUT / "dbt_project" / "seeds" / "fomc_meetings.csv"
# A meeting's future is of its month or the next; it expires with that, and is dropped by who lists it.
_EXPIRES = timedelta(days=62)


def meeting_futures(today: date, ahead: int) -> list[str]:
    """The series of the next `ahead` meetings, and before them those that may still be listed, oldest first."""
    known = [(day, series) for day, series in _meetings() if day > today - _EXPIRES]
    past = sum(day < today for day, _ in known)
    return [series for _, series in known[: past + ahead]]


@cache
def _meetings() -> tuple[tuple[date, str], ...]:
    with open(MEETINGS, encoding="utf-8", newline="") as file:
        return tuple(
            sorted((date.fromisoformat(row["decided_on"]), row["future_series"]) for row in csv.DictReader(file))
        )
