"""A market for pagers: few instruments, three years of settlements, every interval that there is.

On each venue one instrument settles every 8, one every 4, one every single hour, and one goes from 8 over 4 to 1 hours,
as they do after turbulent days. Stamps are late by some milliseconds, as real ones are; where a venue writes whole
seconds, by some seconds.
"""

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from simulator.market import COLUMNS, Clock, Market, no_rows

NOW = datetime(2025, 11, 24, 6, tzinfo=UTC)
STARTS_AT = datetime(2022, 11, 24, tzinfo=UTC)
HOUR_MS = 3_600_000
N_CANDLES = 240

# What the coins stand for: how many hours lie between two settlements, from when on (a share of the three years).
INTERVALS_HOURS: dict[str, tuple[tuple[float, int], ...]] = {
    "BTC": ((0.0, 8),),
    "ETH": ((0.0, 4),),
    "SOL": ((0.0, 1),),
    "XRP": ((0.0, 8), (0.5, 4), (0.8, 1)),
}
# venue: how it writes a symbol, quote, settlement currency, contract size, unit of its stamps in milliseconds
VENUES: dict[str, tuple[str, str, float, int]] = {
    "binance": ("{}USDT", "USDT", 1.0, 1),
    "bybit": ("{}USDT", "USDT", 1.0, 1),
    "okx": ("{}-USDT-SWAP", "USDT", 0.01, 1),
    "bitget": ("{}USDT", "USDT", 1.0, 1),
    "gate": ("{}_USDT", "USDT", 0.0001, 1000),
    "hyperliquid": ("{}", "USDC", 1.0, 1),
    "kraken": ("PF_{}USD", "USD", 1.0, 1),
}
KRAKEN_NAMES = {"BTC": "XBT"}


def make_paging_market(seed: int) -> Market:
    """The market; `truth` has the settlement times of each (venue, symbol), in milliseconds."""
    draw = np.random.default_rng(seed)
    instruments, candles, funding, interest = [], [], [], []
    truth: dict[tuple[str, str], np.ndarray] = {}
    for venue, (written, quote, contract_size, unit_ms) in VENUES.items():
        for coin, intervals in INTERVALS_HOURS.items():
            base = KRAKEN_NAMES.get(coin, coin) if venue == "kraken" else coin
            symbol = written.format(base)
            names = {"venue": venue, "venue_symbol": symbol}
            listed_at = pd.Timestamp(STARTS_AT.replace(tzinfo=None))
            instruments.append((venue, "perp", symbol, base, quote, quote, contract_size, False, True, listed_at))
            times = settlement_times_ms(intervals, unit_ms, draw)
            truth[venue, symbol] = times
            rates = np.round(draw.normal(5e-5, 1e-4, len(times)), 8)
            funding.append(pd.DataFrame({**names, "settled_at": _stamps(times), "funding_rate": rates}))
            candles.append(_candles(names, draw))
            interest.append(_open_interest(names, draw))
    return Market(
        clock=Clock("simulated", STARTS_AT, NOW, f"simulated paging market, seed {seed}"),
        instruments=pd.DataFrame(instruments, columns=list(COLUMNS["instruments"])),
        candles_1h=pd.concat(candles, ignore_index=True)[list(COLUMNS["candles_1h"])],
        funding_rates=pd.concat(funding, ignore_index=True)[list(COLUMNS["funding_rates"])],
        open_interest=pd.concat(interest, ignore_index=True)[list(COLUMNS["open_interest"])],
        market_caps=no_rows("market_caps", "observed_at"),
        asset_class_prices=no_rows("asset_class_prices", "close_date").assign(provider=""),
        macro_series=no_rows("macro_series", "reference_date"),
        truth={"settled_at_ms": truth},
    )


def settlement_times_ms(
    intervals: tuple[tuple[float, int], ...], unit_ms: int, draw: np.random.Generator
) -> np.ndarray:
    """When an instrument settles: each stamp up to twenty units late, none after the clock."""
    start, end = (int(moment.timestamp() * 1000) for moment in (STARTS_AT, NOW))
    hours = np.arange((end - start) // HOUR_MS + 1)
    interval = np.zeros(len(hours), np.int64)
    for share, every in intervals:
        interval[int(share * len(hours)) :] = every
    settled = start + hours[hours % interval == 0] * HOUR_MS
    late = draw.integers(0, 20, len(settled)) * unit_ms
    times = settled + late
    return times[times <= end]


def _candles(names: dict[str, str], draw: np.random.Generator) -> pd.DataFrame:
    """The newest hours, the unfinished one too."""
    end = int(NOW.timestamp() * 1000)
    close = np.round(100 * np.exp(np.cumsum(draw.normal(0, 0.005, N_CANDLES))), 4)
    volume = np.round(draw.uniform(10, 1000, N_CANDLES), 2)
    times = end - np.arange(N_CANDLES)[::-1] * HOUR_MS
    prices = {"open": close, "high": close * 1.001, "low": close * 0.999, "close": close}
    volumes = {"base_volume": volume, "quote_volume": volume * close}
    return pd.DataFrame({**names, "market_type": "perp", "open_time": _stamps(times), **prices, **volumes})


def _open_interest(names: dict[str, str], draw: np.random.Generator) -> pd.DataFrame:
    end = int(NOW.timestamp() * 1000)
    times = end - np.arange(N_CANDLES)[::-1] * HOUR_MS
    base = np.round(draw.uniform(1000, 2000, N_CANDLES), 2)
    amounts = {"open_interest_base": base, "open_interest_usd": base * 100.0}
    return pd.DataFrame({**names, "observed_at": _stamps(times), **amounts})


def _stamps(times_ms: np.ndarray) -> np.ndarray:
    return times_ms.astype("datetime64[ms]").astype("datetime64[us]")
