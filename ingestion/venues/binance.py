"""Binance: USD-margined perpetuals and spot."""

from datetime import timedelta

from ingestion.paging import PagingRule
from ingestion.venues.venue import HOUR_MS, History, Market, PageRequest, Venue

# [open time, open, high, low, close, volume, close time, quote volume, trades, …]
_KLINE = {"open": 1, "high": 2, "low": 3, "close": 4, "base_volume": 5, "quote_volume": 7}


def _klines(method: str, limit: int) -> History:
    def params(request: PageRequest) -> dict[str, object]:
        return {
            "symbol": request.symbol,
            "interval": "1h",
            "startTime": request.start_ms,
            "endTime": request.end_ms,
            "limit": limit,
        }

    return History(method, params, time=0, columns=_KLINE, paging=PagingRule("ascending", step_ms=HOUR_MS))


def _funding(request: PageRequest) -> dict[str, object]:
    return {"symbol": request.symbol, "startTime": request.start_ms, "endTime": request.end_ms, "limit": 1000}


def _four_hourly(request: PageRequest) -> dict[str, object]:
    return _funding(request) | {"period": "4h", "limit": 500}


VENUE = Venue(
    "binance",
    (
        Market(
            "perp",
            "binanceusdm",
            {
                "candles": _klines("fapiPublicGetKlines", 1500),
                "funding_rates": History(
                    "fapiPublicGetFundingRate",
                    _funding,
                    time="fundingTime",
                    columns={"funding_rate": "fundingRate"},
                    paging=PagingRule("ascending"),
                    row_names="symbol",
                    calls_per_minute=100,
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
                    calls_per_minute=200,
                ),
                "long_short_ratios": History(
                    "fapiDataGetGlobalLongShortAccountRatio",
                    _four_hourly,
                    time="timestamp",
                    columns={"long_short_account_ratio": "longShortRatio"},
                    paging=PagingRule("either", step_ms=4 * HOUR_MS),
                    row_names="symbol",
                    depth=timedelta(days=30),
                    calls_per_minute=200,
                ),
            },
            ccxt_types=("linear",),
        ),
        Market("spot", "binance", {"candles": _klines("publicGetKlines", 1000)}, ccxt_types=("spot",)),
    ),
)
