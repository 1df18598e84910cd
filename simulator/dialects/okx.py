"""OKX v5: www.okx.com, linear and inverse perpetual swaps.

`after` asks for what is older than it. What `before` alone gives is not plainly documented: here the rows next after
it, which is the reading that loses least to a caller who pages with it.
"""

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
from simulator.dialects.shelf import Series, Shelf, decimals
from simulator.dialects.shelves import candle_shelf, funding_shelf, long_short_shelf, open_interest_shelf

INSTRUMENT_TYPES = ("SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION")
STATISTICS_PERIODS_MS = {"1H": HOUR_MS, "2H": 2 * HOUR_MS, "4H": 4 * HOUR_MS, "1Dutc": DAY_MS}
STATISTICS_POINTS = 1440
RECENT_CANDLES = 1440
FUNDING_RETENTION_MS = 92 * DAY_MS
CURRENT_MS = 8 * HOUR_MS


class Okx(VenueDialect):
    """OKX's market data."""

    hosts = ("www.okx.com",)
    document = "https://www.okx.com/docs-v5/en"
    venue = "okx"
    candles_rule = PageRule(default_rows=100, most_rows=300, keeps="last", is_descending=True)
    funding_rule = PageRule(default_rows=100, most_rows=100, keeps="last", is_descending=True)
    statistics_rule = PageRule(default_rows=100, most_rows=100, keeps="last", is_descending=True)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        listed = [*self.instruments("perp"), *self.instruments("perp", is_inverse=True)]
        self._sizes = {str(row["venue_symbol"]): float(row["contract_size"]) for row in listed}
        self._swaps = [_swap(row) for row in listed]
        self._candles = candle_shelf(self, "perp", self._render_candle, is_descending=True)
        self._funding = funding_shelf(self, _render_funding, is_descending=True)
        base = open_interest_shelf(self, ("open_interest_base",), self._render_open_interest, is_descending=True)
        self._now = base
        self._open_interest = {
            period: base.thinned(ms) if ms > HOUR_MS else base for period, ms in STATISTICS_PERIODS_MS.items()
        }
        ratios = long_short_shelf(self, _render_long_short, is_descending=True)
        self._long_short = {
            period: ratios.thinned(ms) if ms > HOUR_MS else ratios for period, ms in STATISTICS_PERIODS_MS.items()
        }

    def routes(self) -> list[BaseRoute]:
        """Public market data."""
        return [
            Route("/api/v5/public/time", self._time),
            Route("/api/v5/public/instruments", self._instruments),
            Route("/api/v5/market/candles", self._recent_candles),
            Route("/api/v5/market/history-candles", self._history_candles),
            Route("/api/v5/public/funding-rate-history", self._funding_history),
            Route("/api/v5/public/open-interest", self._open_interest_now),
            Route("/api/v5/rubik/stat/contracts/open-interest-history", self._open_interest_history),
            Route("/api/v5/rubik/stat/contracts/long-short-account-ratio-contract", self._long_short_history),
        ]

    def too_many_requests(self) -> Response:
        """Code 50011."""
        return _answer([], "50011", "Too Many Requests", 429)

    async def _time(self, _: Request) -> Response:
        return _answer([{"ts": str(self.now_ms)}])

    async def _instruments(self, request: Request) -> Response:
        kind = request.query_params.get("instType", "")
        if kind not in INSTRUMENT_TYPES:
            raise _error("51000", "Parameter instType error")
        rows = self._swaps if kind == "SWAP" else []
        if symbol := request.query_params.get("instId"):
            rows = [row for row in rows if row["instId"] == symbol]
        return _answer(rows)

    async def _recent_candles(self, request: Request) -> Response:
        return self._candle_page(request, self.now_ms - RECENT_CANDLES * HOUR_MS if self.retention.is_real else None)

    async def _history_candles(self, request: Request) -> Response:
        return self._candle_page(request, None)

    def _candle_page(self, request: Request, oldest: int | None) -> Response:
        symbol = self._symbol(request.query_params)
        if request.query_params.get("bar", "1m") != "1H":
            raise _error("51000", "Parameter bar error")
        return self._page(self._candles, symbol, request.query_params, self.candles_rule, oldest)

    async def _funding_history(self, request: Request) -> Response:
        oldest = self.now_ms - FUNDING_RETENTION_MS if self.retention.is_real else None
        symbol = self._symbol(request.query_params)
        return self._page(self._funding, symbol, request.query_params, self.funding_rule, oldest)

    async def _open_interest_now(self, request: Request) -> Response:
        if request.query_params.get("instType") not in INSTRUMENT_TYPES:
            raise _error("51000", "Parameter instType error")
        rows = []
        for symbol, size in self._sizes.items():
            base = self._now.last(symbol, "open_interest_base", self.now_ms - CURRENT_MS)
            if base is None or request.query_params.get("instId") not in (None, symbol):
                continue
            usd = self._now.last(symbol, "open_interest_usd")
            amounts = [str(text) for text in decimals(np.array([base / size, base, np.nan if usd is None else usd]))]
            rows.append({"instId": symbol, "instType": "SWAP", "ts": str(self.now_ms)}
                        | dict(zip(("oi", "oiCcy", "oiUsd"), amounts, strict=True)))  # fmt: skip
        return _answer(rows)

    async def _open_interest_history(self, request: Request) -> Response:
        return self._statistics(request, self._open_interest)

    async def _long_short_history(self, request: Request) -> Response:
        return self._statistics(request, self._long_short)

    def _statistics(self, request: Request, shelves: dict[str, Shelf]) -> Response:
        parameters = request.query_params
        symbol = self._symbol(parameters)
        period = parameters.get("period", "5m")
        if period not in shelves:
            raise _error("51000", "Parameter period error")
        oldest = self.now_ms - STATISTICS_POINTS * STATISTICS_PERIODS_MS[period] if self.retention.is_real else 0
        begin, end = _whole(parameters, "begin"), _whole(parameters, "end")
        page = shelves[period].page(
            symbol,
            max(oldest, 0 if begin is None else begin + 1),
            None if end is None else end - 1,
            _limit(parameters, self.statistics_rule),
            self.statistics_rule.keeps,
        )
        return _rows(page.json)

    def _page(
        self, shelf: Shelf, symbol: str, parameters: Mapping[str, str], rule: PageRule, oldest: int | None
    ) -> Response:
        after, before = _whole(parameters, "after"), _whole(parameters, "before")
        start = None if before is None else before + 1
        if oldest is not None:
            start = max(oldest, start or 0)
        keeps: Keeps = "first" if before is not None and after is None else rule.keeps
        page = shelf.page(symbol, start, None if after is None else after - 1, _limit(parameters, rule), keeps)
        return _rows(page.json)

    def _symbol(self, parameters: Mapping[str, str]) -> str:
        symbol = parameters.get("instId", "")
        if not symbol:
            raise _error("50014", "Parameter instId can not be empty")
        if symbol not in self._sizes:
            raise RequestError(_answer([], "51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist."))
        return symbol

    def _render_candle(self, symbol: str, candles: Series) -> list[str | pa.Array]:
        contracts = decimals(candles.columns["base_volume"] / self._sizes.get(symbol, 1.0))
        return [
            ',["', candles.time_text(), '","', candles.text("open"), '","', candles.text("high"), '","',
            candles.text("low"), '","', candles.text("close"), '","', contracts, '","', candles.text("base_volume"),
            '","', candles.text("quote_volume"), '","1"]',
        ]  # fmt: skip

    def _render_open_interest(self, symbol: str, observed: Series) -> list[str | pa.Array]:
        contracts = decimals(observed.columns["open_interest_base"] / self._sizes.get(symbol, 1.0))
        return [
            ',["', observed.time_text(), '","', contracts, '","', observed.text("open_interest_base"), '","',
            observed.text("open_interest_usd"), '"]',
        ]  # fmt: skip


