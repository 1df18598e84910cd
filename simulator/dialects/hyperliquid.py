"""Hyperliquid perpetuals: POST api.hyperliquid.xyz/info."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pyarrow as pa
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from simulator.dialects.dialect import DAY_MS, HOUR_MS, PageRule, RequestError, VenueDialect, json_response
from simulator.dialects.shelf import Series, decimals
from simulator.dialects.shelves import candle_shelf, funding_shelf, open_interest_shelf

# An observation older than this says nothing of the open interest now.
CURRENT_MS = 8 * HOUR_MS
USDC = {
    "name": "USDC",
    "szDecimals": 8,
    "weiDecimals": 8,
    "index": 0,
    "tokenId": "0x6d1e7cde53ba9467b783cb7c530ce054",
    "isCanonical": True,
    "evmContract": None,
    "fullName": None,
}


class Hyperliquid(VenueDialect):
    """Hyperliquid's info endpoint."""

    hosts = ("api.hyperliquid.xyz",)
    document = "https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/info-endpoint"
    venue = "hyperliquid"
    candles_rule = PageRule(default_rows=5000, most_rows=5000)
    funding_rule = PageRule(default_rows=500, most_rows=500)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._candles = candle_shelf(self, "perp", _render_candle)
        self._funding = funding_shelf(self, _render_funding)
        self._open_interest = open_interest_shelf(self, ("open_interest_base",), _render_nothing)
        self._universe = [_listing(row) for row in self.instruments("perp")]
        self._listed = frozenset(row["name"] for row in self._universe)
        self._contexts = [self._context(row["name"]) for row in self._universe]
        self._answers: dict[str, Callable[[dict[str, Any]], Awaitable[Response]]] = {
            "meta": self._meta,
            "metaAndAssetCtxs": self._meta_and_contexts,
            "candleSnapshot": self._candle_snapshot,
            "fundingHistory": self._funding_history,
            "spotMeta": self._spot_meta,
            "spotMetaAndAssetCtxs": self._spot_meta_and_contexts,
            "perpDexs": self._perp_exchanges,
            "exchangeStatus": self._exchange_status,
        }

    def routes(self) -> list[BaseRoute]:
        """The one endpoint."""
        return [Route("/info", self._info, methods=["POST"])]

    def too_many_requests(self) -> Response:
        """Status 429 and null."""
        return json_response(None, 429)

    async def _info(self, request: Request) -> Response:
        try:
            asked = orjson.loads(await request.body())
            answer = self._answers[asked["type"]]
        except (ValueError, KeyError, TypeError):
            raise _malformed() from None
        return await answer(asked)

    async def _meta(self, asked: dict[str, Any]) -> Response:
        return json_response(self._meta_of(asked))

    async def _meta_and_contexts(self, asked: dict[str, Any]) -> Response:
        return json_response([self._meta_of(asked), [] if asked.get("dex") else self._contexts])

    async def _candle_snapshot(self, asked: dict[str, Any]) -> Response:
        wanted = asked.get("req")
        if not isinstance(wanted, dict) or not isinstance(wanted.get("startTime"), int):
            raise _malformed()
        coin = self._known(wanted.get("coin"))
        if wanted.get("interval") != "1h":
            raise _malformed()
        start: int = wanted["startTime"]
        if self.retention.is_real:
            # Only the newest 5000 candles exist at the venue.
            start = max(start, self.now_ms - self.candles_rule.most_rows * HOUR_MS)
        page = self._candles.page(coin, start, wanted.get("endTime"), self.candles_rule.most_rows, "first")
        return Response(b"[" + page.json + b"]", media_type="application/json")

    async def _funding_history(self, asked: dict[str, Any]) -> Response:
        if not isinstance(asked.get("startTime"), int):
            raise _malformed()
        coin = self._known(asked.get("coin"))
        page = self._funding.page(coin, asked["startTime"], asked.get("endTime"), self.funding_rule.most_rows, "first")
        return Response(b"[" + page.json + b"]", media_type="application/json")

    async def _spot_meta(self, _: dict[str, Any]) -> Response:
        return json_response({"tokens": [USDC], "universe": []})

    async def _spot_meta_and_contexts(self, _: dict[str, Any]) -> Response:
        return json_response([{"tokens": [USDC], "universe": []}, []])

    async def _perp_exchanges(self, _: dict[str, Any]) -> Response:
        return json_response([None])

    async def _exchange_status(self, _: dict[str, Any]) -> Response:
        return json_response({"specialStatuses": None, "time": self.now_ms})

    def _meta_of(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"universe": [] if asked.get("dex") else self._universe, "marginTables": [], "collateralToken": 0}

    def _known(self, coin: Any) -> str:
        if coin not in self._listed:
            # The venue answers a coin that it does not know with a server error and null.
            raise RequestError(json_response(None, 500))
        return str(coin)

    def _context(self, coin: str) -> dict[str, Any]:
        """What the venue says of a coin now; what the market does not know of now is left out, never made up."""
        context: dict[str, Any] = {}
        candles = self._candles.series(coin)
        price = self._candles.last(coin, "close", self.now_ms - CURRENT_MS)
        if candles is not None and price is not None:
            text = str(decimals(candles.columns["close"][-1:])[0])
            day = candles.times_ms > self.now_ms - DAY_MS
            context |= {
                "markPx": text, "midPx": text, "oraclePx": text, "premium": "0.0", "impactPxs": [text, text],
                "prevDayPx": str(decimals(candles.columns["open"][day][:1])[0]),
                "dayNtlVlm": str(decimals(candles.columns["quote_volume"][day].sum(keepdims=True))[0]),
                "dayBaseVlm": str(decimals(candles.columns["base_volume"][day].sum(keepdims=True))[0]),
            }  # fmt: skip
        for field, shelf, column in (
            ("funding", self._funding, "funding_rate"),
            ("openInterest", self._open_interest, "open_interest_base"),
        ):
            series = shelf.series(coin)
            if series is not None and shelf.last(coin, column, self.now_ms - CURRENT_MS) is not None:
                context[field] = str(decimals(series.columns[column][-1:])[0])
        return context


def _malformed() -> RequestError:
    text = "Failed to deserialize the JSON body into the target type"
    return RequestError(Response(text, 422, media_type="text/plain"))


def _listing(instrument: dict[str, Any]) -> dict[str, Any]:
    listing = {"szDecimals": 2, "name": instrument["venue_symbol"], "maxLeverage": 20, "marginTableId": 20}
    return listing if instrument["is_active"] else {**listing, "isDelisted": True}


def _render_candle(coin: str, candles: Series) -> list[str | pa.Array]:
    # The number of trades is not known to a market of hours, and is 0.
    return [
        ',{"t":', candles.time_text(), ',"T":', candles.time_text(HOUR_MS - 1), f',"s":"{coin}","i":"1h","o":"',
        candles.text("open"), '","c":"', candles.text("close"), '","h":"', candles.text("high"), '","l":"',
        candles.text("low"), '","v":"', candles.text("base_volume"), '","n":0}',
    ]  # fmt: skip


def _render_funding(coin: str, funding: Series) -> list[str | pa.Array]:
    return [
        f',{{"coin":"{coin}","fundingRate":"', funding.text("funding_rate"), '","premium":"0.0","time":',
        funding.time_text(), "}",
    ]  # fmt: skip


def _render_nothing(_: str, observed: Series) -> list[str | pa.Array]:
    return [",", observed.time_text()]
