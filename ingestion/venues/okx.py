"""OKX (API v5): linear perpetual swaps. A page holds the newest 100 or 300 rows before a cursor, newest first.

The cursor `after` asks for what is older than itself. `before`, the other edge, is not sent: which rows of a longer
window come with both is not documented.
"""

from datetime import timedelta

from ingestion.paging import PagingRule
from ingestion.venues.venue import HOUR_MS, History, Market, PageRequest, Venue

_ROWS = ("data",)


def _candles(request: PageRequest) -> dict[str, object]:
    return {"instId": request.symbol, "bar": "1H", "after": request.end_ms + 1, "limit": 300}


def _funding(request: PageRequest) -> dict[str, object]:
    return {"instId": request.symbol, "after": request.end_ms + 1, "limit": 100}


def _four_hourly(request: PageRequest) -> dict[str, object]:
    edges = {"begin": request.start_ms - 1, "end": request.end_ms + 1}  # both exclusive
    return {"instId": request.symbol, "period": "4H", "limit": 100} | edges


VENUE = Venue(
    "okx",
    (
        Market(
            "perp",
            "okx",
            {
                # [start, open, high, low, close, volume in contracts, in coins, in quote currency, finished]
                "candles": History(
                    "publicGetMarketHistoryCandles",
                    _candles,
                    time=0,
                    columns={"open": 1, "high": 2, "low": 3, "close": 4, "base_volume": 6, "quote_volume": 7},
                    paging=PagingRule("descending", step_ms=HOUR_MS, is_open=True),
                    rows=_ROWS,
                ),
                # The realised rate is what was paid, the other one what had been forecast.
                "funding_rates": History(
                    "publicGetPublicFundingRateHistory",
                    _funding,
                    time="fundingTime",
                    columns={"funding_rate": "realizedRate"},
                    paging=PagingRule("descending", is_open=True),
                    rows=_ROWS,
                    row_names="instId",
                    depth=timedelta(days=92),
                ),
                # [time, in contracts, in coins, in dollars]; the dollars have had another unit, so the coins are taken.
                "open_interest": History(
                    "publicGetRubikStatContractsOpenInterestHistory",
                    _four_hourly,
                    time=0,
                    columns={"open_interest_base": 2},
                    paging=PagingRule("descending", step_ms=4 * HOUR_MS),
                    rows=_ROWS,
                    depth=timedelta(hours=4 * 1440),
                    calls_per_minute=300,
                ),
                # [time, accounts long over accounts short]
                "long_short_ratios": History(
                    "publicGetRubikStatContractsLongShortAccountRatioContract",
                    _four_hourly,
                    time=0,
                    columns={"long_short_account_ratio": 1},
                    paging=PagingRule("descending", step_ms=4 * HOUR_MS),
                    rows=_ROWS,
                    depth=timedelta(hours=4 * 1440),
                    calls_per_minute=150,
                ),
            },
            ccxt_types=("swap",),
            only_linear=True,
        ),
    ),
)
