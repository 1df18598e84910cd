"""Pages that prove they are complete: one pager for every venue's paging rule.

A page is a run of a venue's rows without holes: it proves what lies between its first and its last row, and the
venue's declared order says what else. Every further question begins *at* the last row received, so a true answer
holds that row again: an empty page, a page from elsewhere or a page that has been seen before cannot pass for the end
of the history. Page limits are never trusted: how many rows came says nothing about how many there are. What a venue
contradicts is Malformed, never a shorter history.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from ingestion.http.fetch import Malformed

# ascending: the page starts at the window's start; descending: it ends at the window's end;
# either: some page-full of the window, no promise which; whole: one answer holds everything there is;
# numbered: pages are counted from the newest row back, and no window can be asked for.
Order = Literal["ascending", "descending", "either", "whole", "numbered"]


@dataclass(frozen=True)
class AnswerPage:
    """The rows of one answer as columns; `times_ms` says when each row happened."""

    times_ms: np.ndarray
    columns: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.times_ms)

    def take(self, which: np.ndarray) -> "AnswerPage":
        """The rows that a mask or an index selects."""
        return AnswerPage(self.times_ms[which], {name: values[which] for name, values in self.columns.items()})


# `ask(low, high, number)` gives one page. The number is 1 unless the venue counts its pages.
Ask = Callable[[int, int, int], Awaitable[AnswerPage]]
# Repeats what it is given as often as the origin deserves (fetch.Throttle.ask).
Patiently = Callable[[Callable[[], Awaitable[AnswerPage]]], Awaitable[AnswerPage]]


@dataclass(frozen=True)
class PagingRule:
    """How a venue pages one dataset.

    `step_ms` is the distance between rows where it is fixed (candles): nothing fits between neighbours, and a venue
    may round a window's edges to it. `span_ms` is the longest window that the venue answers, edges included.
    `is_open`: the venue takes only the edge where its pages begin; they may run past the other one.
    """

    order: Order
    step_ms: int | None = None
    span_ms: int | None = None
    is_open: bool = False

    @property
    def step(self) -> int:
        """The least distance between two rows."""
        return self.step_ms or 1


@dataclass(frozen=True)
class _Part:
    """A part of the window that is not proven, edges included. A row that is known stands at the edge `anchor`."""

    low: int
    high: int
    anchor: int | None = None

    def unknown(self, step: int) -> tuple[int, int]:
        """From where to where a row may be that is not known."""
        low = self.low + step if self.anchor == self.low else self.low
        return low, self.high - step if self.anchor == self.high else self.high


async def _once(question: Callable[[], Awaitable[AnswerPage]]) -> AnswerPage:
    return await question()


async def read_window(
    ask: Ask, rule: PagingRule, start_ms: int, end_ms: int, patiently: Patiently = _once
) -> AnswerPage | None:
    """All rows in [start_ms, end_ms], oldest first; None if there are none.

    Malformed if a page is no part of one history with what came before: it makes no progress, misses a row that is
    known, is in no order, or is empty where its window is not. A pager that went on would ask for ever, one that
    stopped would lose rows in silence. `patiently` sees that error, and may ask again.
    """
    if start_ms > end_ms:
        return None
    if rule.order == "whole":
        pages = [await patiently(partial(_proven_whole, ask, start_ms, end_ms))]
    elif rule.order == "numbered":
        pages = await _numbered_pages(ask, start_ms, end_ms, patiently)
    else:
        pages = await _pages(ask, rule, _Part(start_ms, end_ms), patiently)
    return _joined(pages, start_ms, end_ms)


async def _pages(ask: Ask, rule: PagingRule, window: _Part, patiently: Patiently) -> list[AnswerPage]:
    pages: list[AnswerPage] = []
    fullest = 0  # the most moments that a page held: a page with fewer was not cut off
    unproven = [window]
    while unproven:
        part = unproven.pop()
        low, high = part.unknown(rule.step)
        if low > high:
            continue
        asked = _answerable(rule, part)
        page = await patiently(partial(_proven_page, ask, rule, asked))
        fullest = max(fullest, len(np.unique(page.times_ms)))
        times = page.times_ms
        is_new = (times >= asked.low) & (times <= asked.high) & (times != asked.anchor)
        if is_new.any():
            pages.append(page.take(is_new))
            unproven += _left(rule, part, asked, page)
        elif _is_filled_by_anchor(asked, page, fullest):  # what lies behind the known row is asked for without it
            unproven.append(_Part(low, high))
        else:  # what was asked is proven empty; what is left lies on one side of it
            unproven.append(_beyond(part, asked))
    return pages


def _answerable(rule: PagingRule, part: _Part) -> _Part:
    """What one question may span of a part, on the side where the venue's pages begin or where a row is known."""
    if rule.span_ms is None or part.high - part.low <= rule.span_ms:
        return part
    if rule.order == "descending" or part.anchor == part.high:
        return _Part(part.high - rule.span_ms, part.high, part.anchor)
    return _Part(part.low, part.low + rule.span_ms, part.anchor)


def _is_filled_by_anchor(asked: _Part, page: AnswerPage, fullest: int) -> bool:
    """True if the known row may have taken all the room of a page, so that it says nothing of what lies behind."""
    if asked.anchor is None or len(np.unique(page.times_ms)) < fullest:
        return False
    return bool((page.times_ms >= asked.low).all() and (page.times_ms <= asked.high).all())


def _beyond(part: _Part, asked: _Part) -> _Part:
    """What of a part was not asked, because the venue does not answer such a long window."""
    if asked.high == part.high:
        return _Part(part.low, asked.low - 1, part.anchor if part.anchor == part.low else None)
    return _Part(asked.high + 1, part.high, part.anchor if part.anchor == part.high else None)


