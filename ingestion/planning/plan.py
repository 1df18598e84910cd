"""The plan of an ingestion: the source and its clock, the universe, and what raw knows already."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from ingestion.archives import ARCHIVES
from ingestion.http.fetch import IMPATIENT, NotKept, NotOffered, Patience
from ingestion.planning.spans import TimeSpan, joined, left_of, within
from ingestion.universe import Universe
from ingestion.venues.venue import History
from warehouse import coverage
from warehouse.database import covered_until
from warehouse.source import Source
from warehouse.week import Week

# What the market server declares is far above what one process can ask; this keeps ccxt's throttle honest and quick.
MARKET_SERVER_CALLS_PER_SECOND = 2000.0

# Rows that a week needs from before it, where a day is not enough.
NEEDED_BEFORE = {"candles": timedelta(days=31)}
# After every coin whose rank is known.
LAST_RANK = 100_000
# How venues write a thousand or a million of a coin, and what Kraken calls two of them.
_MULTIPLE = re.compile(r"^(1000000|10000|1000|1M|k(?=[A-Z]))")
_SAME_COIN = {"XBT": "BTC", "XDG": "DOGE"}

Key = tuple[str, str | None, str]
Covered = dict[Key, datetime]


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


@dataclass(frozen=True)
class Reading:
    """A span of one instrument that files of an archive have answered, and the source's clock then (aware, UTC)."""

    start: datetime
    end: datetime
    read_at: datetime


@dataclass(frozen=True)
class Only:
    """Narrows what is asked to the open gaps, or to one instrument's span of time, whatever the ledger says of that."""

    venue: str | None = None
    symbol: str | None = None
    span: TimeSpan | None = None


@dataclass(frozen=True)
class Plan:
    """What a plan is made from: the source and its clock, the universe, and what raw knows already.

    `answered` holds the spans that were answered completely or are known to be gone, `gaps` those whose turn it is.
    `wanted` narrows all this to some weeks: only what is not known of them is asked. `deepest`, where a home's history
    is made longer, is how far back it will go: what comes only whole is asked back to there, and archives are read.
    `first` is a week whose needs come before all else, `ranks` the ranks of coins by symbol. `readings` are what files
    have answered.
    """

    dataset: str
    source: Source
    universe: Universe
    covered: Covered
    not_offered: Covered
    listed: Covered
    answered: Mapping[Key, Sequence[TimeSpan]]
    gaps: Mapping[Key, Sequence[TimeSpan]]
    instruments: tuple[Instrument, ...]
    coins: tuple[tuple[str, str, str], ...]
    only: Only | None = None
    wanted: tuple[TimeSpan, ...] | None = None
    deepest: datetime | None = None
    first: Week | None = None
    ranks: Mapping[str, int] = field(default_factory=dict)
    readings: Mapping[Key, Sequence[Reading]] = field(default_factory=dict)
    server: dict[str, Any] = field(default_factory=dict)

    @property
    def due(self) -> datetime:
        """Answers are wanted up to here: the last full hour of the source's clock."""
        return self.source.now.replace(minute=0, second=0, microsecond=0)

    @property
    def wanted_until(self) -> datetime:
        """What was asked completely up to here needs no question: `due`, or the end of the weeks that are wanted."""
        return self.due if self.wanted is None else min(self.due, max(end for _, end in self.wanted))

    def covered_until(self, origin: str, market_type: str | None, series: str) -> datetime | None:
        """How far this series has been asked completely."""
        return self.covered.get((origin, market_type, series))

    def is_due(self, origin: str, market_type: str | None, series: str) -> bool:
        """True if something may have happened since this series was asked completely, or found not to exist."""
        key = (origin, market_type, series)
        if self.only:
            return key in self.gaps and not self.only.span
        until = self.wanted_until
        return all(known.get(key) is None or known[key] < until for known in (self.covered, self.not_offered))

    def reaches(self, origin: str, market_type: str | None, series: str, since: datetime) -> bool:
        """False if what was asked of this series before does not go back so far; gaps are asked for as they are."""
        answered = self.answered.get((origin, market_type, series), ())
        return bool(self.only) or not answered or min(start for start, _ in answered) <= since

    @property
    def needed_from(self) -> datetime:
        """From when on the first week needs rows: of candles a month more, for what is measured over 30 days."""
        assert self.first is not None
        return self.first.starts_at - NEEDED_BEFORE.get(self.dataset, timedelta(days=1))

    def turn(self, instrument: Instrument) -> int:
        """The largest coins come first: their place among those that are known, 1000PEPE and kPEPE as PEPE."""
        if self.first is None:
            return 0
        base = _MULTIPLE.sub("", _SAME_COIN.get(instrument.base, instrument.base)).upper()
        return self.ranks.get(base, LAST_RANK)

    def spans(self, instrument: Instrument, *, is_whole: bool = False) -> list[TimeSpan]:
        """What is to be asked of an instrument's history: each span one question.

        One that `is_whole` is given back to its beginning in any case, and asked so far back at once.
        """
        key = (instrument.venue, instrument.market_type, instrument.venue_symbol)
        if self.only and self.only.span:
            wanted = (self.only.venue, self.only.symbol) == (instrument.venue, instrument.venue_symbol)
            return [self.only.span] if wanted else []
        gaps = [(start, min(end, self.due)) for start, end in self.gaps.get(key, ())]
        until, reread = self.covered_until(*key), self.universe.reread.get(self.dataset, timedelta(0))
        if self.only and until is not None and any(end > until for _, end in gaps):
            # The end of what was answered may have been unfinished; a later run would take it for settled.
            gaps.append((max(self.source.starts_at, until - reread), until))
        if self.wanted is not None:
            # What is asked for a gap reaches a little into the week beside it.
            inner = [
                (first + coverage.JITTER, last - coverage.JITTER) for first, last in joined(self.wanted, timedelta(0))
            ]
            gaps = [gap for gap in gaps if within([gap], inner)]
        if self.only or self.not_offered.get(key, self.source.starts_at) >= self.wanted_until:
            return joined(gaps)
        if until is not None and not instrument.is_active and until >= instrument.learned_at:
            return joined(gaps)  # it had ended before it was last asked
        starts_at = self.deepest if is_whole and self.deepest else self.source.starts_at
        unanswered = left_of((starts_at, self.due), self.answered.get(key, ()))
        if self.wanted is not None:
            unanswered = within(unanswered, [(starts_at, self.due)] if starts_at is self.deepest else self.wanted)
        if until is not None and unanswered and unanswered[-1][0] == until:
            unanswered[-1] = (max(self.source.starts_at, until - reread), unanswered[-1][1])
        return joined([*gaps, *unanswered])

    def kept_from(self, endpoint: History) -> datetime | None:
        """From when on an endpoint keeps its history at this source; None where it keeps all."""
        if not endpoint.depth or not self.has_real_retention:
            return None
        return (self.source.now - endpoint.depth).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)

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


