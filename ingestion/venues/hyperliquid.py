"""Hyperliquid perpetuals: one POST endpoint, hourly funding, and no history of open interest.

Beside its own markets there are those of builders (HIP-3), on shares, metals and indices for the most part: listed by
dex, as `xyz:NVDA`, and only where the dex is named.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from ingestion.http.errors import ErrorRule
from ingestion.paging import PagingRule
from ingestion.venues.venue import HOUR_MS, History, Limit, Listed, Listing, Market, PageRequest, Snapshot, Venue

# https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/rate-limits-and-user-limits: a question weighs 20,
# and one more for each 60 candles or 20 settlements of the answer.
_WEIGHT = Limit("weight", 1200)
_MOST_CANDLES, _MOST_SETTLEMENTS = 5000, 500


def _candles_weight(request: PageRequest) -> float:
    return 20 + min(request.hours + 1, _MOST_CANDLES) / 60


def _funding_weight(request: PageRequest) -> float:
    return 20 + min(request.hours + 1, _MOST_SETTLEMENTS) / 20


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


def _coins(answer: Any, question: Mapping[str, Any]) -> list[Any]:
    """A dex's list is an object, with the contexts of its coins beside it or not; a list of dexes holds no coins."""
    if question["type"] == "perpDexs":
        return []
    coins: list[Any] = (answer[0] if isinstance(answer, list) else answer)["universe"]
    return coins


def _coin(row: Mapping[str, Any], question: Mapping[str, Any]) -> Listed:
    """A builder's market says nothing of what it is on but that it is the builder's: it is no coin of the venue."""
    is_builders = bool(question.get("dex"))
    return Listed(
        row["name"],
        row["name"],
        "USDC",
        settle="USDC",
        is_active=not row.get("isDelisted"),
        asset_class="equity" if is_builders else "crypto",
    )


def _dexes(answer: Any, question: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The first of the list is null, and stands for the venue's own."""
    if question["type"] != "perpDexs":
        return ()
    return tuple({"type": "meta", "dex": dex["name"]} for dex in answer if dex)


VENUE = Venue(
    "hyperliquid",
    (
        Market(
            "perp",
            "hyperliquid",
            "BTC",
            Listing("publicPostInfo", ({"type": "meta"}, {"type": "perpDexs"}), _coins, _coin, _dexes),
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
                    limit=_WEIGHT,
                    weight=_candles_weight,
                    page_rows=_MOST_CANDLES,
                ),
                "funding_rates": History(
                    "publicPostInfo",
                    _funding,
                    time="time",
                    columns={"funding_rate": "fundingRate"},
                    paging=PagingRule("ascending"),
                    row_names="coin",
                    limit=_WEIGHT,
                    weight=_funding_weight,
                    page_rows=_MOST_SETTLEMENTS,
                    usual_hours=1.0,
                ),
                # Not kept by the venue: what is not recorded now cannot be had later.
                "open_interest": Snapshot(
                    "publicPostInfo", ({"type": "metaAndAssetCtxs"},), _open_interest_now, limit=_WEIGHT, weight=20
                ),
            },
        ),
    ),
    # A coin that it does not know is answered with a server's error, and null.
    errors=(ErrorRule("not_offered", says="^null$", statuses=(500,)),),
)
