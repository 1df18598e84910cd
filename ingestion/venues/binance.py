"""Binance: USD-margined perpetuals and spot."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from ingestion.http.errors import ErrorRule
from ingestion.paging import PagingRule
from ingestion.venues.venue import (
    HOUR_MS,
    History,
    Limit,
    Listed,
    Listing,
    Market,
    PageRequest,
    SetAside,
    Venue,
    dated,
    moment,
)
from warehouse.contracts import AssetClass

# [open time, open, high, low, close, volume, close time, quote volume, trades, taker-buy volume, in quote, nothing]
_KLINE = {
    "open": 1, "high": 2, "low": 3, "close": 4, "base_volume": 5, "quote_volume": 7, "taker_buy_base_volume": 9,
    "taker_buy_quote_volume": 10,
}  # fmt: skip


# https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info: 500 in 5 minutes, 1,000 in 5.
_FUNDING = Limit("funding", 100)
_STATISTICS = Limit("statistics", 200)


def _klines(method: str, limit: int) -> History:
    def params(request: PageRequest) -> dict[str, object]:
        return {
            "symbol": request.symbol,
            "interval": "1h",
            "startTime": request.start_ms,
            "endTime": request.end_ms,
            "limit": limit,
        }

    paging = PagingRule("ascending", step_ms=HOUR_MS)
    return History(method, params, time=0, columns=_KLINE, paging=paging, page_rows=limit)


def _funding(request: PageRequest) -> dict[str, object]:
    return {"symbol": request.symbol, "startTime": request.start_ms, "endTime": request.end_ms, "limit": 1000}


def _four_hourly(request: PageRequest) -> dict[str, object]:
    return _funding(request) | {"period": "4h", "limit": 500}


# Words of underlyingType: EQUITY, KR_EQUITY, COMMODITY, INDEX … COIN and PREMARKET are coins.
_CLASSES: tuple[tuple[str, AssetClass], ...] = (
    ("EQUITY", "equity"), ("STOCK", "equity"), ("ETF", "equity"), ("COMMODITY", "commodity"), ("METAL", "commodity"),
    ("INDEX", "index"), ("FX", "fx"), ("FOREX", "fx"), ("CURRENCY", "fx"),
)  # fmt: skip


_QUOTES = ("USDT", "USDC", "BUSD", "USD")


def _perpetual(row: Mapping[str, Any], _: Mapping[str, Any]) -> Listed | SetAside:
    symbol, underlying = row["symbol"], row.get("underlyingType", "")
    kind = (row.get("contractType") or "").split(" ")[0]  # it may have a second word: CURRENT_QUARTER DELIVERING
    if not kind:
        return SetAside(symbol, "is_a_perpetual", "the venue does not say what kind of contract it is")
    if not kind.endswith("PERPETUAL"):
        return dated(symbol)
    # Shares and metals are TRADIFI_PERPETUAL, and some said COIN all the same.
    otherwise: AssetClass = "crypto" if kind == "PERPETUAL" else "equity"
    asset_class = next((found for word, found in _CLASSES if word in underlying), otherwise)
    base, quote = row.get("baseAsset"), row.get("quoteAsset")
    if not base:  # a perpetual's symbol is its base and its quote
        quote = next((known for known in _QUOTES if symbol.endswith(known)), None)
        base = symbol.removesuffix(quote) if quote else None
    return Listed(
        symbol,
        base,
        quote,
        settle=row.get("marginAsset", quote),
        is_active=row["status"] == "TRADING",
        listed_at=moment(row.get("onboardDate")),
        asset_class=asset_class,
        is_premarket=underlying == "PREMARKET",
    )


def _pair(row: Mapping[str, Any], _: Mapping[str, Any]) -> Listed:
    return Listed(row["symbol"], row.get("baseAsset"), row.get("quoteAsset"), is_active=row["status"] == "TRADING")


def _listing(method: str, read: Any) -> Listing:
    return Listing(method, ({},), lambda answer, _: answer["symbols"], read)


# https://developers.binance.com/docs/derivatives/usds-margined-futures/error-code
_ERRORS = (
    ErrorRule("retry", ("-1000", "-1001", "-1003", "-1006", "-1007", "-1008")),
    ErrorRule("not_offered", ("-1121", "-4108", "-4141")),  # no such symbol; delivered, settling or closed
    ErrorRule("narrow", ("-1127",)),  # more than so many hours between startTime and endTime
    ErrorRule("narrow", ("-1130",), says="startTime|endTime"),  # statistics that are older than 30 days
)


VENUE = Venue(
    "binance",
    (
        Market(
            "perp",
            "binanceusdm",
            "BTCUSDT",
            _listing("fapiPublicGetExchangeInfo", _perpetual),
            {
                # Up to 499 rows weigh 2, up to 1,500 weigh 10.
                "candles": _klines("fapiPublicGetKlines", 499),
                "funding_rates": History(
                    "fapiPublicGetFundingRate",
                    _funding,
                    time="fundingTime",
                    columns={"funding_rate": "fundingRate"},
                    paging=PagingRule("ascending"),
                    row_names="symbol",
                    limit=_FUNDING,
                    page_rows=500,  # as many came where 1,000 were asked for
                    usual_hours=4.0,
                ),
                # Which part comes of a window that is longer than a page is not documented.
                "open_interest": History(
                    "fapiDataGetOpenInterestHist",
                    _four_hourly,
                    time="timestamp",
                    columns={"open_interest_base": "sumOpenInterest", "open_interest_usd": "sumOpenInterestValue"},
                    paging=PagingRule("either", step_ms=4 * HOUR_MS),
                    row_names="symbol",
                    depth=timedelta(days=30),
                    limit=_STATISTICS,
                    page_rows=500,
                ),
                "long_short_ratios": History(
                    "fapiDataGetGlobalLongShortAccountRatio",
                    _four_hourly,
                    time="timestamp",
                    columns={"long_short_account_ratio": "longShortRatio"},
                    paging=PagingRule("either", step_ms=4 * HOUR_MS),
                    row_names="symbol",
                    depth=timedelta(days=30),
                    limit=_STATISTICS,
                    page_rows=500,
                ),
            },
        ),
        Market(
            "spot",
            "binance",
            "BTCUSDT",
            _listing("publicGetExchangeInfo", _pair),
            {"candles": _klines("publicGetKlines", 1000)},
        ),
    ),
    errors=_ERRORS,
)
