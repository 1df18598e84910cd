"""Ingestion of one dataset: what is due is asked of everyone at once, and lands as it comes.

Belongs here: the plan (universe × instruments × what has been asked already), landing in batches, the result.
Does not: how one origin is asked (venues, references, archives), loading into raw (warehouse).

Nothing that a venue or provider does stops the others: what failed is a failed request in the ledger, with a reason.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import duckdb
import httpx
import pyarrow as pa

from ingestion import warehouse
from ingestion.archives import market_archive
from ingestion.contracts import DATASETS
from ingestion.fetch import IMPATIENT, Answer, FetchError, Line, NotOffered, Outcome, Patience, Refused, Task, run
from ingestion.home import Home
from ingestion.landing import Judge, Landing, Manifest, Request
from ingestion.progress import Listener, Silent
from ingestion.references import PROVIDERS
from ingestion.references.provider import WHOLE_LIST, Desk, get_once, read_answer
from ingestion.source import Source
from ingestion.universe import Universe
from ingestion.venues import VENUES
from ingestion.venues.venue import History, Market, Snapshot, Venue

# A batch lands when it is this large: small enough to hold and judge at once, large enough for few files.
ROWS_PER_BATCH = 200_000

# What the market server declares is far above what one process can ask; this keeps ccxt's throttle honest and quick.
MARKET_SERVER_CALLS_PER_SECOND = 2000.0

Covered = dict[tuple[str, str | None, str], datetime]


@dataclass(frozen=True)
class Instrument:
    """One instrument that raw knows, as its latest version has it."""

    venue: str
    market_type: str
    venue_symbol: str
    base: str
    is_active: bool
    learned_at: datetime
    row: dict[str, Any] = field(compare=False, repr=False)


@dataclass
class Ingested:
    """What one ingestion brought: rows landed, questions asked, those that failed, and the files."""

    dataset: str
    rows: int = 0
    requests: int = 0
    failed: list[Request] = field(default_factory=list)
    manifests: list[Manifest] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """What a plan is made from: the source and its clock, the universe, and what raw knows already."""

    dataset: str
    source: Source
    universe: Universe
    covered: Covered
    not_offered: Covered
    listed: Covered
    instruments: tuple[Instrument, ...]
    coins: tuple[tuple[str, str, str], ...]
    server: dict[str, Any] = field(default_factory=dict)

    @property
    def due(self) -> datetime:
        """Answers are wanted up to here: the last full hour of the source's clock."""
        return self.source.now.replace(minute=0, second=0, microsecond=0)

    def covered_until(self, origin: str, market_type: str | None, series: str) -> datetime | None:
        """How far this series has been asked completely."""
        return self.covered.get((origin, market_type, series))

    def is_due(self, origin: str, market_type: str | None, series: str) -> bool:
        """True if something may have happened since this series was asked completely, or found not to exist."""
        key = (origin, market_type, series)
        return all(known.get(key) is None or known[key] < self.due for known in (self.covered, self.not_offered))

    @property
    def patience(self) -> Patience:
        """How long a question is repeated at this source."""
        return Patience() if self.source.kind == "live" else IMPATIENT

    @property
    def offered(self) -> dict[str, list[str]]:
        """The series that a market server says it has, by provider."""
        return self.server.get("series") or {}

    @property
    def calls_per_second(self) -> float | None:
        """How often a market server may be asked; None: each real venue's own limit."""
        return None if self.source.kind == "live" else MARKET_SERVER_CALLS_PER_SECOND

    @property
    def has_real_retention(self) -> bool:
        """True where venues forget as the real ones do: asking for what they have forgotten is useless."""
        return self.source.kind == "live" or bool(self.server.get("has_real_retention"))


def ingest(
    dataset: str,
    *,
    home: Home,
    source: Source,
    judge: Judge,
    progress: Listener | None = None,
    universe: Universe | None = None,
    patience: Patience | None = None,
) -> Ingested:
    """Ask everyone for what is due of `dataset` and land it; load it with `warehouse.load_landed` afterwards.

    What was asked completely up to the source's present hour is not asked again, so a second call asks nothing.
    """
    with warehouse.connect(home) as connection:
        plan = _plan(connection, dataset, source, universe or Universe.read())
    return asyncio.run(_ingest(plan, home, judge, progress or Silent(), patience or plan.patience))


