"""From a plan to its questions: whom to ask for which series and span, in which turn, and what that should cost.

Not here: when something is due (plan), what it costs (costs), asking (ingest).
"""

from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pyarrow as pa

from ingestion.archives import market_archive
from ingestion.archives.client import ArchiveClient
from ingestion.http.fetch import (
    Answer,
    Cost,
    NotOffered,
    OutOfRange,
    Patience,
    Refused,
    Task,
    Throttle,
    not_kept,
)
from ingestion.planning import costs
from ingestion.planning.archives import (
    Offer,
    archive_task,
    file_part,
    given_by_files,
    offer,
    only_files_tasks,
    relisted,
    relisting_task,
)
from ingestion.planning.feeds import feed_tasks
from ingestion.planning.plan import Instrument, Plan
from ingestion.planning.spans import TimeSpan, left_of
from ingestion.references import PROVIDERS
from ingestion.references.provider import WHOLE_LIST, FetchContext
from ingestion.venues import VENUES
from ingestion.venues.venue import Feed, History, Market, Snapshot, Venue
from warehouse.contracts import INSTRUMENTS

# How near the beginning of what a venue keeps is found, where it refuses what is older.
NARROWEST = timedelta(days=1)
# Months or years of files that are read at once; each asks for several files at once (Archive.at_once).
FILE_QUESTIONS_AT_ONCE = 4
# What takes so many times as long as what the first week needs is asked in two questions, the rest of it later.
MUCH_LONGER = 1.25
LATER = 1_000_000
FREE = Cost(requests=0)


@dataclass
class Origins:
    """Whom an ingestion asks: one client of each venue and one throttle of each provider, for all its datasets."""

    http: httpx.AsyncClient
    patience: Patience
    clients: dict[str, Any] = field(default_factory=dict)
    throttles: dict[str, Throttle] = field(default_factory=dict)

    def client(self, plan: Plan, venue: Venue) -> Any:
        """The client of a venue."""
        if venue.name not in self.clients:
            from ingestion.venues.client import VenueClient  # ccxt takes half a second to import

            throttle = Throttle(venue.name, self.patience, venue.at_once)
            self.clients[venue.name] = VenueClient(venue, plan.source, throttle, plan.calls_per_second)
        return self.clients[venue.name]

    def throttle(self, name: str, at_once: int, calls_per_minute: float | None = None) -> Throttle:
        """The throttle of a provider or an archive."""
        return self.throttles.setdefault(name, Throttle(name, self.patience, at_once, calls_per_minute))

    async def open(self, names: Collection[str], stack: AsyncExitStack) -> None:
        """Open the clients of those venues that are asked."""
        for name, client in self.clients.items():
            if name in names:
                await stack.enter_async_context(client)


def questions(plan: Plan, origins: Origins) -> list[Task]:
    """Everything that a plan asks, of everyone."""
    return [
        *_venue_tasks(plan, origins),
        *_reference_tasks(plan, origins),
        *([] if plan.only else _archive_tasks(plan, origins)),
    ]


def _venue_tasks(plan: Plan, origins: Origins) -> list[Task]:
    tasks: list[Task] = []
    for name, scope in plan.universe.venues.items():
        venue = VENUES[name]
        for market in venue.markets:
            if market.market_type not in scope.market_types:
                continue
            files = _files_of(plan, venue, market, origins)
            if files or plan.dataset in (INSTRUMENTS.name, *market.datasets):
                tasks += _market_tasks(plan, venue, market, origins.client(plan, venue), files)
    return tasks


def _files_of(plan: Plan, venue: Venue, market: Market, origins: Origins) -> tuple[Offer, ArchiveClient] | None:
    """Who has files of the dataset for a market, and the client that asks for them."""
    found = offer(plan, venue.name, market.market_type)
    if found is None:
        return None
    calls_per_minute = found.calls_per_minute if plan.source.kind == "live" else None
    throttle = origins.throttle(found.archive.name, FILE_QUESTIONS_AT_ONCE, calls_per_minute)
    return found, ArchiveClient(found.archive, plan.source, origins.http, throttle)