def _render_funding(symbol: str, funding: Series) -> list[str | pa.Array]:
    rates = funding.text("funding_rate")
    return [
        ',{"formulaType":"withRate","fundingRate":"', rates, '","fundingTime":"', funding.time_text(),
        f'","instId":{quoted(symbol)},"instType":"SWAP","method":"current_period","realizedRate":"', rates, '"}',
    ]  # fmt: skip


def _render_long_short(_: str, observed: Series) -> list[str | pa.Array]:
    return [',["', observed.time_text(), '","', observed.text("long_short_account_ratio"), '"]']


def _whole(parameters: Mapping[str, str], name: str) -> int | None:
    try:
        return integer(parameters, name)
    except ValueError:
        raise _error("51000", f"Parameter {name} error") from None


def _limit(parameters: Mapping[str, str], rule: PageRule) -> int:
    limit = _whole(parameters, "limit")
    return rule.default_rows if limit is None else max(1, min(limit, rule.most_rows))


def _error(code: str, message: str) -> RequestError:
    return RequestError(_answer([], code, message, 400))


def _answer(data: list[Any], code: str = "0", message: str = "", status: int = 200) -> Response:
    return json_response({"code": code, "msg": message, "data": data}, status)


def _rows(rows: bytes) -> Response:
    return Response(b'{"code":"0","msg":"","data":[%b]}' % rows, media_type="application/json")


def _swap(instrument: dict[str, Any]) -> dict[str, Any]:
    base, quote, is_inverse = instrument["base"], instrument["quote"], bool(instrument["is_inverse"])
    return {
        "alias": "",
        "baseCcy": "",
        "category": "1",
        "contTdSwTime": str(milliseconds(instrument["listed_at"]) or ""),
        "ctMult": "1",
        "ctType": "inverse" if is_inverse else "linear",
        "ctVal": f"{instrument['contract_size']:.10g}",
        "ctValCcy": "USD" if is_inverse else base,
        "expTime": "",
        "instCategory": "1",
        "instFamily": f"{base}-{quote}",
        "instId": instrument["venue_symbol"],
        "instType": "SWAP",
        "lever": "50",
        "listTime": str(milliseconds(instrument["listed_at"]) or ""),
        "lotSz": "0.01",
        "maxLmtSz": "100000000",
        "maxMktSz": "100000",
        "minSz": "0.01",
        "optType": "",
        "quoteCcy": "",
        "ruleType": "normal",
        "settleCcy": instrument["settle"],
        "state": "live" if instrument["is_active"] else "suspend",
        "stk": "",
        "tickSz": "0.0000001",
        "uly": f"{base}-{quote}",
    }
