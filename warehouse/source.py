"""Where a home's data comes from: the real services, a simulated market, or a replay of real tables."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit

Kind = Literal["simulated", "replay", "live"]


class SourceError(RuntimeError):
    """The source cannot be used as it was named; the message says what to do."""


@dataclass(frozen=True)
class Source:
    """A source of market data and its clock.

    `base_url` is None for the real services; else the market server, which answers for every host below a path of
    that host's name (`http://127.0.0.1:8123/fapi.binance.com/fapi/v1/klines`).
    `starts_at` is the first moment that its data are wanted of, `now` what its clock says (both aware, UTC). `earliest`
    is where it could begin, if that is earlier: a home may have less of it, and be deepened.
    """

    kind: Kind
    base_url: str | None
    starts_at: datetime
    now: datetime
    has_archive: bool = False
    earliest: datetime | None = None

    def since(self, moment: datetime) -> "Source":
        """The source from a moment on, as far as it reaches."""
        earliest = self.earliest or self.starts_at
        return replace(self, starts_at=max(moment, earliest), earliest=earliest)

    @property
    def is_simulated(self) -> bool:
        """True if prices were made by the simulator; a replay's are real."""
        return self.kind == "simulated"

    @property
    def is_private(self) -> bool:
        """True if what is sent there is read by nobody on the way: TLS, or a server on this machine."""
        return self.base_url is None or urlsplit(self.base_url).hostname in ("127.0.0.1", "::1", "localhost")

    def url(self, real_url: str) -> str:
        """The address that answers for `real_url` (https://host/path) at this source."""
        if self.base_url is None:
            return real_url
        return f"{self.base_url}/{real_url.split('://', 1)[1]}"

    @classmethod
    def live(cls, starts_at: datetime, earliest: datetime | None = None) -> "Source":
        """The real services, on the wall clock."""
        return cls("live", None, starts_at, datetime.now(UTC).replace(microsecond=0), earliest=earliest)