def _left(rule: PagingRule, part: _Part, asked: _Part, page: AnswerPage) -> list[_Part]:
    """What a page with new rows leaves unproven of the part that was asked for."""
    first, last = int(page.times_ms.min()), int(page.times_ms.max())
    low, high = part.unknown(rule.step)
    if rule.order == "ascending":  # a run that goes past the window's end has proven all of it
        return [_Part(asked.high + 1, high) if last > asked.high else _Part(last, high, last)]
    if rule.order == "descending":
        return [_Part(low, asked.low - 1) if first < asked.low else _Part(low, first, first)]
    left = [_beyond(part, asked)]
    if last <= asked.high:
        left.append(_Part(last, min(high, asked.high), last))
    if first >= asked.low:
        left.append(_Part(max(low, asked.low), first, first))
    return left


async def _proven_page(ask: Ask, rule: PagingRule, asked: _Part) -> AnswerPage:
    """The answer to one question. Malformed if it cannot be a page of the history that is known."""
    page = _ordered(await ask(asked.low, asked.high, 1))
    times = page.times_ms
    slack = rule.step_ms or 0
    is_new = (times >= asked.low) & (times <= asked.high) & (times != asked.anchor)
    # A page may be cut off on the side where it ends, never on the side where it begins.
    may_run_under = rule.is_open and rule.order == "descending"
    may_run_over = rule.is_open and rule.order == "ascending"
    is_strange = (times < asked.low - slack) & (not may_run_under) | (times > asked.high + slack) & (not may_run_over)
    if is_strange.any() and not is_new.any():
        raise Malformed(f"the page makes no progress: {len(page)} rows came, none from the window that was asked for")
    begins_at_anchor = rule.order != "either" or not is_new.any()
    if asked.anchor is not None and begins_at_anchor and asked.anchor not in times:
        raise Malformed(
            f"the page has {len(page)} rows, and misses the known one at {_iso(asked.anchor)} where it begins"
        )
    if not len(page):
        await _check_really_empty(ask, asked)
    return page


async def _check_really_empty(ask: Ask, asked: _Part) -> None:
    """No row is known there, so nothing but the venue's own word for each half can prove that there is none."""
    middle = (asked.low + asked.high) // 2
    for low, high in {(asked.low, middle), (min(middle + 1, asked.high), asked.high)}:
        times = (await ask(low, high, 1)).times_ms
        if ((times >= low) & (times <= high)).any():
            raise Malformed(f"the page of {_iso(asked.low)} to {_iso(asked.high)} is empty, a part of it is not")


async def _proven_whole(ask: Ask, start: int, end: int) -> AnswerPage:
    """The one answer that holds everything. An empty one must be given twice."""
    page = await ask(start, end, 1)
    if not len(page) and len(await ask(start, end, 1)):
        raise Malformed("the answer was empty, and then it was not")
    return page


async def _numbered_pages(ask: Ask, start: int, end: int, patiently: Patiently) -> list[AnswerPage]:
    """Pages back from the newest row, until one reaches the window's start or there are no more."""
    pages: list[AnswerPage] = []
    oldest: int | None = None
    while oldest is None or oldest > start:
        page = await patiently(partial(_proven_number, ask, start, end, len(pages) + 1, oldest))
        if not len(page):
            break
        # What settles while the pages are read pushes known rows onto the next page.
        pages.append(page if oldest is None else page.take(page.times_ms < oldest))
        oldest = int(page.times_ms.min())
    return pages


async def _proven_number(ask: Ask, start: int, end: int, number: int, oldest: int | None) -> AnswerPage:
    """One counted page. Malformed if it is nothing older than what is known, or empty although its neighbour is not."""
    page = _ordered(await ask(start, end, number))
    if not len(page):
        for again in (number, number + 1):
            if len(await ask(start, end, again)):
                raise Malformed(f"page {number} was empty, and then page {again} was not")
    elif oldest is not None and int(page.times_ms.min()) >= oldest:
        raise Malformed(f"page {number} makes no progress: nothing in it is older than {_iso(oldest)}")
    return page


def _ordered(page: AnswerPage) -> AnswerPage:
    """The page, if its rows are in time order one way or the other: rows in disorder are no run of a history."""
    gaps = np.diff(page.times_ms)
    if (gaps < 0).any() and (gaps > 0).any():
        raise Malformed(f"the {len(page)} rows of the page are in no order")
    return page


def _joined(pages: list[AnswerPage], start: int, end: int) -> AnswerPage | None:
    """The rows of the window in time order, a row that came twice only once."""
    if not any(map(len, pages)):
        return None
    times = np.concatenate([page.times_ms for page in pages])
    columns = {name: np.concatenate([page.columns[name] for page in pages]) for name in pages[0].columns}
    inside = np.flatnonzero((times >= start) & (times <= end))
    page = AnswerPage(times, columns).take(inside[np.argsort(times[inside], kind="stable")])
    is_repeat = np.append(False, np.diff(page.times_ms) == 0)[: len(page)]
    for values in page.columns.values() if is_repeat.any() else ():
        # Two rows of one moment that differ contradict each other: both are kept, for the guards to judge.
        is_repeat[1:] &= (values[1:] == values[:-1]) | (np.isnan(values[1:]) & np.isnan(values[:-1]))
    page = page.take(~is_repeat) if is_repeat.any() else page
    return page if len(page) else None


def _iso(moment_ms: int) -> str:
    return str(np.datetime64(moment_ms, "ms"))