async def _ingest(plan: Plan, home: Home, judge: Judge, progress: Listener, patience: Patience) -> Ingested:
    result = Ingested(plan.dataset)
    landing = Landing(home)
    loop = asyncio.get_running_loop()
    batches: dict[tuple[str, str | None], _Batch] = defaultdict(_Batch)
    landings: list[asyncio.Future[Manifest]] = []

    async with AsyncExitStack() as stack:
        # One thread lands and judges while the next answers come in; one, so that batches land one after another.
        writer = stack.enter_context(ThreadPoolExecutor(max_workers=1, thread_name_prefix="landing"))
        http = await stack.enter_async_context(
            httpx.AsyncClient(timeout=30, headers={"User-Agent": "market-regime"}, verify=plan.source.base_url is None)
        )
        plan = await _with_contents(plan, http)
        tasks = [
            *await _venue_tasks(plan, stack, patience),
            *_reference_tasks(plan, http, patience),
            *_archive_tasks(plan, http, patience),
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
            if key in batches and batches[key].rows >= ROWS_PER_BATCH:
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
    if answer.is_only_directions:
        return
    rows = answer.rows.num_rows if answer.rows else 0
    yield Request(dataset, task.origin, task.market_type, task.series, *window, rows, "complete", outcome.reason)
    for c in answer.covers:
        yield Request(dataset, task.origin, c.market_type, c.series, c.window_start, c.window_end, c.rows, "complete")


def _tell_asked(progress: Listener, dataset: str, tasks: Sequence[Task]) -> None:
    counts: dict[str, int] = defaultdict(int)
    for task in tasks:
        counts[task.origin] += 1
    for origin, count in counts.items():
        progress.asked(dataset, origin, count)


def _plan(connection: duckdb.DuckDBPyConnection, dataset: str, source: Source, universe: Universe) -> Plan:
    cursor = connection.execute(
        "select * from raw.instruments qualify row_number() over"
        " (partition by venue, market_type, venue_symbol order by recorded_at desc, load_id desc) = 1"
        " order by venue, market_type, venue_symbol"
    )
    names = [column[0] for column in cursor.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    instruments = tuple(
        Instrument(
            row["venue"], row["market_type"], row["venue_symbol"], row["base"], row["is_active"],
            row["recorded_at"].replace(tzinfo=UTC), row,
        )
        for row in rows
    )  # fmt: skip
    # Coins that were asked for one by one before: what came in bulk only is not the provider's to give.
    coins = connection.execute(
        "select provider_asset_id, max_by(symbol, observed_at), max_by(name, observed_at) from raw.market_caps"
        " where provider = 'coingecko' and provider_asset_id in"
        " (select series from raw.requests where dataset = 'market_caps' and origin = 'coingecko')"
        " group by all order by all"
    ).fetchall()
    not_offered = connection.execute(
        "select origin, market_type, series, max(window_end) from raw.requests"
        " where dataset = ? and status = 'failed' and starts_with(reason, ?) group by all",
        [dataset, NotOffered.PREFIX],
    ).fetchall()
    return Plan(
        dataset,
        source,
        universe,
        covered=warehouse.covered_until(connection, dataset),
        not_offered={tuple(key): until.replace(tzinfo=UTC) for *key, until in not_offered},  # type: ignore[misc]
        listed=warehouse.covered_until(connection, "instruments"),
        instruments=instruments,
        coins=tuple((coin, symbol, name) for coin, symbol, name in coins),
    )


async def _with_contents(plan: Plan, http: httpx.AsyncClient) -> Plan:
    """The plan with what a market server says of itself beside the time: its series, and whether it forgets."""
    if plan.source.base_url is None:
        return plan
    try:
        url = f"{plan.source.base_url}/market/contents"
        return replace(plan, server=read_answer(await get_once(http, url), lambda response: dict(response.json())))
    except FetchError:  # then every question fails with its own reason, which the ledger keeps
        return plan


async def _venue_tasks(plan: Plan, stack: AsyncExitStack, patience: Patience) -> list[Task]:
    if plan.dataset != "instruments" and not any(
        plan.dataset in market.datasets for venue in VENUES.values() for market in venue.markets
    ):
        return []
    from ingestion.venues.client import VenueClient  # ccxt takes half a second to import

    tasks: list[Task] = []
    for name, scope in plan.universe.venues.items():
        venue = VENUES[name]
        line = Line(name, patience, venue.at_once)
        markets = [market for market in venue.markets if market.market_type in scope.market_types]
        client = VenueClient(venue, plan.source, line, plan.calls_per_second)
        wanted = [task for market in markets for task in _market_tasks(plan, venue, market, client)]
        if wanted:
            await stack.enter_async_context(client)
            tasks += wanted
    return tasks


def _market_tasks(plan: Plan, venue: Venue, market: Market, client: Any) -> Iterator[Task]:
    market_type, line, due = market.market_type, client.line, plan.due
    if plan.dataset == "instruments":
        if plan.is_due(venue.name, market_type, WHOLE_LIST):

            async def list_instruments() -> Answer:
                listed = await client.instruments(market, plan.universe.quotes)
                return Answer(_with_vanished(plan, venue, market, listed))

            yield Task(line, venue.name, market_type, WHOLE_LIST, due, due, list_instruments)
        return
    endpoint = market.datasets.get(plan.dataset)
    if isinstance(endpoint, Snapshot):
        if plan.is_due(venue.name, market_type, WHOLE_LIST):

            async def take_snapshot() -> Answer:
                return Answer(await client.snapshot(market, plan.dataset))

            yield Task(line, venue.name, market_type, WHOLE_LIST, due, due, take_snapshot)
    elif isinstance(endpoint, History):
        known = [i for i in plan.instruments if (i.venue, i.market_type) == (venue.name, market_type)]
        if not known and (venue.name, market_type, WHOLE_LIST) not in plan.listed:
            yield _unlisted(plan, line, venue.name, market_type)
        scope = plan.universe.venues[venue.name]
        for instrument in known:
            if scope.includes(market_type, instrument.base) and _is_wanted(plan, instrument):
                yield _history_task(plan, market, instrument, endpoint, client)


def _unlisted(plan: Plan, line: Line, venue: str, market_type: str) -> Task:
    """A venue that never gave its list must show as a hole, not as a venue without instruments."""

    async def explain() -> Answer:
        raise Refused(f"no instrument of {venue} is known: its list of markets has never been read")

    return Task(line, venue, market_type, WHOLE_LIST, plan.source.starts_at, plan.due, explain)


def _is_wanted(plan: Plan, instrument: Instrument) -> bool:
    """Due, and not an instrument that ended before it was last asked completely."""
    key = (instrument.venue, instrument.market_type, instrument.venue_symbol)
    until = plan.covered_until(*key)
    return plan.is_due(*key) and (until is None or instrument.is_active or until < instrument.learned_at)


def _history_task(plan: Plan, market: Market, instrument: Instrument, endpoint: History, client: Any) -> Task:
    venue, symbol, end = instrument.venue, instrument.venue_symbol, plan.source.now
    until = plan.covered_until(venue, market.market_type, symbol)
    start = plan.source.starts_at
    if until is not None:
        start = max(start, until - plan.universe.reread.get(plan.dataset, timedelta(0)))
    if endpoint.depth and plan.has_real_retention:
        start = max(start, (end - endpoint.depth).replace(minute=0, second=0) + timedelta(hours=1))

    async def read() -> Answer:
        try:
            return Answer(await client.history(market, plan.dataset, symbol, start, end))
        except NotOffered:
            if instrument.is_active:
                raise
            return Answer(None)  # delisted, and by now forgotten: there is nothing left to ask for

    return Task(client.line, venue, market.market_type, symbol, start, plan.due, read)


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
        calls_per_minute = scope.settings.get("calls_per_minute") if plan.source.kind == "live" else None
        line = Line(name, patience, provider.at_once, calls_per_minute)
        desk = Desk(
            plan.dataset,
            plan.source,
            scope,
            line,
            http,
            plan.due,
            partial(plan.covered_until, name, None),
            partial(plan.is_due, name, None),
            tuple(plan.offered.get(name, ())),
            plan.coins if name == "coingecko" else (),
            plan.has_real_retention,
        )
        tasks += provider.tasks(desk)
    return tasks


def _archive_tasks(plan: Plan, http: httpx.AsyncClient, patience: Patience) -> list[Task]:
    line = Line(market_archive.INDEX, patience, at_once=2)
    asked_elsewhere = {
        (name, market_type)
        for name, scope in plan.universe.venues.items()
        for market_type in scope.market_types
        if isinstance(VENUES[name].market(market_type).datasets.get(plan.dataset), History)
    } | {(name, None) for name in plan.universe.references if plan.dataset in PROVIDERS[name].datasets}
    return market_archive.tasks(
        plan.dataset,
        plan.source,
        http,
        line,
        plan.due,
        lambda origin, series: plan.covered_until(origin, None, series),
        asked_elsewhere,
    )
