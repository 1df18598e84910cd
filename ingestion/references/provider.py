"""What a provider of reference data has in common with the others: a name, datasets, and a way to be asked."""

import csv
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import pyarrow as pa

from ingestion.http.bodies import ACCEPTED_ENCODINGS, ANSWER_SECONDS, MOST_BODY_BYTES, deadline, read_body, read_json
from ingestion.http.errors import ErrorRule, failure
from ingestion.http.fetch import FetchError, Malformed, NotOffered, Refused, Task, Throttle, Unreachable
from ingestion.http.heard import tell_answer, tell_question
from ingestion.secrets import secret
from warehouse.source import Source
from warehouse.untrusted import is_symbol

T = TypeVar("T")

# What reading something else than was documented ends in: too deep, too long, too large, of another type.
_STUMBLES = (
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, OSError, RecursionError, csv.Error,
    pa.ArrowException,
)  # fmt: skip

WHOLE_LIST = "*"  # the series of a question that asks for a whole list


@dataclass(frozen=True)
class ReferenceScope:
    """What is asked of one provider of reference data: its settings, and series by dataset."""

    is_required: bool
    settings: Mapping[str, Any]

    def series(self, dataset: str) -> tuple[str, ...]:
        """The configured series of one dataset."""
        return tuple(self.settings.get(dataset, ()))


@dataclass(frozen=True)
class FetchContext:
    """All that a provider needs to put its questions.

    `due` is the moment up to which answers are wanted; `covered_until` says how far each series has been asked
    completely, `is_due` whether it is to be asked now; `offered` is what a market server says it has of this provider,
    `known_series` (coins: id, symbol, name) what raw holds. With `has_real_retention` the provider forgets as the real
    one does. `gaps` are the windows of a series that the ledger wants asked again, `reaches` tells whether what was
    asked of it before goes back to a moment.
    """

    dataset: str
    source: Source
    scope: ReferenceScope
    throttle: Throttle
    http: httpx.AsyncClient
    due: datetime
    covered_until: Callable[[str], datetime | None]
    is_due: Callable[[str], bool]
    offered: Sequence[str] = ()
    known_series: Sequence[tuple[str, str, str]] = ()
    has_real_retention: bool = True
    gaps: Callable[[str], Sequence[tuple[datetime, datetime]]] = lambda _: ()
    reaches: Callable[[str, datetime], bool] = lambda series, since: True

    def wants(self, series: str, since: datetime) -> bool:
        """True if a series that is given whole is to be asked, for what is new or for what lies further back."""
        return self.is_due(series) or not self.reaches(series, since)

    async def get(
        self,
        url: str,
        params: dict[str, Any],
        read: Callable[[httpx.Response], T],
        headers: dict[str, str] | None = None,
        errors: Sequence[ErrorRule] = (),
    ) -> T:
        """What `read` makes of the answer; it raises ValueError or LookupError at what is not an answer."""
        address = self.source.url(url)

        async def ask() -> T:
            return read_answer(await get_once(self.http, address, params, headers, errors=errors), read)

        return await self.throttle.ask(ask)


@dataclass(frozen=True)
class Reading:
    """One address of a provider and what is made of its answer: rows of a dataset.

    `address` may hold `{series}`. `read` has the answer, the name of the series that it is about ('' where the address
    gives a whole list), and what the source's clock says. `small` are the parameters of a question for little, about
    the series `example`, as of a moment.
    """

    dataset: str
    address: str
    read: Callable[[httpx.Response, str, datetime], pa.Table]
    small: Callable[[datetime], Mapping[str, Any]] = lambda now: {}
    example: str = ""


@dataclass(frozen=True)
class Provider:
    """A provider under its name: which datasets it has, and which questions to ask it for one of them.

    `readings` are the addresses that the questions go to, `errors` what its own errors mean, `headers` what it wants to
    see at a source. `key` names the secret of a free account, which buys more calls.
    """

    name: str
    datasets: tuple[str, ...]
    tasks: Callable[[FetchContext], list[Task]]
    readings: tuple[Reading, ...]
    errors: tuple[ErrorRule, ...] = ()
    headers: Callable[[Source], dict[str, str]] = lambda source: {}
    at_once: int = 4
    key: str | None = None

    def calls_per_minute(self, scope: ReferenceScope) -> float | None:
        """How often it may be asked: more often with a key, where one is set."""
        with_key = scope.settings.get("calls_per_minute_with_key") if self.key and secret(self.key) else None
        allowed: float | None = with_key or scope.settings.get("calls_per_minute")
        return allowed


def path_part(name: str) -> str:
    """A name from outside as one part of an address. Refused if it is none: `..` would lead to another address."""
    if not is_symbol(name):
        raise Refused(f"{name[:80]!r} is no name of a series, so it was not asked for")
    return quote(name, safe="")


async def get_once(
    http: httpx.AsyncClient,
    url: str,
    params: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
    limit_bytes: int = MOST_BODY_BYTES,
    errors: Sequence[ErrorRule] = (),
) -> httpx.Response:
    """One GET, read whole and within limits, its failures named. Redirects are not followed."""
    try:
        request = http.build_request(
            "GET", url, params=params, headers={"Accept-Encoding": ACCEPTED_ENCODINGS, **(headers or {})}
        )
        tell_question(str(request.url))
        async with deadline():
            response = await http.send(request, stream=True, follow_redirects=False)
            try:
                body = await _read_whole(response, url, limit_bytes)
            finally:
                tell_answer(response.status_code, response.headers)
                await response.aclose()
    except TimeoutError as error:
        raise Unreachable(f"{url} did not answer within {ANSWER_SECONDS:.0f} s") from error
    except httpx.HTTPError as error:
        raise Unreachable(f"{url} does not answer ({type(error).__name__}: {error})") from error
    except (httpx.InvalidURL, UnicodeError) as error:
        raise Refused(f"{url} is no address ({error})") from error
    if told := _error(response, body, url, errors):
        raise told
    kept = {name: value for name, value in response.headers.items() if name.lower() == "content-type"}
    return httpx.Response(response.status_code, headers=kept, content=body, request=request)


async def _read_whole(response: httpx.Response, url: str, limit_bytes: int) -> bytes:
    """The body; of an error that cannot be read its status is what counts."""
    try:
        return await read_body(response, limit_bytes)
    except FetchError:
        if told := _error(response, b"", url, ()):
            raise told from None
        raise


# An error is a few hundred bytes; an answer that is longer is one.
_LONGEST_ERROR_BYTES = 10_000


def _error(response: httpx.Response, body: bytes, url: str, rules: Sequence[ErrorRule]) -> FetchError | None:
    status, parsed = response.status_code, None
    if len(body) <= _LONGEST_ERROR_BYTES:
        with suppress(ValueError):
            parsed = read_json(body)
    words = body[:_LONGEST_ERROR_BYTES].decode(errors="replace") if status >= 400 else ""
    found = failure(status, response.headers, words, parsed, rules, url)
    return NotOffered(str(found)) if status in (404, 410) and type(found) is Refused else found


def read_answer(response: httpx.Response, read: Callable[[httpx.Response], T]) -> T:
    """What `read` makes of an answer; Malformed where it stumbles."""
    try:
        return read(response)
    except _STUMBLES as error:
        excerpt = response.text[:60].replace("\n", " ")
        address = str(response.url).split("?")[0]
        raise Malformed(f"{address} sent something else than documented ({error!r}): {excerpt!r}") from error
