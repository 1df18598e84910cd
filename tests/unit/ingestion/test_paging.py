"""The pager against servers that follow a page rule exactly: nothing lost, nothing twice, and an end in every case."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.fetch import Malformed
from ingestion.paging import Page, PagingRule, read_window

HOUR = 3_600_000


def page_of(times: list[int]) -> Page:
    return Page(np.array(times, dtype=np.int64), {"value": np.array(times, dtype=float) / 2})


class Server:
    """Rows at `times`; a page holds at most `limit` of those asked for: the first, the last, or any run of them."""

    def __init__(self, times: list[int], limit: int, keeps: str, span: int | None = None) -> None:
        self.times, self.limit, self.keeps, self.span = sorted(times), limit, keeps, span
        self.calls: list[tuple[int, int]] = []

    async def __call__(self, start: int, end: int) -> Page:
        self.calls.append((start, end))
        assert len(self.calls) < 5000, "the pager does not end"
        assert self.span is None or end - start <= self.span
        inside = [t for t in self.times if start <= t <= end]
        if self.keeps == "last":
            return page_of(inside[::-1][: self.limit])
        if self.keeps == "middle":
            first = max(0, (len(inside) - self.limit) // 2)
            return page_of(inside[first : first + self.limit])
        return page_of(inside[: self.limit])


@settings(deadline=None, max_examples=150)
@given(
    times=st.sets(st.integers(0, 400), max_size=120),
    window=st.tuples(st.integers(0, 400), st.integers(0, 400)).map(sorted),
    limit=st.integers(1, 30),
    case=st.sampled_from([("ascending", "first"), ("descending", "last"), ("either", "first"), ("either", "last"),
                          ("either", "middle")]),
    span=st.none() | st.integers(1, 90),
)  # fmt: skip
async def test_every_row_once_whatever_the_gaps_limits_and_order(times, window, limit, case, span):
    order, keeps = case
    server = Server(sorted(times), limit, keeps, span)
    rows = await read_window(server, PagingRule(order, span_ms=span), *window)
    expected = [t for t in sorted(times) if window[0] <= t <= window[1]]
    assert ([] if rows is None else rows.times_ms.tolist()) == expected
    if rows is not None:
        assert (rows.columns["value"] == rows.times_ms / 2).all()


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
    assert server.calls == [(0, 99 * HOUR), (50 * HOUR, 99 * HOUR)]


async def test_one_answer_that_holds_everything_is_cut_to_the_window():
    async def ask(start: int, end: int) -> Page:
        return page_of([1, 5, 9, 13])

    rows = await read_window(ask, PagingRule("whole"), 4, 9)
    assert rows is not None
    assert rows.times_ms.tolist() == [5, 9]


@pytest.mark.parametrize("order", ["ascending", "descending", "either"])
async def test_a_venue_that_repeats_its_page_is_found_out(order):
    async def ask(start: int, end: int) -> Page:
        return page_of([h * HOUR for h in range(10, 20)])

    with pytest.raises(Malformed, match="no progress"):
        await read_window(ask, PagingRule(order, step_ms=HOUR), 0, 99 * HOUR)


async def test_a_neighbour_from_a_rounded_edge_is_not_an_error():
    async def ask(start: int, end: int) -> Page:
        return page_of([end + HOUR])  # the candle that is still open

    assert await read_window(ask, PagingRule("ascending", step_ms=HOUR), 0, 5 * HOUR) is None


async def test_a_window_without_length_is_not_asked():
    server = Server([1, 2, 3], 10, "first")
    assert await read_window(server, PagingRule("ascending"), 5, 4) is None
    assert server.calls == []
