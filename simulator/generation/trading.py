"""What each venue prints: hourly candles and volumes of every instrument, around the one price of its asset."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulator.generation.assets import Listing
from simulator.generation.calibration import WEEK_HOURS, Calibration
from simulator.generation.prices import Array, PriceModel

# Daily dollar turnover of an asset over all markets is about this part of its cap to this power.
_TURNOVER_SHARE = 0.20
_TURNOVER_POWER = 0.93
# Venues that say when an instrument began to trade.
_VENUES_WITH_LISTING_DATE = ("binance", "bybit")
_LONG_LISTED_AT = datetime(2022, 6, 1, 8)
# Who says what takers bought, and by how much an hour's move makes it more or less than half.
TAKERS_VENUE, _MOST_TAKERS_MOVE = "binance", 0.3


def daily_turnover_usd(model: PriceModel, anchor_hour: int) -> Array:
    """Typical dollar turnover a day of each asset, over all markets."""
    caps = model.prices[anchor_hour] * model.supplies[anchor_hour // 24]
    turnover: Array = _TURNOVER_SHARE * caps**_TURNOVER_POWER
    return turnover


def week_factors(model: PriceModel, cal: Calibration, column: str) -> Array:
    """A weekly column of the calibration, by hour of the model."""
    first = list(cal.weeks.index).index(model.starts_at.date())
    values = cal.weeks[column].to_numpy(dtype=float)[first:]
    return np.repeat(values, WEEK_HOURS)[: model.prices.shape[0] - 1]


def make_instruments(model: PriceModel, listings: Sequence[Listing]) -> pd.DataFrame:
    """One row per instrument, delisted ones included."""
    by_id = {a.asset_id: a for a in model.assets}
    rows = []
    for x in listings:
        asset = by_id[x.asset_id]
        ended_at = x.ended_at or asset.delisted_at
        says_when = x.market_type == "perp" and x.venue in _VENUES_WITH_LISTING_DATE
        rows.append(
            {
                "venue": x.venue,
                "market_type": x.market_type,
                "venue_symbol": x.venue_symbol,
                "base": x.base,
                "quote": x.quote,
                "settle": None if x.market_type == "spot" else x.base if x.is_inverse else x.quote,
                "contract_size": 1.0,
                "is_inverse": x.is_inverse,
                "is_active": ended_at is None or ended_at > model.now,
                "listed_at": (x.began_at or asset.listed_at or _LONG_LISTED_AT) if says_when else pd.NaT,
            }
        )
    frame = pd.DataFrame(rows)
    frame["listed_at"] = pd.to_datetime(frame["listed_at"]).astype("datetime64[us]")
    return frame


def make_candles(model: PriceModel, listings: Sequence[Listing], cal: Calibration, seed: int) -> pd.DataFrame:
    """Hourly candles of every instrument; the last one opens at the clock's hour and is unfinished."""
    rng = np.random.default_rng([seed, 2])
    ids = {a.asset_id: i for i, a in enumerate(model.assets)}
    columns = np.array([ids[x.asset_id] for x in listings])
    multipliers = np.array([x.multiplier for x in listings])
    points = model.prices.shape[0]
    noise = cal.factors["basis_noise_bp"] / 1e4 * rng.standard_normal((points, len(listings)), dtype=np.float32)
    quotes = _ticked(model.prices[:, columns] * (multipliers * np.exp(noise)))
    opens, closes = quotes[:-1], quotes[1:]

    moves = np.abs(closes / opens - 1)
    typical = moves.mean(axis=0)
    shape = (points - 1, len(listings))
    high = np.maximum(opens, closes) * (1 + typical * 0.5 * np.abs(rng.standard_normal(shape, dtype=np.float32)))
    low = np.minimum(opens, closes) * (1 - typical * 0.5 * np.abs(rng.standard_normal(shape, dtype=np.float32)))

    quote_volume = _volumes(model, listings, cal, columns, moves / np.maximum(typical, 1e-9), rng)
    base_volume = np.round(quote_volume / (0.5 * (opens + closes)), 3)
    hours = np.arange(points - 1)[:, None]
    is_open = (hours >= model.first_hour[columns]) & (hours < model.last_hour[columns])
    # Two thirds of the last hour are still to come; its price is the one so far.
    quote_volume[-1] *= 0.3
    base_volume[-1] *= 0.3
    return _long(model, listings, is_open, {
        "open": opens, "high": _ticked(high, np.ceil), "low": _ticked(low, np.floor), "close": closes,
        "base_volume": base_volume, "quote_volume": np.round(quote_volume, 2),
    })  # fmt: skip


