"""What can be said about an archive: which files it has and what stands in them, as data."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from urllib.parse import quote

from ingestion.http.errors import ErrorRule
from ingestion.references.provider import path_part

DAY = timedelta(days=1)
Length = Literal["month", "day"]


@dataclass(frozen=True)
class Period:
    """The time that one file holds: a UTC day or month, as file names write it (`2025-06-01`, `2025-06`)."""

    length: Length
    first_day: date

    @property
    def name(self) -> str:
        """As it stands in file names."""
        return f"{self.first_day:%Y-%m-%d}" if self.length == "day" else f"{self.first_day:%Y-%m}"

    @property
    def start(self) -> datetime:
        """Its first moment."""
        return datetime.combine(self.first_day, datetime.min.time(), UTC)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        if self.length == "day":
            return self.start + DAY
        return (self.start.replace(day=1) + 32 * DAY).replace(day=1)

    @classmethod
    def holding(cls, moment: datetime, length: Length) -> "Period":
        """The day or month that a moment lies in."""
        day = moment.astimezone(UTC).date()
        return cls(length, day if length == "day" else day.replace(day=1))

    @classmethod
    def read(cls, name: str) -> "Period | None":
        """The period that a file name's ending names; None if it is none."""
        try:
            if len(name) == len("2025-06"):
                return cls("month", date.fromisoformat(f"{name}-01"))
            return cls("day", date.fromisoformat(name)) if len(name) == len("2025-06-01") else None
        except ValueError:
            return None


def periods(start: datetime, end: datetime, length: Length) -> Iterator[Period]:
    """Every period that holds a moment of [start, end)."""
    period = Period.holding(start, length)
    while period.start < end:
        yield period
        period = Period.holding(period.end, length)


@dataclass(frozen=True)
class FileKind:
    """One kind of file: where it lies, how long one is, how its columns are called, and what becomes of them.

    `folder` and `stem` hold `{symbol}`, `folder` also `{length}` (monthly, daily). `header` names the columns of a file
    that has no line of names. `time` is the column that says when a row happened: an `epoch` in milli- or microseconds
    (told by its digits), or a `text` in UTC. `datasets` maps our datasets to our columns and theirs. `symbol` is the
    column that names the instrument, where there is one. `every` keeps of a series only the moments at which the
    venue's own history is asked for, or what was first seen within `late_by` of each. `band` is the column that says
    how far from the mid price a row of an order book counts, in percent of it, below 0 on the side of the bids. `lag`
    is how long after its end a file is there at the latest. `typical_bytes` is what one file and `rows_a_day` what a
    day of an instrument usually has, for plans.
    """

    name: str
    market_type: Literal["perp", "spot"]
    folder: str
    stem: str
    header: tuple[str, ...]
    time: str
    datasets: Mapping[str, Mapping[str, str]]
    lag: Mapping[Length, timedelta]
    typical_bytes: Mapping[Length, int]
    rows_a_day: float
    time_kind: Literal["epoch", "text"] = "epoch"
    symbol: str | None = None
    every: timedelta | None = None
    late_by: timedelta = timedelta(0)
    band: str | None = None

    @property
    def lengths(self) -> tuple[Length, ...]:
        """The longest first: one file is less than thirty."""
        return tuple(self.lag)

    def holds_until(self, now: datetime) -> datetime:
        """Up to where files are there by now."""
        return max(Period.holding(now - lag, length).start for length, lag in self.lag.items())

    def prefix(self, symbol: str, length: Length) -> str:
        """What the keys of an instrument's files begin with, up to their period."""
        folder = self.folder.format(symbol=symbol, length="monthly" if length == "month" else "daily")
        return f"{folder}/{self.stem.format(symbol=symbol)}-"


@dataclass(frozen=True)
class Archive:
    """A publisher of files of one venue's history: where they lie and are listed, and the kinds that it has."""

    name: str
    venue: str
    files: str
    listing: str
    kinds: tuple[FileKind, ...]
    errors: tuple[ErrorRule, ...] = ()
    at_once: int = 8

    def kind(self, market_type: str, dataset: str) -> FileKind | None:
        """The kind of file that has a dataset; None if none has."""
        found = (kind for kind in self.kinds if kind.market_type == market_type and dataset in kind.datasets)
        return next(found, None)

    def place(self, kind: FileKind) -> str:
        """Host and path of the files of a kind, `…` for length, symbol and period."""
        folder = kind.folder.format(symbol="…", length="…")
        return f"{self.files.split('://', 1)[1]}/{folder}/….zip"

    @property
    def list_place(self) -> str:
        """Host and path of the list."""
        return self.listing.split("://", 1)[1]

    @property
    def checksum_place(self) -> str:
        """Host and path of the checksums beside the files."""
        return f"{self.files.split('://', 1)[1]}/….zip.CHECKSUM"

    def address(self, key: str) -> str:
        """Where a file lies."""
        return f"{self.files}/{'/'.join(path_part(part) for part in key.split('/'))}"

    def page(self, prefix: str, marker: str) -> str:
        """The address of the page of the listing that begins after a key."""
        return f"{self.listing}?delimiter=/&prefix={quote(prefix, safe='')}&marker={quote(marker, safe='')}"
