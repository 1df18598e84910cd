"""Binance futures: fapi.binance.com (USD-M perpetuals), and dapi.binance.com, which lists nothing here."""

from typing import Any

import pyarrow as pa
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from simulator.dialects.binance_spot import (
    binance_error,
    klines,
    rate_limits,
    render_kline,
    required,
    rows_asked,
    whole,
)
from simulator.dialects.dialect import DAY_MS, HOUR_MS, PageRule, VenueDialect, json_response, milliseconds
from simulator.dialects.shelf import Series, Shelf
from simulator.dialects.shelves import (
    account_shares,
    candle_shelf,
    funding_shelf,
    long_short_shelf,
    open_interest_shelf,
)

MINUTE_MS = 60_000
STATISTICS_PERIODS_MS = {
    "5m": 5 * MINUTE_MS, "15m": 15 * MINUTE_MS, "30m": 30 * MINUTE_MS, "1h": HOUR_MS, "2h": 2 * HOUR_MS,
    "4h": 4 * HOUR_MS, "6h": 6 * HOUR_MS, "12h": 12 * HOUR_MS, "1d": DAY_MS,
}  # fmt: skip
STATISTICS_RETENTION_MS = 30 * DAY_MS
PERPETUAL_DELIVERY_MS = 4_133_404_800_000


class BinanceUsdMargined(VenueDialect):
    """Binance's USD-M perpetuals."""

    hosts = ("fapi.binance.com",)
    document = "https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data"
    venue = "binance"
    klines_rule = PageRule(default_rows=500, most_rows=1500, is_strict=True)
    funding_rule = PageRule(default_rows=100, most_rows=1000, is_strict=True)
    # The document leaves open which rows of a longer range come back; the last ones are the harder case for a caller.
    statistics_rule = PageRule(default_rows=30, most_rows=500, keeps="last", is_strict=True)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._candles = candle_shelf(self, "perp", render_kline)
        self._funding = funding_shelf(self, _render_funding)
        needs = ("open_interest_base", "open_interest_usd")
        open_interest = open_interest_shelf(self, needs, _render_open_interest)
        self._open_interest = {
            period: open_interest.thinned(ms) if ms > HOUR_MS else open_interest
            for period, ms in STATISTICS_PERIODS_MS.items()
        }
        ratios = long_short_shelf(self, _render_long_short)
        self._long_short = {
            period: ratios.thinned(ms) if ms > HOUR_MS else ratios for period, ms in STATISTICS_PERIODS_MS.items()
        }
        listed = self.instruments("perp")
        self._listed = frozenset(row["venue_symbol"] for row in listed)
        self._symbols = [_symbol(row) for row in listed]

    def routes(self) -> list[BaseRoute]:
        """Public market data."""
        return [
            Route("/fapi/v1/ping", self._ping),
            Route("/fapi/v1/time", self._time),
            Route("/fapi/v1/exchangeInfo", self._exchange_info),
            Route("/fapi/v1/klines", self._klines),
            Route("/fapi/v1/fundingRate", self._funding_rate),
            Route("/fapi/v1/openInterest", self._open_interest_now),
            Route("/futures/data/openInterestHist", self._open_interest_history),
            Route("/futures/data/globalLongShortAccountRatio", self._long_short_history),
        ]

    def too_many_requests(self) -> Response:
        """Error -1003."""
        message = f"Too many requests; current limit is {self.requests_per_minute} requests per minute."
        return json_response({"code": -1003, "msg": message}, 429)

    async def _ping(self, _: Request) -> Response:
        return json_response({})

    async def _time(self, _: Request) -> Response:
        return json_response({"serverTime": self.now_ms})

    async def _exchange_info(self, _: Request) -> Response:
        assets = sorted({symbol["marginAsset"] for symbol in self._symbols})
        return json_response(
            {
                "timezone": "UTC",
                "serverTime": self.now_ms,
                "futuresType": "U_MARGINED",
                "rateLimits": rate_limits(self.requests_per_minute)[:1],
                "exchangeFilters": [],
                "assets": [{"asset": asset, "marginAvailable": True, "autoAssetExchange": "0"} for asset in assets],
                "symbols": self._symbols,
            }
        )

    async def _klines(self, request: Request) -> Response:
        return klines(self._candles, self._listed, request.query_params, self.klines_rule)

    async def _funding_rate(self, request: Request) -> Response:
        parameters = request.query_params
        symbol = self._known(required(parameters, "symbol"))
        start, end = whole(parameters, "startTime"), whole(parameters, "endTime")
        limit = rows_asked(parameters, self.funding_rule)
        # With neither end of a range the newest settlements come, at least 200 of them unless a limit is sent.
        is_open = start is None and end is None
        if is_open and "limit" not in parameters:
            limit = 200
        page = self._funding.page(symbol, start, end, limit, "last" if start is None else "first")
        return Response(b"[" + page.json + b"]", media_type="application/json")

    async def _open_interest_history(self, request: Request) -> Response:
        return self._statistics(request, self._open_interest)

    async def _long_short_history(self, request: Request) -> Response:
        return self._statistics(request, self._long_short)

    def _statistics(self, request: Request, shelves: dict[str, Shelf]) -> Response:
        parameters = request.query_params
        symbol = required(parameters, "symbol")
        shelf = shelves.get(required(parameters, "period"))
        if shelf is None:
            raise binance_error(-1130, "parameter 'period' is invalid.")
        start, end = whole(parameters, "startTime"), whole(parameters, "endTime")
        limit = rows_asked(parameters, self.statistics_rule)
        if self.retention.is_real:
            oldest = self.now_ms - STATISTICS_RETENTION_MS
            if start is not None and start < oldest:
                raise binance_error(-1130, "parameter 'startTime' is invalid.")
            start = oldest if start is None else start
        page = shelf.page(symbol, start, end, limit, self.statistics_rule.keeps)
        return Response(b"[" + page.json + b"]", media_type="application/json")

    async def _open_interest_now(self, request: Request) -> Response:
        symbol = self._known(required(request.query_params, "symbol"))
        amount = self._open_interest["5m"].last(symbol, "open_interest_base")
        return json_response({"symbol": symbol, "openInterest": f"{amount or 0:.3f}", "time": self.now_ms})

    def _known(self, symbol: str) -> str:
        if symbol not in self._listed:
            raise binance_error(-1121, "Invalid symbol.")
        return symbol


