"""`regime backfill`: a range of weeks, the open gaps of the coverage ledger, or one symbol's week asked again."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from ingestion.ingest import Ingested, Only, ingest
from ingestion.planning.endpoints import endpoints
from ingestion.session import Session, hold
from ingestion.sources.choice import check_is_held, choose
from ingestion.sources.depth import with_depth
from ingestion.sources.opening import open_source
from ingestion.universe import Universe
from ingestion.venues import VENUES
from ingestion.venues.venue import History
from regime.commands import run as runs
from regime.errors import BadInput, RunFailed
from regime.progress import Steps
from regime.weeks import check_closed, parse
from warehouse import coverage
from warehouse.database import connect
from warehouse.home import Home
from warehouse.loading import load_landed
from warehouse.source import Source
from warehouse.week import Week

GAPS = "gaps"
HOW = "give --from WEEK and --to WEEK, or --history 3y, or --gaps, or --force with --venue, --symbol and --week"


@dataclass(frozen=True)
class Asked:
    """The command's options, as they were typed."""

    first: str | None = None
    last: str | None = None
    is_gaps: bool = False
    is_force: bool = False
    venue: str | None = None
    symbol: str | None = None
    week: str | None = None
    dataset: str | None = None


@dataclass(frozen=True)
class _Came:
    """What questions brought: the results, new or changed rows, and the closed weeks that these are of."""

    results: Sequence[Ingested]
    new_rows: int
    weeks: Sequence[Week]

    @property
    def requests(self) -> int:
        return sum(result.requests for result in self.results)

    @property
    def rows(self) -> int:
        return sum(result.rows for result in self.results)

    @property
    def reasons(self) -> list[str]:
        return [str(request.reason) for result in self.results for request in result.failed]


def check_alone(history: str | None, *others: object) -> None:
    """BadInput if a length of history is asked for together with something else, or a plan of nothing."""
    if history is None or any(others):
        raise BadInput(HOW)


def backfill_asked(asked: Asked, *, replay_dir: Path | None, is_live: bool, wait_seconds: float) -> None:
    """Do what the options say. BadInput if they say nothing, or two things."""
    named = (asked.venue, asked.symbol, asked.week)
    is_range = asked.first is not None or asked.last is not None
    if is_range + asked.is_gaps + asked.is_force != 1 or (asked.first is None) != (asked.last is None):
        raise BadInput(HOW)
    if asked.is_force != any(named) or (asked.is_force and not all(named)) or (asked.dataset and not asked.is_force):
        raise BadInput(HOW)
    if is_range:
        runs.run_range(asked.first, asked.last, replay_dir=replay_dir, is_live=is_live, wait_seconds=wait_seconds)
        return
    week = parse(str(asked.week)) if asked.is_force else None
    home = Home.at()
    choice = choose(home, replay_dir=replay_dir, is_live=is_live)
    check_is_held(home, choice)
    if not home.staging.exists():
        raise BadInput(f"{home.path} holds nothing yet: `regime run` first")
    with ExitStack() as stack:
        steps = stack.enter_context(Steps())
        steps.start("source")
        source = with_depth(home, stack.enter_context(open_source(choice)))
        steps.finish("source", f"{choice.words}, now {source.now:%Y-%m-%d %H:%M} UTC")
        if week:
            check_closed(week, week, source)
        patience = max(runs.LOCK_WAIT_SECONDS, wait_seconds)
        stack.enter_context(hold(home, choice, source, wait_seconds=patience, progress=steps))
        session = Session(home, source, steps)
        came = _ask_again(session, asked, week) if week else _ask_for_gaps(session)
        if came is None:
            return
        if came.weeks:
            weeks = came.weeks[0].until(came.weeks[-1])
            runs.publish(steps, session, weeks)
    if came.weeks:
        runs.summarise(home, choice, weeks)


