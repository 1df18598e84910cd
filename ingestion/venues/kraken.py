"""Kraken futures: linear, multi-collateral perpetuals (PF_…), hourly funding, and no history of open interest."""

from typing import Any

from ingestion.paging import PagingRule
from ingestion.venues.venue import HOUR_MS, History, Market, PageRequest, Snapshot, Venue

_LINEAR = "PF_"


def _candles(request: PageRequest) -> dict[str, object]:
    edges: dict[str, object] = {"from": request.start_s, "to": request.end_s}
    return edges | {"price_type": "trade", "symbol": request.escaped, "interval": "1h"}


def _funding(request: PageRequest) -> dict[str, object]:
    return {"symbol": request.symbol}


def _open_interest_now(answer: Any) -> list[tuple[str, dict[str, float | None]]]:
    rows: list[tuple[str, dict[str, float | None]]] = []
    for ticker in answer["tickers"]:
        symbol = ticker["symbol"].upper()
        if not symbol.startswith(_LINEAR) or ticker.get("openInterest") is None:  # the others count in dollars
            continue
        base = float(ticker["openInterest"])
        usd = base * float(ticker["markPrice"]) if ticker.get("markPrice") is not None else None
        rows.append((symbol, {"open_interest_base": base, "open_interest_usd": usd}))
    return rows


VENUE = Venue(
    "kraken",
    (
        Market(
            "perp",
            "krakenfutures",
            {
                # No quote volume. Which part comes of a window that is longer than a page is not documented.
                "candles": History(
                    "chartsGetPriceTypeSymbolInterval",
                    _candles,
                    time="time",
                    columns={"open": "open", "high": "high", "low": "low", "close": "close", "base_volume": "volume"},
                    paging=PagingRule("either", step_ms=HOUR_MS, span_ms=1999 * HOUR_MS),
                    rows=("candles",),
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
                ),
                # Not kept by the venue: what is not recorded now cannot be had later. In coins.
                "open_interest": Snapshot("publicGetTickers", ({},), _open_interest_now),
            },
            symbol=lambda market: market["id"].upper(),
            base=lambda market: market["baseId"].upper(),
            quote=lambda market: market["quoteId"].upper(),
            settle=lambda market: market["settleId"].upper(),
            only_linear=True,
        ),
    ),
)
