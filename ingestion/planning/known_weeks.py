"""Which weeks of a dataset raw holds, by the ledger: asked of everyone who is required, answered, and nothing open.

A gap that a venue has answered is no question any more: the venue does not have it. What nobody required gives (a feed
of optional venues) is in where one of them has answered for the whole week.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from ingestion.archives import ARCHIVES
from ingestion.http.fetch import NotKept, NotOffered
from ingestion.planning.spans import TimeSpan, joined, left_of
from ingestion.references import PROVIDERS
from ingestion.references.provider import WHOLE_LIST
from ingestion.universe import Universe
from ingestion.venues import VENUES
from ingestion.venues.venue import Feed, History
from warehouse.contracts import INSTRUMENTS
from warehouse.coverage import ANSWERED, JITTER
from warehouse.source import Source
from warehouse.week import Week


@dataclass(frozen=True)
class WeekState:
    """A closed week of a dataset: whether raw holds it; if not, why, and whether anyone can still be asked for it."""

    is_in: bool
    reason: str = ""
    can_be_asked: bool = True


IN = WeekState(True)


def span(week: Week) -> TimeSpan:
    """What must be asked to have a week's rows: those of its last moment come a little later."""
    return week.starts_at, week.ends_at + JITTER


def week_states(
    connection: duckdb.DuckDBPyConnection, dataset: str, source: Source, universe: Universe
) -> dict[Week, WeekState]:
    """Every closed week of the source, oldest first. `coverage.update` must have run."""
    weeks = Week.of(source.starts_at).until(Week.last_closed(source.now))
    if dataset == INSTRUMENTS.name:
        return _listed(connection, source, universe, weeks)
    return _received(connection, dataset, source, universe, weeks)


def _listed(
    connection: duckdb.DuckDBPyConnection, source: Source, universe: Universe, weeks: Sequence[Week]
) -> dict[Week, WeekState]:
    """A week is in when each required venue's list was read after it had closed: lists keep what they once named."""
    read: dict[tuple[str, str], datetime] = {
        (origin, market): until.replace(tzinfo=UTC)
        for origin, market, until in connection.execute(
            "select origin, market_type, max(window_end) from raw.requests where dataset = ? and series = ?"
            " and status = 'complete' group by all",
            [INSTRUMENTS.name, WHOLE_LIST],
        ).fetchall()
    }
    required = [(name, m) for name, scope in universe.venues.items() if scope.is_required for m in scope.market_types]
    states = {}
    for week in weeks:
        unread = sorted({name for name, m in required if read.get((name, m), source.starts_at) < week.ends_at})
        states[week] = WeekState(False, f"no list of {', '.join(unread)} since the week closed") if unread else IN
    return states


def _received(
    connection: duckdb.DuckDBPyConnection, dataset: str, source: Source, universe: Universe, weeks: Sequence[Week]
) -> dict[Week, WeekState]:
    required, optional = _origins(connection, dataset, universe)
    answered, complete = _answered(connection, dataset)
    if not optional and (there_until := _files_there_until(dataset, source, universe)):
        return _in_files(connection, dataset, source, weeks, there_until)
    rows = dict(
        connection.execute(
            "select week_start, sum(received_rows) from raw.coverage where dataset = ? group by all", [dataset]
        ).fetchall()
    )
    gaps: Mapping[Any, str] = dict(
        connection.execute(
            "select week_start, any_value(origin || ' ' || series || ': ' || reason order by origin, series)"
            " from raw.coverage where dataset = ? and first_missing_at is not null and not is_closed"
            " and not starts_with(reason, ?) and list_contains(?, origin) group by all",
            [dataset, ANSWERED, sorted(required)],
        ).fetchall()
    )
    states = {}
    for week in weeks:
        wanted = (max(week.starts_at, source.starts_at), week.ends_at)
        silent = sorted(name for name in required if left_of(wanted, answered.get(name, ())))
        if gap := gaps.get(week.start):
            states[week] = WeekState(False, gap)
        elif silent:
            states[week] = WeekState(False, f"{', '.join(silent)} did not answer for all of it")
        elif not required and all(left_of(wanted, answered.get(name, ())) for name in optional):
            # Of a feed that nobody is required to give, what lies further back than it is asked is out of reach.
            can_be_asked = any(back is None or wanted[0] >= source.now - back for back in optional.values())
            states[week] = WeekState(False, "no venue has answered for all of it", can_be_asked)
        elif not rows.get(week.start) and left_of(wanted, complete):
            states[week] = WeekState(False, "no venue keeps it that far back", can_be_asked=False)
        else:
            states[week] = IN
    return states


