"""Coinbase Exchange: spot. At most 300 candles a page; a longer window is refused; newest first."""

from ingestion.paging import PagingRule
from ingestion.venues.venue import HOUR_MS, History, Market, PageRequest, Venue


def _candles(request: PageRequest) -> dict[str, object]:
    return {"id": request.escaped, "granularity": 3600, "start": request.start_iso, "end": request.end_iso}


VENUE = Venue(
    "coinbase",
    (
        Market(
            "spot",
            "coinbaseexchange",
            {
                # [time in seconds, low, high, open, close, volume in coins]; no quote volume
                "candles": History(
                    "publicGetProductsIdCandles",
                    _candles,
                    time=0,
                    time_unit="s",
                    columns={"low": 1, "high": 2, "open": 3, "close": 4, "base_volume": 5},
                    paging=PagingRule("descending", step_ms=HOUR_MS, span_ms=299 * HOUR_MS),
                ),
            },
        ),
    ),
)