def _ask_for_gaps(session: Session) -> _Came | None:
    """Ask for every open gap whose turn it is; None, having said so, if there is none."""
    with connect(session.home) as connection:
        load_landed(connection, session.home)
        coverage.update(connection, _ledger_clock(connection, session.source), session.source.starts_at, endpoints())
        gaps = coverage.open_gaps(connection, session.source.now)
        later = connection.execute(
            "select count(*), min(next_try_at) from raw.coverage where first_missing_at is not null and not is_closed"
        ).fetchall()[0]
    if not gaps:
        waiting = f"; the next of {later[0]} is asked for from {later[1]:%Y-%m-%d %H:%M} UTC on" if later[0] else ""
        print(f"no open gaps{waiting}")
        return None
    session.progress.start(GAPS)
    came = _ask(session, sorted({gap.dataset for gap in gaps}), Only())
    missing = sum(gap.missing_rows or 0 for gap in gaps)
    words = f"{len(gaps)} gaps asked for in {came.requests} questions, {missing:,} rows missing, {came.new_rows:,} came"
    session.progress.finish(GAPS, words)
    if came.reasons and len(came.reasons) == came.requests:
        raise RunFailed(f"no gap could be asked for: {came.reasons[0]}; they stay open, ask again later")
    if not came.weeks:
        print(f"{words}; no closed week gained rows, nothing to publish")
    return came


def _ask_again(session: Session, asked: Asked, week: Week) -> _Came:
    """Ask for one symbol's week, whatever the ledger says of it."""
    only = Only(
        asked.venue, asked.symbol, (week.starts_at, min(week.ends_at + timedelta(minutes=30), session.source.now))
    )
    datasets = _datasets_of(session.home, asked)
    session.progress.start(GAPS)
    came = _ask(session, datasets, only)
    words = f"{asked.symbol} of {asked.venue}, {week}: {came.rows:,} rows came, {came.new_rows:,} of them new"
    session.progress.finish(GAPS, words)
    if came.reasons:
        raise RunFailed(f"{asked.symbol} of {asked.venue} could not be asked for: {came.reasons[0]}")
    if not came.weeks:
        print(f"{words}: nothing to publish")
    return came


def _datasets_of(home: Home, asked: Asked) -> list[str]:
    """The datasets that a symbol can be asked for. BadInput if there is no such venue, symbol or dataset."""
    universe = Universe.read()
    name = str(asked.venue)
    if name not in universe.venues:
        raise BadInput(f"no venue is called {name[:40]!r}; asked are {', '.join(sorted(universe.venues))}")
    with connect(home) as connection:
        known = connection.execute(
            "select distinct market_type from raw.instruments where venue = ? and venue_symbol = ?",
            [asked.venue, asked.symbol],
        ).fetchall()
    if not known:
        raise BadInput(f"{asked.venue} lists no {str(asked.symbol)[:40]!r}; see marts.instruments for what it lists")
    venue = VENUES[name]
    offered = {
        dataset
        for (market_type,) in known
        for dataset, endpoint in venue.market(market_type).datasets.items()
        if isinstance(endpoint, History)
    }
    if asked.dataset is not None and asked.dataset not in offered:
        raise BadInput(
            f"{asked.venue} gives no history of {asked.dataset[:40]!r} for it; choose from {', '.join(sorted(offered))}"
        )
    return [asked.dataset] if asked.dataset else sorted(offered)


def _ledger_clock(connection: duckdb.DuckDBPyConnection, source: Source) -> datetime:
    """Where the ledger stands. What has happened since is not a gap: the next run will ask for it."""
    found = connection.execute("select now_at from raw.coverage_state").fetchall()
    return min(found[0][0].replace(tzinfo=UTC), source.now) if found else source.now


def _ask(session: Session, datasets: Sequence[str], only: Only) -> _Came:
    from expectations.runner import judge_at

    home, source = session.home, session.source
    with connect(home) as connection:
        before = connection.execute("select coalesce(max(load_id), 0) from raw.loads").fetchall()[0][0]
    judge = judge_at(source.now)
    results = []
    for dataset in datasets:
        results.append(ingest(dataset, home=home, source=source, judge=judge, progress=session.progress, only=only))
        with connect(home) as connection:
            load_landed(connection, home)
    with connect(home) as connection:
        coverage.update(connection, _ledger_clock(connection, source), source.starts_at, endpoints())
        weeks = coverage.weeks_since(connection, before)
        new_rows = connection.execute(
            "select coalesce(sum(new_rows), 0) from raw.loads where load_id > ?", [before]
        ).fetchall()[0][0]
    first, last = Week.of(source.starts_at), Week.last_closed(source.now)
    return _Came(results, int(new_rows), [week for week in weeks if first <= week <= last])
