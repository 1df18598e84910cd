"""Feeds: events that a venue gives for all its instruments at once, a day a question."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from ingestion.http.fetch import Answer, Task
from ingestion.planning import costs
from ingestion.planning.plan import Instrument, Plan
from ingestion.planning.spans import left_of, within
from ingestion.references.provider import WHOLE_LIST
from ingestion.venues.venue import Feed, Market

DAY = timedelta(days=1)


def feed_tasks(plan: Plan, market: Market, client: Any, listed: Sequence[Instrument]) -> Iterator[Task]:
    """A question for each day, or part of one, that was not answered, and for the end of what was, again.

    A venue that lists nothing has no events. What lies further back than a feed is asked is not asked for, and nothing
    is claimed of it.
    """
    feed, venue = market.datasets[plan.dataset], client.venue.name
    assert isinstance(feed, Feed)
    if not listed or plan.only:
        return
    sizes = {instrument.venue_symbol: instrument.row["contract_size"] for instrument in listed}
    answered = plan.answered.get((venue, market.market_type, WHOLE_LIST), ())
    first = max(plan.source.starts_at, plan.due - feed.asked_back)
    spans = left_of((first, plan.due), answered)
    if spans and answered:
        start, end = spans[-1]
        spans[-1] = (max(first, start - plan.universe.reread.get(plan.dataset, timedelta(0))), end)
    if plan.wanted is not None:
        spans = within(spans, plan.wanted)

    async def read(start: datetime, end: datetime) -> Answer:
        return Answer(await client.events(market, plan.dataset, start, end, sizes))

    for start, end in spans:
        while start < end:
            until = min(end, start.replace(hour=0) + DAY)
            cost = costs.of_feed(market, feed, start, until)
            question = partial(read, start, until)
            yield Task(client.throttle, venue, market.market_type, WHOLE_LIST, start, until, question, cost)
            start = until
