"""Binance spot: api.binance.com."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from simulator.dialects.dialect import (
    HOUR_MS,
    PageRule,
    RequestError,
    VenueDialect,
    integer,
    json_response,
)
from simulator.dialects.shelf import Series, Shelf
from simulator.dialects.shelves import TAKER_COLUMNS, candle_shelf

INTERVAL = "1h"


def binance_error(code: int, message: str, status: int = 400) -> RequestError:
    """Binance's error body."""
    return RequestError(json_response({"code": code, "msg": message}, status))


def required(parameters: Mapping[str, str], name: str) -> str:
    """A parameter that has to be sent."""
    if not parameters.get(name):
        message = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
        raise binance_error(-1102, message)
    return parameters[name]


def whole(parameters: Mapping[str, str], name: str) -> int | None:
    """A whole number that may be sent."""
    try:
        return integer(parameters, name)
    except ValueError:
        raise binance_error(-1100, f"Illegal characters found in parameter '{name}'.") from None


def rows_asked(parameters: Mapping[str, str], rule: PageRule) -> int:
    """How many rows a call gets under `rule`."""
    limit = whole(parameters, "limit")
    if limit is None:
        return rule.default_rows
    if limit < 1 or (rule.is_strict and limit > rule.most_rows):
        raise binance_error(-1130, "Data sent for parameter 'limit' is not valid.")
    return min(limit, rule.most_rows)


def render_kline(_: str, candles: Series) -> list[str | pa.Array]:
    """One kline; the number of trades is not known to a market of hours, and is 0; what takers bought may be blank."""
    taken = [candles.text(name) if name in candles.columns else "" for name in TAKER_COLUMNS]
    return [
        ",[", candles.time_text(), ',"', candles.text("open"), '","', candles.text("high"), '","', candles.text("low"),
        '","', candles.text("close"), '","', candles.text("base_volume"), '",', candles.time_text(HOUR_MS - 1), ',"',
        candles.text("quote_volume"), '",0,"', taken[0], '","', taken[1], '","0"]',
    ]  # fmt: skip


def klines(shelf: Shelf, listed: frozenset[str], parameters: Mapping[str, str], rule: PageRule) -> Response:
    """The klines of one symbol: the first of a range from startTime, else the last ones, always ascending."""
    symbol = required(parameters, "symbol")
    if required(parameters, "interval") != INTERVAL:
        raise binance_error(-1120, "Invalid interval.")
    if symbol not in listed:
        raise binance_error(-1121, "Invalid symbol.")
    start, end = whole(parameters, "startTime"), whole(parameters, "endTime")
    if start is not None and end is not None and start > end:
        raise binance_error(-1023, "Start time is greater than end time.")
    limit = rows_asked(parameters, rule)
    page = shelf.page(symbol, start, end, limit, "last" if start is None else "first")
    return Response(b"[" + page.json + b"]", media_type="application/json")


def rate_limits(requests_per_minute: int) -> list[dict[str, Any]]:
    """The declared limits, as exchangeInfo lists them."""
    return [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": requests_per_minute},
        {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 5 * requests_per_minute},
    ]


class BinanceSpot(VenueDialect):
    """Binance's spot market."""

    hosts = ("api.binance.com",)
    document = "https://developers.binance.com/docs/binance-spot-api-docs/rest-api"
    venue = "binance"
    klines_rule = PageRule(default_rows=500, most_rows=1000)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._candles = candle_shelf(self, "spot", render_kline)
        listed = self.instruments("spot")
        self._listed = frozenset(row["venue_symbol"] for row in listed)
        self._symbols = [self._symbol(row) for row in listed]

    def routes(self) -> list[BaseRoute]:
        """Public market data."""
        return [
            Route("/api/v3/ping", self._ping),
            Route("/api/v3/time", self._time),
            Route("/api/v3/exchangeInfo", self._exchange_info),
            Route("/api/v3/klines", self._klines),
        ]

    def too_many_requests(self) -> Response:
        """Error -1003."""
        return json_response({"code": -1003, "msg": "Too much request weight used; please use WebSocket Streams."}, 429)

    async def _ping(self, _: Request) -> Response:
        return json_response({})

    async def _time(self, _: Request) -> Response:
        return json_response({"serverTime": self.now_ms})

    async def _klines(self, request: Request) -> Response:
        return klines(self._candles, self._listed, request.query_params, self.klines_rule)

    async def _exchange_info(self, request: Request) -> Response:
        symbols = self._symbols
        if wanted := request.query_params.get("symbol"):
            symbols = [symbol for symbol in symbols if symbol["symbol"] == wanted]
            if not symbols:
                raise binance_error(-1121, "Invalid symbol.")
        return json_response(
            {
                "timezone": "UTC",
                "serverTime": self.now_ms,
                "rateLimits": rate_limits(self.requests_per_minute),
                "exchangeFilters": [],
                "symbols": symbols,
            }
        )

    def _symbol(self, instrument: dict[str, Any]) -> dict[str, Any]:
        return {
            "symbol": instrument["venue_symbol"],
            "status": "TRADING" if instrument["is_active"] else "BREAK",
            "baseAsset": instrument["base"],
            "baseAssetPrecision": 8,
            "quoteAsset": instrument["quote"],
            "quotePrecision": 8,
            "quoteAssetPrecision": 8,
            "baseCommissionPrecision": 8,
            "quoteCommissionPrecision": 8,
            "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
            "icebergAllowed": True,
            "ocoAllowed": True,
            "quoteOrderQtyMarketAllowed": True,
            "isSpotTradingAllowed": bool(instrument["is_active"]),
            "isMarginTradingAllowed": False,
            "filters": [
                {
                    "filterType": "PRICE_FILTER",
                    "minPrice": "0.00000001",
                    "maxPrice": "1000000.00000000",
                    "tickSize": "0.00000001",
                },
                {
                    "filterType": "LOT_SIZE",
                    "minQty": "0.00000001",
                    "maxQty": "9000000000.00000000",
                    "stepSize": "0.00000001",
                },
                {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True},
            ],
            "permissions": [],
            "permissionSets": [["SPOT"]],
        }
