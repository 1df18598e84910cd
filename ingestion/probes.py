"""One small question to every endpoint that is asked, before anything else is: what came, in which state it is.

Belongs here: the questions, and what their answers say of reach, clock, shape and limits. Not here: the table and the
exit code (regime.commands.doctor).
"""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Literal, cast, get_args
from urllib.parse import quote, urlsplit

import httpx

from ingestion.archives import ARCHIVES
from ingestion.archives.archive import FileKind, Length, Period
from ingestion.archives.client import ArchiveClient
from ingestion.archives.files import read_texts, unzip
from ingestion.archives.listing import ListedFile
from ingestion.http.errors import BUSY_STATUSES
from ingestion.http.fetch import FetchError, Malformed, Throttle, Unreachable, in_ledger
from ingestion.http.heard import Heard, listening
from ingestion.planning.plan import MARKET_SERVER_CALLS_PER_SECOND
from ingestion.references import PROVIDERS
from ingestion.references.provider import Provider, Reading, get_once, read_answer
from ingestion.sources.contents import contents
from ingestion.universe import Universe
from ingestion.venues import VENUES
from ingestion.venues.venue import History, Market, PageRequest, Snapshot, Venue
from warehouse.contracts import CANDLES, INSTRUMENTS
from warehouse.source import Source

# The worst first. `blocked`: the service does not answer callers from here; `rejected`: it does not take the question.
State = Literal["unreachable", "blocked", "limited", "rejected", "malformed", "empty", "clock", "well"]
STATES: tuple[State, ...] = get_args(State)

BLOCKED_STATUSES = {403, 451}
# HTTP dates are whole seconds, and the answer was under way for some of one.
MOST_CLOCK_DIFFERENCE_S = 5.0
MOST_SECONDS = 30.0
# Long enough to hold a row of whatever comes every eight hours.
RECENT = timedelta(days=2)
RECENT_CANDLES = timedelta(hours=6)
# So far back an archive surely has a file.
_LISTED: Mapping[Length, timedelta] = {"day": timedelta(days=10), "month": timedelta(days=100)}

_LIMIT_HEADERS = re.compile(r"rate-?limit|used-weight|used-remain|bapi-limit|retry-after")


@dataclass(frozen=True)
class Probe:
    """A question: whom it is put to, about which datasets, and how. It gives the number of rows that could be read.

    `symbol` is the place in the address where another series may stand; `none_is_well` says why no row may come.
    `endpoint` is its address, where that is not what was asked last.
    """

    service: str
    datasets: tuple[str, ...]
    ask: Callable[[], Awaitable[int]]
    throttle: Throttle
    symbol: str = ""
    none_is_well: str = ""
    endpoint: str = ""


@dataclass(frozen=True)
class Finding:
    """What came of an endpoint: its address (`…` for a symbol), its state, and what tells it.

    `clock_ahead_s` is the server's clock less ours (None: it does not say); `limits` are the headers that tell of
    them; `status` is None where no answer came.
    """

    service: str
    endpoint: str
    datasets: tuple[str, ...]
    state: State
    told: str
    rows: int = 0
    status: int | None = None
    clock_ahead_s: float | None = None
    limits: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def host(self) -> str:
        """Who was asked."""
        return self.endpoint.split("/")[0]


async def examine(source: Source, universe: Universe) -> list[Finding]:
    """Ask every endpoint of the universe; one finding for each address, in the order in which they are declared.

    A market server is asked about the venues that it has.
    """
    async with AsyncExitStack() as stack:
        is_real = source.base_url is None
        http = await stack.enter_async_context(
            httpx.AsyncClient(
                timeout=MOST_SECONDS, headers={"User-Agent": "market-regime"}, verify=is_real, trust_env=is_real
            )
        )
        server = await contents(source, http)
        probes = [
            *await _of_venues(source, universe, server, stack),
            *_of_providers(source, universe, http),
            *_of_archives(source, universe, server, http),
        ]
        found = await asyncio.gather(*(_found(probe, source) for probe in probes))
    return _by_address(found)


def no_network(findings: Sequence[Finding]) -> str | None:
    """One line, if nobody at all could be reached; else None."""
    if any(finding.state != "unreachable" for finding in findings):
        return None
    hosts = {finding.host for finding in findings}
    return f"no network here: none of {len(hosts)} hosts can be reached ({findings[0].told})" if findings else None


async def _of_venues(
    source: Source, universe: Universe, server: Mapping[str, Any], stack: AsyncExitStack
) -> list[Probe]:
    from ingestion.venues.client import VenueClient  # ccxt takes half a second to import

    calls_per_second = None if source.base_url is None else MARKET_SERVER_CALLS_PER_SECOND
    probes: list[Probe] = []
    for name, scope in universe.venues.items():
        venue = VENUES[name]
        client = VenueClient(venue, source, Throttle(name, at_once=venue.at_once), calls_per_second)
        await stack.enter_async_context(client)
        for market in venue.markets:
            is_served = "venues" not in server or market.market_type in server["venues"].get(name, ())
            if market.market_type in scope.market_types and is_served:
                has = server["datasets"].get(name, ()) if "datasets" in server else market.datasets
                probes += _of_market(venue, market, client, source.now, has)
    return probes


