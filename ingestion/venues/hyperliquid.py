"""Hyperliquid perpetuals: one POST endpoint, hourly funding, and no history of open interest."""

from datetime import timedelta
from typing import Any

from ingestion.paging import PagingRule
from ingestion.venues.venue import HOUR_MS, History, Market, PageRequest, Snapshot, Venue


def _candles(request: PageRequest) -> dict[str, object]:
    return {
        "type": "candleSnapshot",
        "req": {
            "coin": request.symbol,
            "interval": "1h",
            "startTime": request.start_ms,
            "endTime": request.end_ms,
        },
    }


def _funding(request: PageRequest) -> dict[str, object]:
    return {
        "type": "fundingHistory",
        "coin": request.symbol,
        "startTime": request.start_ms,
        "endTime": request.end_ms,
    }


def _open_interest_now(answer: Any) -> list[tuple[str, dict[str, float | None]]]:
    meta, contexts = answer
    rows = []
    for coin, context in zip(meta["universe"], contexts, strict=True):
        if context.get("openInterest") is None:  # nothing is known of it now
            continue
        base = float(context["openInterest"])
        mark = context.get("markPx")
        usd = base * float(mark) if mark is not None else None
        rows.append((coin["name"], {"open_interest_base": base, "open_interest_usd": usd}))
    return rows


VENUE = Venue(
    "hyperliquid",
    (
        Market(
            "perp",
            "hyperliquid",
            {
                # The real venue keeps the latest 5,000 candles and gives no quote volume.
                "candles": History(
                    "publicPostInfo",
                    _candles,
                    time="t",
                    columns={"open": "o", "high": "h", "low": "l", "close": "c", "base_volume": "v"},
                    paging=PagingRule("ascending", step_ms=HOUR_MS),
                    row_names="s",
                    depth=timedelta(hours=5000),
                    calls_per_minute=11,  # 1,200 weight a minute; 20 + one for each 60 of 5,000 candles
                ),
                "funding_rates": History(
                    "publicPostInfo",
                    _funding,
                    time="time",
                    columns={"funding_rate": "fundingRate"},
                    paging=PagingRule("ascending"),
                    row_names="coin",
                    calls_per_minute=26,  # 20 + one for each 20 of 500 settlements
                ),
                # Not kept by the venue: what is not recorded now cannot be had later.
                "open_interest": Snapshot("publicPostInfo", ({"type": "metaAndAssetCtxs"},), _open_interest_now),
            },
            ccxt_types=("swap",),
            symbol=lambda market: market["info"]["name"],
            base=lambda market: market["info"]["name"],
        ),
    ),
)
