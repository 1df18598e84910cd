"""Bitget (API v2): linear perpetuals. Funding comes in counted pages, candles up to the window's end."""

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
    Snapshot,
    Venue,
    dated,
    moment,
)

_ROWS = ("data",)
_PRODUCT_TYPES = ("USDT-FUTURES", "USDC-FUTURES")


def _instrument(request: PageRequest) -> dict[str, object]:
    # BTCUSDT is margined in USDT, BTCPERP in USDC; each question must say so.
    return {"symbol": request.symbol, "productType": _PRODUCT_TYPES[not request.symbol.endswith("USDT")]}


def _candles(request: PageRequest) -> dict[str, object]:
    # Whether the edges belong to the window is not documented: one hour holds one candle, so both are widened.
    edges = {"startTime": request.start_ms - 1, "endTime": request.end_ms + 1}
    return _instrument(request) | {"granularity": "1H", "limit": 200} | edges


def _funding(request: PageRequest) -> dict[str, object]:
    return _instrument(request) | {"pageSize": 100, "pageNo": request.number}


def _account_shares(request: PageRequest) -> dict[str, object]:
    return {"symbol": request.symbol, "period": "4h"}


def _open_interest_now(answer: Any) -> list[tuple[str, dict[str, float | None]]]:
    rows: list[tuple[str, dict[str, float | None]]] = []
    for ticker in answer["data"]:
        if not ticker.get("holdingAmount"):  # nothing is known of it now
            continue
        base = float(ticker["holdingAmount"])
        usd = base * float(ticker["markPrice"]) if ticker.get("markPrice") else None
        rows.append((ticker["symbol"], {"open_interest_base": base, "open_interest_usd": usd}))
    return rows


def _contract(row: Mapping[str, Any], question: Mapping[str, Any]) -> Listed | SetAside:
    """Sizes are in coins, so that one contract is one. `isRwa` marks shares and metals alike, and says no more."""
    symbol, margins = row["symbol"], row.get("supportMarginCoins") or [None]
    if row.get("symbolType", "perpetual") != "perpetual":
        return dated(symbol)
    is_inverse = question.get("productType") == "COIN-FUTURES"
    return Listed(
        symbol,
        row.get("baseCoin"),
        row.get("quoteCoin"),
        settle=row.get("baseCoin") if is_inverse else margins[0],
        is_inverse=is_inverse,
        is_active=row["symbolStatus"] == "normal",
        listed_at=moment(row.get("launchTime")),
        asset_class="equity" if row.get("isRwa") == "YES" else "crypto",
    )


# https://www.bitget.com/api-doc/common/error-code
_ERRORS = (
    ErrorRule("retry", ("429", "00429", "30007", "40010", "40015", "40200", "40725", "45001")),
    ErrorRule("not_offered", ("40034", "40309")),
)


VENUE = Venue(
    "bitget",
    (
        Market(
            "perp",
            "bitget",
            "BTCUSDT",
            Listing(
                "publicMixGetV2MixMarketContracts",
                tuple({"productType": product_type} for product_type in _PRODUCT_TYPES),
                lambda answer, _: answer["data"],
                _contract,
            ),
            {
                # [start, open, high, low, close, volume in coins, in quote currency]; a page ends at the window's end
                "candles": History(
                    "publicMixGetV2MixMarketHistoryCandles",
                    _candles,
                    time=0,
                    columns={"open": 1, "high": 2, "low": 3, "close": 4, "base_volume": 5, "quote_volume": 6},
                    paging=PagingRule("descending", step_ms=HOUR_MS, span_ms=198 * HOUR_MS),
                    rows=_ROWS,
                    page_rows=200,
                ),
                "funding_rates": History(
                    "publicMixGetV2MixMarketHistoryFundRate",
                    _funding,
                    time="fundingTime",
                    columns={"funding_rate": "fundingRate"},
                    paging=PagingRule("numbered"),
                    rows=_ROWS,
                    row_names="symbol",
                    page_rows=100,
                ),
                # The ratio of its own is a hundredth of what the two shares say, so these are taken.
                "long_short_ratios": History(
                    "publicMixGetV2MixMarketAccountLongShort",
                    _account_shares,
                    time="ts",
                    columns={},
                    quotients={"long_short_account_ratio": ("longAccountRatio", "shortAccountRatio")},
                    paging=PagingRule("whole"),
                    rows=_ROWS,
                    depth=timedelta(days=30),
                    limit=Limit("accounts", 60),
                ),
                # Not kept by the venue: what is not recorded now cannot be had later. In coins.
                "open_interest": Snapshot(
                    "publicMixGetV2MixMarketTickers",
                    tuple({"productType": product_type} for product_type in _PRODUCT_TYPES),
                    _open_interest_now,
                ),
            },
            only_linear=True,
        ),
    ),
    errors=_ERRORS,
)
