"""Ingestion of one dataset: what is due is asked of everyone at once, and lands as it comes.

Nothing that a venue or provider does stops the others: what failed is a failed request in the ledger, with a reason.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pyarrow as pa

from ingestion.archives import market_archive
from ingestion.archives.client import ArchiveClient
from ingestion.http.bodies import read_json
from ingestion.http.fetch import (
    Answer,
    FetchError,
    NotOffered,
    Outcome,
    OutOfRange,
    Patience,
    Refused,
    Task,
    Throttle,
    not_kept,
    run,
)
from ingestion.planning.archives import Offer, archive_task, file_part, given_by_files, offer
from ingestion.planning.feeds import feed_tasks
from ingestion.planning.plan import Instrument, Only, Plan, read_plan
from ingestion.planning.spans import TimeSpan, left_of
from ingestion.progress import RequestProgress, SilentRequests
from ingestion.references import PROVIDERS
from ingestion.references.provider import WHOLE_LIST, FetchContext, get_once, read_answer
from ingestion.secrets import kept_from_errors
from ingestion.universe import Universe
from ingestion.venues import VENUES
from ingestion.venues.venue import Feed, History, Market, Snapshot, Venue
from warehouse.contracts import DATASETS
from warehouse.database import connect
from warehouse.home import Home
from warehouse.landing import Judge, Landing, Manifest, Request
from warehouse.source import Source

# A batch lands when it is this large: small enough to hold and judge at once, large enough for few files.
ROWS_PER_BATCH = 200_000
# Or when it has gathered for so long: what a killed run has not landed is asked for again.
SECONDS_PER_BATCH = 300.0
# How near the beginning of what a venue keeps is found, where it refuses what is older.
NARROWEST = timedelta(days=1)
# Months or years of files that are read at once; each asks for several files at once (Archive.at_once).
FILE_QUESTIONS_AT_ONCE = 4


@dataclass
class Ingested:
    """What one ingestion brought: rows landed, questions asked, those that failed, and the files."""

    dataset: str
    rows: int = 0
    requests: int = 0
    failed: list[Request] = field(default_factory=list)
    manifests: list[Manifest] = field(default_factory=list)


def ingest(
    dataset: str,
    *,
    home: Home,
    source: Source,
    judge: Judge,
    progress: RequestProgress | None = None,
    universe: Universe | None = None,
    patience: Patience | None = None,
    only: Only | None = None,
    wanted: Sequence[TimeSpan] | None = None,
    reads_archives: bool = False,
) -> Ingested:
    """Ask everyone for what is due of `dataset` and land it; load it with `warehouse.load_landed` afterwards.

    What was asked completely up to the source's present hour is not asked again, so a second call asks nothing.
    `wanted` narrows what is asked to what is not known of some weeks, `only` to gaps. What gives a series whole (a
    provider, an archive's file) is asked whole. With `reads_archives`, what venues keep no longer is read from files,
    and what they keep wherever that is sooner done.
    """
    with connect(home) as connection:
        plan = replace(
            read_plan(
                connection,
                dataset,
                source,
                universe or Universe.read(),
                reads_archives=reads_archives,
            ),
            only=only,
            wanted=None if wanted is None else tuple(wanted),
        )
    with kept_from_errors():
        return asyncio.run(_ingest(plan, home, judge, progress or SilentRequests(), patience or plan.patience))


async def _ingest(plan: Plan, home: Home, judge: Judge, progress: RequestProgress, patience: Patience) -> Ingested:
    result = Ingested(plan.dataset)
    landing = Landing(home, plan.source.now)
    loop = asyncio.get_running_loop()
    batches: dict[tuple[str, str | None], _Batch] = defaultdict(_Batch)
    landings: list[asyncio.Future[Manifest]] = []

    async with AsyncExitStack() as stack:
        # One thread lands and judges while the next answers come in; one, so that batches land one after another.
        writer = stack.enter_context(ThreadPoolExecutor(max_workers=1, thread_name_prefix="landing"))
        is_real = plan.source.base_url is None
        headers = {"User-Agent": "market-regime"}
        http = await stack.enter_async_context(
            httpx.AsyncClient(timeout=30, headers=headers, verify=is_real, trust_env=is_real)
        )
        plan = await _with_contents(plan, http)
        tasks = [
            *await _venue_tasks(plan, http, stack, patience),
            *_reference_tasks(plan, http, patience),
            *([] if plan.only else _archive_tasks(plan, http, patience)),
        ]
        _tell_asked(progress, plan.dataset, tasks)

        def land(key: tuple[str, str | None]) -> None:
            batch = batches.pop(key)
            args = (DATASETS[plan.dataset], key[0], batch.table(plan.dataset), batch.requests, judge)
            landings.append(loop.run_in_executor(writer, landing.land, *args))

        async for outcome in run(tasks):
            task = outcome.task
            if outcome.answer:
                _tell_asked(progress, plan.dataset, outcome.answer.then)
            requests = list(_requests(plan.dataset, outcome))
            result.requests += len(requests)
            result.failed += [request for request in requests if request.status == "failed"]
            key = (task.origin, task.market_type)
            if requests:
                batches[key].add(outcome, requests)
            rows = outcome.answer.rows.num_rows if outcome.answer and outcome.answer.rows else 0
            result.rows += rows
            progress.answered(plan.dataset, task.origin, rows, outcome.answer is None)
            if key in batches and batches[key].is_full:
                land(key)
        for key in sorted(batches, key=str):
            land(key)
        result.manifests = list(await asyncio.gather(*landings))
    return result


@dataclass
class _Batch:
    tables: list[pa.Table] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    rows: int = 0
    began_s: float = field(default_factory=time.monotonic)

    @property
    def is_full(self) -> bool:
        """True if it is to land: it is large, or has waited long enough."""
        return self.rows >= ROWS_PER_BATCH or time.monotonic() - self.began_s >= SECONDS_PER_BATCH

    def add(self, outcome: Outcome, requests: Sequence[Request]) -> None:
        self.requests += requests
        if outcome.answer and outcome.answer.rows:
            self.tables.append(outcome.answer.rows)
            self.rows += outcome.answer.rows.num_rows

    def table(self, dataset: str) -> pa.Table:
        return pa.concat_tables(self.tables) if self.tables else DATASETS[dataset].schema.empty_table()


def _requests(dataset: str, outcome: Outcome) -> Iterator[Request]:
    """The ledger's lines for one outcome: the question itself, and each series that its answer spoke of."""
    task, answer = outcome.task, outcome.answer
    window = (task.window_start, task.window_end)
    if answer is None:
        yield Request(dataset, task.origin, task.market_type, task.series, *window, 0, "failed", outcome.reason)
        return
    rows = answer.rows.num_rows if answer.rows else 0
    window = (answer.since or task.window_start, task.window_end)
    if not answer.is_indirect:
        yield Request(dataset, task.origin, task.market_type, task.series, *window, rows, "complete", outcome.reason)
    for c in answer.covers:
        yield Request(dataset, task.origin, c.market_type, c.series, c.window_start, c.window_end, c.rows, "complete")


def _tell_asked(progress: RequestProgress, dataset: str, tasks: Sequence[Task]) -> None:
    counts: dict[str, int] = defaultdict(int)
    for task in tasks:
        counts[task.origin] += 1
    for origin, count in counts.items():
        progress.asked(dataset, origin, count)


async def _with_contents(plan: Plan, http: httpx.AsyncClient) -> Plan:
    """The plan with what a market server says of itself beside the time: its series, and whether it forgets."""
    if plan.source.base_url is None:
        return plan
    try:
        url = f"{plan.source.base_url}/market/contents"
        answer = await get_once(http, url)
        return replace(plan, server=read_answer(answer, lambda response: dict(read_json(response.content))))
    except FetchError:  # then every question fails with its own reason, which the ledger keeps
        return plan


async def _venue_tasks(plan: Plan, http: httpx.AsyncClient, stack: AsyncExitStack, patience: Patience) -> list[Task]:
    if plan.dataset != "instruments" and not any(
        plan.dataset in market.datasets for venue in VENUES.values() for market in venue.markets
    ):
        return []
    from ingestion.venues.client import VenueClient  # ccxt takes half a second to import

    tasks: list[Task] = []
    for name, scope in plan.universe.venues.items():
        venue = VENUES[name]
        throttle = Throttle(name, patience, venue.at_once)
        markets = [market for market in venue.markets if market.market_type in scope.market_types]
        client = VenueClient(venue, plan.source, throttle, plan.calls_per_second)
        wanted = [
            task
            for market in markets
            for task in _market_tasks(plan, venue, market, client, _files_of(plan, venue, market, http, patience))
        ]
        if wanted:
            await stack.enter_async_context(client)
            tasks += wanted
    return tasks


def _files_of(
    plan: Plan, venue: Venue, market: Market, http: httpx.AsyncClient, patience: Patience
) -> tuple[Offer, ArchiveClient] | None:
    """Who has files of the dataset for a market, and the client that asks for them."""
    found = offer(plan, venue.name, market.market_type)
    if found is None:
        return None
    calls_per_minute = found.calls_per_minute if plan.source.kind == "live" else None
    throttle = Throttle(found.archive.name, patience, FILE_QUESTIONS_AT_ONCE, calls_per_minute)
    return found, ArchiveClient(found.archive, plan.source, http, throttle)


def _market_tasks(
    plan: Plan, venue: Venue, market: Market, client: Any, files: tuple[Offer, ArchiveClient] | None
) -> Iterator[Task]:
    market_type, throttle, due = market.market_type, client.throttle, plan.due
    if plan.dataset == "instruments":
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

            yield Task(throttle, venue.name, market_type, WHOLE_LIST, due, due, take_snapshot)
    elif isinstance(endpoint, History | Feed):
        known = [i for i in plan.instruments if (i.venue, i.market_type) == (venue.name, market_type)]
        if not known and not plan.only and (venue.name, market_type, WHOLE_LIST) not in plan.listed:
            yield _unlisted(plan, throttle, venue.name, market_type)
        if isinstance(endpoint, Feed):
            yield from feed_tasks(plan, market, client, known)
            return
        for instrument in known:
            if plan.universe.asks(plan.dataset, instrument.row):
                for span in plan.spans(instrument):
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
    """The question for a span, and, for what lies further back than the venue keeps, the answer it would give."""
    venue, symbol, (start, end) = instrument.venue, instrument.venue_symbol, span
    kept_from = plan.kept_from(endpoint)
    if kept_from is not None:
        listed_at = instrument.row["listed_at"]
        if start < kept_from and (listed_at is None or listed_at.replace(tzinfo=UTC) < kept_from):
            gone = (start, min(end, kept_from))
            key = (venue, market.market_type, symbol)
            is_wanted = any(gap_start < kept_from for gap_start, _ in plan.gaps.get(key, ()))
            if is_wanted or left_of(gone, plan.answered.get(key, ())):  # else it was had, or given up, before
                words = f"the venue keeps only {(endpoint.depth or timedelta(0)) / timedelta(days=1):.0f} days"
                yield Task(client.throttle, venue, market.market_type, symbol, *gone, partial(not_kept, words))
        start = max(start, kept_from)
        if start >= end:
            return

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
            gone = Task(client.throttle, venue, market.market_type, symbol, start, since, told)
            return Answer(rows, then=[gone], since=since)
        except NotOffered:
            if instrument.is_active:
                raise
            return Answer(None)  # delisted, and by now forgotten: there is nothing left to ask for

    yield Task(client.throttle, venue, market.market_type, symbol, start, end, read)


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


def _reference_tasks(plan: Plan, http: httpx.AsyncClient, patience: Patience) -> list[Task]:
    tasks: list[Task] = []
    for name, scope in plan.universe.references.items():
        provider = PROVIDERS[name]
        if plan.dataset not in provider.datasets:
            continue
        calls_per_minute = provider.calls_per_minute(scope) if plan.source.kind == "live" else None
        throttle = Throttle(name, patience, provider.at_once, calls_per_minute)
        context = FetchContext(
            plan.dataset,
            plan.source,
            scope,
            throttle,
            http,
            plan.due,
            partial(plan.covered_until, name, None),
            partial(plan.is_due, name, None),
            tuple(plan.offered.get(name, ())),
            plan.coins if name == "coingecko" else (),
            plan.has_real_retention,
            lambda series, name=name: plan.gaps.get((name, None, series), ()),  # type: ignore[misc]
        )
        tasks += provider.tasks(context)
    return tasks


def _archive_tasks(plan: Plan, http: httpx.AsyncClient, patience: Patience) -> list[Task]:
    throttle = Throttle(market_archive.INDEX, patience, at_once=2)
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
        http,
        throttle,
        plan.due,
        lambda origin, series: plan.covered_until(origin, None, series),
        asked_elsewhere,
    )
