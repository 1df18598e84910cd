"""Yahoo's chart endpoint: query1.finance.yahoo.com/v8/finance/chart/SYMBOL."""

from dataclasses import dataclass
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from simulator.dialects.dialect import Dialect, RequestError, json_response

RANGES_DAYS = {
    "1d": 1, "5d": 5, "1mo": 31, "3mo": 92, "6mo": 183, "1y": 366, "2y": 731, "5y": 1827, "10y": 3653, "max": 100_000,
}  # fmt: skip


@dataclass(frozen=True)
class Session:
    """When an exchange opens, on its own clock: the stamp of its daily points."""

    zone: str
    opens: time
    kind: str
    currency: str = "USD"


NEW_YORK = Session("America/New_York", time(9, 30), "EQUITY")
NEW_YORK_FUTURES = Session("America/New_York", time(0), "FUTURE")
CURRENCIES = Session("Europe/London", time(0), "CURRENCY")
COINS = Session("UTC", time(0), "CRYPTOCURRENCY")
TOKYO = Session("Asia/Tokyo", time(9), "EQUITY", "JPY")
HONG_KONG = Session("Asia/Hong_Kong", time(9, 30), "EQUITY", "HKD")
FRANKFURT = Session("Europe/Berlin", time(9), "INDEX", "EUR")
BY_SYMBOL = {"BTC": COINS, "USDJPY": CURRENCIES, "^N225": TOKYO, "^HSI": HONG_KONG, "^STOXX50E": FRANKFURT}
BY_ENDING = {
    "=F": NEW_YORK_FUTURES,
    ".CBT": NEW_YORK_FUTURES,
    ".NYB": NEW_YORK_FUTURES,
    "=X": CURRENCIES,
    "-USD": COINS,
    ".T": TOKYO,
    ".HK": HONG_KONG,
    ".DE": FRANKFURT,
}


class Yahoo(Dialect):
    """Yahoo's daily charts."""

    hosts = ("query1.finance.yahoo.com", "query2.finance.yahoo.com")
    document = "https://github.com/ranaroussi/yfinance"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        rows = self.market.asset_class_prices
        if "provider" in rows:
            rows = rows[(rows["provider"] == "yahoo").to_numpy()]
        # A day is served once it is over, so that no close is known before its time.
        is_over = (pd.to_datetime(rows["close_date"]) + pd.Timedelta(days=1) <= self.now_naive()).to_numpy()
        rows = rows[is_over].assign(series=rows[is_over]["series"].astype(str)).sort_values(["series", "close_date"])
        self._closes = {str(name): _points(str(name), part) for name, part in rows.groupby("series")}

    def routes(self) -> list[BaseRoute]:
        """The chart."""
        return [Route("/v8/finance/chart/{symbol:path}", self._chart)]

    async def _chart(self, request: Request) -> Response:
        symbol: str = request.path_params["symbol"]
        parameters = request.query_params
        if parameters.get("interval", "1d") != "1d":
            raise _error("Bad Request", f"Invalid input - interval={parameters['interval']} is not supported.", 422)
        points = self._closes.get(symbol)
        if points is None:
            raise _error("Not Found", "No data found, symbol may be delisted", 404)
        now = self.now_ms // 1000
        span = RANGES_DAYS.get(parameters.get("range", "5d"), 5)
        try:
            low = int(parameters.get("period1", now - span * 86_400))
            high = int(parameters.get("period2", now + 1))
        except ValueError:
            raise _error("Bad Request", "Invalid input - period1 and period2 are seconds.", 422) from None
        if low > high:
            raise _error("Bad Request", "Invalid input - start date cannot be after end date.", 400)
        stamps, closes = points
        keep = (stamps >= low) & (stamps < high)
        result = {"meta": self._meta(symbol, points, keep), "indicators": {"quote": [{}], "adjclose": [{}]}}
        if keep.any():
            prices, unknown = closes[keep].tolist(), [None] * int(keep.sum())
            quote = dict.fromkeys(("open", "high", "low", "volume"), unknown)
            result["timestamp"] = stamps[keep].tolist()
            result["indicators"] = {"quote": [{**quote, "close": prices}], "adjclose": [{"adjclose": prices}]}
        return json_response({"chart": {"result": [result], "error": None}})

    def _meta(self, symbol: str, points: tuple[np.ndarray, np.ndarray], keep: np.ndarray) -> dict[str, Any]:
        session = _session(symbol)
        stamps, closes = points
        now = self.market.clock.now.astimezone(ZoneInfo(session.zone))
        offset = now.utcoffset()
        before = closes[: int(np.argmax(keep))] if keep.any() else closes
        return {
            "currency": session.currency,
            "symbol": symbol,
            "exchangeName": "",
            "fullExchangeName": "",
            "instrumentType": session.kind,
            "firstTradeDate": int(stamps[0]),
            "regularMarketTime": int(stamps[-1]),
            "hasPrePostMarketData": False,
            "gmtoffset": int(offset.total_seconds()) if offset else 0,
            "timezone": now.tzname(),
            "exchangeTimezoneName": session.zone,
            "regularMarketPrice": float(closes[-1]),
            "chartPreviousClose": float(before[-1]) if len(before) else None,
            "priceHint": 2,
            "dataGranularity": "1d",
            "range": "",
            "validRanges": list(RANGES_DAYS),
        }


def _session(symbol: str) -> Session:
    """The session of a symbol's exchange, by Yahoo's naming; New York's where nothing says otherwise."""
    if symbol in BY_SYMBOL:
        return BY_SYMBOL[symbol]
    return next((session for ending, session in BY_ENDING.items() if symbol.endswith(ending)), NEW_YORK)


def _points(symbol: str, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """A symbol's stamps in seconds, and its closes."""
    session = _session(symbol)
    opens = pd.Timedelta(hours=session.opens.hour, minutes=session.opens.minute)
    local = pd.DatetimeIndex(pd.to_datetime(rows["close_date"])) + opens
    stamps = local.tz_localize(session.zone).tz_convert("UTC").tz_localize(None)
    seconds = stamps.to_numpy().astype("datetime64[s]").astype(np.int64)
    return seconds, rows["close"].to_numpy(dtype=np.float64, na_value=np.nan)


def _error(code: str, description: str, status: int) -> RequestError:
    error = {"code": code, "description": description}
    return RequestError(json_response({"chart": {"result": None, "error": error}}, status))