def _market_tasks(
    plan: Plan, venue: Venue, market: Market, client: Any, files: tuple[Offer, ArchiveClient] | None
) -> Iterator[Task]:
    market_type, throttle, due = market.market_type, client.throttle, plan.due
    if plan.dataset == INSTRUMENTS.name:
        if plan.is_due(venue.name, market_type, WHOLE_LIST):

            async def list_instruments() -> Answer:
                listed = await client.instruments(market, plan.universe.quotes)
                return Answer(_with_vanished(plan, venue, market, listed))

            yield Task(throttle, venue.name, market_type, WHOLE_LIST, due, due, list_instruments)
        return
    endpoint = market.datasets.get(plan.dataset)
    if isinstance(endpoint, Snapshot):
        # What a venue gives for now alone says nothing of weeks that are over.
        if plan.wanted is None and plan.is_due(venue.name, market_type, WHOLE_LIST):

            async def take_snapshot() -> Answer:
                return Answer(await client.snapshot(market, plan.dataset))

            cost = costs.of_snapshot(market, endpoint, len(plan.instruments))
            yield Task(throttle, venue.name, market_type, WHOLE_LIST, due, due, take_snapshot, cost)
        return
    known = [i for i in plan.instruments if (i.venue, i.market_type) == (venue.name, market_type)]
    if not known and not plan.only and (venue.name, market_type, WHOLE_LIST) not in plan.listed:
        yield _unlisted(plan, throttle, venue.name, market_type)
    if isinstance(endpoint, Feed):
        yield from feed_tasks(plan, market, client, known)
        return
    for instrument in known:
        if plan.universe.asks(plan.dataset, instrument.row):
            if files and (again := relisted(plan, files[0], instrument)):
                yield relisting_task(plan, *files, instrument, again)
            if endpoint is None:
                assert files is not None
                yield from only_files_tasks(plan, *files, instrument)
                continue
            for span in plan.spans(instrument, is_whole=endpoint.paging.order in ("whole", "numbered")):
                if files and given_by_files(plan, files[0], instrument, endpoint, span):
                    part = file_part(plan, files[0], endpoint, span)
                    yield archive_task(plan, *files, instrument, part)
                    if (span := (part[1], span[1]))[0] >= span[1]:
                        continue
                yield from _history_tasks(plan, market, instrument, endpoint, client, span)


def _unlisted(plan: Plan, throttle: Throttle, venue: str, market_type: str) -> Task:
    """A venue that never gave its list must show as a hole, not as a venue without instruments."""

    async def explain() -> Answer:
        raise Refused(f"no instrument of {venue} is known: its list of markets has never been read")

    return Task(throttle, venue, market_type, WHOLE_LIST, plan.source.starts_at, plan.due, explain)


def _history_tasks(
    plan: Plan, market: Market, instrument: Instrument, endpoint: History, client: Any, span: TimeSpan
) -> Iterator[Task]:
    """The question for a span, and, for what lies further back than the venue keeps, the answer it would give.

    What the first week needs is a question of its own, with an earlier turn, where all of it would take much longer.
    """
    venue, symbol, (start, end) = instrument.venue, instrument.venue_symbol, span
    throttle, now, turn = client.throttle_of(endpoint), plan.source.now, plan.turn(instrument)
    kept_from = plan.kept_from(endpoint)
    if endpoint.depth and kept_from is not None:
        listed_at = instrument.row["listed_at"]
        if start < kept_from and (listed_at is None or listed_at.replace(tzinfo=UTC) < kept_from):
            gone = (start, min(end, kept_from))
            key = (venue, market.market_type, symbol)
            is_wanted = any(gap_start < kept_from for gap_start, _ in plan.gaps.get(key, ()))
            if is_wanted or left_of(gone, plan.answered.get(key, ())):  # else it was had, or given up, before
                words = f"the venue keeps only {endpoint.depth / timedelta(days=1):.0f} days"
                yield Task(client.throttle, venue, market.market_type, symbol, *gone, partial(not_kept, words), FREE)
        start = max(start, kept_from)
        if start >= end:
            return
    cost = costs.of_history(market, endpoint, start, end, now)
    if plan.first is not None and start < (needed := plan.needed_from) < end:
        first = costs.of_history(market, endpoint, needed, end, now)
        if cost.seconds > MUCH_LONGER * first.seconds:
            yield _history_task(plan, market, instrument, endpoint, client, (needed, end), first, throttle, turn)
            cost, end, turn = costs.of_history(market, endpoint, start, needed, now), needed, turn + LATER
    yield _history_task(plan, market, instrument, endpoint, client, (start, end), cost, throttle, turn)


