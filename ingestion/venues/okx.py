"""OKX (API v5): linear perpetual swaps. A page holds the newest 100 or 300 rows before a cursor, newest first.

The cursor `after` asks for what is older than itself. `before`, the other edge, is not sent: which rows of a longer
window come with both is not documented.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from ingestion.http.errors import ErrorRule
from ingestion.paging import PagingRule
from ingestion.venues.venue import HOUR_MS, History, Limit, Listed, Listing, Market, PageRequest, Venue, moment, number
from warehouse.contracts import AssetClass

_ROWS = ("data",)


def _candles(request: PageRequest) -> dict[str, object]:
    return {"instId": request.symbol, "bar": "1H", "after": request.end_ms + 1, "limit": 300}


def _funding(request: PageRequest) -> dict[str, object]:
    return {"instId": request.symbol, "after": request.end_ms + 1, "limit": 100}


def _four_hourly(request: PageRequest) -> dict[str, object]:
    edges = {"begin": request.start_ms - 1, "end": request.end_ms + 1}  # both exclusive
    return {"instId": request.symbol, "period": "4H", "limit": 100} | edges


# instCategory. A list from before the field has coins alone.
_CLASSES: Mapping[str, AssetClass] = {"": "crypto", "1": "crypto", "3": "equity", "4": "commodity", "5": "fx"}


def _swap(row: Mapping[str, Any], _: Mapping[str, Any]) -> Listed:
    """`baseCcy` and `quoteCcy` are empty of swaps. What is not open yet has "" for numbers, and so no contract size."""
    base, _, quote = (row.get("uly") or row.get("instFamily") or row["instId"]).partition("-")
    value, times = number(row.get("ctVal")), number(row.get("ctMult") or "1")
    settle = row.get("settleCcy") or None
    return Listed(
        row["instId"],
        base or None,
        quote.partition("-")[0] or None,
        settle=settle,
        contract_size=None if value is None or times is None else value * times,
        is_inverse=row.get("ctType") == "inverse" or (settle is not None and settle == base),
        is_active=row["state"] == "live",
        listed_at=moment(row.get("listTime")),
        asset_class=_CLASSES.get(row.get("instCategory") or "", "equity"),
        is_premarket=row.get("ruleType") == "pre_market",
    )


# https://www.okx.com/docs-v5/en/#error-code
_ERRORS = (
    ErrorRule("retry", ("50001", "50004", "50011", "50013", "50026", "50040", "50061")),
    ErrorRule("not_offered", ("51001", "51014")),
)


VENUE = Venue(
    "okx",
    (
        Market(
            "perp",
            "okx",
            "BTC-USDT-SWAP",
            Listing("publicGetPublicInstruments", ({"instType": "SWAP"},), lambda answer, _: answer["data"], _swap),
            {
                # [start, open, high, low, close, volume in contracts, in coins, in quote currency, finished]
                "candles": History(
                    "publicGetMarketHistoryCandles",
                    _candles,
                    time=0,
                    columns={"open": 1, "high": 2, "low": 3, "close": 4, "base_volume": 6, "quote_volume": 7},
                    paging=PagingRule("descending", step_ms=HOUR_MS, is_open=True),
                    rows=_ROWS,
                    page_rows=300,
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
                    page_rows=100,
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
                    limit=Limit("open interest", 300),
                    page_rows=100,
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
                    limit=Limit("accounts", 150),
                    page_rows=100,
                ),
            },
            only_linear=True,
        ),
    ),
    errors=_ERRORS,
)
