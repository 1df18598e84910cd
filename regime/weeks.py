"""Weeks as they are typed at the command line."""

from regime.errors import BadInput
from warehouse.source import Source
from warehouse.week import Week, WeekError, closed_weeks


def parse(text: str) -> Week:
    """The week of this name; BadInput if there is none."""
    try:
        return Week.parse(text)
    except WeekError as error:
        raise BadInput(str(error)) from None


def check_closed(first: Week, last: Week, source: Source) -> list[Week]:
    """The weeks from the first to the last; BadInput unless the source has closed them all."""
    try:
        return closed_weeks(first, last, source)
    except WeekError as error:
        raise BadInput(str(error)) from None
