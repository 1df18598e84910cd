"""Bitget v2: api.bitget.com, perpetuals margined in USDT, in USDC and in coins."""

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
    PageRule,
    RequestError,
    VenueDialect,
    integer,
    json_response,
    milliseconds,
    quoted,
)
from simulator.dialects.shelf import Series, decimals
from simulator.dialects.shelves import (
    account_shares,
    candle_shelf,
    funding_shelf,
    long_short_shelf,
    open_interest_shelf,
)

PRODUCT_TYPES = (
    "USDT-FUTURES", "USDC-FUTURES", "COIN-FUTURES", "SUSDT-FUTURES", "SUSDC-FUTURES", "SCOIN-FUTURES",
)  # fmt: skip
MOST_ACCOUNT_ROWS = 1_000_000
ACCOUNT_RETENTION_MS = 30 * DAY_MS
ACCOUNT_PERIODS_MS = {"1h": HOUR_MS, "2h": 2 * HOUR_MS, "4h": 4 * HOUR_MS, "12h": 12 * HOUR_MS, "1d": DAY_MS}
LONGEST_CANDLE_WINDOW_MS = 90 * DAY_MS
CURRENT_MS = 8 * HOUR_MS


class Bitget(VenueDialect):
    """Bitget's futures data."""

    hosts = ("api.bitget.com",)
    document = "https://www.bitget.com/api-doc/contract/market/Get-History-Funding-Rate"
    venue = "bitget"
    candles_rule = PageRule(default_rows=100, most_rows=1000, keeps="last")
    history_candles_rule = PageRule(default_rows=100, most_rows=200, keeps="last")
    funding_rule = PageRule(default_rows=20, most_rows=100, keeps="last", is_descending=True)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._contracts: dict[str, list[dict[str, Any]]] = {name: [] for name in PRODUCT_TYPES}
        for row in (*self.instruments("perp"), *self.instruments("perp", is_inverse=True)):
            product_type = "COIN-FUTURES" if row["is_inverse"] else f"{row['settle']}-FUTURES"
            self._contracts[product_type].append(_contract(row))
        self._listed = {name: frozenset(row["symbol"] for row in rows) for name, rows in self._contracts.items()}
        self._candles = candle_shelf(self, "perp", _render_candle)
        self._funding = funding_shelf(self, _render_funding, is_descending=True)
        self._open_interest = open_interest_shelf(self, ("open_interest_base",), lambda *_: [","])
        ratios = long_short_shelf(self, _render_long_short)
        self._long_short = {
            period: ratios.thinned(ms) if ms > HOUR_MS else ratios for period, ms in ACCOUNT_PERIODS_MS.items()
        }

    def routes(self) -> list[BaseRoute]:
        """Public market data; spot is empty."""
        return [
            Route("/api/v2/public/time", self._time),
            Route("/api/v2/spot/public/coins", self._nothing),
            Route("/api/v2/spot/public/symbols", self._nothing),
            Route("/api/v2/margin/currencies", self._nothing),
            Route("/api/v2/mix/market/contracts", self._list_contracts),
            Route("/api/v2/mix/market/tickers", self._tickers),
            Route("/api/v2/mix/market/open-interest", self._open_interest_of),
            Route("/api/v2/mix/market/candles", self._recent_candles),
            Route("/api/v2/mix/market/history-candles", self._history_candles),
            Route("/api/v2/mix/market/history-fund-rate", self._funding_history),
            Route("/api/v2/mix/market/account-long-short", self._account_long_short),
        ]

    def too_many_requests(self) -> Response:
        """Code 429."""
        return self._answer(None, "429", "Too Many Requests", 429)

    async def _time(self, _: Request) -> Response:
        return self._answer({"serverTime": str(self.now_ms)})

    async def _nothing(self, _: Request) -> Response:
        return self._answer([])

    async def _list_contracts(self, request: Request) -> Response:
        return self._answer(self._contracts[self._product_type(request.query_params)])

    async def _tickers(self, request: Request) -> Response:
        product_type = self._product_type(request.query_params)
        return self._answer([self._ticker(row["symbol"]) for row in self._contracts[product_type]])

    async def _open_interest_of(self, request: Request) -> Response:
        symbol = self._symbol(request.query_params)
        size = self._ticker(symbol)["holdingAmount"]
        return self._answer({"openInterestList": [{"symbol": symbol, "size": size}], "ts": str(self.now_ms)})

    async def _recent_candles(self, request: Request) -> Response:
        return self._candle_page(request, self.candles_rule)

    async def _history_candles(self, request: Request) -> Response:
        return self._candle_page(request, self.history_candles_rule)

    def _candle_page(self, request: Request, rule: PageRule) -> Response:
        parameters = request.query_params
        symbol = self._symbol(parameters)
        if parameters.get("granularity") != "1H":
            raise self._error("40034", "Parameter granularity does not exist")
        start, end = self._whole(parameters, "startTime"), self._whole(parameters, "endTime")
        if start is not None and end is not None and end - start > LONGEST_CANDLE_WINDOW_MS:
            raise self._error("40017", "The maximum time range is 90 days")
        # The end of the range does not belong to it.
        last = None if end is None else end - 1
        page = self._candles.page(symbol, start, last, self._limit(parameters, "limit", rule), rule.keeps)
        return self._rows(page.json)

    async def _funding_history(self, request: Request) -> Response:
        parameters = request.query_params
        symbol = self._symbol(parameters)
        size = self._limit(parameters, "pageSize", self.funding_rule)
        number = self._whole(parameters, "pageNo") or 1
        if number < 1:
            raise self._error("40017", "Parameter verification failed pageNo")
        page = self._funding.page(symbol, None, None, size, self.funding_rule.keeps, skip=(number - 1) * size)
        return self._rows(page.json)

    async def _account_long_short(self, request: Request) -> Response:
        symbol = request.query_params.get("symbol", "")
        shelf = self._long_short.get(request.query_params.get("period", "1h"))
        if shelf is None or not any(symbol in listed for listed in self._listed.values()):
            raise self._error("40034", f"Parameter {symbol} does not exist")
        oldest = self.now_ms - ACCOUNT_RETENTION_MS if self.retention.is_real else None
        return self._rows(shelf.page(symbol, oldest, None, MOST_ACCOUNT_ROWS, "last").json)

    def _ticker(self, symbol: str) -> dict[str, Any]:
        """What is known of now; what is not is left blank, as the venue does."""
        ticker: dict[str, Any] = {"symbol": symbol, "ts": str(self.now_ms), "holdingAmount": "", "markPrice": ""}
        known = {
            "holdingAmount": self._open_interest.last(symbol, "open_interest_base", self.now_ms - CURRENT_MS),
            "markPrice": self._candles.last(symbol, "close", self.now_ms - CURRENT_MS),
        }
        for name, value in known.items():
            if value is not None:
                ticker[name] = str(decimals(np.array([value]))[0])
        return ticker | {"lastPr": ticker["markPrice"], "indexPrice": ticker["markPrice"]}

    def _product_type(self, parameters: Mapping[str, str]) -> str:
        product_type = parameters.get("productType", "").upper()
        if product_type not in self._contracts:
            raise self._error("40034", "Parameter productType does not exist")
        return product_type

    def _symbol(self, parameters: Mapping[str, str]) -> str:
        symbol = parameters.get("symbol", "")
        if symbol not in self._listed[self._product_type(parameters)]:
            raise self._error("40034", f"Parameter {symbol} does not exist")
        return symbol

    def _whole(self, parameters: Mapping[str, str], name: str) -> int | None:
        try:
            return integer(parameters, name)
        except ValueError:
            raise self._error("40017", f"Parameter verification failed {name}") from None

    def _limit(self, parameters: Mapping[str, str], name: str, rule: PageRule) -> int:
        limit = self._whole(parameters, name)
        return rule.default_rows if limit is None else max(1, min(limit, rule.most_rows))

    def _error(self, code: str, message: str) -> RequestError:
        return RequestError(self._answer(None, code, message, 400))

    def _answer(self, data: Any, code: str = "00000", message: str = "success", status: int = 200) -> Response:
        return json_response({"code": code, "msg": message, "requestTime": self.now_ms, "data": data}, status)

    def _rows(self, rows: bytes) -> Response:
        body = b'{"code":"00000","msg":"success","requestTime":%d,"data":[%b]}' % (self.now_ms, rows)
        return Response(body, media_type="application/json")


