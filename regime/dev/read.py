"""`regime dev read`: one recorded answer, served to the adapter that asks for it, and what the adapter makes of it.

Belongs here: finding the adapter, by asking each of a service's questions and looking at where it goes; judging the
rows as they would be judged when they land; the JSON.
Does not: reading answers (ingestion), or what a believable row is (expectations).
"""

import asyncio
import csv
import json
import math
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa

from expectations.runner import judge_at
from ingestion.archives import ARCHIVES
from ingestion.archives.archive import Archive
from ingestion.archives.client import ArchiveClient
from ingestion.archives.files import NotAsPublished
from ingestion.http.fetch import FetchError, Malformed, NotOffered, OutOfRange, Throttle, Unreachable
from ingestion.references import PROVIDERS
from ingestion.references.provider import Provider, Reading, get_once, read_answer
from ingestion.venues import VENUES
from ingestion.venues.client import VenueClient, events_table, to_table
from ingestion.venues.venue import Feed, History, Market, PageRequest, Snapshot, Venue
from regime.dev.read_archive import asked_of, rows_of
from regime.dev.recorded import AnsweringServer, RecordedAnswer, answering, read_recorded
from warehouse.builds.project import PROJECT_DIR
from warehouse.contracts import CANDLES, DATASETS, INSTRUMENTS, Dataset
from warehouse.landing import Verdict
from warehouse.source import Source

# Stands in an address where a symbol belongs, to see where that is.
_ANY = "SYMBOL0"
# Parameters that tell one kind of question from another; the rest narrow it.
_TELLING = ("category", "type", "productType", "settle", "instType", "dex", "pair", "contractType")
_SYMBOLS = ("symbol", "contract", "instId", "coin", "id", "series_id")
# Another address of a service for the same rows in the same shape, by its documents.
_ALIKE = (
    (re.compile(r"/api/v5/market/candles$"), "/api/v5/market/history-candles"),
    (re.compile(r"(/coins/[^/]+/market_chart)$"), r"\1/range"),
)
# Where no list of contracts stands beside an answer: sizes as their venue's list had them on 2026-09-25.
_SIZES = {"gate": {"BTC_USDT": 0.0001, "ETH_USDT": 0.01}}
_NEXT = {
    "retry": "ask again",
    "narrow": "ask again for a later or a shorter window",
    "not_offered": "ask no more: the service does not have it",
    "malformed": "ask again, and give up if it stays so: this is no answer",
    "give_up": "do not ask again: the question or the place is wrong",
}

Rows = Sequence[Mapping[str, Any]]


@dataclass
class Made:
    """What an adapter makes of one answer. `notes` say what could not be known from it."""

    dataset: str | None
    rows: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    error: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)


@dataclass
class Question:
    """A question of an adapter: what it is about, how it is put for a symbol, and where it was seen to go."""

    dataset: str
    ask: Callable[[str], Awaitable[tuple[list[dict[str, Any]], list[dict[str, Any]]]]]
    address: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    depth: timedelta | None = None
    in_contracts: bool = False


def show(path: Path) -> int:
    """Print what is made of an answer as JSON; 0 for one that is read or named, 2 where no adapter asks for it."""
    found = read(read_recorded(path))
    print(json.dumps(vars(found), ensure_ascii=False, indent=1, default=_as_json))
    return 0 if found.dataset else 2


def read(answer: RecordedAnswer) -> Made:
    """What the adapter that asks this endpoint makes of the answer; no dataset where none does."""
    return asyncio.run(_read(answer))


async def _read(answer: RecordedAnswer) -> Made:
    with answering() as server:
        source = Source("simulated", server.url, answer.now - timedelta(days=365), answer.now)
        if answer.service in VENUES:
            venue = VENUES[answer.service]
            throttle = Throttle(venue.name)
            async with VenueClient(venue, source, throttle, calls_per_second=1e5) as client:
                return await _of_venue(answer, server, venue, client)
        if answer.service in PROVIDERS:
            async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
                return await _of_provider(answer, server, PROVIDERS[answer.service], source, http)
        if answer.service in ARCHIVES:
            async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
                return await _of_archive(answer, server, ARCHIVES[answer.service], source, http)
    return Made(None, notes=[f"no adapter asks {answer.service}"])


