"""Japan's Ministry of Finance: yields of Japanese government bonds, one to forty years.

Two files: all past months, and the current month, which ends with an empty row and a sentence. A title line comes
first, `-` is none, dates are written 2000/1/4. The series are called JGB_1Y … JGB_40Y.
"""

import csv
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import httpx
import pyarrow as pa

from ingestion.http.fetch import Answer, Covered, Task
from ingestion.references.provider import FetchContext, Provider, Reading
from warehouse.contracts import MACRO_SERIES

_FOLDER = "https://www.mof.go.jp/english/policy/jgbs/reference/interest_rate"
_FILES = {"* past months": f"{_FOLDER}/historical/jgbcme_all.csv", "* this month": f"{_FOLDER}/jgbcme.csv"}


_DAY = re.compile(r"\d{4}/\d{1,2}/\d{1,2}")


def _tasks(context: FetchContext) -> list[Task]:
    return [_task(context, series, url) for series, url in _FILES.items() if _is_due(context, series)]


def _is_due(context: FetchContext, series: str) -> bool:
    """The past months' file grows once a month; it lands whole, so it is not asked for more often."""
    until = context.covered_until(series)
    if not context.reaches(series, context.source.starts_at):
        return True
    if until is None or series == "* this month":
        return context.is_due(series)
    return until < context.due.replace(day=3, hour=0, minute=0, second=0, microsecond=0) <= context.due


def _task(context: FetchContext, series: str, url: str) -> Task:
    start = context.source.starts_at

    async def run() -> Answer:
        rows = await context.get(url, {}, lambda response: _yields(response, "", context.source.now))
        counts = Counter(rows["series"].to_pylist())
        days = rows["reference_date"].to_pylist()
        end = min(max((_end_of(day) for day in days), default=context.due), context.due)
        covers = [Covered(None, name, start, end, count) for name, count in counts.items()]
        return Answer(rows, covers)

    return Task(context.throttle, "mof", None, series, start, context.due, run)


def _end_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)


def _yields(response: httpx.Response, _series: str, _now: datetime) -> pa.Table:
    rows = [
        {"provider": "mof", "series": name, "reference_date": day, "value": value, "released_at": None}
        for day, name, value in read_csv(response)
    ]
    return pa.Table.from_pylist(rows, schema=MACRO_SERIES.schema)


def read_csv(response: httpx.Response) -> list[tuple[date, str, float | None]]:
    """Day, series and value of every cell; ValueError if it is not the Ministry's table. A month may be empty yet."""
    lines = csv.reader(response.text.lstrip("\ufeff").splitlines())
    next(lines, None)  # the title
    header = next(lines, None)
    if not header or header[0] != "Date":
        raise ValueError("the second line does not begin with Date")
    values: list[tuple[date, str, float | None]] = []
    for line in lines:
        if not any(cell.strip() for cell in line):
            continue
        if not _DAY.fullmatch(line[0].strip()):
            if any(cell.strip() for cell in line[1:]):
                raise ValueError(f"{line[0][:40]!r} is no day as the Ministry writes it")
            continue  # words, and no yields
        year, month, day = map(int, line[0].split("/"))
        for maturity, cell in zip(header[1:], line[1:], strict=False):
            if maturity.strip():
                values.append((date(year, month, day), f"JGB_{maturity.strip()}", _value(cell)))
    return values


def _value(cell: str) -> float | None:
    return None if cell.strip() in ("", "-") else float(cell)


PROVIDER = Provider(
    "mof",
    ("macro_series",),
    _tasks,
    readings=tuple(Reading("macro_series", address, _yields) for address in _FILES.values()),
)
