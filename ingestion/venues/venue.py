"""What can be said about a venue: its declared differences, as data."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote

from ingestion.http.errors import ErrorRule
from ingestion.paging import PagingRule
from warehouse.contracts import AssetClass

HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Limit:
    """A budget that some endpoints of a real venue share, beside the venue's own, which is ccxt's to keep.

    `per_minute` is what may be spent; each endpoint says what one of its questions weighs.
    """

    name: str
    per_minute: float


@dataclass(frozen=True)
class PageRequest:
    """One question about one instrument: its symbol as the venue writes it, and both edges, inclusive.

    `number` counts the pages of a venue that has none, from 1. `is_inverse` says of a contract that it settles in
    its own coin, for venues that ask for those apart.
    """

    symbol: str
    start_ms: int
    end_ms: int
    number: int = 1
    is_inverse: bool = False

    @property
    def escaped(self) -> str:
        """The symbol as a part of an address, for where ccxt puts it there as it is: symbols may hold anything."""
        return quote(self.symbol, safe="")

    @property
    def hours(self) -> float:
        """How long the window is."""
        return (self.end_ms - self.start_ms) / HOUR_MS

    @property
    def start_s(self) -> int:
        """The first whole second in the window."""
        return -(-self.start_ms // 1000)

    @property
    def end_s(self) -> int:
        """The last whole second in the window."""
        return self.end_ms // 1000

    @property
    def start_iso(self) -> str:
        """The first moment, as ISO 8601 in UTC."""
        return datetime.fromtimestamp(self.start_ms / 1000, UTC).isoformat()

    @property
    def end_iso(self) -> str:
        """The last moment, as ISO 8601 in UTC."""
        return datetime.fromtimestamp(self.end_ms / 1000, UTC).isoformat()


@dataclass(frozen=True)
class History:
    """How a venue gives one dataset of one instrument: the question, where the rows are, what is in which place.

    `method` is ccxt's implicit API method, `rows` the path to the list of rows in the answer. `columns` maps our
    columns to a position or a name in a row, `quotients` to two of them, the first to be divided by the second; `scale`
    holds the factors of unit conversions. `inverse_columns` are the columns of a contract that settles in its own coin,
    where they are others. `both_sides` maps the name of an amount that counts one side to that of another, in the same
    row, that counts both: it is halved where the first is missing. `depth` is how far back this endpoint of the real
    venue goes (None: to the beginning). `limit` is a budget beside the venue's own, of which a question takes its
    `weight`. `page_rows` is how many rows an answer holds at most, `usual_hours` how far apart rows without a fixed
    step usually lie: a plan reckons with them, and no pager trusts them.
    """

    method: str
    params: Callable[[PageRequest], dict[str, Any]]
    time: int | str
    columns: Mapping[str, int | str]
    paging: PagingRule
    rows: Sequence[str | int] = ()
    time_unit: Literal["ms", "s", "iso"] = "ms"
    scale: Mapping[str, float] = field(default_factory=dict)
    quotients: Mapping[str, tuple[int | str, int | str]] = field(default_factory=dict)
    in_contracts: tuple[str, ...] = ()
    row_names: str | None = None
    answer_names: tuple[str, str] | None = None
    inverse_columns: Mapping[str, int | str] | None = None
    both_sides: Mapping[int | str, int | str] = field(default_factory=dict)
    depth: timedelta | None = None
    limit: Limit | None = None
    weight: Callable[[PageRequest], float] = lambda request: 1.0
    page_rows: int | None = None
    usual_hours: float = 8.0

    def as_said_of(self, is_inverse: bool) -> "History":
        """The same endpoint with the columns that it has for this kind of contract."""
        if not is_inverse or self.inverse_columns is None:
            return self
        return replace(self, columns=self.inverse_columns)


@dataclass(frozen=True)
class Snapshot:
    """How a venue gives one dataset of all its instruments at once, as it is now: `read` finds rows in each answer.

    Each row is (symbol, values by column); the time is the moment of asking. `questions` has the parameters of each
    call that it takes. `is_taken` tells by the symbol which of the rows are of this market.
    """

    method: str
    questions: tuple[Mapping[str, Any], ...]
    read: Callable[[Any], list[tuple[str, dict[str, float | None]]]]
    is_taken: Callable[[str], bool] = lambda symbol: True
    limit: Limit | None = None
    weight: float = 1.0


@dataclass(frozen=True)
class SetAside:
    """A row of a list that is no instrument of this market: what it is called, and why (`rule`, in words `reason`)."""

    name: str
    rule: str
    reason: str


@dataclass(frozen=True)
class Listed:
    """One instrument as its venue lists it: a row of the contract `instruments`, without whose it is.

    What the venue does not say, or says as "", is None: a guard sets such a row aside, and the list is kept.
    """

    venue_symbol: str
    base: str | None
    quote: str | None
    settle: str | None = None
    contract_size: float | None = 1.0
    is_inverse: bool = False
    is_active: bool = True
    listed_at: datetime | None = None
    asset_class: AssetClass = "crypto"
    is_premarket: bool = False


@dataclass(frozen=True)
class Listing:
    """How a venue lists the instruments of a market: the questions, where the rows are, and what one row says.

    `read` turns one row, with the question that it answers, into an instrument or says why it is none. `more` names the
    questions that follow from an answer (a cursor, a list of lists).
    """

    method: str
    questions: tuple[Mapping[str, Any], ...]
    rows: Callable[[Any, Mapping[str, Any]], Iterable[Any]]
    read: Callable[[Mapping[str, Any], Mapping[str, Any]], "Listed | SetAside"]
    more: Callable[[Any, Mapping[str, Any]], Sequence[Mapping[str, Any]]] = lambda answer, question: ()


def number(value: Any) -> float | None:
    """A number as venues write it; None where there is none: nothing, "", or a text that is none."""
    try:
        return None if value is None or value == "" else float(value)
    except (TypeError, ValueError):
        return None


def moment(value: Any, unit: Literal["ms", "s"] = "ms") -> datetime | None:
    """A moment since 1970 as venues write it, naive UTC; None where there is none: nothing, "", 0, or below."""
    amount = number(value)
    if amount is None or not 0 < amount < 1e14:
        return None
    return datetime(1970, 1, 1) + timedelta(milliseconds=amount * (1000 if unit == "s" else 1))


def dated(name: str) -> SetAside:
    """What is said of a contract with an expiry."""
    return SetAside(name, "is_a_perpetual", "a contract that expires is no perpetual")


@dataclass(frozen=True)
class Event:
    """One event as a venue tells it: whose, when (milliseconds since 1970), its amount, and what else its row holds."""

    symbol: str
    at_ms: int
    amount: float
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Feed:
    """How a venue gives the events of all its instruments between two moments at once: `read` finds them in an answer.

    `span` is the longest window that the venue answers. `asked_back` is how far back it is asked at all: how much it
    keeps is not documented, and windows this short are not asked for by the thousand. `amount` names the column of the
    events' amounts, which the venue gives in contracts.
    """

    method: str
    params: Callable[[PageRequest], dict[str, Any]]
    read: Callable[[Any], list[Event]]
    amount: str
    span: timedelta
    asked_back: timedelta


@dataclass(frozen=True)
class Market:
    """One market type of a venue: which ccxt class serves it, how its instruments are listed, which datasets it has.

    `bitcoin` is how the venue writes its main market of bitcoin, the first to be listed and the last to go: asked for
    where any will do. `only_linear` leaves out contracts that settle in their own coin.
    """

    market_type: Literal["perp", "spot"]
    ccxt_class: str
    bitcoin: str
    listing: Listing
    datasets: Mapping[str, History | Snapshot | Feed]
    only_linear: bool = False


@dataclass(frozen=True)
class Venue:
    """An exchange under our name for it, what its errors mean, and how many questions it may be asked at once."""

    name: str
    markets: tuple[Market, ...]
    errors: tuple[ErrorRule, ...] = ()
    at_once: int = 6

    def market(self, market_type: str) -> Market:
        """The market type called so; KeyError if the venue has none."""
        for market in self.markets:
            if market.market_type == market_type:
                return market
        raise KeyError(f"venue {self.name} has no market type {market_type!r}")
