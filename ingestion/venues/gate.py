"""Gate (API v4): perpetuals settled in USDT. Times are in seconds, sizes in contracts."""

from datetime import timedelta
from typing import Any

from ingestion.paging import PagingRule
from ingestion.venues.venue import HOUR_MS, Event, Feed, History, Market, PageRequest, Venue


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
    """`size` is the position's, above 0 for a long one; `left` is what the order could not close."""
    events = []
    for row in answer:
        size = float(row["size"])
        closed = abs(size) - abs(float(row.get("left") or 0))
        values = {"side": "long" if size > 0 else "short", "price": float(row["fill_price"])}
        events.append(Event(str(row["contract"]), int(row["time"]) * 1000, closed, values))
    return events


VENUE = Venue(
    "gate",
    (
        Market(
            "perp",
            "gate",
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
                ),
                # Which part comes of a window that is longer than a page is not documented.
                "funding_rates": History(
                    "publicFuturesGetSettleFundingRate",
                    _funding,
                    time="t",
                    time_unit="s",
                    columns={"funding_rate": "r"},
                    paging=PagingRule("either"),
                ),
                "open_interest": History(
                    "publicFuturesGetSettleContractStats",
                    _statistics,
                    time="time",
                    time_unit="s",
                    columns={"open_interest_base": "open_interest", "open_interest_usd": "open_interest_usd"},
                    in_contracts=("open_interest_base",),
                    paging=PagingRule("ascending", step_ms=4 * HOUR_MS, is_open=True),
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
            ccxt_types=("swap",),
            settle=lambda market: market["settleId"].upper(),
            only_linear=True,
        ),
    ),
)
