"""FRED, the Federal Reserve Bank of St. Louis: one CSV per series, without a key.

A day without a value is blank or a point: kept as NULL for macro series, and no close at all for prices.
"""

import csv
from datetime import date, datetime, timedelta
from functools import partial

import httpx
import pyarrow as pa

from ingestion.http.fetch import Answer, Task
from ingestion.references.provider import FetchContext, Provider, Reading
from warehouse.contracts import ASSET_CLASS_PRICES, MACRO_SERIES

_CSV = "https://fred.stlouisfed.org/graph/fredgraph.csv"


def _tasks(context: FetchContext) -> list[Task]:
    wanted = dict.fromkeys(context.scope.series(context.dataset))
    if context.dataset == MACRO_SERIES.name:
        wanted |= dict.fromkeys(context.offered)
    start = context.source.starts_at - timedelta(days=float(context.scope.settings["lookback_days"]))
    return [_task(context, series, start) for series in wanted if context.wants(series, start)]


def _task(context: FetchContext, series: str, start: datetime) -> Task:
    async def run() -> Answer:
        params = {"id": series, "cosd": f"{start:%Y-%m-%d}", "coed": f"{context.due:%Y-%m-%d}"}
        read = _macro if context.dataset == MACRO_SERIES.name else _prices
        return Answer(await context.get(_CSV, params, lambda response: read(response, series, context.source.now)))

    return Task(context.throttle, "fred", None, series, start, context.due, run)


def read_csv(series: str, response: httpx.Response) -> list[tuple[date, float | None]]:
    """The dates and values of one series; ValueError if the header does not name it."""
    lines = list(csv.reader(response.text.splitlines()))
    if not lines or len(lines[0]) != 2 or lines[0][1] != series:
        raise ValueError(f"the header does not name {series}")
    return [(date.fromisoformat(day), None if value in ("", ".") else float(value)) for day, value in lines[1:]]


def _macro(response: httpx.Response, series: str, _: datetime) -> pa.Table:
    rows = [
        {"provider": "fred", "series": series, "reference_date": day, "value": value, "released_at": None}
        for day, value in read_csv(series, response)
    ]
    return pa.Table.from_pylist(rows, schema=MACRO_SERIES.schema)


def _prices(response: httpx.Response, series: str, _: datetime) -> pa.Table:
    rows = [
        {"provider": "fred", "series": series, "close_date": day, "close": value}
        for day, value in read_csv(series, response)
        if value is not None
    ]
    return pa.Table.from_pylist(rows, schema=ASSET_CLASS_PRICES.schema)


def _last_days(series: str, now: datetime) -> dict[str, str]:
    return {"id": series, "cosd": f"{now - timedelta(days=14):%Y-%m-%d}", "coed": f"{now:%Y-%m-%d}"}


PROVIDER = Provider(
    "fred",
    ("macro_series", "asset_class_prices"),
    _tasks,
    readings=(
        Reading("macro_series", _CSV, _macro, partial(_last_days, "DGS10"), "DGS10"),
        Reading("asset_class_prices", _CSV, _prices, partial(_last_days, "SP500"), "SP500"),
    ),
)
