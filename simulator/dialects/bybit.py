"""Bybit v5: api.bybit.com, linear and inverse perpetuals and spot."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from simulator.dialects.dialect import (
    DAY_MS,
    HOUR_MS,
    Keeps,
    PageRule,
    RequestError,
    VenueDialect,
    integer,
    json_response,
    milliseconds,
)
from simulator.dialects.shelf import Series, decimals
from simulator.dialects.shelves import (
    account_shares,
    candle_shelf,
    funding_shelf,
    long_short_shelf,
    open_interest_shelf,
)

PARAMETER_ERROR = 10001
CATEGORIES = ("spot", "linear", "inverse", "option")
OPEN_INTEREST_INTERVALS_MS = {
    "5min": HOUR_MS // 12, "15min": HOUR_MS // 4, "30min": HOUR_MS // 2, "1h": HOUR_MS, "4h": 4 * HOUR_MS, "1d": DAY_MS,
}  # fmt: skip


class Bybit(VenueDialect):
    """Bybit's market data."""

    hosts = ("api.bybit.com",)
    document = "https://bybit-exchange.github.io/docs/v5/market/kline"
    venue = "bybit"
    instruments_rule = PageRule(default_rows=500, most_rows=1000)
    # From `start` alone the first rows come, with an `end` the last ones up to it.
    kline_rule = PageRule(default_rows=200, most_rows=1000, is_descending=True)
    funding_rule = PageRule(default_rows=200, most_rows=200, keeps="last", is_descending=True)
    open_interest_rule = PageRule(default_rows=50, most_rows=200, keeps="last", is_descending=True)
    account_ratio_rule = PageRule(default_rows=50, most_rows=500, keeps="last", is_descending=True)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        spot = candle_shelf(self, "spot", _render_kline, is_descending=True)
        perp = candle_shelf(self, "perp", _render_kline, is_descending=True)
        inverse = candle_shelf(self, "perp", _render_inverse_kline, is_descending=True)
        self._candles = {"spot": spot, "linear": perp, "inverse": inverse}
        self._funding = funding_shelf(self, _render_funding, is_descending=True)
        base = open_interest_shelf(self, ("open_interest_base",), _render_open_interest_base, is_descending=True)
        dollars = open_interest_shelf(self, ("open_interest_usd",), _render_open_interest_usd, is_descending=True)
        self._open_interest = {
            (category, interval): shelf.thinned(ms) if ms > HOUR_MS else shelf
            for category, shelf in (("linear", base), ("inverse", dollars))
            for interval, ms in OPEN_INTEREST_INTERVALS_MS.items()
        }
        ratios = long_short_shelf(self, _render_long_short, is_descending=True)
        self._long_short = {
            period: ratios.thinned(ms) if ms > HOUR_MS else ratios for period, ms in OPEN_INTEREST_INTERVALS_MS.items()
        }
        self._symbols: dict[str, list[dict[str, Any]]] = {
            "spot": [_spot(row) for row in self.instruments("spot")],
            "linear": [_perpetual(row, "LinearPerpetual") for row in self.instruments("perp")],
            "inverse": [_perpetual(row, "InversePerpetual") for row in self.instruments("perp", is_inverse=True)],
            "option": [],
        }
        self._listed = {name: frozenset(row["symbol"] for row in rows) for name, rows in self._symbols.items()}

    def routes(self) -> list[BaseRoute]:
        """Public market data."""
        return [
            Route("/v5/market/time", self._time),
            Route("/v5/market/instruments-info", self._instruments_info),
            Route("/v5/market/kline", self._kline),
            Route("/v5/market/funding/history", self._funding_history),
            Route("/v5/market/open-interest", self._open_interest_history),
            Route("/v5/market/account-ratio", self._account_ratio),
        ]

    def too_many_requests(self) -> Response:
        """Code 10006, with status 200 as Bybit sends it."""
        return self._answer({}, 10006, "Too many visits. Exceeded the API Rate Limit.")

    async def _time(self, _: Request) -> Response:
        result = {"timeSecond": str(self.now_ms // 1000), "timeNano": str(self.now_ms * 1_000_000)}
        return self._answer(result)

    async def _instruments_info(self, request: Request) -> Response:
        parameters = request.query_params
        category = self._category(parameters, CATEGORIES)
        # Without a status only what trades is listed; what was delisted is asked for as Closed.
        status = parameters.get("status") or "Trading"
        rows = [row for row in self._symbols[category] if row["status"] == status]
        if symbol := parameters.get("symbol"):
            rows = [row for row in self._symbols[category] if row["symbol"] == symbol]
        if base := parameters.get("baseCoin"):
            rows = [row for row in rows if row["baseCoin"] == base]
        if category == "spot":
            return self._answer({"category": category, "list": rows})
        limit = self._limit(parameters, self.instruments_rule)
        first = self._whole(parameters, "cursor") or 0
        left = len(rows) > first + limit
        page = {"category": category, "list": rows[first : first + limit]}
        return self._answer({**page, "nextPageCursor": str(first + limit) if left else ""})

    async def _kline(self, request: Request) -> Response:
        parameters = request.query_params
        category = self._category(parameters, ("spot", "linear", "inverse"), "linear")
        symbol = self._symbol(parameters, category)
        if parameters.get("interval") != "60":
            raise self._error("Invalid period!")
        start, end = self._whole(parameters, "start"), self._whole(parameters, "end")
        if start is not None:
            # The candle that `start` lies in belongs to the answer.
            start -= start % HOUR_MS
        limit = self._limit(parameters, self.kline_rule)
        keeps: Keeps = "first" if start is not None and end is None else "last"
        page = self._candles[category].page(symbol, start, end, limit, keeps)
        return self._rows(f'"category":"{category}","symbol":"{symbol}"', page.json)

    async def _funding_history(self, request: Request) -> Response:
        parameters = request.query_params
        category = self._category(parameters, ("linear", "inverse"))
        symbol = self._symbol(parameters, category)
        start, end = self._whole(parameters, "startTime"), self._whole(parameters, "endTime")
        if start is not None and end is None:
            raise self._error("params error: startTime and endTime must be sent together")
        limit = self._limit(parameters, self.funding_rule)
        page = self._funding.page(symbol, start, end, limit, self.funding_rule.keeps)
        return self._rows(f'"category":"{category}"', page.json)

    async def _open_interest_history(self, request: Request) -> Response:
        parameters = request.query_params
        category = self._category(parameters, ("linear", "inverse"))
        symbol = self._symbol(parameters, category)
        shelf = self._open_interest.get((category, parameters.get("intervalTime", "")))
        if shelf is None:
            raise self._error("params error: intervalTime invalid")
        start, end = self._whole(parameters, "startTime"), self._whole(parameters, "endTime")
        limit = self._limit(parameters, self.open_interest_rule)
        skip = self._whole(parameters, "cursor") or 0
        page = shelf.page(symbol, start, end, limit, self.open_interest_rule.keeps, skip)
        cursor = str(skip + page.n_rows) if page.n_left else ""
        return self._rows(f'"symbol":"{symbol}","category":"{category}","nextPageCursor":"{cursor}"', page.json)

    async def _account_ratio(self, request: Request) -> Response:
        parameters = request.query_params
        symbol = self._symbol(parameters, self._category(parameters, ("linear", "inverse")))
        shelf = self._long_short.get(parameters.get("period", ""))
        if shelf is None:
            raise self._error("params error: period invalid")
        start, end = self._whole(parameters, "startTime"), self._whole(parameters, "endTime")
        limit = self._limit(parameters, self.account_ratio_rule)
        skip = self._whole(parameters, "cursor") or 0
        page = shelf.page(symbol, start, end, limit, self.account_ratio_rule.keeps, skip)
        cursor = str(skip + page.n_rows) if page.n_left else ""
        return self._rows(f'"nextPageCursor":"{cursor}"', page.json)

    def _category(self, parameters: Mapping[str, str], allowed: tuple[str, ...], default: str = "") -> str:
        category = parameters.get("category") or default
        if category not in allowed:
            raise self._error("Illegal category")
        return category

    def _symbol(self, parameters: Mapping[str, str], category: str) -> str:
        symbol = parameters.get("symbol", "")
        if symbol not in self._listed[category]:
            raise self._error("params error: Symbol Is Invalid")
        return symbol

    def _whole(self, parameters: Mapping[str, str], name: str) -> int | None:
        try:
            return integer(parameters, name)
        except ValueError:
            raise self._error(f"params error: {name} invalid") from None

    def _limit(self, parameters: Mapping[str, str], rule: PageRule) -> int:
        limit = self._whole(parameters, "limit")
        return rule.default_rows if limit is None else max(1, min(limit, rule.most_rows))

    def _error(self, message: str) -> RequestError:
        return RequestError(self._answer({}, PARAMETER_ERROR, message))

    def _answer(self, result: dict[str, Any], code: int = 0, message: str = "OK") -> Response:
        body = {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": self.now_ms}
        return json_response(body)

    def _rows(self, head: str, rows: bytes) -> Response:
        body = b'{"retCode":0,"retMsg":"OK","result":{%b,"list":[%b]},"retExtInfo":{},"time":%d}'
        return Response(body % (head.encode(), rows, self.now_ms), media_type="application/json")


def _render_kline(_: str, candles: Series) -> list[str | pa.Array]:
    return _kline_parts(candles, "base_volume", "quote_volume")


def _render_inverse_kline(_: str, candles: Series) -> list[str | pa.Array]:
    # An inverse contract is counted in dollars, and its turnover in coins.
    return _kline_parts(candles, "quote_volume", "base_volume")


def _kline_parts(candles: Series, volume: str, turnover: str) -> list[str | pa.Array]:
    return [
        ',["', candles.time_text(), '","', candles.text("open"), '","', candles.text("high"), '","',
        candles.text("low"), '","', candles.text("close"), '","', candles.text(volume), '","',
        candles.text(turnover), '"]',
    ]  # fmt: skip


def _render_funding(symbol: str, funding: Series) -> list[str | pa.Array]:
    return [
        f',{{"symbol":"{symbol}","fundingRate":"', funding.text("funding_rate"), '","fundingRateTimestamp":"',
        funding.time_text(), '"}',
    ]  # fmt: skip


def _render_open_interest(observed: Series, column: str) -> list[str | pa.Array]:
    """`openInterest` counts longs and shorts, `singleOpenInterest` one of them."""
    return [
        ',{"openInterest":"', decimals(2 * observed.columns[column]), '","singleOpenInterest":"', observed.text(column),
        '","timestamp":"', observed.time_text(), '"}',
    ]  # fmt: skip


def _render_open_interest_base(_: str, observed: Series) -> list[str | pa.Array]:
    return _render_open_interest(observed, "open_interest_base")


def _render_open_interest_usd(_: str, observed: Series) -> list[str | pa.Array]:
    return _render_open_interest(observed, "open_interest_usd")


def _render_long_short(symbol: str, observed: Series) -> list[str | pa.Array]:
    long, short = account_shares(observed)
    return [
        f',{{"symbol":"{symbol}","buyRatio":"', long, '","sellRatio":"', short, '","timestamp":"', observed.time_text(),
        '"}',
    ]  # fmt: skip


def _spot(instrument: dict[str, Any]) -> dict[str, Any]:
    return {
        "symbol": instrument["venue_symbol"],
        "baseCoin": instrument["base"],
        "quoteCoin": instrument["quote"],
        "innovation": "0",
        "status": "Trading" if instrument["is_active"] else "Closed",
        "marginTrading": "none",
        "lotSizeFilter": {
            "basePrecision": "0.000001",
            "quotePrecision": "0.00000001",
            "minOrderQty": "0.000001",
            "maxOrderQty": "1000000000",
            "minOrderAmt": "1",
            "maxOrderAmt": "4000000",
        },
        "priceFilter": {"tickSize": "0.0000001"},
        "symbolType": "",
    }


def _perpetual(instrument: dict[str, Any], contract_type: str) -> dict[str, Any]:
    return {
        "symbol": instrument["venue_symbol"],
        "contractType": contract_type,
        "status": "Trading" if instrument["is_active"] else "Closed",
        "baseCoin": instrument["base"],
        "quoteCoin": instrument["quote"],
        "launchTime": str(milliseconds(instrument["listed_at"]) or 0),
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": "7",
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "50.00", "leverageStep": "0.01"},
        "priceFilter": {"minPrice": "0.0000001", "maxPrice": "1999999.8", "tickSize": "0.0000001"},
        "lotSizeFilter": {
            "maxOrderQty": "1000000000.000",
            "minOrderQty": "1" if instrument["is_inverse"] else "0.001",
            "qtyStep": "1" if instrument["is_inverse"] else "0.001",
            "postOnlyMaxOrderQty": "1000000000.000",
            "minNotionalValue": "5",
        },
        "unifiedMarginTrade": True,
        # Today's interval is no key to the past, and the market knows none: the venue's usual one.
        "fundingInterval": 480,
        "settleCoin": instrument["settle"],
        "copyTrading": "none",
        "isPreListing": False,
        "preListingInfo": None,
        "symbolType": "",
    }
