"""Bybit (API v5): perpetuals, linear and inverse, and spot. Every history page holds the window's newest rows first.

An inverse contract (BTCUSD) is worth one dollar and settles in its coin: the venue counts it, its volume and its open
interest in dollars, and its turnover in coins. ccxt writes Bybit's questions without escaping, so the symbol comes
escaped.
"""

from collections.abc import Callable

from ingestion.paging import PagingRule
from ingestion.venues.venue import HOUR_MS, History, Market, PageRequest, Venue

_ROWS = ("result", "list")
_NAME = ("result", "symbol")
_HOURLY = PagingRule("descending", step_ms=HOUR_MS)


def _contract(request: PageRequest) -> str:
    return "inverse" if request.is_inverse else "linear"


def _klines(category: Callable[[PageRequest], str]) -> History:
    def params(request: PageRequest) -> dict[str, object]:
        return {
            "category": category(request),
            "symbol": request.escaped,
            "interval": "60",
            "start": request.start_ms,
            "end": request.end_ms,
            "limit": 1000,
        }

    # [start, open, high, low, close, volume in coins, turnover in quote currency]
    prices = {"open": 1, "high": 2, "low": 3, "close": 4}
    return History(
        "publicGetV5MarketKline",
        params,
        time=0,
        columns=prices | {"base_volume": 5, "quote_volume": 6},
        inverse_columns=prices | {"base_volume": 6, "quote_volume": 5},
        paging=_HOURLY,
        rows=_ROWS,
        answer_names=_NAME,
    )


def _asked(**more: object) -> Callable[[PageRequest], dict[str, object]]:
    def params(request: PageRequest) -> dict[str, object]:
        return {
            "category": _contract(request),
            "symbol": request.escaped,
            "startTime": request.start_ms,
            "endTime": request.end_ms,
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
                "candles": _klines(_contract),
                "funding_rates": History(
                    "publicGetV5MarketFundingHistory",
                    _asked(),
                    time="fundingRateTimestamp",
                    columns={"funding_rate": "fundingRate"},
                    paging=PagingRule("descending"),
                    rows=_ROWS,
                    row_names="symbol",
                ),
                # In coins or, of inverse contracts, in dollars, never both. Moving the window's end needs no cursor.
                "open_interest": History(
                    "publicGetV5MarketOpenInterest",
                    _asked(intervalTime="4h"),
                    time="timestamp",
                    columns={"open_interest_base": "openInterest"},
                    inverse_columns={"open_interest_usd": "openInterest"},
                    paging=PagingRule("descending", step_ms=4 * HOUR_MS),
                    rows=_ROWS,
                    answer_names=_NAME,
                ),
                # Shares of all accounts that hold the contract.
                "long_short_ratios": History(
                    "publicGetV5MarketAccountRatio",
                    _asked(period="4h", limit=500),
                    time="timestamp",
                    columns={},
                    quotients={"long_short_account_ratio": ("buyRatio", "sellRatio")},
                    paging=PagingRule("descending", step_ms=4 * HOUR_MS),
                    rows=_ROWS,
                    row_names="symbol",
                ),
            },
            ccxt_types=("linear", "inverse"),
        ),
        Market("spot", "bybit", {"candles": _klines(lambda _: "spot")}, ccxt_types=("spot",)),
    ),
)
