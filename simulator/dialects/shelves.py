"""Shelves of candles, funding settlements, open interest and accounts' ratios, as all venues have them."""

import numpy as np
import pandas as pd
import pyarrow as pa

from simulator.dialects.dialect import VenueDialect
from simulator.dialects.shelf import Render, Series, Shelf, decimals

CANDLE_COLUMNS = ("open", "high", "low", "close", "base_volume", "quote_volume")
TAKER_COLUMNS = ("taker_buy_base_volume", "taker_buy_quote_volume")  # where a market knows them


def candle_shelf(dialect: VenueDialect, market_type: str, render: Render, is_descending: bool = False) -> Shelf:
    """The venue's hourly candles up to the clock: the one that is not finished is there, as at a real venue."""
    frame = dialect.rows("candles_1h", market_type)
    frame = frame[(frame["open_time"] <= dialect.now_naive()).to_numpy()]
    columns = (*CANDLE_COLUMNS, *(name for name in TAKER_COLUMNS if name in frame))
    return Shelf.of(frame, "venue_symbol", "open_time", columns, render, is_descending)


def funding_shelf(dialect: VenueDialect, render: Render, is_descending: bool = False) -> Shelf:
    """The venue's settlements up to the clock."""
    frame = dialect.rows("funding_rates")
    frame = frame[(frame["settled_at"] <= dialect.now_naive()).to_numpy()]
    return Shelf.of(frame, "venue_symbol", "settled_at", ("funding_rate",), render, is_descending)


def open_interest_shelf(
    dialect: VenueDialect, needs: tuple[str, ...], render: Render, is_descending: bool = False
) -> Shelf:
    """The venue's open interest up to the clock, as far as it has the columns that the dialect `needs`."""
    frame = dialect.rows("open_interest")
    mask = (frame["observed_at"] <= dialect.now_naive()).to_numpy() & is_complete(frame, needs)
    columns = ("open_interest_base", "open_interest_usd")
    return Shelf.of(frame[mask], "venue_symbol", "observed_at", columns, render, is_descending)


def long_short_shelf(dialect: VenueDialect, render: Render, is_descending: bool = False) -> Shelf:
    """The venue's ratios of accounts long to accounts short up to the clock."""
    frame = dialect.rows("long_short_ratios")
    frame = frame[(frame["observed_at"] <= dialect.now_naive()).to_numpy()]
    return Shelf.of(frame, "venue_symbol", "observed_at", ("long_short_account_ratio",), render, is_descending)


def account_shares(observed: Series) -> tuple[pa.Array, pa.Array]:
    """The shares of accounts long and short, to four decimals as venues write them; together they are 1."""
    ratio = observed.columns["long_short_account_ratio"]
    long = np.round(ratio / (1 + ratio), 4)
    return decimals(long), decimals(np.round(1 - long, 4))


def is_complete(frame: pd.DataFrame, columns: tuple[str, ...]) -> np.ndarray:
    """Which rows have a number in each of `columns`."""
    mask = np.ones(len(frame), bool)
    for column in columns:
        mask = mask & frame[column].notna().to_numpy()
    return mask
