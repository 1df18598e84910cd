"""The pager against servers that follow a page rule exactly: nothing lost, nothing twice, and an end in every case."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.http.fetch import Malformed
from ingestion.paging import AnswerPage, PagingRule, read_window

HOUR = 3_600_000


def page_of(times: list[int]) -> AnswerPage:
    return AnswerPage(np.array(times, dtype=np.int64), {"value": np.array(times, dtype=float) / 2})


class Server:
    """Rows at `times`; a page holds at most `limit` of those asked for: the first, the last, or any run of them.

    An open server heeds only the edge where its pages begin. A numbered one heeds no window, and counts from the end.
    """

    def __init__(
        self,
        times: list[int],
        limit: int,
        keeps: str,
        span: int | None = None,
        is_open: bool = False,
        flip: bool = False,
    ) -> None:
        self.times, self.limit, self.keeps, self.span = sorted(times), limit, keeps, span
        self.is_open, self.flip = is_open, flip
        self.calls: list[tuple[int, int]] = []

    async def __call__(self, start: int, end: int, number: int) -> AnswerPage:
        self.calls.append((start, end))
        assert len(self.calls) < 5000, "the pager does not end"
        assert self.span is None or end - start <= self.span
        rows = self.rows(start, end, number)
        return page_of(rows[::-1] if self.flip else rows)

    def rows(self, start: int, end: int, number: int) -> list[int]:
        if self.keeps == "numbered":
            return self.times[::-1][(number - 1) * self.limit : number * self.limit]
        low = start if not (self.is_open and self.keeps == "last") else -(10**15)
        high = end if not (self.is_open and self.keeps == "first") else 10**15
        inside = [t for t in self.times if low <= t <= high]
        if self.keeps == "last":
            return inside[::-1][: self.limit]
        if self.keeps == "middle":
            first = max(0, (len(inside) - self.limit) // 2)
            return inside[first : first + self.limit]
        return inside[: self.limit]


class Faulty(Server):
    """A server whose `at`th answer is wrong: empty, the answer before once more, in disorder, or with a row twice."""

    fault, at = "", 0

    async def __call__(self, start: int, end: int, number: int) -> AnswerPage:
        page = await super().__call__(start, end, number)
        before, self.before = getattr(self, "before", page), page
        if len(self.calls) != self.at:
            return page
        times = page.times_ms.tolist()
        match self.fault:
            case "empty":
                return page_of([])
            case "repeated":
                return before
            case "in disorder":
                return page_of(times[::2] + times[1::2])
            case _:
                return page_of(sorted(times + times[-1:]))


CASES = [
    ("ascending", "first", False), ("ascending", "first", True), ("descending", "last", False),
    ("descending", "last", True), ("either", "first", False), ("either", "last", False), ("either", "middle", False),
    ("numbered", "numbered", False),
]  # fmt: skip
SITUATIONS = {
    "times": st.sets(st.integers(0, 400), max_size=120),
    "window": st.tuples(st.integers(0, 400), st.integers(0, 400)).map(sorted),
    "limit": st.integers(1, 30),
    "case": st.sampled_from(CASES),
    "span": st.none() | st.integers(1, 90),
    "flip": st.booleans(),
}


@settings(deadline=None, max_examples=300)
@given(**SITUATIONS)
async def test_every_row_once_whatever_the_gaps_limits_and_order(times, window, limit, case, span, flip):
    order, keeps, is_open = case
    server = Server(sorted(times), limit, keeps, None if order == "numbered" else span, is_open, flip)
    rows = await read_window(server, PagingRule(order, span_ms=server.span, is_open=is_open), *window)
    expected = [t for t in sorted(times) if window[0] <= t <= window[1]]
    assert ([] if rows is None else rows.times_ms.tolist()) == expected
    if rows is not None:
        assert (rows.columns["value"] == rows.times_ms / 2).all()


@settings(deadline=None, max_examples=300)
@given(**SITUATIONS, fault=st.sampled_from(["empty", "repeated", "in disorder", "row twice"]), at=st.integers(1, 12))
async def test_one_wrong_page_is_told_or_does_no_harm(times, window, limit, case, span, flip, fault, at):
    order, keeps, is_open = case
    server = Faulty(sorted(times), limit, keeps, None if order == "numbered" else span, is_open, flip)
    server.fault, server.at = fault, at
    try:
        rows = await read_window(server, PagingRule(order, span_ms=server.span, is_open=is_open), *window)
    except Malformed:
        return
    assert ([] if rows is None else rows.times_ms.tolist()) == [t for t in sorted(times) if window[0] <= t <= window[1]]


@pytest.mark.parametrize("fault", ["empty", "repeated", "in disorder"])
@pytest.mark.parametrize(("order", "keeps", "is_open"), CASES)
async def test_a_wrong_page_in_mid_history_is_told_and_asked_again(order, keeps, is_open, fault):
    times = [h * 8 * HOUR + h % 5 for h in range(1000)]
    told = []

    async def patiently(question):
        try:
            return await question()
        except Malformed as error:
            told.append(str(error))
            return await question()

    server = Faulty(times, 100, keeps, is_open=is_open)
    server.fault, server.at = fault, 5
    rows = await read_window(server, PagingRule(order, is_open=is_open), times[0], times[-1], patiently)
    assert rows is not None and rows.times_ms.tolist() == times
    assert len(told) == 1


@pytest.mark.parametrize(("order", "keeps", "is_open"), CASES)
async def test_a_page_that_stays_empty_in_mid_history_is_an_error(order, keeps, is_open):
    times = [h * 8 * HOUR for h in range(1000)]
    server = Server(times, 100, keeps, is_open=is_open)

    async def ask(start: int, end: int, number: int) -> AnswerPage:
        page = await server(start, end, number)
        is_wrong = (
            number == 5 if order == "numbered" else len(page) and page.times_ms.min() < times[500] < page.times_ms.max()
        )
        return page_of([]) if is_wrong else page

    with pytest.raises(Malformed, match=r"known one|is empty|was empty"):
        await read_window(ask, PagingRule(order, is_open=is_open), times[0], times[-1])


async def test_rows_that_contradict_each_other_are_left_to_the_guards():
    async def ask(start: int, end: int, number: int) -> AnswerPage:
        values = np.array([1.0, np.nan, np.nan, 3.0, 4.0])
        return AnswerPage(np.array([1, 2, 2, 3, 3]), {"value": values})

    rows = await read_window(ask, PagingRule("whole"), 0, 9)
    assert rows is not None
    assert rows.times_ms.tolist() == [1, 2, 3, 3]
    assert rows.columns["value"].tolist()[2:] == [3.0, 4.0]


async def test_a_settlement_while_counted_pages_are_read_is_no_error():
    times = list(range(0, 250))
    server = Server(times, 100, "numbered")

    async def ask(start: int, end: int, number: int) -> AnswerPage:
        page = await server(start, end, number)
        if number == 1:
            server.times.append(250)
        return page

    rows = await read_window(ask, PagingRule("numbered"), 0, 1000)
    assert rows is not None and rows.times_ms.tolist() == times


@pytest.mark.parametrize(("order", "keeps"), [("ascending", "first"), ("descending", "last"), ("either", "last")])
async def test_a_limit_lower_than_documented_loses_nothing(order, keeps):
    times = [h * HOUR for h in range(1000) if h % 97]
    for limit in (7, 300, 1000, 5000):
        server = Server(times, limit, keeps)
        rows = await read_window(server, PagingRule(order, step_ms=HOUR), 0, 999 * HOUR)
        assert rows is not None
        assert rows.times_ms.tolist() == times


async def test_hourly_rows_need_no_empty_page_at_the_end():
    times = [h * HOUR for h in range(100)]
    server = Server(times, 50, "first")
    await read_window(server, PagingRule("ascending", step_ms=HOUR), 0, 99 * HOUR)
    assert server.calls == [(0, 99 * HOUR), (49 * HOUR, 99 * HOUR), (98 * HOUR, 99 * HOUR)]


async def test_one_answer_that_holds_everything_is_cut_to_the_window():
    async def ask(start: int, end: int, number: int) -> AnswerPage:
        return page_of([1, 5, 9, 13])

    rows = await read_window(ask, PagingRule("whole"), 4, 9)
    assert rows is not None
    assert rows.times_ms.tolist() == [5, 9]


async def test_one_answer_that_holds_everything_is_empty_only_if_it_stays_so():
    answers = iter([page_of([]), page_of([1, 5]), page_of([]), page_of([])])

    async def ask(start: int, end: int, number: int) -> AnswerPage:
        return next(answers)

    with pytest.raises(Malformed, match="was empty"):
        await read_window(ask, PagingRule("whole"), 0, 9)
    assert await read_window(ask, PagingRule("whole"), 0, 9) is None


@pytest.mark.parametrize("order", ["ascending", "descending", "either"])
async def test_a_venue_that_repeats_its_page_is_found_out(order):
    async def ask(start: int, end: int, number: int) -> AnswerPage:
        return page_of([h * HOUR for h in range(10, 20)])

    with pytest.raises(Malformed, match="no progress"):
        await read_window(ask, PagingRule(order, step_ms=HOUR), 0, 99 * HOUR)


async def test_a_neighbour_from_a_rounded_edge_is_not_an_error():
    async def ask(start: int, end: int, number: int) -> AnswerPage:
        return page_of([end + HOUR])  # the candle that is still open

    assert await read_window(ask, PagingRule("ascending", step_ms=HOUR), 0, 5 * HOUR) is None


async def test_a_window_without_length_is_not_asked():
    server = Server([1, 2, 3], 10, "first")
    assert await read_window(server, PagingRule("ascending"), 5, 4) is None
    assert server.calls == []
