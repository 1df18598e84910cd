"""What a market is: the tables that the server serves, and the clock they stand at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import pandas as pd

Kind = Literal["simulated", "replay"]

# The columns of each table. All times are UTC and zone-less (datetime64[us]); dates are datetime64[us] at midnight.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "instruments": (
        "venue", "market_type", "venue_symbol", "base", "quote", "settle", "contract_size", "is_inverse", "is_active",
        "listed_at",
    ),
    "candles_1h": (
        "venue", "market_type", "venue_symbol", "open_time", "open", "high", "low", "close", "base_volume",
        "quote_volume",
    ),
    "funding_rates": ("venue", "venue_symbol", "settled_at", "funding_rate"),
    "open_interest": ("venue", "venue_symbol", "observed_at", "open_interest_base", "open_interest_usd"),
    "long_short_ratios": ("venue", "venue_symbol", "observed_at", "long_short_account_ratio"),
    "liquidations": ("venue", "venue_symbol", "liquidated_at", "side", "price", "quantity"),
    "order_book_depth": (
        "venue", "market_type", "venue_symbol", "snapshot_at", "side", "band_pct", "base_amount", "quote_amount",
        "best_price",
    ),
    "market_caps": (
        "provider", "observed_at", "rank", "asset_id", "symbol", "name", "price_usd", "circulating_supply",
        "market_cap_usd", "volume_24h_usd",
    ),
    "asset_class_prices": ("series", "close_date", "close"),
    "macro_series": ("provider", "series", "reference_date", "value"),
}  # fmt: skip
TEXTS = ("venue", "market_type", "venue_symbol", "side", "provider", "series", "asset_id", "symbol", "name")
# The market whose order books come in its venue's own files; of the others there is what somebody recorded.
PUBLISHED_BOOKS = ("binance", "perp")


@dataclass(frozen=True)
class Clock:
    """What time it is in a market: nothing later than `now` may be served."""

    kind: Kind
    starts_at: datetime
    now: datetime
    label: str


def no_rows(table: str, time_column: str) -> pd.DataFrame:
    """A table of a market that has nothing in it."""
    return pd.DataFrame(columns=list(COLUMNS[table])).astype({time_column: "datetime64[us]"})


@dataclass(frozen=True)
class Market:
    """The tables of a market, in the shapes that recorded market data have, and its clock.

    Each frame has at least the columns of `COLUMNS`, is sorted by its key, and has a plain range index.
    Names (venue, symbols, providers, series) may be categorical. A generated market adds `released_at` to
    `macro_series` and `provider` to `asset_class_prices`, and a `candles_1h` row that opens at the clock's hour: the
    unfinished candle of a live venue. `market_caps` holds a provider's list (rank set) and the per-coin histories (rank
    NULL).

    A recorded market has no long/short ratios, no liquidations and no order books.

    `instruments` may be empty where a recorded market has none.
    `categories` gives the provider's categories of each asset id, as they are now.
    `truth` is what a generated market knows about itself; empty for a recorded one.
    """

    clock: Clock
    instruments: pd.DataFrame
    candles_1h: pd.DataFrame
    funding_rates: pd.DataFrame
    open_interest: pd.DataFrame
    market_caps: pd.DataFrame
    asset_class_prices: pd.DataFrame
    macro_series: pd.DataFrame
    long_short_ratios: pd.DataFrame = field(default_factory=lambda: no_rows("long_short_ratios", "observed_at"))
    liquidations: pd.DataFrame = field(default_factory=lambda: no_rows("liquidations", "liquidated_at"))
    order_book_depth: pd.DataFrame = field(default_factory=lambda: no_rows("order_book_depth", "snapshot_at"))
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    truth: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def table(self, name: str) -> pd.DataFrame:
        """The table called `name`; KeyError if a market has no such table."""
        if name not in COLUMNS:
            raise KeyError(f"a market has no table {name!r}; it has {', '.join(COLUMNS)}")
        frame: pd.DataFrame = getattr(self, name)
        return frame
