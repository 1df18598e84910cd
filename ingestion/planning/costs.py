"""What questions cost: requests, and the minutes over which limits spread them. One function per kind of source."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingestion.archives.archive import FileKind, periods
from ingestion.http.fetch import Cost, Task
from ingestion.venues.venue import HOUR_MS, Feed, History, Limit, Market, PageRequest, Snapshot

# A whole answer is one page, however long.
_WHOLE = 10**9
# A page of an archive's list has a thousand keys: files, and a checksum of each.
FILES_A_LIST = 500


def of_history(market: Market, endpoint: History, start: datetime, end: datetime, now: datetime) -> Cost:
    """One instrument's rows between two moments at the real venue, as the pager will ask for them."""
    paging = endpoint.paging
    step_ms = paging.step_ms or endpoint.usual_hours * HOUR_MS
    window_ms = max((end - start) / timedelta(milliseconds=1), 1.0)
    rows = int(window_ms // step_ms) + 1
    page_rows = endpoint.page_rows or _WHOLE
    proofs = 0
    if paging.order == "whole":
        pages, page_ms = 1, window_ms
    elif paging.order == "numbered":  # counted from now back
        pages = math.ceil(max((now - start) / timedelta(milliseconds=1), 1.0) / step_ms / page_rows)
        page_ms = page_rows * step_ms
    else:
        # A page begins at the last row of the one before; without a step, last answers prove that nothing follows.
        page_ms = min(max(page_rows - 1, 1) * step_ms, paging.span_ms or math.inf, window_ms)
        pages = math.ceil(window_ms / page_ms)
        proofs = 0 if paging.step_ms else {"ascending": 1, "descending": 1, "either": 2}[paging.order]
    page, proof = (PageRequest(market.bitcoin, 0, int(length)) for length in (min(page_ms, window_ms), 0))
    weight = pages * endpoint.weight(page) + proofs * endpoint.weight(proof)
    return _cost(market, endpoint, endpoint.limit, weight, page, pages + proofs, rows)


def of_snapshot(market: Market, endpoint: Snapshot, instruments: int) -> Cost:
    """All instruments as they are now."""
    request, weight = PageRequest(market.bitcoin, 0, 0), len(endpoint.questions) * endpoint.weight
    return _cost(market, endpoint, endpoint.limit, weight, request, len(endpoint.questions), instruments)


def of_feed(market: Market, feed: Feed, start: datetime, end: datetime) -> Cost:
    """All events between two moments: each span that the venue answers, and how it was proven, in halves."""
    request = PageRequest("", 0, int(feed.span / timedelta(milliseconds=1)))
    return _cost(market, feed, None, 0.0, request, 3 * math.ceil((end - start) / feed.span), 0)


def of_files(kind: FileKind, start: datetime, end: datetime, calls_per_minute: float) -> Cost:
    """One instrument's history by files: months where there are any, then days; each with its checksum, and lists."""
    files = size = lists = rows = 0
    for length in kind.lengths:
        whole = [period for period in periods(start, end, length) if period.end <= end or length == kind.lengths[-1]]
        files += len(whole)
        size += len(whole) * kind.typical_bytes[length]
        lists += math.ceil(len(whole) / FILES_A_LIST)
        if whole:
            rows += int(kind.rows_a_day * (min(whole[-1].end, end) - start) / timedelta(days=1))
            start = min(whole[-1].end, end)
    requests = 2 * files + lists
    return Cost(requests, 60 * requests / calls_per_minute, rows, files, size / 1e6, limit="files")


def of_lists(kind: FileKind, start: datetime, end: datetime, calls_per_minute: float) -> Cost:
    """The lists of one instrument's files: of the longest, and one of what those do not hold yet. No file."""
    longest, *shorter = kind.lengths
    lists = math.ceil(sum(1 for _ in periods(start, end, longest)) / FILES_A_LIST) + len(shorter)
    return Cost(lists, 60 * lists / calls_per_minute, limit="files")


def of_calls(calls_per_minute: float | None, rows: int, requests: int = 1) -> Cost:
    """Questions to a provider, which counts calls."""
    return Cost(requests, 60 * requests / calls_per_minute if calls_per_minute else 0.0, rows)


def _cost(
    market: Market, endpoint: History | Snapshot | Feed, limit: Limit | None, weight: float, request: PageRequest,
    requests: int, rows: int,
) -> Cost:  # fmt: skip
    from ingestion.venues.client import pace_s  # ccxt takes half a second to import

    question = endpoint.questions[0] if isinstance(endpoint, Snapshot) else endpoint.params(request)
    pace = requests * pace_s(market.ccxt_class, endpoint.method, question)
    own = 60 * weight / limit.per_minute if limit else 0.0
    # Both are waited for, at the same time; the slower one decides.
    name = limit.name if limit and own >= pace else market.ccxt_class
    return Cost(requests, max(own, pace), rows, limit=name)


@dataclass(frozen=True)
class OriginCost:
    """What all questions of one origin take. Budgets are spent at the same time: the slowest tells how long."""

    origin: str
    questions: int
    requests: int
    minutes: float
    rows: int
    files: int
    megabytes: float


def by_origin(tasks: Iterable[Task]) -> list[OriginCost]:
    """The costs of questions together, the slowest origin first."""
    of_origin: dict[str, list[Cost]] = defaultdict(list)
    for task in tasks:
        of_origin[task.origin].append(task.cost)
    found = [
        OriginCost(
            origin, len(costs), sum(cost.requests for cost in costs), _seconds(costs) / 60,
            sum(cost.rows for cost in costs), sum(cost.files for cost in costs), sum(cost.megabytes for cost in costs),
        )
        for origin, costs in of_origin.items()
    ]  # fmt: skip
    return sorted(found, key=lambda cost: (-cost.minutes, cost.origin))


def _seconds(costs: Sequence[Cost]) -> float:
    by_limit: dict[str, float] = defaultdict(float)
    for cost in costs:
        by_limit[cost.limit] += cost.seconds
    return max(by_limit.values(), default=0.0)


def within(tasks: Sequence[Task], seconds: float) -> list[Task]:
    """Those of the questions that begin within so many seconds, each budget spent in the order of their turns."""
    spent: dict[tuple[str, str], float] = defaultdict(float)
    begun = []
    for task in sorted(tasks, key=lambda task: task.turn):
        budget = (task.origin, task.cost.limit)
        if spent[budget] < seconds:
            begun.append(task)
            spent[budget] += task.cost.seconds
    return begun