def _ranks(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """The best rank of a coin of each symbol, in the newest list."""
    return dict(
        connection.execute(
            "select upper(symbol), min(rank) from raw.market_caps where rank is not null and observed_at >="
            " (select max(observed_at) - interval '1 day' from raw.market_caps where rank is not null) group by all"
        ).fetchall()
    )


def _readings(connection: duckdb.DuckDBPyConnection, dataset: str) -> Mapping[Key, Sequence[Reading]]:
    """What files of archives have answered, and when each span was last read."""
    found: dict[Key, list[Reading]] = defaultdict(list)
    for origin, market_type, series, *moments in connection.execute(
        "select origin, market_type, series, window_start, window_end, max(clock_at)"
        " from raw.requests r"
        " join (select load_id, clock_at from raw.loads where archive is not null) l using (load_id)"
        " where r.dataset = ? and status = 'complete' and clock_at is not null group by all",
        [dataset],
    ).fetchall():
        found[origin, market_type, series].append(Reading(*(moment.replace(tzinfo=UTC) for moment in moments)))
    return found


def read_plan(
    connection: duckdb.DuckDBPyConnection,
    dataset: str,
    source: Source,
    universe: Universe,
    deepest: datetime | None = None,
) -> Plan:
    """The plan for a dataset, from what raw and its ledger know.

    With `deepest`, what a venue keeps no longer counts as not answered where an archive of its may have it.
    """
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
        " group by all order by max_by(rank, observed_at) nulls last, provider_asset_id"
    ).fetchall()
    not_offered = connection.execute(
        "select origin, market_type, series, max(window_end) from raw.requests"
        " where dataset = ? and status = 'failed' and starts_with(reason, ?) group by all",
        [dataset, NotOffered.PREFIX],
    ).fetchall()
    answered: dict[Key, list[TimeSpan]] = defaultdict(list)
    with_files = [ARCHIVES[name].venue for name in universe.archives if deepest]
    for origin, market_type, series, start, end in connection.execute(
        "select distinct origin, market_type, series, window_start, window_end from raw.requests"
        " where dataset = ? and (status = 'complete' or starts_with(reason, ?) and not list_contains(?, origin))",
        [dataset, NotKept.PREFIX, with_files],
    ).fetchall():
        answered[origin, market_type, series].append((start.replace(tzinfo=UTC), end.replace(tzinfo=UTC)))
    gaps: dict[Key, list[TimeSpan]] = defaultdict(list)
    for gap in coverage.open_gaps(connection, source.now, dataset):
        gaps[gap.origin, gap.market_type, gap.series].append((gap.window_start, gap.window_end))
    return Plan(
        dataset,
        source,
        universe,
        covered=covered_until(connection, dataset),
        not_offered={tuple(key): until.replace(tzinfo=UTC) for *key, until in not_offered},  # type: ignore[misc]
        listed=covered_until(connection, "instruments"),
        answered=answered,
        gaps=gaps,
        instruments=instruments,
        coins=tuple((coin, symbol, name) for coin, symbol, name in coins),
        deepest=deepest,
        ranks=_ranks(connection),
        readings=_readings(connection, dataset),
    )