def _of_market(
    venue: Venue,
    market: Market,
    client: "VenueClient",  # type: ignore[name-defined]  # noqa: F821
    now: datetime,
    has: Collection[str],
) -> Iterator[Probe]:
    """The questions to one market; `has` are the datasets of which it can have rows."""
    now_ms = int(now.timestamp() * 1000)

    async def listed(question: dict[str, object]) -> int:
        rows, set_aside, more = await client.listed(market, question)
        return len(rows) + len(set_aside) + len(more)

    async def page(dataset: str, back: timedelta) -> int:
        start_ms = int((now - back).timestamp() * 1000)
        return len(await client.page(market, dataset, PageRequest(market.bitcoin, start_ms, now_ms)))

    async def observed(dataset: str, question: dict[str, object]) -> int:
        return len(await client.observed(market, dataset, question))

    async def told(dataset: str) -> int:
        return len(await client.told(market, dataset, PageRequest("", now_ms - 3_600_000, now_ms)))

    probe = partial(Probe, venue.name, throttle=client.throttle)
    for question in market.listing.questions:
        # One of several lists may name nothing today: contracts before their coin trades, dexes of builders.
        few = "the list is empty today" if len(market.listing.questions) > 1 else ""
        yield probe((INSTRUMENTS.name,), partial(listed, dict(question)), none_is_well=few)
    for dataset, endpoint in market.datasets.items():
        none = "" if dataset in has else "the market has none of it"
        if isinstance(endpoint, History):
            back = RECENT_CANDLES if dataset == CANDLES.name else RECENT
            symbol = quote(market.bitcoin, safe="")
            yield probe((dataset,), partial(page, dataset, back), symbol=symbol, none_is_well=none)
        elif isinstance(endpoint, Snapshot):
            for question in endpoint.questions:
                yield probe((dataset,), partial(observed, dataset, dict(question)), none_is_well=none)
        else:
            yield probe((dataset,), partial(told, dataset), none_is_well="nothing happened within the hour")


def _of_providers(source: Source, universe: Universe, http: httpx.AsyncClient) -> Iterator[Probe]:
    async def read(provider: Provider, reading: Reading) -> int:
        url = source.url(reading.address.replace("{series}", reading.example))
        parameters = dict(reading.small(source.now))
        response = await get_once(http, url, parameters, provider.headers(source), errors=provider.errors)
        return read_answer(response, lambda r: reading.read(r, reading.example, source.now)).num_rows

    for name in universe.references:
        provider = PROVIDERS[name]
        throttle = Throttle(name, at_once=provider.at_once)
        for reading in provider.readings:
            symbol = reading.example if "{series}" in reading.address else ""
            yield Probe(name, (reading.dataset,), partial(read, provider, reading), throttle, symbol)


def _of_archives(
    source: Source, universe: Universe, server: Mapping[str, Any], http: httpx.AsyncClient
) -> Iterator[Probe]:
    """Of each archive its list, the newest file of each kind for bitcoin, and the checksum beside one."""
    for name, scope in universe.archives.items():
        archive = ARCHIVES[name]
        venue = VENUES[archive.venue]
        asked = {market_type: venue.market(market_type).bitcoin for market_type in _asked_of(universe, server, venue)}
        throttle = Throttle(name, at_once=archive.at_once, calls_per_minute=scope.calls_per_minute)
        client = ArchiveClient(archive, source, http, throttle)
        has = server["datasets"].get(venue.name, ()) if "datasets" in server else None
        kinds = [kind for kind in archive.kinds if kind.market_type in asked]
        for kind in kinds:
            symbol = asked[kind.market_type]
            none = "" if has is None or set(kind.datasets) & set(has) else "the market has none of it"
            if has is not None and kind.holds_until(source.now) <= source.starts_at:
                none = f"the market has no {kind.lengths[-1]} that is over"
            probe = partial(Probe, name, throttle=throttle, none_is_well=none)
            ask = partial(_listed_now, client, kind, symbol, source.now)
            yield probe(("archive_files",), ask, endpoint=archive.list_place)
            ask = partial(_read_newest, client, kind, symbol, source.now)
            yield probe(tuple(kind.datasets), ask, endpoint=archive.place(kind))
        for kind in kinds[:1]:
            ask = partial(_summed, client, kind, asked[kind.market_type], source.now)
            yield Probe(name, ("archive_checksums",), ask, throttle, endpoint=archive.checksum_place)


def _asked_of(universe: Universe, server: Mapping[str, Any], venue: Venue) -> list[str]:
    """The markets of a venue that the universe asks for and the source has."""
    scope = universe.venues.get(venue.name)
    served = None if "venues" not in server else server["venues"].get(venue.name, ())
    return [m for m in (scope.market_types if scope else ()) if served is None or m in served]


