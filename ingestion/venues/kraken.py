"""Kraken futures: linear, multi-collateral perpetuals (PF_…), hourly funding, and no history of open interest."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
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
    Snapshot,
    Venue,
    dated,
    number,
)
from warehouse.contracts import AssetClass

_LINEAR = "PF_"
_INVERSE = ("PI_", "FI_")
_SYMBOL = re.compile(r"[A-Z]+_(?P<base>\w+?)(?P<quote>USD|EUR|GBP|USDT|USDC)(_\d+)?")
# `category` of what is tradfi, in small letters; without one it is some share.
_CLASSES: tuple[tuple[str, AssetClass], ...] = (
    ("commodit", "commodity"), ("metal", "commodity"), ("forex", "fx"), ("fx", "fx"), ("currenc", "fx"),
    ("ind", "index"),
)  # fmt: skip


def _instrument(row: Mapping[str, Any], _: Mapping[str, Any]) -> Listed | SetAside:
    """Symbols are in capitals today and were in small letters, without a base beside them: XBT is BTC."""
    symbol, kind = row["symbol"].upper(), row["type"]
    if kind not in ("flexible_futures", "futures_inverse", "futures_vanilla"):
        return SetAside(symbol, "is_a_perpetual", f"the venue calls it {kind}")
    if row.get("lastTradingTime"):
        return dated(symbol)
    written = _SYMBOL.fullmatch(symbol)
    base, quote = row.get("base"), row.get("quote")
    if written and not (base and quote):
        base, quote = written["base"], written["quote"]
    is_inverse = kind == "futures_inverse"
    opened = row.get("openingDate")
    category = str(row.get("category") or "").lower()
    tradfi: AssetClass = next((found for word, found in _CLASSES if word in category), "equity")
    return Listed(
        symbol,
        base,
        quote,
        settle=base if is_inverse else quote,
        contract_size=number(row.get("contractSize")),
        is_inverse=is_inverse,
        is_active=bool(row["tradeable"]) and not row.get("isExpired"),
        listed_at=datetime.fromisoformat(opened).astimezone(UTC).replace(tzinfo=None) if opened else None,
        asset_class=tradfi if row.get("tradfi") else "crypto",
    )


# Errors come as {"error": "apiLimitExceeded"}, as a list of objects, and from the charts as plain text.
_ERRORS = (ErrorRule("retry", says="apiLimitExceeded|unavailable|server error|temporar"),)


def _candles(request: PageRequest) -> dict[str, object]:
    edges: dict[str, object] = {"from": request.start_s, "to": request.end_s}
    return edges | {"price_type": "trade", "symbol": request.escaped, "interval": "1h"}


def _funding(request: PageRequest) -> dict[str, object]:
    return {"symbol": request.symbol}


def _open_interest_now(answer: Any) -> list[tuple[str, dict[str, float | None]]]:
    rows: list[tuple[str, dict[str, float | None]]] = []
    for ticker in answer["tickers"]:
        symbol, amount, mark = ticker["symbol"].upper(), ticker.get("openInterest"), ticker.get("markPrice")
        if amount is None:
            continue
        base: float | None
        usd: float | None
        if symbol.startswith(_INVERSE):  # counts in dollars
            base, usd = float(amount) / float(mark) if mark else None, float(amount)
        else:
            base, usd = float(amount), float(amount) * float(mark) if mark is not None else None
        rows.append((symbol, {"open_interest_base": base, "open_interest_usd": usd}))
    return rows


VENUE = Venue(
    "kraken",
    (
        Market(
            "perp",
            "krakenfutures",
            "PF_XBTUSD",
            Listing("publicGetInstruments", ({},), lambda answer, _: answer["instruments"], _instrument),
            {
                # No quote volume. Which part comes of a window that is longer than a page is not documented.
                "candles": History(
                    "chartsGetPriceTypeSymbolInterval",
                    _candles,
                    time="time",
                    columns={"open": "open", "high": "high", "low": "low", "close": "close", "base_volume": "volume"},
                    paging=PagingRule("either", step_ms=HOUR_MS, span_ms=1999 * HOUR_MS),
                    rows=("candles",),
                    page_rows=2000,
                ),
                # `fundingRate` is in dollars for one coin; the relative rate is the fraction that is paid.
                "funding_rates": History(
                    "publicGetHistoricalfundingrates",
                    _funding,
                    time="timestamp",
                    time_unit="iso",
                    columns={"funding_rate": "relativeFundingRate"},
                    paging=PagingRule("whole"),
                    rows=("rates",),
                    depth=timedelta(days=365),  # 366 were seen; what is older is not in the one answer
                ),
                # Not kept by the venue: what is not recorded now cannot be had later. In coins.
                "open_interest": Snapshot(
                    "publicGetTickers", ({},), _open_interest_now, lambda symbol: symbol.startswith(_LINEAR)
                ),
            },
            only_linear=True,
        ),
    ),
    errors=_ERRORS,
)