class BinanceCoinMargined(VenueDialect):
    """Binance's coin-margined futures: there, because spot clients ask for their list, and empty."""

    hosts = ("dapi.binance.com",)
    document = "https://developers.binance.com/docs/derivatives/coin-margined-futures/market-data"
    venue = "binance"

    def routes(self) -> list[BaseRoute]:
        """The empty list of symbols."""
        return [Route("/dapi/v1/exchangeInfo", self._exchange_info)]

    async def _exchange_info(self, _: Request) -> Response:
        limits = rate_limits(self.requests_per_minute)[:1]
        head = {"timezone": "UTC", "serverTime": self.now_ms, "rateLimits": limits}
        return json_response({**head, "exchangeFilters": [], "symbols": []})


def _render_funding(symbol: str, funding: Series) -> list[str | pa.Array]:
    # The mark price at the settlement is not known; Binance itself leaves it empty in old rows.
    return [
        f',{{"symbol":"{symbol}","fundingTime":', funding.time_text(), ',"fundingRate":"', funding.text("funding_rate"),
        '","markPrice":""}',
    ]  # fmt: skip


def _render_open_interest(symbol: str, observed: Series) -> list[str | pa.Array]:
    return [
        f',{{"symbol":"{symbol}","sumOpenInterest":"', observed.text("open_interest_base"),
        '","sumOpenInterestValue":"', observed.text("open_interest_usd"), '","timestamp":', observed.time_text(), "}",
    ]  # fmt: skip


def _render_long_short(symbol: str, observed: Series) -> list[str | pa.Array]:
    long, short = account_shares(observed)
    return [
        f',{{"symbol":"{symbol}","longAccount":"', long, '","longShortRatio":"',
        observed.text("long_short_account_ratio"), '","shortAccount":"', short, '","timestamp":', observed.time_text(),
        "}",
    ]  # fmt: skip


def _symbol(instrument: dict[str, Any]) -> dict[str, Any]:
    symbol = {
        "symbol": instrument["venue_symbol"],
        "pair": instrument["venue_symbol"],
        "contractType": "PERPETUAL",
        "deliveryDate": PERPETUAL_DELIVERY_MS,
        "onboardDate": milliseconds(instrument["listed_at"]),
        "status": "TRADING" if instrument["is_active"] else "SETTLING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": instrument["base"],
        "quoteAsset": instrument["quote"],
        "marginAsset": instrument["settle"],
        "pricePrecision": 7,
        "quantityPrecision": 3,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10000,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.0000001", "maxPrice": "1000000", "tickSize": "0.0000001"},
            {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "10000000", "stepSize": "0.001"},
            {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "1000000", "stepSize": "0.001"},
            {"filterType": "MIN_NOTIONAL", "notional": "5"},
        ],
        "orderTypes": ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
    }
    if symbol["onboardDate"] is None:
        del symbol["onboardDate"]
    return symbol