def _history_task(
    plan: Plan,
    market: Market,
    instrument: Instrument,
    endpoint: History,
    client: Any,
    span: TimeSpan,
    cost: Cost,
    throttle: Throttle,
    turn: int,
) -> Task:
    venue, symbol, (start, end) = instrument.venue, instrument.venue_symbol, span

    async def rows_since(moment: datetime) -> pa.Table:
        rows: pa.Table = await client.history(
            market,
            plan.dataset,
            symbol,
            moment,
            plan.source.now if end == plan.due else end,
            contract_size=instrument.row["contract_size"],
            is_inverse=instrument.row["is_inverse"],
        )
        return rows

    async def read() -> Answer:
        try:
            return Answer(await rows_since(start))
        except OutOfRange as error:
            since, rows = await _narrowed(rows_since, start, end, error)
            told = partial(not_kept, f"the venue refuses what is older: {error}")
            gone = Task(throttle, venue, market.market_type, symbol, start, since, told, FREE)
            return Answer(rows, then=[gone], since=since)
        except NotOffered:
            if instrument.is_active:
                raise
            return Answer(None)  # delisted, and by now forgotten: there is nothing left to ask for

    return Task(throttle, venue, market.market_type, symbol, start, end, read, cost, turn)


async def _narrowed(
    rows_since: Callable[[datetime], Awaitable[pa.Table]], start: datetime, end: datetime, refusal: OutOfRange
) -> tuple[datetime, pa.Table]:
    """From when on a venue answers that refuses to answer since `start`, to a day, and its rows; else the refusal."""
    refused, found = start, None
    since = end
    while since - refused > NARROWEST:
        middle = (refused + (since - refused) / 2).replace(minute=0, second=0, microsecond=0)
        try:
            found = await rows_since(middle)
            since = middle
        except OutOfRange:
            refused = middle
    if found is None:
        raise refusal
    return since, found


def _with_vanished(plan: Plan, venue: Venue, market: Market, listed: pa.Table) -> pa.Table:
    """The list, and below it what was listed before and is no more: still known, not active."""
    now_listed = set(listed["venue_symbol"].to_pylist())
    vanished = [
        {name: instrument.row[name] for name in listed.schema.names} | {"is_active": False}
        for instrument in plan.instruments
        if (instrument.venue, instrument.market_type) == (venue.name, market.market_type)
        and instrument.is_active
        and instrument.venue_symbol not in now_listed
    ]
    return pa.concat_tables([listed, pa.Table.from_pylist(vanished, schema=listed.schema)])


def _reference_tasks(plan: Plan, origins: Origins) -> list[Task]:
    tasks: list[Task] = []
    for name, scope in plan.universe.references.items():
        provider = PROVIDERS[name]
        if plan.dataset not in provider.datasets:
            continue
        calls_per_minute = provider.calls_per_minute(scope)
        throttle = origins.throttle(name, provider.at_once, calls_per_minute if plan.source.kind == "live" else None)
        context = FetchContext(
            plan.dataset,
            plan.source.since(plan.deepest) if plan.deepest else plan.source,  # a series comes whole
            scope,
            throttle,
            origins.http,
            plan.due,
            partial(plan.covered_until, name, None),
            partial(plan.is_due, name, None),
            tuple(plan.offered.get(name, ())),
            plan.coins if name == "coingecko" else (),
            plan.has_real_retention,
            lambda series, name=name: plan.gaps.get((name, None, series), ()),  # type: ignore[misc]
            partial(plan.reaches, name, None),
        )
        for task in provider.tasks(context):
            days = (task.window_end - task.window_start).days
            tasks.append(replace(task, cost=costs.of_calls(calls_per_minute, days)))
    return tasks


def _archive_tasks(plan: Plan, origins: Origins) -> list[Task]:
    throttle = origins.throttle(market_archive.INDEX, at_once=2)
    # A venue that lists nothing at this source is asked for nothing: what the archive has of it is all there is.
    lists = {(instrument.venue, instrument.market_type) for instrument in plan.instruments}
    asked_elsewhere = {
        (name, market_type)
        for name, scope in plan.universe.venues.items()
        for market_type in scope.market_types
        if isinstance(VENUES[name].market(market_type).datasets.get(plan.dataset), History)
        and ((name, market_type) in lists or (name, market_type, WHOLE_LIST) not in plan.listed)
    } | {(name, None) for name in plan.universe.references if plan.dataset in PROVIDERS[name].datasets}
    return market_archive.tasks(
        plan.dataset,
        plan.source,
        origins.http,
        throttle,
        plan.due,
        lambda origin, series: plan.covered_until(origin, None, series),
        asked_elsewhere,
    )
