"""Pages that prove they are complete: one pager for every venue's paging rule.

Belongs here: which window is asked next, what a page proves, when nothing is left to prove.
Does not: how a page is asked or read (venues).

The pager keeps the parts of the window that are not proven yet. A page proves what lies between its first and its
last row, and the venue's declared order says what else: a venue that answers from the window's start has nothing
before the first row, one that answers from its end has nothing after the last. An empty page proves the part it was
asked for. Page limits are never trusted: how many rows came says nothing about how many there are.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ingestion.fetch import Malformed

# ascending: the page starts at the window's start; descending: it ends at the window's end;
# either: some page-full of the window, no promise which; whole: one answer holds everything there is.
Order = Literal["ascending", "descending", "either", "whole"]


@dataclass(frozen=True)
class Page:
    """The rows of one answer as columns; `times_ms` says when each row happened."""

    times_ms: np.ndarray
    columns: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.times_ms)

    def take(self, which: np.ndarray) -> "Page":
        """The rows that a mask or an index selects."""
        return Page(self.times_ms[which], {name: values[which] for name, values in self.columns.items()})


@dataclass(frozen=True)
class PagingRule:
    """How a venue pages one dataset.

    `step_ms` is the distance between rows where it is fixed (candles): nothing fits between neighbours, and a venue
    may round a window's edges to it. `span_ms` is the longest window that the venue answers, edges included.
    """

    order: Order
    step_ms: int | None = None
    span_ms: int | None = None


async def read_window(
    ask: Callable[[int, int], Awaitable[Page]], rule: PagingRule, start_ms: int, end_ms: int
) -> Page | None:
    """All rows in [start_ms, end_ms], oldest first; None if there are none.

    `ask(start, end)` gives one page. Malformed if a page makes no progress: rows came, but none from the window that
    was asked for. A pager that went on would ask for ever, one that stopped would lose rows in silence.
    """
    step = rule.step_ms or 1
    pages: list[Page] = []
    unproven = [(start_ms, end_ms)]
    while unproven:
        start, end = unproven.pop()
        if start > end:
            continue
        low, high = _part(rule, start, end)
        page = await ask(low, high)
        inside = (page.times_ms >= low) & (page.times_ms <= high)
        if not inside.any():
            _allow_only_neighbours(page, rule, low, high)
            if rule.order != "whole":  # this part is proven empty; what is left lies on one side of it
                unproven.append((start, low - 1) if rule.order == "descending" else (high + 1, end))
            continue
        if not inside.all():
            page = page.take(inside)
        pages.append(page)
        first, last = int(page.times_ms.min()), int(page.times_ms.max())
        match rule.order:
            case "ascending":
                unproven.append((last + step, end))
            case "descending":
                unproven.append((start, first - step))
            case "either":
                unproven += [(high + 1, end), (last + step, high), (low, first - step)]
            case "whole":
                pass
    return _joined(pages)


def _part(rule: PagingRule, start: int, end: int) -> tuple[int, int]:
    """The part of an unproven window that one question may span, on the side where the venue's pages begin."""
    if rule.span_ms is None or end - start <= rule.span_ms:
        return start, end
    if rule.order == "descending":
        return end - rule.span_ms, end
    return start, start + rule.span_ms


def _allow_only_neighbours(page: Page, rule: PagingRule, low: int, high: int) -> None:
    """Rows just outside are a rounded edge; rows from elsewhere mean that the venue did not heed the window."""
    if rule.order == "whole" or not len(page):
        return
    slack = rule.step_ms or 0
    if (page.times_ms < low - slack).any() or (page.times_ms > high + slack).any():
        raise Malformed(f"the page makes no progress: {len(page)} rows came, none from the window that was asked for")


def _joined(pages: list[Page]) -> Page | None:
    if not pages:
        return None
    times = np.concatenate([page.times_ms for page in pages])
    columns = {name: np.concatenate([page.columns[name] for page in pages]) for name in pages[0].columns}
    return Page(times, columns).take(np.argsort(times, kind="stable"))