def _render_candle(_: str, candles: Series) -> list[str | pa.Array]:
    return [
        ',["', candles.time_text(), '","', candles.text("open"), '","', candles.text("high"), '","',
        candles.text("low"), '","', candles.text("close"), '","', candles.text("base_volume"), '","',
        candles.text("quote_volume"), '"]',
    ]  # fmt: skip


def _render_funding(symbol: str, funding: Series) -> list[str | pa.Array]:
    return [
        f',{{"symbol":{quoted(symbol)},"fundingRate":"', funding.text("funding_rate"), '","fundingTime":"',
        funding.time_text(), '"}',
    ]  # fmt: skip


def _render_long_short(_: str, observed: Series) -> list[str | pa.Array]:
    long, short = account_shares(observed)
    # As documented: the ratio is printed a hundred times too small.
    ratio = decimals(np.round(observed.columns["long_short_account_ratio"] / 100, 4))
    return [
        ',{"longAccountRatio":"', long, '","shortAccountRatio":"', short, '","longShortAccountRatio":"', ratio,
        '","ts":"', observed.time_text(), '"}',
    ]  # fmt: skip


def _contract(instrument: dict[str, Any]) -> dict[str, Any]:
    return {
        "symbol": instrument["venue_symbol"],
        "baseCoin": instrument["base"],
        "quoteCoin": instrument["quote"],
        "buyLimitPriceRatio": "0.05",
        "sellLimitPriceRatio": "0.05",
        "feeRateUpRatio": "0.005",
        "makerFeeRate": "0.0002",
        "takerFeeRate": "0.0006",
        "openCostUpRatio": "0.01",
        "supportMarginCoins": [instrument["settle"]],
        "minTradeNum": "0.001",
        "priceEndStep": "1",
        "volumePlace": "3",
        "pricePlace": "7",
        "sizeMultiplier": "0.001",
        "symbolType": "perpetual",
        "isRwa": "NO",
        "minTradeUSDT": "5",
        "symbolStatus": "normal" if instrument["is_active"] else "off",
        "offTime": "-1",
        "limitOpenTime": "-1",
        "deliveryTime": "",
        "deliveryStartTime": "",
        "launchTime": str(milliseconds(instrument["listed_at"]) or ""),
        # Today's interval is no key to the past, and the market knows none: the venue's usual one.
        "fundInterval": "8",
        "minLever": "1",
        "maxLever": "50",
        "maintainTime": "",
    }
