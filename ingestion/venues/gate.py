"""Gate (API v4): perpetuals settled in USDT. Times are in seconds, sizes in contracts."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from ingestion.http.errors import ErrorRule
from ingestion.paging import PagingRule
from ingestion.venues.venue import (
    HOUR_MS,
    Event,
    Feed,
    History,
    Listed,
    Listing,
    Market,
    PageRequest,
    Venue,
    moment,
    number,
)
from warehouse.contracts import AssetClass

# A `from` of more than 180 days back is refused whole, with 400 INVALID_PARAM_VALUE.
_KEPT = timedelta(days=179)


def _window(request: PageRequest) -> dict[str, object]:
    return {"settle": "usdt", "contract": request.symbol, "from": request.start_s, "to": request.end_s}


def _candles(request: PageRequest) -> dict[str, object]:
    return _window(request) | {"interval": "1h"}  # a limit beside a window is refused


def _funding(request: PageRequest) -> dict[str, object]:
    return _window(request) | {"limit": 100}


def _statistics(request: PageRequest) -> dict[str, object]:
    edge = {"from": request.start_s, "interval": "4h", "limit": 100}
    return {"settle": "usdt", "contract": request.symbol} | edge


def _liquidation_window(request: PageRequest) -> dict[str, object]:
    return {"settle": "usdt", "from": request.start_s, "to": request.end_s, "limit": 1000}


def _liquidations(answer: Any) -> list[Event]:
    """`size` is the position's before the order, above 0 for a long one; `left` is what the order could not close.

    An order closes `order_size`, where the row says so: a position that is worked down comes once for each order, and
    its size each time. An order without a size of its own was for all of the position.
    """
    events = []
    for row in answer:
        size = float(row["size"])
        ordered = number(row.get("order_size"))
        closed = abs(size if ordered is None else ordered) - abs(float(row.get("left") or 0))
        values = {"side": "long" if size > 0 else "short", "price": float(row["fill_price"])}
        events.append(Event(str(row["contract"]), int(row["time"]) * 1000, closed, values))
    return events


_CLASSES: Mapping[str, AssetClass] = {
    "": "crypto", "stocks": "equity", "indices": "index", "index": "index", "forex": "fx", "metals": "commodity",
    "commodities": "commodity",
}  # fmt: skip


def _contract(row: Mapping[str, Any], question: Mapping[str, Any]) -> Listed:
    """`quanto_multiplier` is the size in coins; it is 0 of inverse contracts, which are worth one dollar."""
    base, _, quote = row["name"].rpartition("_")
    is_inverse = row.get("type") == "inverse"
    return Listed(
        row["name"],
        base or None,
        quote or None,
        settle=question["settle"].upper(),
        contract_size=1.0 if is_inverse else number(row.get("quanto_multiplier")),
        is_inverse=is_inverse,
        is_active=not row.get("in_delisting") and row.get("status", "trading") == "trading",
        listed_at=moment(row.get("launch_time") or row.get("create_time"), "s"),
        asset_class=_CLASSES.get(row.get("contract_type") or "", "equity"),
        is_premarket=bool(row.get("is_pre_market")),
    )


# https://www.gate.com/docs/developers/apiv4/en/#label-list
_ERRORS = (
    ErrorRule("retry", ("TOO_MANY_REQUESTS", "TOO_FAST", "TOO_BUSY", "SERVER_ERROR", "INTERNAL")),
    ErrorRule("not_offered", ("CONTRACT_NOT_FOUND", "INVALID_CURRENCY_PAIR")),
)


VENUE = Venue(
    "gate",
    (
        Market(
            "perp",
            "gate",
            "BTC_USDT",
            Listing("publicFuturesGetSettleContracts", ({"settle": "usdt"},), lambda answer, _: answer, _contract),
            {
                # More than 2,000 candles at once are refused, and so is what is older than 10,000 candles.
                "candles": History(
                    "publicFuturesGetSettleCandlesticks",
                    _candles,
                    time="t",
                    time_unit="s",
                    columns={
                        "open": "o",
                        "high": "h",
                        "low": "l",
                        "close": "c",
                        "base_volume": "v",
                        "quote_volume": "sum",
                    },
                    in_contracts=("base_volume",),
                    paging=PagingRule("either", step_ms=HOUR_MS, span_ms=1998 * HOUR_MS),
                    depth=timedelta(hours=9_990),
                    page_rows=1999,
                ),
                # Which part comes of a window that is longer than a page is not documented.
                "funding_rates": History(
                    "publicFuturesGetSettleFundingRate",
                    _funding,
                    time="t",
                    time_unit="s",
                    columns={"funding_rate": "r"},
                    paging=PagingRule("either"),
                    depth=_KEPT,
                    page_rows=90,  # 30 days, whatever limit says
                ),
                "open_interest": History(
                    "publicFuturesGetSettleContractStats",
                    _statistics,
                    time="time",
                    time_unit="s",
                    columns={"open_interest_base": "open_interest", "open_interest_usd": "open_interest_usd"},
                    in_contracts=("open_interest_base",),
                    paging=PagingRule("ascending", step_ms=4 * HOUR_MS, is_open=True),
                    depth=_KEPT,
                    page_rows=100,
                ),
                # Of all contracts at once; a window of more than an hour is refused.
                "liquidations": Feed(
                    "publicFuturesGetSettleLiqOrders",
                    _liquidation_window,
                    _liquidations,
                    amount="quantity",
                    span=timedelta(hours=1),
                    asked_back=timedelta(days=8),
                ),
            },
            only_linear=True,
        ),
    ),
    errors=_ERRORS,
)
