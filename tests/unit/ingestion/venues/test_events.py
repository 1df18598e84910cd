"""Events are proven complete whatever a page holds: several may share a second, and limits are kept in silence."""

from datetime import timedelta

import numpy as np
import pytest

from ingestion.http.fetch import Malformed
from ingestion.venues.events import read_events

HOUR = timedelta(hours=1)
# The second of each event, and its number: two of one second differ by it alone.
Order = tuple[int, int]


class Feed:
    """A venue that gives the newest `limit` events of a window, and none of a window longer than an hour."""

    def __init__(self, seconds: list[int], limit: int) -> None:
        self.orders: list[Order] = [(second, n) for n, second in enumerate(sorted(seconds))]
        self.limit = limit
        self.asked: list[tuple[int, int]] = []

    async def __call__(self, low: int, high: int) -> list[Order]:
        assert high - low < 3600
        self.asked.append((low, high))
        return [order for order in self.orders if low <= order[0] <= high][-self.limit :]


@pytest.mark.parametrize("limit", [20, 25, 100, 1000])
@pytest.mark.parametrize("seed", range(8))
async def test_every_event_arrives_once(seed, limit):
    draw = np.random.default_rng(seed)
    bursts = np.repeat(draw.integers(0, 7 * 3600, 40), draw.integers(1, 19, 40))
    quiet = draw.integers(0, 7 * 3600, 100)
    one_half = draw.choice(np.arange(3600, 3600 + 600), 400, replace=False)  # all in one half of its hour
    feed = Feed([*bursts, *quiet, *one_half], 10_000)
    most_in_a_second = max(np.unique([second for second, _ in feed.orders], return_counts=True)[1])
    if most_in_a_second >= limit:
        pytest.skip("a page that one second fills can be proven by nobody")
    feed.limit = limit
    found = await read_events(feed, HOUR, 0, 7 * 3600 - 1)
    assert sorted(found) == feed.orders


async def test_a_quiet_hour_is_asked_three_times():
    feed = Feed([10, 10, 1800, 3599], 1000)
    assert len(await read_events(feed, HOUR, 0, 3599)) == 4
    assert feed.asked == [(0, 3599), (0, 1799), (1800, 3599)]


async def test_an_empty_hour_is_believed_when_both_halves_are_empty_too():
    assert await read_events(Feed([], 1000), HOUR, 0, 3599) == []


async def test_an_empty_answer_that_was_none_is_found_out():
    feed = Feed([1, 2, 3], 1000)

    async def forgets_once(low, high):
        return await feed(low, high) if feed.asked else feed.asked.append((low, high)) or []

    assert len(await read_events(forgets_once, HOUR, 0, 3599)) == 3


async def test_halves_that_tell_less_than_the_whole_are_no_answer():
    async def shrinks(low, high):
        return [(low, n) for n in range(5)] if high - low == 3599 else []

    with pytest.raises(Malformed, match="5 events, and its halves 0 and 0"):
        await read_events(shrinks, HOUR, 0, 3599)


async def test_the_last_window_may_be_shorter():
    feed = Feed([0, 3600, 4000, 4001], 1000)
    assert [second for second, _ in await read_events(feed, HOUR, 0, 4000)] == [0, 3600, 4000]
