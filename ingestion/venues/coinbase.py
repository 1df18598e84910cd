"""Coinbase Exchange: spot. At most 300 candles a page; a longer window is refused; newest first."""

from collections.abc import Mapping
from typing import Any

from ingestion.http.errors import ErrorRule
from ingestion.paging import PagingRule
from ingestion.venues.venue import HOUR_MS, History, Listed, Listing, Market, PageRequest, Venue


def _candles(request: PageRequest) -> dict[str, object]:
    return {"id": request.escaped, "granularity": 3600, "start": request.start_iso, "end": request.end_iso}


def _product(row: Mapping[str, Any], _question: Mapping[str, Any]) -> Listed:
    """`status` is not all: what only takes cancellations, or orders that nobody may meet, does not trade."""
    halts = ("trading_disabled", "cancel_only", "post_only")
    base, _, quote = row["id"].partition("-")
    return Listed(
        row["id"],
        row.get("base_currency") or base or None,
        row.get("quote_currency") or quote or None,
        is_active=row["status"] == "online" and not any(row.get(halt) for halt in halts),
    )


VENUE = Venue(
    "coinbase",
    (
        Market(
            "spot",
            "coinbaseexchange",
            "BTC-USD",
            Listing("publicGetProducts", ({},), lambda answer, _: answer, _product),
            {
                # [time in seconds, low, high, open, close, volume in coins]; no quote volume
                "candles": History(
                    "publicGetProductsIdCandles",
                    _candles,
                    time=0,
                    time_unit="s",
                    columns={"low": 1, "high": 2, "open": 3, "close": 4, "base_volume": 5},
                    paging=PagingRule("descending", step_ms=HOUR_MS, span_ms=299 * HOUR_MS),
                    page_rows=300,
                ),
            },
        ),
    ),
    errors=(ErrorRule("not_offered", statuses=(404,)),),
)
