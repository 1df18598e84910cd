"""Ingestion of one dataset: what is due is asked of everyone at once, and lands as it comes.

Nothing that a venue or provider does stops the others: what failed is a failed request in the ledger, with a reason.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime

import httpx
import pyarrow as pa

from ingestion.http.fetch import (
    NotAsked,
    Outcome,
    Patience,
    Task,
    run,
)
from ingestion.planning.plan import Only, Plan, read_plan
from ingestion.planning.questions import Origins, questions
from ingestion.planning.spans import TimeSpan
from ingestion.progress import RequestProgress, SilentRequests
from ingestion.secrets import kept_from_errors
from ingestion.sources.contents import contents
from ingestion.universe import Universe
from warehouse.contracts import DATASETS
from warehouse.database import connect
from warehouse.home import Home
from warehouse.landing import Judge, Landing, Manifest, Request
from warehouse.source import Source
from warehouse.week import Week

# A batch lands when it is this large: small enough to hold and judge at once, large enough for few files.
ROWS_PER_BATCH = 200_000
# Or this old: a run that is killed loses what has not landed.
SECONDS_PER_BATCH = 60.0
# What lands together: rows of one dataset, origin and market, from one archive's files or from the origin itself.
_BatchKey = tuple[str, str, str | None, str | None]


@dataclass
class Ingested:
    """What one ingestion brought: rows landed, questions asked, those that failed, and the files."""

    dataset: str
    rows: int = 0
    requests: int = 0
    failed: list[Request] = field(default_factory=list)
    manifests: list[Manifest] = field(default_factory=list)

    @property
    def not_asked(self) -> list[Request]:
        """Those questions that it was too late for."""
        return [request for request in self.failed if (request.reason or "").startswith(NotAsked.PREFIX)]


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
    deepest: datetime | None = None,
) -> Ingested:
    """Ask everyone for what is due of `dataset` and land it; load it with `warehouse.load_landed` afterwards.

    What was asked completely up to the source's present hour is not asked again, so a second call asks nothing.
    `wanted` narrows what is asked to what is not known of some weeks, `only` to gaps. What gives a series whole (a
    provider, an archive's file) is asked whole. With `deepest`, a history is made longer: archives are read too.
    """
    plans = read_plans([dataset], home, source, universe, wanted=wanted, deepest=deepest, only=only)
    with kept_from_errors():
        found = asyncio.run(_ingest(plans, home, judge, progress or SilentRequests(), patience or plans[0].patience))
    return found[dataset]


def ingest_together(
    datasets: Sequence[str],
    *,
    home: Home,
    source: Source,
    judge: Judge,
    progress: RequestProgress | None = None,
    universe: Universe | None = None,
    wanted: Sequence[TimeSpan] | None = None,
    deepest: datetime | None = None,
    first: Week | None = None,
    seconds: float | None = None,
) -> dict[str, Ingested]:
    """Ask for several datasets at the same time, each origin once within all its limits, and land what comes.

    What the week `first` needs is asked before anything else, of the largest coins first; after `seconds` no question
    is begun, and those left are in the ledger as not asked. A history that an origin gives only whole is asked back to
    `deepest`.
    """
    plans = read_plans(datasets, home, source, universe, wanted=wanted, deepest=deepest, first=first)
    with kept_from_errors():
        return asyncio.run(
            _ingest(plans, home, judge, progress or SilentRequests(), plans[0].patience, seconds=seconds)
        )


def foreseen(
    datasets: Sequence[str],
    *,
    home: Home,
    source: Source,
    universe: Universe | None = None,
    wanted: Sequence[TimeSpan] | None = None,
    deepest: datetime | None = None,
    first: Week | None = None,
) -> dict[str, list[Task]]:
    """The questions that `ingest_together` would begin with, by dataset, with what each is expected to cost."""
    plans = read_plans(datasets, home, source, universe, wanted=wanted, deepest=deepest, first=first)
    return asyncio.run(_foreseen(plans))


async def _foreseen(plans: Sequence[Plan]) -> dict[str, list[Task]]:
    async with httpx.AsyncClient() as http:
        origins = Origins(http, plans[0].patience)
        return {plan.dataset: questions(plan, origins) for plan in plans}


def read_plans(
    datasets: Sequence[str],
    home: Home,
    source: Source,
    universe: Universe | None,
    *,
    wanted: Sequence[TimeSpan] | None,
    deepest: datetime | None,
    first: Week | None = None,
    only: Only | None = None,
) -> list[Plan]:
    """The plans of several datasets, from what raw knows."""
    universe = universe or Universe.read()
    with connect(home) as connection:
        return [
            replace(
                read_plan(connection, dataset, source, universe, deepest),
                only=only,
                wanted=None if wanted is None else tuple(wanted),
                first=first,
            )
            for dataset in datasets
        ]


async def _ingest(
    plans: Sequence[Plan],
    home: Home,
    judge: Judge,
    progress: RequestProgress,
    patience: Patience,
    seconds: float | None = None,
) -> dict[str, Ingested]:
    results = {plan.dataset: Ingested(plan.dataset) for plan in plans}
    source = plans[0].source
    landing = Landing(home, source.now)
    loop = asyncio.get_running_loop()
    batches: dict[_BatchKey, _Batch] = defaultdict(_Batch)
    landings: list[tuple[str, asyncio.Future[Manifest]]] = []

    async with AsyncExitStack() as stack:
        # One thread lands and judges while the next answers come in; one, so that batches land one after another.
        writer = stack.enter_context(ThreadPoolExecutor(max_workers=1, thread_name_prefix="landing"))
        is_real = source.base_url is None
        headers = {"User-Agent": "market-regime"}
        http = await stack.enter_async_context(
            httpx.AsyncClient(timeout=30, headers=headers, verify=is_real, trust_env=is_real)
        )
        server = await contents(source, http)
        origins = Origins(http, patience)
        tasks: list[Task] = []
        dataset_of: dict[int, str] = {}

        def ask_for(dataset: str, more: Sequence[Task]) -> None:
            dataset_of.update({id(task): dataset for task in more})
            _tell_asked(progress, dataset, more)

        for plan in plans:
            wanted = questions(replace(plan, server=server), origins)
            ask_for(plan.dataset, wanted)
            tasks += wanted
        await origins.open({task.origin for task in tasks}, stack)

        def land(key: _BatchKey) -> None:
            batch, (dataset, origin, _, archive) = batches.pop(key), key
            args = (DATASETS[dataset], origin, batch.table(dataset), batch.requests, judge, archive)
            landings.append((dataset, loop.run_in_executor(writer, landing.land, *args)))

        async for outcome in run(tasks, seconds):
            task = outcome.task
            dataset = dataset_of.pop(id(task))
            result = results[dataset]
            if outcome.answer:
                ask_for(dataset, outcome.answer.then)
            requests = list(_requests(dataset, outcome))
            result.requests += len(requests)
            result.failed += [request for request in requests if request.status == "failed"]
            if requests:
                batches[dataset, task.origin, task.market_type, task.archive].add(outcome, requests)
            rows = outcome.answer.rows.num_rows if outcome.answer and outcome.answer.rows else 0
            result.rows += rows
            progress.answered(dataset, task.origin, rows, outcome.answer is None)
            for key in [key for key, batch in batches.items() if batch.is_to_land]:
                land(key)
        for key in sorted(batches, key=str):
            land(key)
        for dataset, landed in landings:
            results[dataset].manifests.append(await landed)
    return results


@dataclass
class _Batch:
    tables: list[pa.Table] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    rows: int = 0
    begun_s: float = field(default_factory=time.monotonic)

    @property
    def is_to_land(self) -> bool:
        return self.rows >= ROWS_PER_BATCH or time.monotonic() - self.begun_s >= SECONDS_PER_BATCH

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
