"""Bybit (API v5): linear perpetuals and spot. Every history page holds the window's newest rows, newest first.

ccxt writes Bybit's questions without escaping, so the symbol comes escaped.
"""

from collections.abc import Callable

from ingestion.paging import PagingRule
from ingestion.venues.venue import HOUR_MS, History, Market, Venue, Window

_ROWS = ("result", "list")
_NAME = ("result", "symbol")
_HOURLY = PagingRule("descending", step_ms=HOUR_MS)


def _klines(category: str) -> History:
    def params(window: Window) -> dict[str, object]:
        return {
            "category": category,
            "symbol": window.escaped,
            "interval": "60",
            "start": window.start_ms,
            "end": window.end_ms,
            "limit": 1000,
        }

    # [start, open, high, low, close, volume in coins, turnover in quote currency]
    columns = {"open": 1, "high": 2, "low": 3, "close": 4, "base_volume": 5, "quote_volume": 6}
    return History(
        "publicGetV5MarketKline", params, time=0, columns=columns, paging=_HOURLY, rows=_ROWS, answer_names=_NAME
    )


def _linear(**more: object) -> Callable[[Window], dict[str, object]]:
    def params(window: Window) -> dict[str, object]:
        return {
            "category": "linear",
            "symbol": window.escaped,
            "startTime": window.start_ms,
            "endTime": window.end_ms,
            "limit": 200,
        } | more

    return params


VENUE = Venue(
    "bybit",
    (
        Market(
            "perp",
            "bybit",
            {
                "candles": _klines("linear"),
                "funding_rates": History(
                    "publicGetV5MarketFundingHistory",
                    _linear(),
                    time="fundingRateTimestamp",
                    columns={"funding_rate": "fundingRate"},
                    paging=PagingRule("descending"),
                    rows=_ROWS,
                    row_names="symbol",
                ),
                # In coins for linear contracts; the venue gives no dollars. Moving the window's end needs no cursor.
                "open_interest": History(
                    "publicGetV5MarketOpenInterest",
                    _linear(intervalTime="4h"),
                    time="timestamp",
                    columns={"open_interest_base": "openInterest"},
                    paging=PagingRule("descending", step_ms=4 * HOUR_MS),
                    rows=_ROWS,
                    answer_names=_NAME,
                ),
                # Shares of all accounts that hold the contract.
                "long_short_ratios": History(
                    "publicGetV5MarketAccountRatio",
                    _linear(period="4h", limit=500),
                    time="timestamp",
                    columns={},
                    quotients={"long_short_account_ratio": ("buyRatio", "sellRatio")},
                    paging=PagingRule("descending", step_ms=4 * HOUR_MS),
                    rows=_ROWS,
                    row_names="symbol",
                ),
            },
            ccxt_types=("linear",),
        ),
        Market("spot", "bybit", {"candles": _klines("spot")}, ccxt_types=("spot",)),
    ),
)
