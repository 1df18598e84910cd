"""Events of a venue, window by window, proven complete by asking twice.

Several events may share a moment, so that a page cannot be taken up again at its last row. Instead each window is asked
once more in halves: together they must tell as many events. Where they tell more, the answer was cut off, and the
halves are proven in turn.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from ingestion.http.fetch import Malformed

T = TypeVar("T")
# `ask(low, high)` gives the events of the seconds from low to high, both included.
Ask = Callable[[int, int], Awaitable[list[T]]]
Patiently = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]

# No venue is known whose pages are smaller: fewer events than this in one half and none in the other are no page that
# was cut off.
SMALLEST_PAGE = 20


async def _once(question: Callable[[], Awaitable[Any]]) -> Any:
    return await question()


async def read_events(ask: Ask[T], span: timedelta, first_s: int, last_s: int, patiently: Patiently = _once) -> list[T]:
    """All events from one second to another, both included; Malformed where the answers contradict each other."""
    length = int(span.total_seconds())
    events: list[T] = []
    for low in range(first_s, last_s + 1, length):
        high = min(low + length - 1, last_s)
        events += await _proven(ask, low, high, await patiently(partial(ask, low, high)), patiently)
    return events


async def _proven(ask: Ask[T], low: int, high: int, found: list[T], patiently: Patiently) -> list[T]:
    """The events of a window that has told `found`."""
    if low == high:  # it cannot be asked in parts: the venue's word is all there is
        return found
    middle = (low + high) // 2
    left = await patiently(partial(ask, low, middle))
    right = await patiently(partial(ask, middle + 1, high))
    told = len(left) + len(right)
    if told < len(found):
        raise Malformed(f"a window had {len(found)} events, and its halves {len(left)} and {len(right)}")
    may_be_cut_off = max(len(left), len(right)) == len(found) >= SMALLEST_PAGE
    if told == len(found) and not may_be_cut_off:
        return found
    return [
        *await _proven(ask, low, middle, left, patiently),
        *await _proven(ask, middle + 1, high, right, patiently),
    ]