async def _of_venue(answer: RecordedAnswer, server: AnsweringServer, venue: Venue, client: VenueClient) -> Made:
    sizes: dict[str, float] = dict(_SIZES.get(venue.name, {}))
    questions = [q for market in venue.markets for q in _questions(answer, market, client, sizes)]
    for question in questions:
        await _see_where(question, server, _symbol(answer.query) or _ANY)
    found = _asker(answer, questions)
    if found is None:
        return Made(None, notes=[f"no adapter asks {answer.endpoint} of {answer.service}"])
    question, symbol = found
    if question.in_contracts:
        await _learn_sizes(answer, server, venue, client, sizes)
    server.answer = answer
    return await _result(answer, question, symbol, is_sized=not question.in_contracts or symbol in sizes)


def _questions(
    answer: RecordedAnswer, market: Market, client: VenueClient, sizes: Mapping[str, float]
) -> list[Question]:
    """Every question of a market, each as it would be put for one symbol."""
    venue, now_ms = client.venue.name, int(answer.now.timestamp() * 1000)
    questions = []

    def listed(question: Mapping[str, Any]) -> Question:
        extra = {name: answer.query[name] for name in ("dex",) if name in answer.query}

        async def ask(_: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
            rows, set_aside, _more = await client.listed(market, {**question, **extra})
            names = {"venue": venue, "market_type": market.market_type}
            refused = [
                {"row": names | {"venue_symbol": row.name}, "rule": row.rule, "reason": row.reason} for row in set_aside
            ]
            return rows, refused

        return Question(INSTRUMENTS.name, ask)

    def history(dataset: str, endpoint: History, is_inverse: bool) -> Question:
        async def ask(symbol: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
            request = PageRequest(symbol, 0, now_ms, 1, is_inverse)
            page = await client.page(market, dataset, request, sizes.get(symbol))
            return to_table(DATASETS[dataset], venue, market.market_type, symbol, page).to_pylist(), []

        return Question(dataset, ask, depth=endpoint.depth, in_contracts=bool(endpoint.in_contracts))

    def snapshot(dataset: str, question: Mapping[str, Any]) -> Question:
        async def ask(_: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
            rows = await client.observed(market, dataset, question)
            return pa.Table.from_pylist(rows, schema=DATASETS[dataset].schema).to_pylist(), []

        return Question(dataset, ask)

    def feed(dataset: str, endpoint: Feed) -> Question:
        async def ask(_: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
            events = await client.told(market, dataset, PageRequest("", now_ms - 3_600_000, now_ms))
            return events_table(DATASETS[dataset], venue, endpoint, events, sizes).to_pylist(), []

        return Question(dataset, ask, in_contracts=True)

    questions += [listed(question) for question in market.listing.questions]
    for dataset, endpoint in market.datasets.items():
        if isinstance(endpoint, History):
            kinds = (False,) if market.only_linear or market.market_type == "spot" else (False, True)
            questions += [history(dataset, endpoint, is_inverse) for is_inverse in kinds]
        elif isinstance(endpoint, Snapshot):
            questions += [snapshot(dataset, question) for question in endpoint.questions]
        else:
            questions.append(feed(dataset, endpoint))
    return questions


def questions_of() -> dict[str, list[Question]]:
    """Every question of every venue and provider, with where it was seen to go for a symbol SYMBOL0."""
    return asyncio.run(_questions_of())


async def _questions_of() -> dict[str, list[Question]]:
    found: dict[str, list[Question]] = {}
    now = datetime.now(UTC)
    nothing = RecordedAnswer(Path(), "", "", {}, 200, {}, "", now, False, {}, b"", "")
    with answering() as server:
        source = Source("simulated", server.url, now - timedelta(days=365), now)
        for venue in VENUES.values():
            async with VenueClient(venue, source, Throttle(venue.name), calls_per_second=1e5) as client:
                found[venue.name] = [q for market in venue.markets for q in _questions(nothing, market, client, {})]
                for question in found[venue.name]:
                    await _see_where(question, server, _ANY)
        async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
            for provider in PROVIDERS.values():
                found[provider.name] = _readings(nothing, provider, source, http)
    return found


async def _see_where(question: Question, server: AnsweringServer, symbol: str) -> None:
    """Put a question, to nobody who knows: where it goes is what is looked at."""
    server.answer, n_asked = None, len(server.asked)
    with suppress(FetchError):
        await question.ask(symbol)
    if len(server.asked) > n_asked:
        path, question.parameters = server.asked[n_asked]
        question.address = path.lstrip("/")


def _asker(answer: RecordedAnswer, questions: Sequence[Question]) -> tuple[Question, str] | None:
    """The question that the answer is one to, and the symbol that it is about."""
    for question in questions:
        match = goes_to(question.address, answer.address)
        if match is not None and _is_told_so(question.parameters, answer.query):
            return question, match or _symbol(answer.query)
    if answer.status < 400:
        return None
    # An error names no rows: any question at that door reads it alike.
    near = max(questions, key=lambda question: _shared(question.address, answer.address))
    return near, _symbol(answer.query) or _ANY


def goes_to(address: str, wanted: str) -> str | None:
    """The symbol in the wanted address, '' if it has no place there; None if it is another address."""
    for known, same in _ALIKE:
        wanted = known.sub(same, wanted)
    path = wanted if not wanted.startswith("/") else None
    parts = [re.escape(part) if part != _ANY else "(?P<symbol>[^/]+)" for part in address.split("/")]
    # The interval of candles is ours in the address, and may be another in the answer.
    parts = ["[^/]+" if part == "1h" else part for part in parts]
    pattern = "/".join(parts) if path else ".*?/" + "/".join(parts[1:])
    match = re.fullmatch(pattern, path or f"/{wanted.lstrip('/')}")
    if match is None and not path:  # a base address may be left out: /coins/markets of /api/v3/coins/markets
        ends = (re.fullmatch("/" + "/".join(parts[n:]), wanted) for n in range(1, len(parts)))
        match = next((found for found in ends if found), None)
    return None if match is None else match.groupdict().get("symbol") or ""


def _is_told_so(asked: Mapping[str, Any], query: Mapping[str, Any]) -> bool:
    """True if nothing that tells questions apart contradicts."""
    for name in _TELLING:
        if name not in query or name == "dex":
            continue
        if name not in asked or str(asked[name]).lower() != str(query[name]).lower():
            return False
    return True


def _symbol(query: Mapping[str, Any]) -> str:
    inner = query.get("req")
    places = [query, inner] if isinstance(inner, Mapping) else [query]
    found = (str(place[name]) for place in places for name in _SYMBOLS if place.get(name))
    return next((symbol for symbol in found if not symbol.startswith("(")), "")


def _shared(address: str, wanted: str) -> int:
    ours, theirs = address.split("/")[1:], wanted.strip("/").split("/")
    return sum(1 for a, b in zip(ours, theirs, strict=False) if a == b)


async def _learn_sizes(
    answer: RecordedAnswer, server: AnsweringServer, venue: Venue, client: VenueClient, sizes: dict[str, float]
) -> None:
    """Sizes of contracts from the lists that were recorded beside an answer."""
    for market in venue.markets:
        questions = _questions(answer, market, client, sizes)[: len(market.listing.questions)]
        for question in questions:
            await _see_where(question, server, _ANY)
        for path in sorted(answer.path.parent.glob("*.toml")):
            beside = read_recorded(path)
            found = _asker(beside, questions) if beside.status < 400 else None
            if found is None:
                continue
            server.answer = beside
            with suppress(FetchError):
                rows, _ = await found[0].ask("")
                sizes |= {row["venue_symbol"]: row["contract_size"] for row in rows if row["contract_size"]}


async def _of_provider(
    answer: RecordedAnswer, server: AnsweringServer, provider: Provider, source: Source, http: httpx.AsyncClient
) -> Made:
    found = _asker(answer, _readings(answer, provider, source, http))
    if found is None:
        return Made(None, notes=[f"no adapter asks {answer.endpoint} of {answer.service}"])
    server.answer = answer
    return await _result(answer, *found)


def _readings(answer: RecordedAnswer, provider: Provider, source: Source, http: httpx.AsyncClient) -> list[Question]:
    """Every address of a provider as a question."""

    def asked(reading: Reading) -> Question:
        async def ask(series: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
            url = source.url(reading.address.replace("{series}", series or _ANY))
            response = await get_once(http, url, {}, provider.headers(source), errors=provider.errors)
            return read_answer(response, lambda r: reading.read(r, series, answer.now)).to_pylist(), []

        return Question(reading.dataset, ask, reading.address.split("://", 1)[1].replace("{series}", _ANY))

    return [asked(reading) for reading in provider.readings]


async def _of_archive(
    answer: RecordedAnswer, server: AnsweringServer, archive: Archive, source: Source, http: httpx.AsyncClient
) -> Made:
    """Rows of the first dataset of a file; beside their own columns, what it says of the moment for other datasets."""
    asked = asked_of(archive, answer)
    if asked is None:
        return Made(None, notes=[f"no reader asks {answer.endpoint} of {answer.service}"])
    made = Made(asked.name)
    try:
        client = ArchiveClient(archive, source, http, Throttle(archive.name))
        found, made.notes = await rows_of(asked, answer, server, client)
    except FetchError as error:
        made.error = _error(answer, None, error)
        return made
    rows = found.pop(asked.name)
    if asked.name not in DATASETS:
        made.rows = rows
        return made
    _judge(answer, DATASETS[asked.name], rows, set(), made)
    for name, beside in found.items():
        other, column = Made(name), str(DATASETS[name].time_column)
        _judge(answer, DATASETS[name], beside, set(), other)
        said = {row[column]: row for row in beside}
        for row in (*made.rows, *(refused["row"] for refused in made.refused)):
            row.update(said[row[column]] | row)
        made.notes += sorted({f"{name}: {refused['reason']}" for refused in other.refused})
    return made


async def _result(answer: RecordedAnswer, question: Question, symbol: str, *, is_sized: bool = True) -> Made:
    dataset = DATASETS[question.dataset]
    result = Made(dataset.name)
    try:
        rows, result.refused = await question.ask(symbol)
    except FetchError as error:
        result.error = _error(answer, question, error)
        return result
    if dataset is INSTRUMENTS:
        _class_by_desk(rows)
    is_nameless = not symbol and any(row[dataset.series_column] == "" for row in rows)
    for row in rows if is_nameless else ():
        row[dataset.series_column] = _ANY  # what guards say of names is not the question
    finished = [row for row in rows if not _is_unfinished(answer, dataset, row)]
    result.refused += [
        {"row": row, "rule": "hour_is_over", "reason": "the unfinished candle still changes"}
        for row in rows
        if _is_unfinished(answer, dataset, row)
    ]
    waived = set() if is_sized else {"values_are_present", "quantity_is_present"}
    _judge(answer, dataset, finished, waived, result)
    if not is_sized:
        result.notes.append(f"the size of a contract of {symbol or 'it'} is not known: amounts in coins are null")
    for row in (*result.rows, *(refused["row"] for refused in result.refused)) if is_nameless else ():
        row[dataset.series_column] = None
    if is_nameless:
        result.notes.append("neither the answer nor its question says whose it is")
    return result


def _error(answer: RecordedAnswer, question: Question | None, error: FetchError) -> dict[str, Any]:
    kinds: tuple[tuple[type[FetchError], str], ...] = (
        (OutOfRange, "narrow"), (NotOffered, "not_offered"), (Malformed, "malformed"), (Unreachable, "retry"),
        (NotAsPublished, "malformed"),
    )  # fmt: skip
    kind = next((name for known, name in kinds if isinstance(error, known)), "give_up")
    wait_s = error.retry_after_s if isinstance(error, Unreachable) else None
    then = _NEXT[kind]
    if kind == "retry" and wait_s:
        then += f" in {wait_s:g} s"
    if kind == "narrow" and question and question.depth:
        then += f": from {answer.now - question.depth:%Y-%m-%d} on, {question.depth.days} days back"
    elif kind == "narrow" and answer.service == "coingecko":
        then += ": within 365 days"
    return {"class": kind, "wait_s": wait_s, "next": then, "said": str(error)}


def _class_by_desk(rows: list[dict[str, Any]]) -> None:
    """What the seed `base_classes` says of a base, as the warehouse takes it before what the venue says."""
    with open(PROJECT_DIR / "seeds" / "base_classes.csv", encoding="utf-8", newline="") as seed:
        classes = {(line["venue"], line["base"]): line["asset_class"] for line in csv.DictReader(seed)}
    for row in rows:
        by_desk = classes.get((row["venue"], row["base"])) or classes.get(("*", row["base"]))
        row["asset_class"] = by_desk or row["asset_class"]


def _judge(
    answer: RecordedAnswer, dataset: Dataset, rows: list[dict[str, Any]], waived: set[str], result: Made
) -> None:
    """Part the rows that would go on from those that a guard would hold; a guard over whole batches is not asked."""
    if not rows:
        return
    table = pa.Table.from_pylist(rows, schema=dataset.schema)
    rows = table.to_pylist()
    if dataset is CANDLES and _interval(answer) != timedelta(hours=1):  # ours are hours; others are read all the same
        waived = waived | {"candle_opens_on_the_hour", "hour_is_over"}
    verdicts = judge_at(answer.now)(dataset, table.to_pandas()).verdicts
    held: dict[int, Verdict] = {}
    for verdict in verdicts:
        if verdict.severity == "row" and verdict.rule not in waived:
            held.setdefault(verdict.row, verdict)
    for number, row in enumerate(rows):
        if number in held:
            result.refused.append({"row": row, "rule": held[number].rule, "reason": held[number].reason})
        else:
            result.rows.append(row)


def _is_unfinished(answer: RecordedAnswer, dataset: Dataset, row: Mapping[str, Any]) -> bool:
    """True of a candle that was not over when the answer was given."""
    if dataset is not CANDLES or not answer.is_dated:
        return False
    return bool(row["open_time"] + _interval(answer) > answer.now.replace(tzinfo=None))


def _interval(answer: RecordedAnswer) -> timedelta:
    """The length of the answer's candles: as its question says it, an hour where it does not."""
    inner = answer.query.get("req")
    query = {**answer.query, **(inner if isinstance(inner, Mapping) else {})}
    said = next((str(query[name]) for name in ("interval", "bar", "granularity") if name in query), "")
    said = said or (answer.address.rsplit("/", 1)[-1] if answer.service == "kraken" else "")
    if match := re.search(r"/klines/[^/]+/(\w+)/", answer.address):  # an archive's
        said = match[1]
    match = re.fullmatch(r"(\d+)([smhdwDWHM]?)(?:utc)?", said)
    if not match:
        return timedelta(days=1) if said == "D" else timedelta(hours=1)
    amount, unit = int(match[1]), match[2]
    if not unit:  # Coinbase counts seconds, the others minutes
        return timedelta(seconds=amount) if answer.service == "coinbase" else timedelta(minutes=amount)
    names = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks", "M": "weeks"}
    return timedelta(**{names[unit if unit == "M" else unit.lower()]: amount})


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat() + ("Z" if value.tzinfo is None else "")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    raise TypeError(f"{type(value).__name__} is nothing that JSON has")
