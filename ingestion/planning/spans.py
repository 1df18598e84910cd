"""Spans of time: what is left of one when others are taken away, and which are near enough to be one question."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

TimeSpan = tuple[datetime, datetime]

# Two spans this near are one question: what lies between costs less than asking twice.
NEAR = timedelta(hours=24)


def joined(spans: Iterable[TimeSpan], near: timedelta = NEAR) -> list[TimeSpan]:
    """The spans in order, those that overlap or lie `near` each other as one."""
    together: list[TimeSpan] = []
    for start, end in sorted(spans):
        if together and start <= together[-1][1] + near:
            together[-1] = (together[-1][0], max(end, together[-1][1]))
        else:
            together.append((start, end))
    return together


def within(spans: Iterable[TimeSpan], wanted: Sequence[TimeSpan]) -> list[TimeSpan]:
    """The parts of the spans that lie in one of `wanted`."""
    parts = (
        (max(start, first), min(end, last)) for start, end in spans for first, last in joined(wanted, timedelta(0))
    )
    return [(start, end) for start, end in parts if start < end]


def left_of(span: TimeSpan, taken: Sequence[TimeSpan]) -> list[TimeSpan]:
    """The parts of a span that none of `taken` covers; edges that touch leave nothing between them."""
    start, end = span
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
