"""Yahoo's chart endpoint: daily closes of what crypto is compared with.

It answers 429 often, so each series is one question; the week does without it if need be. The question is for all of
its days, also those that are known: after a split the provider states the whole series anew, in the new shares' price,
and new days beside old ones would be two scales in one series. What is the same as before adds no row.
"""

from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx
import pyarrow as pa

from ingestion.http.bodies import read_json
from ingestion.http.fetch import Answer, NotOffered, Task
from ingestion.references.provider import FetchContext, Provider, path_part
from warehouse.contracts import ASSET_CLASS_PRICES

_CHART = "https://query1.finance.yahoo.com/v8/finance/chart"


def _tasks(context: FetchContext) -> list[Task]:
    wanted = dict.fromkeys([*context.scope.series(context.dataset), *context.offered])
    return [_task(context, series) for series in wanted if context.is_due(series)]


def _task(context: FetchContext, series: str) -> Task:
    start = context.source.starts_at - timedelta(days=float(context.scope.settings["lookback_days"]))

    async def run() -> Answer:
        params = {"period1": int(start.timestamp()), "period2": int(context.due.timestamp()), "interval": "1d"}
        address = f"{_CHART}/{path_part(series)}"
        closes = await context.get(address, params, lambda response: read_chart(response, context.source.now))
        rows = [
            {"provider": "yahoo", "series": series, "close_date": day, "close": close} for day, close in closes.items()
        ]
        return Answer(pa.Table.from_pylist(rows, schema=ASSET_CLASS_PRICES.schema))

    return Task(context.throttle, "yahoo", None, series, start, context.due, run)


def read_chart(response: httpx.Response, now: datetime) -> dict[date, float]:
    """Close by trading day in the market's own calendar; the day that is still trading is dropped."""
    chart = read_json(response.content)["chart"]
    if chart.get("error"):
        raise NotOffered(f"{chart['error'].get('description', chart['error'])}")
    result = chart["result"][0]
    meta = result["meta"]
    zone = _zone(meta)
    session_end = meta.get("currentTradingPeriod", {}).get("regular", {}).get("end")
    is_closed = session_end is not None and now.timestamp() >= session_end
    today = now.astimezone(zone).date()
    closes: dict[date, float] = {}
    moments = result.get("timestamp") or []
    for moment, close in zip(moments, result["indicators"]["quote"][0].get("close") or [], strict=True):
        day = datetime.fromtimestamp(moment, zone).date()
        if close is not None and (day < today or (day == today and is_closed)):
            closes[day] = float(close)
    return closes


def _zone(meta: dict[str, Any]) -> tzinfo:
    """The market's own clock; its offset of today stands in where this machine does not know the zone."""
    try:
        return ZoneInfo(meta["exchangeTimezoneName"])
    except (KeyError, ZoneInfoNotFoundError):
        return timezone(timedelta(seconds=meta.get("gmtoffset", 0)))


PROVIDER = Provider("yahoo", ("asset_class_prices",), _tasks, at_once=2)
