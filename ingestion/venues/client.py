"""One generic client over ccxt: ccxt's addresses, throttling and error names; our pages and columns.

ccxt's implicit API is used and not its unified methods: those drop quote volumes and page without proof.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache, partial
from operator import itemgetter
from types import TracebackType
from typing import Any

import aiohttp
import ccxt.async_support as ccxt
import numpy as np
import pyarrow as pa

from ingestion.http.bodies import Session, open_session, read_json
from ingestion.http.errors import REFUSED_STATUSES, ErrorRule, failure
from ingestion.http.fetch import Malformed, NotOffered, Refused, Throttle, Unreachable
from ingestion.http.heard import tell_answer
from ingestion.paging import AnswerPage, read_window
from ingestion.venues.events import read_events
from ingestion.venues.venue import (
    HOUR_MS,
    Event,
    Feed,
    History,
    Limit,
    Listed,
    Market,
    PageRequest,
    SetAside,
    Snapshot,
    Venue,
    number,
)
from warehouse.contracts import DATASETS, INSTRUMENTS, Dataset
from warehouse.source import Source
from warehouse.untrusted import is_symbol

UNREADABLE = "row_can_be_read"


class VenueClient:
    """Asks one venue at one source; to be used as an async context manager."""

    def __init__(self, venue: Venue, source: Source, throttle: Throttle, calls_per_second: float | None = None) -> None:
        """`calls_per_second` replaces ccxt's limits for the real venue where a market server declares its own."""
        self.venue = venue
        self.source = source
        self.throttle = throttle
        self._calls_per_second = calls_per_second
        self._exchanges: dict[str, Any] = {}
        self._limited: dict[Limit, Throttle] = {}
        self._sessions: list[Session] = []

    async def __aenter__(self) -> "VenueClient":
        for market in self.venue.markets:
            if market.ccxt_class not in self._exchanges:
                self._exchanges[market.ccxt_class] = self._exchange(market.ccxt_class)
        self._sessions = [exchange.session for exchange in self._exchanges.values()]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(exchange.close() for exchange in self._exchanges.values()))
        await asyncio.gather(*(session.close() for session in self._sessions))

    async def instruments(self, market: Market, quotes: frozenset[str]) -> pa.Table:
        """What the venue lists now in this market type, quoted in one of `quotes` (or in nothing that can be read)."""
        questions = list(market.listing.questions)
        rows: list[dict[str, Any]] = []
        while questions:
            question = questions.pop(0)
            listed, _, more = await self.throttle.ask(partial(self.listed, market, question))
            questions += more
            rows += (
                row
                for row in listed
                if (row["quote"] is None or row["quote"] in quotes) and not (market.only_linear and row["is_inverse"])
            )
        return pa.Table.from_pylist(rows, schema=INSTRUMENTS.schema)

    async def listed(
        self, market: Market, question: Mapping[str, Any]
    ) -> tuple[list[dict[str, Any]], list[SetAside], list[Mapping[str, Any]]]:
        """One answer of the list: rows of `instruments`, what is none of this market, and what is to be asked next."""
        listing = market.listing
        answer = await _answer(getattr(self._exchanges[market.ccxt_class], listing.method)(dict(question)))
        try:
            read = [_listed(listing.read, row, question) for row in listing.rows(answer, question)]
            more = list(listing.more(answer, question))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise Malformed(f"the list of {self.venue.name} is not what it documents ({error!r})") from error
        set_aside = [row for row in read if isinstance(row, SetAside)]
        if read and all(row.rule == UNREADABLE for row in set_aside) and len(set_aside) == len(read):
            raise Malformed(f"the list of {self.venue.name} is not what it documents: {set_aside[0].reason}")
        settles = market.market_type == "perp"
        rows = [
            {"venue": self.venue.name, "market_type": market.market_type}
            | vars(row)
            | ({} if settles else {"settle": None})
            for row in read
            if isinstance(row, Listed)
        ]
        return rows, set_aside, more

    async def history(
        self,
        market: Market,
        dataset: str,
        symbol: str,
        start: datetime,
        end: datetime,
        contract_size: float | None = None,
        is_inverse: bool = False,
    ) -> pa.Table:
        """All rows of one instrument between two moments, proven complete; the unfinished candle is dropped.

        `contract_size` turns contracts into coins where the venue counts in contracts; Refused where it is needed and
        not known, since any other number would be a wrong one.
        """
        if not is_symbol(symbol):  # it becomes part of an address
            raise Refused(f"{_excerpt(symbol)} cannot be a symbol, so it was not asked for")
        endpoint = market.datasets[dataset]
        assert isinstance(endpoint, History)
        start_ms, end_ms = _ms(start), _ms(end)
        if dataset == "candles":  # the last candle that is finished at `end` opened an hour before
            start_ms, end_ms = -(-start_ms // HOUR_MS) * HOUR_MS, (end_ms // HOUR_MS - 1) * HOUR_MS
        throttle = self.throttle_of(endpoint)
        if endpoint.in_contracts and not contract_size:
            raise Refused(f"{symbol} of {self.venue.name} counts in contracts, and the size of one is not known")

        async def page(low_ms: int, high_ms: int, number: int) -> AnswerPage:
            request = PageRequest(symbol, low_ms, high_ms, number, is_inverse)
            return await throttle.once(
                partial(self.page, market, dataset, request, contract_size), endpoint.weight(request)
            )

        rows = await read_window(page, endpoint.paging, start_ms, end_ms, patiently=throttle.patiently)
        return to_table(DATASETS[dataset], self.venue.name, market.market_type, symbol, rows)

    async def page(
        self, market: Market, dataset: str, request: PageRequest, contract_size: float | None = None
    ) -> AnswerPage:
        """One answer about one instrument, all of it; amounts in contracts are NaN where the size is not known."""
        endpoint = market.datasets[dataset]
        assert isinstance(endpoint, History)
        said = endpoint.as_said_of(request.is_inverse)
        answer = await _answer(getattr(self._exchanges[market.ccxt_class], endpoint.method)(said.params(request)))
        rows = read_page(said, answer, request.symbol)
        for name in endpoint.in_contracts:
            rows.columns[name] = rows.columns[name] * (contract_size or np.nan)
        return rows

    async def snapshot(self, market: Market, dataset: str) -> pa.Table:
        """One row per instrument, as things stand now: by the venue's clock where its answer is dated, else by ours."""
        endpoint = market.datasets[dataset]
        assert isinstance(endpoint, Snapshot)
        throttle, contract = self.throttle_of(endpoint), DATASETS[dataset]
        rows: list[dict[str, Any]] = []
        for question in endpoint.questions:
            observed = await throttle.ask(partial(self.observed, market, dataset, question), endpoint.weight)
            rows += (row for row in observed if endpoint.is_taken(row[contract.series_column]))
        return pa.Table.from_pylist(rows, schema=contract.schema)

    async def observed(self, market: Market, dataset: str, question: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rows of one answer about all instruments as they are now."""
        endpoint, contract = market.datasets[dataset], DATASETS[dataset]
        assert isinstance(endpoint, Snapshot) and contract.time_column
        exchange = self._exchanges[market.ccxt_class]
        answer = await _answer(getattr(exchange, endpoint.method)(dict(question)))
        try:
            at = _dated(exchange.last_response_headers, self.source.now)
            return [
                {"venue": self.venue.name, contract.series_column: symbol, contract.time_column: at} | values
                for symbol, values in endpoint.read(answer)
            ]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise Malformed(f"the answer is not what {self.venue.name} documents ({error!r})") from error

    async def events(
        self, market: Market, dataset: str, start: datetime, end: datetime, contract_sizes: Mapping[str, float]
    ) -> pa.Table:
        """All events of all instruments in (start, end], proven complete. A contract of no known size has no amount."""
        feed = market.datasets[dataset]
        assert isinstance(feed, Feed)
        throttle = self.throttle

        async def ask(low_s: int, high_s: int) -> list[Event]:
            request = PageRequest("", low_s * 1000, high_s * 1000 + 999)
            return await throttle.once(partial(self.told, market, dataset, request))

        first, last = _ms(start) // 1000 + 1, _ms(end) // 1000
        found = await read_events(ask, feed.span, first, last, patiently=throttle.patiently)
        return events_table(DATASETS[dataset], self.venue.name, feed, found, contract_sizes)

    async def told(self, market: Market, dataset: str, request: PageRequest) -> list[Event]:
        """The events of one answer."""
        feed = market.datasets[dataset]
        assert isinstance(feed, Feed)
        answer = await _answer(getattr(self._exchanges[market.ccxt_class], feed.method)(feed.params(request)))
        try:
            return feed.read(answer)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise Malformed(f"the answer is not what {self.venue.name} documents ({error!r})") from error

    def _exchange(self, ccxt_class: str) -> Any:
        is_real = self.source.base_url is None
        exchange = getattr(ccxt, ccxt_class)(
            {"enableRateLimit": True, "timeout": 30_000, "verify": is_real, "session": open_session(verify=is_real)}
        )
        exchange.on_json_response = read_json
        exchange.has["fetchCurrencies"] = False
        exchange.handle_errors = _errors_first(exchange.handle_errors, self.venue.errors)
        if is_real:
            return exchange
        exchange.urls["api"] = _moved(exchange.urls["api"], self.source)
        exchange.timeout_on_exit = 0  # nothing to wait for without TLS
        if self._calls_per_second:
            exchange.rateLimit = 1000 / self._calls_per_second
            exchange.rollingWindowSize = 0.0
            exchange.calculate_rate_limiter_cost = lambda *_: 1
            exchange.tokenBucket = None
            exchange.init_rest_rate_limiter()
        return exchange

    def throttle_of(self, endpoint: History | Snapshot | Feed) -> Throttle:
        """The venue's throttle, unless the real venue has a stricter budget for this endpoint."""
        limit = None if isinstance(endpoint, Feed) else endpoint.limit
        if limit is None or self.source.base_url is not None:
            return self.throttle
        throttle = self.throttle
        return self._limited.setdefault(
            limit, Throttle(throttle.name, throttle.patience, throttle.at_once, limit.per_minute)
        )


def pace_s(ccxt_class: str, method: str, parameters: Mapping[str, Any]) -> float:
    """How long ccxt lets one question to the real venue wait after the one before, by the limits that it declares."""
    exchange = _declared(ccxt_class)
    entry = next(
        (of.__dict__[method] for of in type(exchange).__mro__ if hasattr(of.__dict__.get(method), "config")), None
    )
    cost = (
        exchange.calculate_rate_limiter_cost(entry.api, entry.method, entry.path, dict(parameters), entry.config)
        if entry
        else 1
    )
    return float(exchange.rateLimit * cost / 1000)


@cache
def _declared(ccxt_class: str) -> Any:
    return getattr(ccxt, ccxt_class)()


async def _answer(call: Any) -> Any:
    """Ccxt's answer, its errors named as ours."""
    try:
        return await call
    except (Refused, Unreachable):
        raise
    except ccxt.BadSymbol as error:
        raise NotOffered(str(error)) from error
    except (ccxt.RequestTimeout, ccxt.ExchangeNotAvailable, ccxt.DDoSProtection, ccxt.NetworkError) as error:
        cause = f" ({type(error.__cause__).__name__})" if error.__cause__ else ""
        raise Unreachable(f"no answer: {error}{cause}") from error
    except (ccxt.BadResponse, ccxt.NullResponse) as error:
        raise Malformed(str(error)) from error
    except ccxt.BaseError as error:
        if isinstance(error.__cause__, aiohttp.ClientPayloadError):  # it broke off, or cannot be unpacked
            raise Unreachable(f"the answer broke off: {error}") from error
        raise Refused(str(error)) from error
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        # ccxt reads some answers without looking first: what it stumbles over is not an answer.
        raise Malformed(f"the answer cannot be read ({error!r})") from error


def _dated(headers: Mapping[str, str] | None, otherwise: datetime) -> datetime:
    """When an answer was given, naive UTC: its HTTP date (RFC 9110, 6.6.1) if it has one that can be read."""
    try:
        moment = parsedate_to_datetime({name.lower(): value for name, value in (headers or {}).items()}["date"])
    except (LookupError, TypeError, ValueError):
        moment = otherwise
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC).replace(tzinfo=None)


def _errors_first(ccxt_handler: Any, rules: Sequence[ErrorRule]) -> Any:
    """Name the errors that we know before ccxt does, with the wait that was asked for."""

    def handle(code: int, reason: str, url: str, method: str, headers: Any, body: str, parsed: Any, *rest: Any) -> Any:
        tell_answer(code, headers or {})
        where = url.split("?")[0]
        found = failure(code, headers, body or "", parsed, rules, where, reason)
        if found and (type(found) is not Refused or 300 <= code < 400):
            raise found
        if code < 400 and parsed is None:  # ccxt would hand the text on, and read an empty list out of it
            raise Malformed(f"no JSON came from {where}: {_excerpt(body)}")
        if found is None or code not in REFUSED_STATUSES:  # ccxt knows more codes than we do
            ccxt_handler(code, reason, url, method, headers, body, parsed, *rest)
        if found:
            raise found

    return handle


def _moved(urls: Any, source: Source) -> Any:
    """Every address in ccxt's table, as this source answers for it."""
    if isinstance(urls, Mapping):
        return {name: _moved(value, source) for name, value in urls.items()}
    return source.url(urls) if isinstance(urls, str) else urls


def read_page(endpoint: History, answer: Any, symbol: str | None = None) -> AnswerPage:
    """The rows of an answer as columns. Malformed if they are not where, or not what, the venue file declares.

    Where an answer or its rows name their instrument, it must be `symbol`.
    """
    try:
        if endpoint.answer_names:
            _check_name(answer[endpoint.answer_names[0]].get(endpoint.answer_names[1], symbol), symbol)
        for step in endpoint.rows:
            answer = answer[step]
        if not isinstance(answer, list):
            raise Malformed(f"a list of rows was expected, {_excerpt(answer)} came")
        if endpoint.row_names:
            for name in {row.get(endpoint.row_names, symbol) for row in answer}:
                _check_name(name, symbol)
        times = _times_ms(map(itemgetter(endpoint.time), answer), endpoint.time_unit)
        columns = {
            name: _numbers(_amounts(endpoint, at, answer), endpoint.scale.get(name))
            for name, at in endpoint.columns.items()
        }
        for name, parts in endpoint.quotients.items():
            over, under = (_numbers(map(itemgetter(at), answer), None) for at in parts)
            columns[name] = np.divide(over, under, out=np.full(len(over), np.nan), where=under > 0)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise Malformed(f"the answer cannot be read ({error!r}): {_excerpt(answer)}") from error
    return AnswerPage(times, columns)


def _amounts(endpoint: History, at: int | str, rows: list[Any]) -> Iterable[Any]:
    """What stands in one place of each row; half of what counts both sides where one side is not given."""
    both = endpoint.both_sides.get(at)
    if both is None:
        return map(itemgetter(at), rows)
    return (row[at] if row.get(at) not in (None, "") else _half(row[both]) for row in rows)


def _half(value: Any) -> float | None:
    amount = number(value)
    return None if amount is None else amount / 2


def _listed(read: Any, row: Any, question: Mapping[str, Any]) -> Listed | SetAside:
    """One row of a list; what cannot be read is set aside, and the rest of the list stands."""
    try:
        found: Listed | SetAside = read(row, question)
        return found
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        return SetAside(_excerpt(row), UNREADABLE, f"the row is not what the venue documents ({error!r})")


def _check_name(name: Any, symbol: str | None) -> None:
    if symbol is not None and name != symbol:
        raise Malformed(f"{_excerpt(symbol)} was asked for, rows of {_excerpt(name)} came")


def _times_ms(values: Iterable[Any], unit: str) -> np.ndarray:
    """Times as the venue writes them, in milliseconds since 1970; TypeError or ValueError if they are no times."""
    if unit == "iso":
        moments = (datetime.fromisoformat(value) for value in values)
        return np.array([round(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000) for moment in moments],
                        dtype=np.int64)  # fmt: skip
    return np.array(list(map(int, values)), dtype=np.int64) * (1000 if unit == "s" else 1)


def _numbers(values: Iterable[Any], scale: float | None) -> np.ndarray:
    """Numbers as the venue writes them: text or not; nothing and blank are NaN, any other text is an error."""
    values = list(values)
    try:
        numbers = np.array(list(map(float, values)), dtype=np.float64)
    except (TypeError, ValueError):
        numbers = np.array([np.nan if v is None or v == "" else float(v) for v in values], dtype=np.float64)
    return numbers if scale is None else numbers * scale


def to_table(dataset: Dataset, venue: str, market_type: str, symbol: str, rows: AnswerPage | None) -> pa.Table:
    """One instrument's rows as a table of the dataset; NaN becomes NULL."""
    if rows is None:
        return dataset.schema.empty_table()
    known: dict[str, pa.Array] = {
        "venue": pa.repeat(venue, len(rows)),
        "market_type": pa.repeat(market_type, len(rows)),
        dataset.series_column: pa.repeat(symbol, len(rows)),
        str(dataset.time_column): pa.array(rows.times_ms * 1000, pa.int64()).cast(pa.timestamp("us")),
    }
    columns = dict(rows.columns)
    if dataset.name == "candles" and "quote_volume" not in columns:
        columns["quote_volume"] = columns["base_volume"] * columns["close"]
    known |= {name: pa.array(values, from_pandas=True) for name, values in columns.items()}
    return pa.table([known.get(c.name, pa.nulls(len(rows), c.type)) for c in dataset.columns], schema=dataset.schema)


def events_table(
    dataset: Dataset, venue: str, feed: Feed, events: Sequence[Event], contract_sizes: Mapping[str, float]
) -> pa.Table:
    """Events as a table of the dataset; those that are alike in all but their amount are counted through."""
    alike: Counter[tuple[Any, ...]] = Counter()
    rows = []
    for event in sorted(events, key=lambda e: (e.at_ms, e.symbol, e.amount)):
        key = (event.symbol, event.at_ms, *event.values.values())
        alike[key] += 1
        size = contract_sizes.get(event.symbol)
        rows.append(
            {
                "venue": venue,
                dataset.series_column: event.symbol,
                str(dataset.time_column): datetime(1970, 1, 1) + timedelta(milliseconds=event.at_ms),
                feed.amount: event.amount * size if size else None,
                "occurrence": alike[key],
            }
            | dict(event.values)
        )
    return pa.Table.from_pylist(rows, schema=dataset.schema)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _excerpt(answer: Any) -> str:
    if isinstance(answer, Mapping | Sequence | str):
        return repr(answer)[:80]
    return type(answer).__name__