def _files_there_until(dataset: str, source: Source, universe: Universe) -> dict[tuple[str, str], datetime]:
    """Up to when archives have files of a dataset by now, by venue and market."""
    return {
        (ARCHIVES[name].venue, kind.market_type): kind.holds_until(source.now)
        for name in universe.archives
        for kind in ARCHIVES[name].kinds
        if dataset in kind.datasets
    }


def _in_files(
    connection: duckdb.DuckDBPyConnection,
    dataset: str,
    source: Source,
    weeks: Sequence[Week],
    there_until: Mapping[tuple[str, str], datetime],
) -> dict[Week, WeekState]:
    """What files alone have: a week is in when those of all its days were read, and no sooner can be.

    Nobody is required to publish files. What somebody recorded of another market says nothing of them.
    """
    answered = [
        _answered(connection, dataset, market_type)[0].get(venue, []) for venue, market_type in sorted(there_until)
    ]
    states = {}
    for week in weeks:
        wanted = (max(week.starts_at, source.starts_at), week.ends_at)
        if any(not left_of(wanted, spans) for spans in answered):
            states[week] = IN
        else:
            can_be_asked = max(there_until.values()) >= week.ends_at
            words = "no archive has answered for all of it" if can_be_asked else "its last files are not there yet"
            states[week] = WeekState(False, words, can_be_asked)
    return states


def _origins(
    connection: duckdb.DuckDBPyConnection, dataset: str, universe: Universe
) -> tuple[set[str], dict[str, timedelta | None]]:
    """Who must have answered, and all who may, with how far back they are asked (None: as far as the source reaches).

    A venue whose list is read and names no instrument is asked for nothing; a snapshot is of now, not of a week.
    """
    listing = {
        (origin, market)
        for origin, market in connection.execute("select distinct venue, market_type from raw.instruments").fetchall()
    }
    read = {
        (origin, market)
        for origin, market in connection.execute(
            "select distinct origin, market_type from raw.requests where dataset = ? and status = 'complete'",
            [INSTRUMENTS.name],
        ).fetchall()
    }
    required: set[str] = set()
    optional: dict[str, timedelta | None] = {}
    for name, scope in universe.venues.items():
        for market_type in scope.market_types:
            endpoint = VENUES[name].market(market_type).datasets.get(dataset)
            is_asked = (name, market_type) in listing or (name, market_type) not in read
            if isinstance(endpoint, History | Feed) and is_asked:
                if scope.is_required:
                    required.add(name)
                optional[name] = endpoint.asked_back if isinstance(endpoint, Feed) else None
    for name, reference in universe.references.items():
        if dataset in PROVIDERS[name].datasets:
            if reference.is_required:
                required.add(name)
            optional[name] = None
    return required, optional


def _answered(
    connection: duckdb.DuckDBPyConnection, dataset: str, market_type: str | None = None
) -> tuple[dict[str, list[TimeSpan]], list[TimeSpan]]:
    """The time for which each origin (in a market) has answered: with rows, that there are none, or that it keeps none.

    And the time for which anyone has said what there is.
    """
    windows: dict[str, list[TimeSpan]] = defaultdict(list)
    complete: list[TimeSpan] = []
    for origin, status, start, end in connection.execute(
        "select distinct origin, status, window_start, window_end from raw.requests where dataset = ?"
        " and market_type is not distinct from coalesce(?, market_type)"
        " and (status = 'complete' or starts_with(reason, ?) or starts_with(reason, ?))",
        [dataset, market_type, NotKept.PREFIX, NotOffered.PREFIX],
    ).fetchall():
        window = (start.replace(tzinfo=UTC), end.replace(tzinfo=UTC))
        windows[origin].append(window)
        if status == "complete":
            complete.append(window)
    return {origin: joined(asked, timedelta(0)) for origin, asked in windows.items()}, joined(complete, timedelta(0))
