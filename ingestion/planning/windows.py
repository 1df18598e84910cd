"""Windows of time: what is left of one when others are taken away, and which are near enough to be one question.

Belongs here: arithmetic on (start, end), both inclusive, aware.
Does not: which windows were asked, or are to be asked (ingest).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

Window = tuple[datetime, datetime]

# Two windows this near are one question: what lies between costs less than asking twice.
NEAR = timedelta(hours=24)


def joined(windows: Iterable[Window], near: timedelta = NEAR) -> list[Window]:
    """The windows in order, those that overlap or lie `near` each other as one."""
    together: list[Window] = []
    for start, end in sorted(windows):
        if together and start <= together[-1][1] + near:
            together[-1] = (together[-1][0], max(end, together[-1][1]))
        else:
            together.append((start, end))
    return together


def within(windows: Iterable[Window], spans: Sequence[Window]) -> list[Window]:
    """The parts of the windows that lie in one of the spans."""
    parts = (
        (max(start, first), min(end, last)) for start, end in windows for first, last in joined(spans, timedelta(0))
    )
    return [(start, end) for start, end in parts if start < end]


def left_of(window: Window, taken: Sequence[Window]) -> list[Window]:
    """The parts of a window that none of `taken` covers; edges that touch leave nothing between them."""
    start, end = window
    left = []
    for taken_start, taken_end in joined((w for w in taken if w[0] < w[1]), timedelta(0)):
        if taken_end <= start:
            continue
        if taken_start >= end:
            break
        if taken_start > start:
            left.append((start, taken_start))
        start = max(start, taken_end)
    if start < end:
        left.append((start, end))
    return left
