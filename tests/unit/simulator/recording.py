"""A small directory of recorded tables, in the shapes of real recordings."""

from pathlib import Path

import numpy as np
import pandas as pd

START = pd.Timestamp("2026-01-01", tz="UTC")


def write_recording(path: Path) -> Path:
    """Write the tables into `path`; the clock of this recording stands at 2026-01-03 04:00."""
    hours = pd.date_range(START, periods=48, freq="h")
    before = pd.date_range(START - pd.Timedelta(days=30), periods=24, freq="h")
    main = [
        _candles("binance", "perp", "BTCUSDT", hours), _candles("binance", "spot", "BTCUSDT", hours),
        _candles("kraken", "perp", "PF_XBTUSD", hours), _candles("binance", "perp", "GONEUSDT", before[:0]),
    ]  # fmt: skip
    main[1].loc[5, "close"] = np.nan
    pd.concat(main, ignore_index=True).to_parquet(path / "candles_1h.parquet")
    # Two days more at the start, and one at the end, of one instrument.
    deep = pd.date_range(START - pd.Timedelta(days=2), START + pd.Timedelta(days=5), freq="h")
    _candles("binance", "perp", "BTCUSDT", deep).to_parquet(path / "candles_1h_deep.parquet")
    settled = pd.date_range(START, periods=7, freq="8h")
    funding = [
        _rates("binance", "BTCUSDT", settled), _rates("binance", "1000PEPEUSDT", settled),
        _rates("hyperliquid", "kPEPE", hours[:48]),
    ]  # fmt: skip
    pd.concat(funding, ignore_index=True).to_parquet(path / "funding_rates.parquet")
    pd.DataFrame(
        {
            "venue": ["binance", "binance", "hyperliquid", "binance"],
            "venue_symbol": ["BTCUSDT", "BTCUSDT", "HYPE", "GONEUSDT"],
            "observed_at": pd.to_datetime(
                ["2026-01-03 00:00", "2026-01-03 04:00", "2026-01-02 10:00", "2025-12-25 00:00"], utc=True
            ),
            "open_interest_base": [1.0, 2.0, np.nan, 3.0],
            "open_interest_usd": [9e4, 18e4, 5e6, 6.0],
        }
    ).to_parquet(path / "open_interest.parquet")
    pd.DataFrame(
        {
            "provider": "coinmarketcap",
            "observed_at": pd.to_datetime(["2025-12-01", "2025-12-01", "2026-02-01"], utc=True),
            "rank": [1, 2, 1],
            "asset_id": ["bitcoin", "xrp", "bitcoin"],
            "symbol": ["BTC", "XRP", "BTC"],
            "name": ["Bitcoin", "XRP", "Bitcoin"],
            "price_usd": [9e4, 2.0, 9e4],
            "circulating_supply": [19.9e6, 6e10, 19.9e6],
            "market_cap_usd": [1.79e12, 1.2e11, 1.79e12],
            "volume_24h_usd": [1e10, 1e9, 1e10],
        }
    ).to_parquet(path / "market_caps.parquet")
    return path


def _candles(venue: str, market_type: str, symbol: str, times: pd.DatetimeIndex) -> pd.DataFrame:
    prices = 90_000.0 + np.arange(len(times))
    values = dict.fromkeys(("open", "high", "low", "close", "base_volume", "quote_volume"), prices)
    names = {"venue": venue, "market_type": market_type, "venue_symbol": symbol}
    return pd.DataFrame({"open_time": times, **values}).assign(**names)


def _rates(venue: str, symbol: str, times: pd.DatetimeIndex) -> pd.DataFrame:
    return pd.DataFrame({"settled_at": times, "funding_rate": 1e-5}).assign(venue=venue, venue_symbol=symbol)
