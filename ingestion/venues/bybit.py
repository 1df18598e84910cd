"""Bybit (API v5): perpetuals, linear and inverse, and spot. Every history page holds the window's newest rows first.

An inverse contract (BTCUSD) is worth one dollar and settles in its coin: the venue counts it, its volume and its open
interest in dollars, and its turnover in coins. ccxt writes Bybit's questions without escaping, so the symbol comes
escaped; cursors come escaped from the venue.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ingestion.http.errors import ErrorRule
from ingestion.paging import PagingRule
from ingestion.venues.venue import (
    HOUR_MS,
    History,
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
        page_rows=1000,
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


# symbolType: "", innovation and adventure are zones of coins.
_CLASSES: Mapping[str, AssetClass] = {
    "": "crypto", "innovation": "crypto", "adventure": "crypto", "stock": "equity", "xstocks": "equity",
    "mstocks": "equity", "etf": "equity", "commodity": "commodity", "metal": "commodity", "metals": "commodity",
    "forex": "fx", "fx": "fx", "index": "index", "indices": "index",
}  # fmt: skip


def _instrument(row: Mapping[str, Any], _: Mapping[str, Any]) -> Listed | SetAside:
    symbol, contract_type = row["symbol"], row.get("contractType", "")
    if contract_type and not contract_type.endswith("Perpetual"):
        return dated(symbol)
    return Listed(
        symbol,
        row.get("baseCoin"),
        row.get("quoteCoin"),
        settle=row.get("settleCoin"),
        is_inverse=contract_type.startswith("Inverse"),  # worth one dollar
        is_active=row["status"] == "Trading",
        listed_at=moment(row.get("launchTime")),
        asset_class=_CLASSES.get((row.get("symbolType") or "").lower(), "equity"),  # a new type is a new kind of paper
        is_premarket=row["status"] == "PreLaunch" or bool(row.get("isPreListing")),
    )


def _next_page(answer: Any, question: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    cursor = answer["result"].get("nextPageCursor")
    return ({**question, "cursor": cursor},) if cursor and cursor != question.get("cursor") else ()


def _listing(*questions: Mapping[str, Any]) -> Listing:
    asked = tuple({**question, "limit": 1000} if question["category"] != "spot" else question for question in questions)
    return Listing(
        "publicGetV5MarketInstrumentsInfo", asked, lambda answer, _: answer["result"]["list"], _instrument, _next_page
    )


# https://bybit-exchange.github.io/docs/v5/error. 10001 is any parameter that is wrong: the words tell which.
_ERRORS = (
    ErrorRule("retry", ("10000", "10006", "10016", "10018", "10429")),
    ErrorRule("not_offered", ("10001",), says="symbol *(is *)?invalid|invalid symbol|not supported symbol"),
    ErrorRule("retry", says="too frequent|rate limit|too many", statuses=(403,), wait_s=600.0),
)


VENUE = Venue(
    "bybit",
    (
        Market(
            "perp",
            "bybit",
            "BTCUSDT",
            # Without a status what trades is listed; what trades before its coin does is asked for apart.
            _listing({"category": "linear"}, {"category": "inverse"}, {"category": "linear", "status": "PreLaunch"}),
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
                    page_rows=200,
                ),
                # In coins or, of inverse contracts, in dollars, never both. Moving the window's end needs no cursor.
                "open_interest": History(
                    "publicGetV5MarketOpenInterest",
                    _asked(intervalTime="4h"),
                    time="timestamp",
                    columns={"open_interest_base": "singleOpenInterest"},
                    inverse_columns={"open_interest_usd": "singleOpenInterest"},
                    both_sides={"singleOpenInterest": "openInterest"},
                    page_rows=200,
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
                    page_rows=500,
                    paging=PagingRule("descending", step_ms=4 * HOUR_MS),
                    rows=_ROWS,
                    row_names="symbol",
                ),
            },
        ),
        Market("spot", "bybit", "BTCUSDT", _listing({"category": "spot"}), {"candles": _klines(lambda _: "spot")}),
    ),
    errors=_ERRORS,
)
