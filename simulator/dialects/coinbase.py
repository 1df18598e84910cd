"""Coinbase Exchange spot: api.exchange.coinbase.com."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from simulator.dialects.dialect import PageRule, RequestError, VenueDialect, json_response
from simulator.dialects.shelf import Series, digits
from simulator.dialects.shelves import candle_shelf

GRANULARITIES = ("60", "300", "900", "3600", "21600", "86400")
HOUR_SECONDS = 3600


class Coinbase(VenueDialect):
    """Coinbase's spot market."""

    hosts = ("api.exchange.coinbase.com",)
    document = "https://docs.cdp.coinbase.com/exchange/reference/exchangerestapi_getproductcandles"
    venue = "coinbase"
    candles_rule = PageRule(default_rows=300, most_rows=300, keeps="last", is_descending=True, is_strict=True)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._candles = candle_shelf(self, "spot", _render_candle, is_descending=True)
        self._products = {row["venue_symbol"]: _product(row) for row in self.instruments("spot")}

    def routes(self) -> list[BaseRoute]:
        """Public market data."""
        return [
            Route("/time", self._time),
            Route("/currencies", self._currencies),
            Route("/products", self._all_products),
            Route("/products/{product_id}", self._one_product),
            Route("/products/{product_id}/candles", self._product_candles),
        ]

    def too_many_requests(self) -> Response:
        """Coinbase's words."""
        return json_response({"message": "Public rate limit exceeded"}, 429)

    async def _time(self, _: Request) -> Response:
        now = self.market.clock.now.astimezone(UTC)
        return json_response({"iso": now.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "epoch": self.now_ms / 1000})

    async def _currencies(self, _: Request) -> Response:
        bases = {product["base_currency"] for product in self._products.values()}
        quotes = {product["quote_currency"] for product in self._products.values()}
        return json_response([_currency(name, name == "USD") for name in sorted(bases | quotes)])

    async def _all_products(self, _: Request) -> Response:
        return json_response(list(self._products.values()))

    async def _one_product(self, request: Request) -> Response:
        return json_response(self._products[self._known(request)])

    async def _product_candles(self, request: Request) -> Response:
        product_id = self._known(request)
        parameters = request.query_params
        granularity = parameters.get("granularity", "60")
        if granularity not in GRANULARITIES or int(granularity) != HOUR_SECONDS:
            raise _bad_request("Unsupported granularity")
        start, end = _moment_ms(parameters.get("start"), "start"), _moment_ms(parameters.get("end"), "end")
        if start is None or end is None:
            # The document: both are needed, one alone is not looked at.
            start = end = None
        elif end < start:
            raise _bad_request("start must be before end")
        elif (end - start) // 1000 > self.candles_rule.most_rows * HOUR_SECONDS:
            limit = self.candles_rule.most_rows
            raise _bad_request(
                f"granularity too small for the requested time range. Count of aggregations requested exceeds {limit}"
            )
        # Both ends belong to the range, which can so hold one candle more than the limit.
        limit = self.candles_rule.most_rows + (start is not None)
        page = self._candles.page(product_id, start, end, limit, self.candles_rule.keeps)
        return Response(b"[" + page.json + b"]", media_type="application/json")

    def _known(self, request: Request) -> str:
        product_id: str = request.path_params["product_id"]
        if product_id not in self._products:
            raise RequestError(json_response({"message": "NotFound"}, 404))
        return product_id


def _bad_request(message: str) -> RequestError:
    return RequestError(json_response({"message": message}, 400))


def _moment_ms(text: str | None, name: str) -> int | None:
    """A moment as Coinbase takes it: ISO 8601, or seconds since 1970."""
    if not text:
        return None
    if text.isdigit():
        return int(text) * 1000
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _bad_request(f"invalid {name}") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _product(instrument: dict[str, Any]) -> dict[str, Any]:
    is_active = bool(instrument["is_active"])
    return {
        "id": instrument["venue_symbol"],
        "base_currency": instrument["base"],
        "quote_currency": instrument["quote"],
        "quote_increment": "0.00000001",
        "base_increment": "0.00000001",
        "display_name": f"{instrument['base']}-{instrument['quote']}",
        "min_market_funds": "1",
        "margin_enabled": False,
        "post_only": False,
        "limit_only": False,
        "cancel_only": False,
        "status": "online" if is_active else "delisted",
        "status_message": "",
        "trading_disabled": not is_active,
        "fx_stablecoin": False,
        "max_slippage_percentage": "0.02000000",
        "auction_mode": False,
        "high_bid_limit_percentage": "",
    }


def _currency(name: str, is_fiat: bool) -> dict[str, Any]:
    return {
        "id": name,
        "name": name,
        "min_size": "0.01" if is_fiat else "0.00000001",
        "status": "online",
        "message": "",
        "max_precision": "0.01" if is_fiat else "0.00000001",
        "convertible_to": [],
        "details": {"type": "fiat" if is_fiat else "crypto", "symbol": None, "sort_order": 0, "group_types": []},
        "default_network": "",
        "supported_networks": [],
        "display_name": name,
    }


def _render_candle(_: str, candles: Series) -> list[str | pa.Array]:
    return [
        ",[", digits(candles.times_ms // 1000), ",", candles.text("low"), ",", candles.text("high"), ",",
        candles.text("open"), ",", candles.text("close"), ",", candles.text("base_volume"), "]",
    ]  # fmt: skip
