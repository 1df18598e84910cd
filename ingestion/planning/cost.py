"""What a history costs before it is asked for: requests, files, bytes and minutes, of an API and of an archive.

Nobody is asked: it follows from what venues and archives declare (rows of a page, calls a minute, usual sizes).
"""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from ingestion.archives.archive import FileKind, periods
from ingestion.planning.spans import TimeSpan
from ingestion.venues.venue import History, Venue

DAY = timedelta(days=1)
# Of a history whose distance between rows is data: settlements of perpetuals are four to eight hours apart.
USUAL_ROWS_A_DAY = 6.0
# A row of an API's answer as text.
USUAL_ROW_BYTES = 130
# Keys on a page of a list: a file and its checksum.
FILES_A_PAGE = 500


@dataclass(frozen=True)
class Cost:
    """What it takes to have a history: `requests` are all calls, those for `files` and their checksums among them."""

    requests: int = 0
    files: int = 0
    bytes: int = 0
    minutes: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.requests + other.requests,
            self.files + other.files,
            self.bytes + other.bytes,
            self.minutes + other.minutes,
        )

    def times(self, n: int) -> "Cost":
        """The same for so many instruments, one after the other: they share the limit."""
        return Cost(self.requests * n, self.files * n, self.bytes * n, self.minutes * n)

    def is_below(self, other: "Cost") -> bool:
        """True if it is sooner had, and of two that take as long with fewer requests."""
        return (self.minutes, self.requests) < (other.minutes, other.requests)


def of_api(venue: Venue, endpoint: History, span: TimeSpan) -> Cost:
    """One instrument's history by the venue's own endpoint, whether or not it keeps all of it."""
    days = (span[1] - span[0]) / DAY
    step_ms = endpoint.paging.step_ms
    rows = ceil(days * (DAY / timedelta(milliseconds=step_ms) if step_ms else USUAL_ROWS_A_DAY))
    requests = ceil(rows / endpoint.page_rows) if endpoint.page_rows else 1
    minutes = requests / (endpoint.calls_per_minute or venue.calls_per_minute)
    return Cost(requests, 0, rows * USUAL_ROW_BYTES, minutes)


def of_files(kind: FileKind, span: TimeSpan, calls_per_minute: float) -> Cost:
    """One instrument's history by an archive's files: months where there are any, then days; each with its checksum."""
    start, end = span
    files = size = pages = 0
    for length in kind.lengths:
        whole = [period for period in periods(start, end, length) if period.end <= end or length == kind.lengths[-1]]
        if not whole:
            continue
        files += len(whole)
        size += len(whole) * kind.typical_bytes[length]
        pages += ceil(len(whole) / FILES_A_PAGE)
        start = min(whole[-1].end, end)
    requests = 2 * files + pages
    return Cost(requests, files, size, requests / calls_per_minute)