def _ticked(prices: Array, to_tick: Callable[[Array], Array] = np.round) -> Array:
    """Prices on a grid of about six significant digits, one grid an instrument."""
    decimals = 6 - np.ceil(np.log10(np.median(prices, axis=0)))
    scale = 10.0**decimals
    return to_tick(prices * scale) / scale


def _volumes(
    model: PriceModel,
    listings: Sequence[Listing],
    cal: Calibration,
    columns: NDArray[np.int64],
    liveliness: Array,
    rng: np.random.Generator,
) -> Array:
    """Dollar volumes by hour and instrument."""
    anchor_hour = model.hour_of(cal.anchor_at)
    shares = np.array([x.share_of_turnover for x in listings])
    per_hour = daily_turnover_usd(model, anchor_hour)[columns] * shares / 24
    is_spot = np.array([x.market_type == "spot" for x in listings])
    weekly = np.where(
        is_spot, week_factors(model, cal, "spot_turnover")[:, None], week_factors(model, cal, "perp_turnover")[:, None]
    )
    hours = np.arange(liveliness.shape[0])
    of_day = 0.8 + 0.5 * np.exp(-(((hours % 24) - 15) ** 2) / 20)
    of_week = np.where(hours % WEEK_HOURS >= 120, 0.7, 1.1)
    noise = np.exp(0.3 * rng.standard_normal(liveliness.shape, dtype=np.float32) - 0.045)
    volumes: Array = per_hour * weekly * (of_day * of_week)[:, None] * (0.6 + 0.4 * liveliness) * noise
    return volumes


def _long(model: PriceModel, listings: Sequence[Listing], keep: Any, values: dict[str, Array]) -> pd.DataFrame:
    """One row per instrument and hour, sorted by key."""
    hours = keep.shape[0]
    mask = keep.T.ravel()
    instrument = np.repeat(np.arange(len(listings)), hours)[mask]
    times = pd.date_range(model.starts_at, periods=hours, freq=timedelta(hours=1), unit="us").to_numpy()
    columns: dict[str, Any] = {
        name: repeated_names(instrument, [getattr(x, name) for x in listings])
        for name in ("venue", "market_type", "venue_symbol")
    }
    columns["open_time"] = np.tile(times, len(listings))[mask]
    columns |= {name: np.ascontiguousarray(v.T).ravel()[mask] for name, v in values.items()}
    return pd.DataFrame(columns)


def repeated_names(codes: NDArray[np.int64], names: Sequence[str]) -> "pd.Categorical[str]":
    """`names[code]` for each code, without the weight of the repeated text."""
    categories = sorted(set(names))
    of_name = np.array([categories.index(n) for n in names])
    return pd.Categorical.from_codes(of_name[codes], categories=pd.Index(categories))


def with_takers(candles: pd.DataFrame) -> pd.DataFrame:
    """The candles with what takers bought of their volume, where the venue says it: more where the hour closed high."""
    height = (candles["high"] - candles["low"]).to_numpy()
    place = (candles["close"] - candles["low"]).to_numpy() / np.where(height > 0, height, np.nan)
    share = 0.5 + _MOST_TAKERS_MOVE * (np.nan_to_num(place, nan=0.5) - 0.5)
    share = np.where((candles["venue"] == TAKERS_VENUE).to_numpy(), share, np.nan)
    return candles.assign(
        taker_buy_base_volume=np.round(candles["base_volume"] * share, 3),
        taker_buy_quote_volume=np.round(candles["quote_volume"] * share, 2),
    )
