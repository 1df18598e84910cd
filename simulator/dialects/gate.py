"""Gate v4: api.gateio.ws, perpetuals settled in USDT (and in bitcoin).

Which funding rows come of a range with more than a page is not plainly documented: here the newest of a range with an
end, the first of one without.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from typing import Any

import numpy as np
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
    quoted,
)
from simulator.dialects.shelf import Series, decimals, digits
from simulator.dialects.shelves import candle_shelf, funding_shelf, open_interest_shelf

SETTLES = ("usdt", "btc")
STATISTICS_PERIODS_MS = {"1h": HOUR_MS, "4h": 4 * HOUR_MS, "1d": DAY_MS}
MOST_CANDLES = 2000
OLDEST_CANDLES = 10_000
KEPT_DAYS = 180  # of funding and of statistics
LONGEST_LIQUIDATIONS_S = 3600
LIQUIDATION = ["venue_symbol", "liquidated_at", "side", "price", "quantity"]


class Gate(VenueDialect):
    """Gate's futures data."""

    hosts = ("api.gateio.ws",)
    document = "https://www.gate.com/docs/developers/apiv4/en"
    venue = "gate"
    candles_rule = PageRule(default_rows=100, most_rows=MOST_CANDLES, keeps="last", is_strict=True)
    funding_rule = PageRule(default_rows=100, most_rows=100, keeps="last", is_descending=True)
    statistics_rule = PageRule(default_rows=30, most_rows=100)
    # Which orders of a longer range come back is not documented; the newest are the harder case for a caller.
    liquidations_rule = PageRule(default_rows=100, most_rows=1000, keeps="last", is_descending=True)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        linear, inverse = self.instruments("perp"), self.instruments("perp", is_inverse=True)
        self._contracts = {"usdt": [_contract(row) for row in linear], "btc": [_contract(row) for row in inverse]}
        self._sizes = {str(row["venue_symbol"]): float(row["contract_size"]) for row in (*linear, *inverse)}
        self._listed = {settle: frozenset(row["name"] for row in rows) for settle, rows in self._contracts.items()}
        self._candles = candle_shelf(self, "perp", self._render_candle)
        self._funding = funding_shelf(self, _render_funding, is_descending=True)
        needs = ("open_interest_base", "open_interest_usd")
        statistics = open_interest_shelf(self, needs, self._render_statistics)
        self._statistics = {
            period: statistics.thinned(ms) if ms > HOUR_MS else statistics
            for period, ms in STATISTICS_PERIODS_MS.items()
        }

        orders = self.rows("liquidations").sort_values("liquidated_at", kind="stable")
        orders = orders[(orders["liquidated_at"] <= self.now_naive()).to_numpy()]
        self._liquidations = [self._liquidation(*row) for row in orders[LIQUIDATION].itertuples(index=False, name=None)]

    def routes(self) -> list[BaseRoute]:
        """Public market data; spot, delivery and options are empty."""
        empty = (
            "/spot/currencies",
            "/spot/currency_pairs",
            "/margin/currency_pairs",
            "/delivery/{settle}/contracts",
            "/options/underlyings",
        )
        return [
            *(Route(f"/api/v4{path}", self._nothing) for path in empty),
            Route("/api/v4/futures/{settle}/contracts", self._list_contracts),
            Route("/api/v4/futures/{settle}/candlesticks", self._candlesticks),
            Route("/api/v4/futures/{settle}/funding_rate", self._funding_rate),
            Route("/api/v4/futures/{settle}/contract_stats", self._contract_stats),
            Route("/api/v4/futures/{settle}/liq_orders", self._liquidation_orders),
        ]

    def too_many_requests(self) -> Response:
        """Label TOO_MANY_REQUESTS."""
        return json_response({"label": "TOO_MANY_REQUESTS", "message": "Request Rate limit Exceeded"}, 429)

    async def _nothing(self, _: Request) -> Response:
        return json_response([])

    async def _list_contracts(self, request: Request) -> Response:
        return json_response(self._contracts[_settle(request)])

    async def _candlesticks(self, request: Request) -> Response:
        parameters = request.query_params
        symbol = self._symbol(request)
        if parameters.get("interval", "5m") != "1h":
            raise _error("INVALID_PARAM_VALUE", "Invalid request parameter `interval` value")
        first, last, limit = (_whole(parameters, name) for name in ("from", "to", "limit"))
        if limit is not None and first is not None:
            raise _error("INVALID_PARAM_VALUE", "`limit` conflicts with `from` and `to`")
        if limit is not None and limit > MOST_CANDLES:
            raise _error("INVALID_PARAM_VALUE", "Invalid request parameter `limit` value")
        if first is None:
            rows = limit or self.candles_rule.default_rows
            page = self._candles.page(symbol, None, _ms(last), rows, self.candles_rule.keeps)
            return _rows(page.json)
        end = self.now_ms // 1000 if last is None else last
        if (end - first) // 3600 + 1 > MOST_CANDLES:
            message = f"Candlestick range too broad. Maximum {MOST_CANDLES} data points are allowed per request"
            raise _error("INVALID_PARAM_VALUE", message)
        if self.retention.is_real and first * 1000 < self.now_ms - OLDEST_CANDLES * HOUR_MS:
            message = f"Candlestick too long ago. Maximum {OLDEST_CANDLES} points ago are allowed"
            raise _error("INVALID_PARAM_VALUE", message)
        return _rows(self._candles.page(symbol, _ms(first), _ms(end), MOST_CANDLES, "first").json)

    async def _funding_rate(self, request: Request) -> Response:
        parameters = request.query_params
        symbol = self._symbol(request)
        first, last = self._kept(_whole(parameters, "from")), _whole(parameters, "to")
        keeps: Keeps = "first" if first is not None and last is None else self.funding_rule.keeps
        page = self._funding.page(symbol, _ms(first), _ms(last), _limit(parameters, self.funding_rule), keeps)
        return _rows(page.json)

    async def _contract_stats(self, request: Request) -> Response:
        parameters = request.query_params
        symbol = self._symbol(request)
        shelf = self._statistics.get(parameters.get("interval", "5m"))
        if shelf is None:
            raise _error("INVALID_PARAM_VALUE", "Invalid request parameter `interval` value")
        first = self._kept(_whole(parameters, "from"))
        keeps: Keeps = "last" if first is None else "first"
        return _rows(shelf.page(symbol, _ms(first), None, _limit(parameters, self.statistics_rule), keeps).json)

    async def _liquidation_orders(self, request: Request) -> Response:
        parameters = request.query_params
        symbol = self._symbol(request) if parameters.get("contract") else None
        first, last = _whole(parameters, "from"), _whole(parameters, "to")
        if first is not None and last is not None and last - first > LONGEST_LIQUIDATIONS_S:
            raise _error("INVALID_PARAM_VALUE", "range from/to must in 1 hour")
        low = 0 if first is None else bisect_left(self._liquidations, first, key=_time)
        high = None if last is None else bisect_right(self._liquidations, last, key=_time)
        listed = self._listed[_settle(request)]
        orders = [o for o in self._liquidations[low:high] if o["contract"] in (listed if symbol is None else (symbol,))]
        return json_response(orders[-_limit(parameters, self.liquidations_rule) :][::-1])

    def _liquidation(self, symbol: str, at: Any, side: str, price: float, quantity: float) -> dict[str, Any]:
        """As the venue prints it: the position's size, above 0 for a long one, and the order that closed it."""
        size = round(quantity / self._sizes.get(symbol, 1.0)) * (1 if side == "long" else -1)
        text = str(decimals(np.array([price]))[0])
        seconds = (milliseconds(at) or 0) // 1000
        order = {"contract": symbol, "time": seconds, "size": size, "order_size": -size, "left": 0}
        return order | {"fill_price": text, "order_price": text}

    def _kept(self, first: int | None) -> int | None:
        """The first second asked for, unless the venue keeps it no longer: then it answers nothing at all."""
        if self.retention.is_real and first is not None and first * 1000 < self.now_ms - KEPT_DAYS * DAY_MS:
            raise _error("INVALID_PARAM_VALUE", f"from time exceeds {KEPT_DAYS}-day limit")
        return first

    def _symbol(self, request: Request) -> str:
        symbol = request.query_params.get("contract", "")
        if not symbol:
            raise _error("MISSING_REQUIRED_PARAM", "Missing required parameter: contract")
        if symbol not in self._listed[_settle(request)]:
            raise _error("CONTRACT_NOT_FOUND", f"contract {symbol} not found")
        return symbol

    def _render_candle(self, symbol: str, candles: Series) -> list[str | pa.Array]:
        contracts = decimals(candles.columns["base_volume"] / self._sizes.get(symbol, 1.0))
        return [
            ',{"t":', digits(candles.times_ms // 1000), ',"v":', contracts, ',"c":"', candles.text("close"), '","h":"',
            candles.text("high"), '","l":"', candles.text("low"), '","o":"', candles.text("open"), '","sum":"',
            candles.text("quote_volume"), '"}',
        ]  # fmt: skip

    def _render_statistics(self, symbol: str, observed: Series) -> list[str | pa.Array]:
        contracts = decimals(observed.columns["open_interest_base"] / self._sizes.get(symbol, 1.0))
        return [
            ',{"time":', digits(observed.times_ms // 1000), ',"open_interest":', contracts, ',"open_interest_usd":',
            observed.text("open_interest_usd"), ',"lsr_taker":1.0,"lsr_account":1.0}',
        ]  # fmt: skip


def _render_funding(_: str, funding: Series) -> list[str | pa.Array]:
    return [',{"t":', digits(funding.times_ms // 1000), ',"r":"', funding.text("funding_rate"), '"}']


def _time(order: dict[str, Any]) -> int:
    return int(order["time"])


def _settle(request: Request) -> str:
    settle = str(request.path_params["settle"])
    if settle not in SETTLES:
        raise _error("INVALID_PARAM_VALUE", f"invalid settle {quoted(settle)}")
    return settle


def _ms(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * 1000


def _whole(parameters: Mapping[str, str], name: str) -> int | None:
    try:
        return integer(parameters, name)
    except ValueError:
        raise _error("INVALID_PARAM_VALUE", f"Invalid request parameter `{name}` value") from None


def _limit(parameters: Mapping[str, str], rule: PageRule) -> int:
    limit = _whole(parameters, "limit")
    return rule.default_rows if limit is None else max(1, min(limit, rule.most_rows))


def _error(label: str, message: str) -> RequestError:
    return RequestError(json_response({"label": label, "message": message}, 400))


def _rows(rows: bytes) -> Response:
    return Response(b"[%b]" % rows, media_type="application/json")


def _contract(instrument: dict[str, Any]) -> dict[str, Any]:
    listed_ms = milliseconds(instrument["listed_at"])
    return {
        "name": instrument["venue_symbol"],
        "type": "inverse" if instrument["is_inverse"] else "direct",
        # An inverse contract is a dollar, and has the multiplier 0.
        "quanto_multiplier": "0" if instrument["is_inverse"] else f"{instrument['contract_size']:.10g}",
        "mark_type": "index",
        "status": "trading" if instrument["is_active"] else "delisted",
        "in_delisting": not instrument["is_active"],
        "last_price": "1",
        "mark_price": "1",
        "index_price": "1",
        # Today's interval is no key to the past, and the market knows none: the venue's usual one.
        "funding_interval": 28800,
        "funding_rate": "0",
        "order_price_deviate": "0.5",
        "order_price_round": "0.0000001",
        "mark_price_round": "0.0000001",
        "order_size_min": 1,
        "order_size_max": 1_000_000,
        "leverage_min": "1",
        "leverage_max": "50",
        "maintenance_rate": "0.01",
        "maker_fee_rate": "-0.0001",
        "taker_fee_rate": "0.00075",
        "enable_decimal": False,
        "contract_type": "",
        "is_pre_market": False,
        "create_time": 0 if listed_ms is None else listed_ms // 1000,
    }
