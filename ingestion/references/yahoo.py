"""Yahoo's chart endpoint: daily closes of what crypto is compared with.

It answers 429 often, so each series is one question; the week does without it if need be. The question is for all of
its days, also those that are known: after a split the provider states the whole series anew, in the new shares' price,
and new days beside old ones would be two scales in one series. What is the same as before adds no row.
"""

from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.http.bodies import read_json
from ingestion.http.errors import ErrorRule
from ingestion.http.fetch import Answer, Task
from ingestion.references.meetings import meeting_futures
from ingestion.references.provider import FetchContext, Provider, Reading, path_part
from warehouse.contracts import ASSET_CLASS_PRICES

_CHART = "https://query1.finance.yahoo.com/v8/finance/chart/{series}"
# Without one it takes us for a program, and answers 429 (scheb/yahoo-finance-api#42, tarkah/tickrs#170).
_HEADERS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Safari/537.36"
}
# Errors come with their status, and with 200 too.
_ERRORS = (
    ErrorRule("not_offered", ("Not Found",)),
    ErrorRule("retry", ("Too Many Requests",)),
    ErrorRule("give_up", ("Unauthorized", "Forbidden", "Bad Request")),
)
# Prices of London and of two others come in hundredths: GBp is pence.
_HUNDREDTHS = {"GBp", "GBX", "ZAc", "ILA"}


def _tasks(context: FetchContext) -> list[Task]:
    futures = meeting_futures(context.source.now.date(), int(context.scope.settings.get("meetings_ahead", 0)))
    if context.offered:  # a market server has what it says
        futures = []
    wanted = dict.fromkeys([*context.scope.series(context.dataset), *futures, *context.offered])
    start = context.source.starts_at - timedelta(days=float(context.scope.settings["lookback_days"]))
    return [_task(context, series, start) for series in wanted if context.wants(series, start)]


def _task(context: FetchContext, series: str, start: datetime) -> Task:
    async def run() -> Answer:
        params = {"period1": int(start.timestamp()), "period2": int(context.due.timestamp()), "interval": "1d"}
        address = _CHART.format(series=path_part(series))
        read = partial(_days, series=series, now=context.source.now)
        days = await context.get(address, params, read, _HEADERS, _ERRORS)
        return Answer(days.filter(pc.is_valid(days["close"])))  # a day without a close is a day without a row

    return Task(context.throttle, "yahoo", None, series, start, context.due, run)


def _days(response: httpx.Response, series: str, now: datetime) -> pa.Table:
    rows = [
        {"provider": "yahoo", "series": series, "close_date": day, "close": close}
        for day, close in read_chart(response, now).items()
    ]
    return pa.Table.from_pylist(rows, schema=ASSET_CLASS_PRICES.schema)


def read_chart(response: httpx.Response, now: datetime) -> dict[date, float | None]:
    """Close by trading day in the market's own calendar, None of a day without one; today is left out while it trades.

    `close`, not `adjclose`: adjusted for splits, not for dividends.
    """
    result = read_json(response.content)["chart"]["result"][0]
    meta = result["meta"]
    zone = _zone(meta)
    unit = 100.0 if meta.get("currency") in _HUNDREDTHS else 1.0
    session_end = meta.get("currentTradingPeriod", {}).get("regular", {}).get("end")
    is_closed = session_end is not None and now.timestamp() >= session_end
    today = now.astimezone(zone).date()
    closes: dict[date, float | None] = {}
    moments = result.get("timestamp") or []
    for moment, close in zip(moments, result["indicators"]["quote"][0].get("close") or [], strict=True):
        day = datetime.fromtimestamp(moment, zone).date()
        if day < today or (day == today and is_closed):
            closes[day] = None if close is None else float(close) / unit
    return closes


def _zone(meta: dict[str, Any]) -> tzinfo:
    """The market's own clock; its offset of today stands in where this machine does not know the zone."""
    try:
        return ZoneInfo(meta["exchangeTimezoneName"])
    except (KeyError, ZoneInfoNotFoundError):
        return timezone(timedelta(seconds=meta.get("gmtoffset", 0)))


def _last_days(now: datetime) -> dict[str, Any]:
    start = now - timedelta(days=7)
    return {"period1": int(start.timestamp()), "period2": int(now.timestamp()), "interval": "1d"}


PROVIDER = Provider(
    "yahoo",
    ("asset_class_prices",),
    _tasks,
    readings=(Reading("asset_class_prices", _CHART, _days, _last_days, "SPY"),),
    errors=_ERRORS,
    headers=lambda _: dict(_HEADERS),
    at_once=2,
)
