"""What every dialect has: a host, a document it imitates, page rules, and routes over one market."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

import orjson
import pandas as pd
from starlette.responses import Response
from starlette.routing import BaseRoute

from simulator.market import Market

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
Keeps = Literal["first", "last"]


@dataclass(frozen=True)
class PageRule:
    """What one call of an endpoint gives.

    `keeps` says which rows come back when the range asked for has more of them than a page holds; `is_descending`
    in which order they come. Where `is_strict`, asking for more than `most_rows` is an error, else it is cut down.
    """

    default_rows: int
    most_rows: int
    keeps: Keeps = "first"
    is_descending: bool = False
    is_strict: bool = False


@dataclass(frozen=True)
class Retention:
    """Whether the venues' short memories are imitated too, or all that the market holds is served."""

    is_real: bool = False


class RequestError(Exception):
    """A request that the venue answers with an error of its own: `response` is that answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class Dialect(ABC):
    """One venue's or provider's way to answer, over the rows that a market has for it."""

    hosts: ClassVar[tuple[str, ...]]
    document: ClassVar[str]
    requests_per_minute: ClassVar[int] = 1_000_000

    def __init__(self, market: Market, retention: Retention) -> None:
        self.market = market
        self.retention = retention
        self.now_ms = int(market.clock.now.astimezone(UTC).timestamp() * 1000)

    @abstractmethod
    def routes(self) -> list[BaseRoute]:
        """The routes below this dialect's hosts."""

    def too_many_requests(self) -> Response:
        """The answer to a caller who is over the limit."""
        return Response(b"Too Many Requests\r\n", 429, media_type="text/plain")

    def now_naive(self) -> pd.Timestamp:
        """The market's time, zone-less UTC as in its tables."""
        return pd.Timestamp(self.market.clock.now.astimezone(UTC).replace(tzinfo=None))


class VenueDialect(Dialect):
    """A dialect of an exchange: it also has instruments."""

    venue: ClassVar[str]

    def instruments(self, market_type: str, is_inverse: bool = False) -> list[dict[str, Any]]:
        """What the venue lists of one market type, each instrument as a row of the market's table."""
        listed = self.market.instruments
        is_ours = (listed["venue"] == self.venue) & (listed["market_type"] == market_type)
        listed = listed[is_ours & (listed["is_inverse"].astype(bool) == is_inverse)]
        return [dict(zip(listed.columns, row, strict=True)) for row in listed.itertuples(index=False, name=None)]

    def rows(self, table: str, market_type: str | None = None) -> pd.DataFrame:
        """The venue's own rows of `table`."""
        frame = self.market.table(table)
        mask = (frame["venue"] == self.venue).to_numpy()
        if market_type is not None:
            mask = mask & (frame["market_type"] == market_type).to_numpy()
        return frame[mask]


def json_response(content: Any, status: int = 200) -> Response:
    """`content` as JSON; a missing number (NaN) becomes null."""
    return Response(orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY), status, media_type="application/json")


def quoted(text: str) -> str:
    """`text` as a string of JSON, quotes included: a symbol may hold anything."""
    return orjson.dumps(text).decode()


def integer(parameters: Mapping[str, str], name: str) -> int | None:
    """The whole number sent as `name`, or None if it was not sent; ValueError if it is no whole number."""
    text = parameters.get(name)
    return int(text) if text else None


def milliseconds(moment: Any) -> int | None:
    """A table's zone-less UTC moment as milliseconds since 1970; None where it is missing."""
    return None if pd.isna(moment) else int(pd.Timestamp(moment).value // 1_000_000)


def iso_seconds(moment: Any) -> str:
    """A table's zone-less UTC moment as `2025-11-24T06:00:00.000Z`."""
    return datetime.fromisoformat(str(pd.Timestamp(moment))).strftime("%Y-%m-%dT%H:%M:%S.000Z")
