"""Kraken futures: futures.kraken.com, linear (PF_…) and inverse (PI_…) perpetuals."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
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
    iso_seconds,
    json_response,
)
from simulator.dialects.shelf import Series, decimals
from simulator.dialects.shelves import candle_shelf, funding_shelf, open_interest_shelf

TICK_TYPES = ("trade", "mark", "spot")
CURRENT_MS = 8 * HOUR_MS
KEPT_DAYS = 366  # of funding


class Kraken(VenueDialect):
    """Kraken's futures data."""

    hosts = ("futures.kraken.com",)
    document = "https://docs.kraken.com/api/docs/futures-api"
    venue = "kraken"
    candles_rule = PageRule(default_rows=2000, most_rows=2000)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        listed = [*self.instruments("perp"), *self.instruments("perp", is_inverse=True)]
        self._instruments = [_instrument(row) for row in listed]
        self._listed = frozenset(row["symbol"] for row in self._instruments)
        self._candles = candle_shelf(self, "perp", _render_candle)
        self._funding = funding_shelf(self, self._render_funding)
        self._open_interest = open_interest_shelf(self, ("open_interest_base",), lambda *_: [","])

    def routes(self) -> list[BaseRoute]:
        """Public market data; the funding rates answer under their old name and version too."""
        api = "/derivatives/api/v3"
        return [
            Route(f"{api}/instruments", self._list_instruments),
            Route(f"{api}/tickers", self._tickers),
            Route(f"{api}/historical-funding-rates", self._funding_rates),
            Route("/derivatives/api/v4/historicalfundingrates", self._funding_rates),
            Route("/api/charts/v1/{tick_type}/{symbol}/{resolution}", self._chart),
        ]

    def too_many_requests(self) -> Response:
        """Error apiLimitExceeded."""
        return self._error("apiLimitExceeded", 429)

    async def _list_instruments(self, _: Request) -> Response:
        return self._answer({"instruments": self._instruments})

    async def _tickers(self, _: Request) -> Response:
        return self._answer({"tickers": [self._ticker(row["symbol"]) for row in self._instruments]})

    async def _funding_rates(self, request: Request) -> Response:
        symbol = request.query_params.get("symbol", "").upper()
        if not symbol:
            raise RequestError(self._error("requiredArgumentMissing", 400))
        if symbol not in self._listed:
            raise RequestError(self._error("notFound", 404))
        series = self._funding.series(symbol)
        rows = 0 if series is None else len(series.times_ms)
        oldest = self.now_ms - KEPT_DAYS * DAY_MS if self.retention.is_real else None
        page = self._funding.page(symbol, oldest, None, rows, "first")
        head = f'{{"result":"success","serverTime":"{self._server_time()}","rates":['.encode()
        return Response(head + page.json + b"]}", media_type="application/json")

    async def _chart(self, request: Request) -> Response:
        symbol = str(request.path_params["symbol"]).upper()
        if symbol not in self._listed or request.path_params["tick_type"] not in TICK_TYPES:
            raise RequestError(self._error("notFound", 404))
        if request.path_params["resolution"] != "1h":
            raise RequestError(self._error("Bad Request", 400))
        start, end = self._seconds(request.query_params, "from"), self._seconds(request.query_params, "to")
        keeps: Keeps = "last" if start is None else "first"
        page = self._candles.page(symbol, start, end, self.candles_rule.most_rows, keeps)
        more = b"true" if page.n_left else b"false"
        return Response(b'{"candles":[%b],"more_candles":%b}' % (page.json, more), media_type="application/json")

    def _seconds(self, parameters: Mapping[str, str], name: str) -> int | None:
        try:
            seconds = integer(parameters, name)
        except ValueError:
            raise RequestError(self._error("Bad Request", 400)) from None
        return None if seconds is None else seconds * 1000

    def _ticker(self, symbol: str) -> dict[str, Any]:
        """What is known of now; what is not is left out."""
        ticker: dict[str, Any] = {"symbol": symbol, "tag": "perpetual", "suspended": False}
        known = {
            "openInterest": self._open_interest.last(symbol, "open_interest_base", self.now_ms - CURRENT_MS),
            "markPrice": self._candles.last(symbol, "close", self.now_ms - CURRENT_MS),
        }
        ticker |= {name: value for name, value in known.items() if value is not None}
        return ticker | ({"last": ticker["markPrice"]} if "markPrice" in ticker else {})

    def _render_funding(self, symbol: str, funding: Series) -> list[str | pa.Array]:
        # The absolute rate is in dollars for one coin; without any price it is not known, and left out.
        relative = funding.columns["funding_rate"]
        times = pc.strftime(pa.array(funding.times_ms, pa.timestamp("ms")), "%Y-%m-%dT%H:%M:%SZ")
        parts: list[str | pa.Array] = [',{"timestamp":"', times, '"']
        candles = self._candles.series(symbol)
        if candles is not None and len(candles.times_ms):
            at = np.searchsorted(candles.times_ms, funding.times_ms, "right") - 1
            parts += [',"fundingRate":', decimals(relative * candles.columns["close"][np.maximum(at, 0)])]
        return [*parts, ',"relativeFundingRate":', decimals(relative), "}"]

    def _server_time(self) -> str:
        return iso_seconds(self.now_naive())

    def _answer(self, content: dict[str, Any]) -> Response:
        return json_response({"result": "success", "serverTime": self._server_time(), **content})

    def _error(self, error: str, status: int) -> Response:
        return json_response({"result": "error", "serverTime": self._server_time(), "error": error}, status)


def _render_candle(_: str, candles: Series) -> list[str | pa.Array]:
    return [
        ',{"time":', candles.time_text(), ',"open":"', candles.text("open"), '","high":"', candles.text("high"),
        '","low":"', candles.text("low"), '","close":"', candles.text("close"), '","volume":"',
        candles.text("base_volume"), '"}',
    ]  # fmt: skip


def _instrument(instrument: dict[str, Any]) -> dict[str, Any]:
    listing: dict[str, Any] = {
        "symbol": str(instrument["venue_symbol"]).upper(),
        "type": "futures_inverse" if instrument["is_inverse"] else "flexible_futures",
        "base": instrument["base"],
        "quote": instrument["quote"],
        "pair": f"{instrument['base']}:{instrument['quote']}",
        "tickSize": 0.0000001,
        "contractSize": float(instrument["contract_size"]),
        "contractValueTradePrecision": 4,
        "tradeable": bool(instrument["is_active"]),
        "impactMidSize": 1.0,
        "maxPositionSize": 1_000_000.0,
        "fundingRateCoefficient": 8,
        "maxRelativeFundingRate": 0.0025,
        "postOnly": False,
        "feeScheduleUid": "simulated",
        "tags": [],
        "tradfi": False,
        "isExpired": False,
    }
    if pd.notna(instrument["listed_at"]):
        listing["openingDate"] = iso_seconds(instrument["listed_at"])
    return listing
