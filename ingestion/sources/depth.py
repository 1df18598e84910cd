"""How far back a home's history reaches: what a first run asks for, and how it is deepened later.

The home remembers it with the source's clock. What lies before it is not due, and missing nowhere.
"""

import re
from datetime import UTC, datetime, timedelta

from warehouse.clock import remembered_clock
from warehouse.home import Home
from warehouse.source import Source, SourceError
from warehouse.week import Week

# What a first page of the real services rests on: the last closed week and twelve before it.
FIRST_WEEKS = 13
# Before anything that is asked of the real services began.
EARLIEST = datetime(2017, 1, 2, tzinfo=UTC)
_LENGTH = re.compile(r"([1-9][0-9]{0,3})(w|m|y)")
_DAYS = {"w": 7.0, "m": 365.25 / 12, "y": 365.25}


def parse_length(text: str) -> timedelta:
    """How long `20w`, `6m` or `3y` is. SourceError if it is no length."""
    match = _LENGTH.fullmatch(text.strip())
    if not match:
        raise SourceError(f"{text[:20]!r} is no length of a history; write it like 20w, 6m or 3y")
    return timedelta(days=int(match[1]) * _DAYS[match[2]])


def beginning(now: datetime, length: timedelta) -> datetime:
    """The Monday at which a history so long begins, that ends with the last closed week."""
    return Week.of(Week.last_closed(now).ends_at - length).starts_at


def with_depth(home: Home, source: Source, length: timedelta | None = None) -> Source:
    """The source as this home has it: from where its history begins, or from `length` back in a new one.

    SourceError if a home that has a history is to have another: deepening it is a command of its own.
    """
    known = remembered_clock(home)
    if known is not None and length is not None:
        raise SourceError(
            f"{home.path} has a history from {known.starts_at:%Y-%m-%d} on; `regime backfill --history` makes it longer"
        )
    if source.kind == "live":
        first = beginning(source.now, length or timedelta(weeks=FIRST_WEEKS))
        return source.since(known.starts_at if known else first)
    if known is not None and known.is_chosen:
        return source.since(known.starts_at)
    return source if length is None else source.since(beginning(source.now, length))