async def _newest(client: ArchiveClient, kind: FileKind, symbol: str, now: datetime) -> list[ListedFile]:
    """The files of the last months, or of the last days where a kind has daily ones."""
    length = kind.lengths[-1]
    since = Period.holding(now - _LISTED[length], length)
    return list((await client.page(prefix := kind.prefix(symbol, length), prefix + since.name)).files)


async def _listed_now(client: ArchiveClient, kind: FileKind, symbol: str, now: datetime) -> int:
    return len(await _newest(client, kind, symbol, now))


async def _read_newest(client: ArchiveClient, kind: FileKind, symbol: str, now: datetime) -> int:
    files = await _newest(client, kind, symbol, now)
    if not files:
        return 0
    key = files[-1].key
    return read_texts(kind, {key: unzip(key, await client.file(key))}, symbol).num_rows


async def _summed(client: ArchiveClient, kind: FileKind, symbol: str, now: datetime) -> int:
    summed = [file.key for file in await _newest(client, kind, symbol, now) if file.has_checksum]
    return len([await client.checksum(key) for key in summed[-1:]])


async def _found(probe: Probe, source: Source) -> Finding:
    rows, error = 0, cast(FetchError | None, None)
    async with probe.throttle.slots:
        with listening() as heard:
            started, before = time.monotonic(), datetime.now(UTC)
            try:
                async with asyncio.timeout(MOST_SECONDS):
                    rows = await probe.ask()
            except TimeoutError:
                error = Unreachable(f"no answer within {MOST_SECONDS:.0f} s")
            except FetchError as failed:
                error = failed
            seconds = time.monotonic() - started
    ours = source.now if source.base_url is not None else before + timedelta(seconds=seconds / 2)
    ahead_s = _ahead_s(heard, ours)
    finding = Finding(
        probe.service,
        probe.endpoint or _address(heard, source, probe.symbol) or probe.service,
        probe.datasets,
        "well",
        f"{rows:,} rows",
        rows,
        heard.status,
        ahead_s,
        {name: value for name, value in heard.headers.items() if _LIMIT_HEADERS.search(name)},
        round(seconds, 2),
    )
    if error is not None:
        return replace(finding, state=_state_of(error, heard), told=in_ledger(error))
    if not rows:
        why = probe.none_is_well
        return replace(finding, state="well" if why else "empty", told=why or "an answer without a row")
    if ahead_s is not None and abs(ahead_s) > MOST_CLOCK_DIFFERENCE_S:
        where = "ahead of" if ahead_s > 0 else "behind"
        return replace(finding, state="clock", told=f"its clock is {abs(ahead_s):.0f} s {where} ours")
    return finding


def _state_of(error: FetchError, heard: Heard) -> State:
    status = heard.status
    if isinstance(error, Malformed):
        return "malformed"
    if isinstance(error, Unreachable):
        # Some say by 403, or by a code in an answer with status 200, that it was too often.
        return "limited" if status is not None and (status in BUSY_STATUSES or status < 500) else "unreachable"
    return "blocked" if status in BLOCKED_STATUSES else "rejected"


def _ahead_s(heard: Heard, ours: datetime) -> float | None:
    """The server's clock less ours: its Date, and for an answer out of a cache its Age (RFC 9110, 6.6.1; 9111, 5.1)."""
    try:
        date = parsedate_to_datetime(heard.headers["date"])
        age = timedelta(seconds=float(heard.headers.get("age", 0)))
    except (LookupError, TypeError, ValueError):
        return None
    return round((date.replace(tzinfo=date.tzinfo or UTC) + age - ours).total_seconds(), 1)


def _address(heard: Heard, source: Source, symbol: str) -> str:
    """Host and path as the real service has them, `…` for the symbol; and the type, where one path serves many."""
    parts = urlsplit(heard.url)
    path = parts.path.lstrip("/") if source.base_url is not None else f"{parts.netloc}{parts.path}"
    if symbol:
        path = "/".join("…" if part == symbol else part for part in path.split("/"))
    kind = ""
    with suppress(ValueError, AttributeError):
        kind = json.loads(heard.sent).get("type", "")
    return f"{path} {kind}".strip()


def _by_address(found: Sequence[Finding]) -> list[Finding]:
    """One finding for each address: the worst of its questions, with the datasets and rows of all."""
    together: dict[tuple[str, str], list[Finding]] = {}
    for finding in found:
        together.setdefault((finding.service, finding.endpoint), []).append(finding)
    merged = []
    for findings in together.values():
        worst = min(findings, key=lambda finding: STATES.index(finding.state))
        rows = sum(finding.rows for finding in findings)
        datasets = tuple(dict.fromkeys(name for finding in findings for name in finding.datasets))
        told = f"{rows:,} rows" if worst.state == "well" and rows else worst.told
        merged.append(replace(worst, datasets=datasets, rows=rows, told=told))
    return merged
