"""`python -m benchmarks.first_page`: what a first page and three years of history take at the real services, counted.

Nobody is asked. A home knows so many instruments of each venue and market; the questions are those that a run would
put, in its order, and their time is what the declared limits of the real services spread them over.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from ingestion.history import FIRST_MINUTES, HISTORIES, HistoryPlan, plan_of
from ingestion.http.fetch import Task
from ingestion.ingest import foreseen
from ingestion.planning import costs
from ingestion.session import Session
from ingestion.sources.depth import EARLIEST, FIRST_WEEKS, beginning
from ingestion.universe import Universe
from warehouse.database import connect
from warehouse.home import Home
from warehouse.source import Source
from warehouse.week import Week

NOW = datetime(2026, 11, 30, 6, tzinfo=UTC)
INSTRUMENTS, COINS = 600, 250
YEARS = 3


@dataclass(frozen=True)
class FirstPage:
    """The questions of a first page, and those of them that begin within the time there is."""

    tasks: Sequence[Task]
    begun: Sequence[Task]
    per_dataset: dict[str, tuple[int, int]]

    @property
    def minutes(self) -> float:
        """How long those that begin take, by the slowest origin."""
        return max(cost.minutes for cost in costs.by_origin(self.begun))


def known_home(directory: Path, instruments: int = INSTRUMENTS) -> Home:
    """A home that has read every venue's list, with so many instruments in each market, and the list of coins."""
    home = Home(directory)
    directory.mkdir(parents=True, exist_ok=True)
    with connect(home) as connection:
        for name, scope in Universe.read().venues.items():
            for market_type in scope.market_types:
                connection.execute(
                    "insert into raw.instruments by name select ? as venue, ? as market_type,"
                    " 'C' || n || 'USDT' as venue_symbol, 'C' || n as base, 'USDT' as quote, 'USDT' as settle,"
                    " 1.0 as contract_size, false as is_inverse, true as is_active, 'crypto' as asset_class,"
                    " false as is_premarket, timestamp '2020-01-01' as listed_at, ?::timestamp as recorded_at,"
                    " 1 as load_id from range(1, ?) t(n)",
                    [name, market_type, NOW.replace(tzinfo=None), instruments + 1],
                )
        connection.execute(
            "insert into raw.market_caps by name select 'coingecko' as provider, 'c' || n as provider_asset_id,"
            " 'C' || n as symbol, 'C' || n as name, n as rank, ?::timestamp as observed_at,"
            " ?::timestamp as recorded_at, 1 as load_id from range(1, ?) t(n)",
            [NOW.replace(tzinfo=None), NOW.replace(tzinfo=None), COINS + 1],
        )
        connection.execute(
            "insert into raw.requests by name select 'market_caps' as dataset, 'coingecko' as origin,"
            " case when n = 0 then '*' else 'c' || n end as series, ?::timestamp as window_start,"
            " ?::timestamp as window_end, 0 as rows_received, case when n = 0 then 'complete' else 'failed' end as"
            " status, case when n > 0 then 'not asked yet' end as reason, 1 as load_id from range(0, ?) t(n)",
            [NOW.replace(tzinfo=None), NOW.replace(tzinfo=None), COINS + 1],
        )
    return home


def first_source() -> Source:
    """The real services as a new home has them."""
    return Source("live", None, EARLIEST, NOW).since(beginning(NOW, timedelta(weeks=FIRST_WEEKS)))


def first_page(home: Home, minutes: float = FIRST_MINUTES) -> FirstPage:
    """The questions of the first page."""
    by_dataset = foreseen(HISTORIES, home=home, source=first_source(), first=Week.last_closed(NOW))
    dataset_of = {id(task): dataset for dataset, tasks in by_dataset.items() for task in tasks}
    tasks = [task for of_dataset in by_dataset.values() for task in of_dataset]
    begun = costs.within(tasks, 60 * minutes)
    asked, due = (Counter(dataset_of[id(task)] for task in some) for some in (begun, tasks))
    return FirstPage(tasks, begun, {dataset: (asked[dataset], due[dataset]) for dataset in by_dataset})


def last_weeks(page: FirstPage) -> dict[tuple[str, str | None], int]:
    """Of each venue's market, how many instruments are asked for the last closed week in every dataset they have."""
    ends = Week.last_closed(NOW).ends_at
    questions: dict[tuple[str, str | None, str], Counter[bool]] = defaultdict(Counter)
    begun = {id(task) for task in page.begun}
    for task in page.tasks:
        if task.window_end >= ends > task.window_start and not task.series.startswith("*"):
            questions[task.origin, task.market_type, task.series][id(task) in begun] += 1
    return Counter((origin, market) for (origin, market, _), put in questions.items() if not put[False])


def document(page: FirstPage, plan: HistoryPlan, instruments: int) -> str:
    """A part of docs/benchmarks.md."""
    requests, begun = (sum(task.cost.requests for task in tasks) for tasks in (page.tasks, page.begun))
    lines = [
        "## A first page, and three years behind it",
        "",
        f"Counted, not measured: {instruments} instruments in each market of each venue, {COINS} coins, at the limits",
        "that the real services declare (ccxt's, and the stricter ones of `ingestion/venues`), without archives. The",
        f"first page asks for {FIRST_MINUTES:.0f} minutes, the last week of the largest coins first; the rest is",
        "told as thin. `python -m benchmarks.first_page` makes this.",
        "",
        f"The first page: {begun:,} of {requests:,} requests, {page.minutes:.1f} minutes with the slowest origin.",
        "",
        "| origin | requests begun | minutes | all of 13 weeks | minutes | series whose last week is asked whole |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    whole, of_begun = last_weeks(page), {cost.origin: cost for cost in costs.by_origin(page.begun)}
    for cost in costs.by_origin(page.tasks):
        now = of_begun[cost.origin]
        counts = ", ".join(f"{n} {market or ''}".strip() for (of, market), n in whole.items() if of == cost.origin)
        figures = (f"{now.requests:,}", f"{now.minutes:.1f}", f"{cost.requests:,}", f"{cost.minutes:.1f}", counts)
        lines.append(f"| {cost.origin} | {' | '.join(figures)} |")
    lines += [
        "",
        f"Three years (`regime backfill --history {YEARS}y --plan`): {plan.requests:,} requests,"
        f" {plan.minutes / 60:,.0f} hours, {plan.disk_mb / 1000:,.0f} GB on disk.",
        "",
        "| origin | requests | hours | million rows | files |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {cost.origin} | {cost.requests:,} | {cost.minutes / 60:.1f} | {cost.rows / 1e6:.1f} | {cost.files:,} |"
        for cost in plan.origins
    ]
    return "\n".join([*lines, ""])


def main() -> int:
    """Count, and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.first_page", description="Requests, counted.")
    parser.add_argument(
        "--instruments", type=int, default=INSTRUMENTS, metavar="N", help="in each market of each venue"
    )
    parser.add_argument("--rounds", type=int, default=1, help="counting once is enough; taken for the others' sake")
    instruments = parser.parse_args().instruments
    with TemporaryDirectory(prefix="first_page-") as directory:
        home = known_home(Path(directory), instruments)
        plan = plan_of(Session(home, first_source()), beginning(NOW, timedelta(days=365.25 * YEARS)))
        print(document(first_page(home), plan, instruments))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
