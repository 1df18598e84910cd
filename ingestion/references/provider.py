"""What a provider of reference data has in common with the others: a name, datasets, and a way to be asked.

Belongs here: the declaration of a provider, the desk from which its questions are asked, plain HTTP and its errors.
Does not: any one provider (its own file).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import httpx

from ingestion.fetch import Line, Malformed, NotOffered, Refused, Task, Unreachable, retry_after_s
from ingestion.source import Source
from ingestion.universe import ReferenceScope

T = TypeVar("T")

WHOLE_LIST = "*"  # the series of a question that asks for a whole list


@dataclass(frozen=True)
class Desk:
    """All that a provider needs to put its questions.

    `due` is the moment up to which answers are wanted; `covered_until` says how far each series has been asked
    completely, `is_due` whether it is to be asked now; `offered` is what a market server says it has of this provider,
    `known_series` (coins: id, symbol, name) what raw holds. With `has_real_retention` the provider forgets as the real
    one does.
    """

    dataset: str
    source: Source
    scope: ReferenceScope
    line: Line
    http: httpx.AsyncClient
    due: datetime
    covered_until: Callable[[str], datetime | None]
    is_due: Callable[[str], bool]
    offered: Sequence[str] = ()
    known_series: Sequence[tuple[str, str, str]] = ()
    has_real_retention: bool = True

    async def get(self, url: str, params: dict[str, Any], read: Callable[[httpx.Response], T]) -> T:
        """What `read` makes of the answer; it raises ValueError or LookupError at what is not an answer."""

        async def ask() -> T:
            return read_answer(await get_once(self.http, self.source.url(url), params), read)

        return await self.line.ask(ask)


@dataclass(frozen=True)
class Provider:
    """A provider under its name: which datasets it has, and which questions to ask it for one of them."""

    name: str
    datasets: tuple[str, ...]
    tasks: Callable[[Desk], list[Task]]
    at_once: int = 4


async def get_once(http: httpx.AsyncClient, url: str, params: dict[str, Any] | None = None) -> httpx.Response:
    """One GET, its failures named."""
    try:
        response = await http.get(url, params=params)
    except httpx.HTTPError as error:
        raise Unreachable(f"{url} does not answer ({type(error).__name__}: {error})") from error
    if response.status_code in (404, 410):
        raise NotOffered(f"HTTP {response.status_code} from {url}")
    if response.status_code in (408, 425, 429) or response.status_code >= 500:
        raise Unreachable(f"HTTP {response.status_code} from {url}", retry_after_s(response.headers))
    if response.status_code >= 300:
        raise Refused(f"HTTP {response.status_code} from {url}")
    return response


def read_answer(response: httpx.Response, read: Callable[[httpx.Response], T]) -> T:
    """What `read` makes of an answer; Malformed where it stumbles."""
    try:
        return read(response)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        excerpt = response.text[:60].replace("\n", " ")
        address = str(response.url).split("?")[0]
        raise Malformed(f"{address} sent something else than documented ({error!r}): {excerpt!r}") from error
