"""What rests in order books near the mid price: a snapshot each hour of some instruments, by side and band.

Amounts move around a level that is known exactly: it is the median of the week's own snapshots, without sampling error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulator.generation.assets import Listing
from simulator.generation.calibration import HOUR, WEEK_HOURS, Calibration
from simulator.generation.prices import Array, PriceModel
from simulator.generation.trading import repeated_names
from simulator.market import PUBLISHED_BOOKS

BOOKS_SINCE = datetime(2025, 8, 4)  # a Monday
BOOK_ASSETS = ("bitcoin", "ethereum", "solana", "ripple", "dogecoin")
BOOK_QUOTES = ("USD", "USDT", "USDC")
SIDES = ("ask", "bid")  # in the order of the table's key
RECORDED_BANDS_PCT = (0.1, 0.5, 1.0, 2.0, 5.0)
PUBLISHED_BANDS_PCT = (1.0, 2.0, 3.0, 4.0, 5.0)  # with no best price beside them
# A book that is given less deep than its widest band.
SHALLOW_BOOK = ("coinbase", "spot", "dogecoin")

# Dollars within 1 % of the mid on each side, over all spot markets; the perpetuals' together are so many times that.
_SPOT_USD = {"bitcoin": 150e6, "ethereum": 90e6, "solana": 40e6, "ripple": 35e6, "dogecoin": 12e6}
_MARKET_TYPE_SIZES = {"spot": 1.0, "perp": 1.8}
_VENUE_SHARES = {
    ("binance", "spot"): 0.50, ("bybit", "spot"): 0.15, ("coinbase", "spot"): 0.35,
    ("binance", "perp"): 0.65, ("bybit", "perp"): 0.30, ("coinbase", "perp"): 0.05,
}  # fmt: skip
_SPREADS_BP = {"bitcoin": 0.2, "ethereum": 0.4, "solana": 0.8, "ripple": 1.0, "dogecoin": 1.5}
_VENUE_SPREADS = {"binance": 1.0, "bybit": 1.5, "coinbase": 2.5}
_SPREAD_SD, _MOST_SPREAD_SDS = 0.3, 2.0
# What a book holds grows with the band to this power, now steeper, now flatter.
_POWER, _POWER_SD = 0.75, 0.03
_SIDE_SIZES = (0.99, 1.01)
_NOISE_SD, _SIDE_NOISE_SD = 0.13, 0.06
_DEEPEST_HOUR, _HOUR_OF_DAY_SIZE = 15, 0.12
_LATEST_SECOND = 40


@dataclass(frozen=True)
class Books:
    """By listing and snapshot: the second after the hour, mid and spread; amounts by side and band as well.

    `hours` are the full hours, counted from the start, that the snapshots are of.
    """

    listings: tuple[Listing, ...]
    hours: NDArray[np.int64]
    second: NDArray[np.int64]
    mid: Array
    spread_bp: Array
    base_amount: Array
    quote_amount: Array


def bands_pct(listing: Listing) -> tuple[float, ...]:
    """The bands that a book is told in."""
    return PUBLISHED_BANDS_PCT if _is_published(listing) else RECORDED_BANDS_PCT


def _is_published(listing: Listing) -> bool:
    return (listing.venue, listing.market_type) == PUBLISHED_BOOKS


def usual_usd(listing: Listing) -> Array:
    """What a book holds in a usual week, the median of its hours, by side and band; NaN where it is not given."""
    share = _VENUE_SHARES[listing.venue, listing.market_type] * _MARKET_TYPE_SIZES[listing.market_type]
    bands = np.array(bands_pct(listing))
    usd: Array = _SPOT_USD[listing.asset_id] * share * np.outer(_SIDE_SIZES, bands**_POWER)
    if (listing.venue, listing.market_type, listing.asset_id) == SHALLOW_BOOK:
        usd[:, -1] = np.nan
    return usd


def week_factor(cal: Calibration, monday: date, market_type: str) -> float:
    """How much rests in the books of a market type in a week, compared with a usual one."""
    return float(cal.depth.get(monday, {}).get(market_type, 1.0))


def make_books(model: PriceModel, listings: Sequence[Listing], cal: Calibration, seed: int) -> Books:
    """A snapshot a few seconds after each full hour, up to the clock."""
    rng = np.random.default_rng([seed, 13])
    own = tuple(
        x
        for x in listings
        if (x.venue, x.market_type) in _VENUE_SHARES
        and x.asset_id in BOOK_ASSETS
        and x.quote in BOOK_QUOTES
        and not x.is_inverse
    )
    hours = np.arange(max(model.hour_of(BOOKS_SINCE), 0), model.hours)
    shape = (len(own), len(hours))
    second = rng.integers(1, _LATEST_SECOND + 1, shape)
    columns = [model.column(x.asset_id) for x in own]
    multipliers = np.array([x.multiplier for x in own])[:, None]
    before, after = (model.prices[hours + later][:, columns].T * multipliers for later in (0, 1))
    mid = before + (after - before) * second / 3600

    usual_bp = np.array([_SPREADS_BP[x.asset_id] * _VENUE_SPREADS[x.venue] for x in own])[:, None]
    noise = np.clip(rng.standard_normal(shape), -_MOST_SPREAD_SDS, _MOST_SPREAD_SDS)
    spread_bp = usual_bp * np.exp(_SPREAD_SD * noise)

    bands = np.array([bands_pct(x) for x in own]).reshape(len(own), 1, 1, -1)
    moves = _HOUR_OF_DAY_SIZE * np.cos(2 * np.pi * (hours % 24 - _DEEPEST_HOUR) / 24)
    moves = moves + _NOISE_SD * rng.standard_normal(shape)
    moves = moves[..., None] + _SIDE_NOISE_SD * rng.standard_normal((*shape, len(SIDES)))
    steeper = _POWER_SD * rng.standard_normal((*shape, len(SIDES), 1))
    moves = moves[..., None] + steeper * np.log(bands)
    for start in range(0, len(hours), WEEK_HOURS):
        week = slice(start, start + WEEK_HOURS)
        moves[:, week] -= np.median(moves[:, week], axis=1, keepdims=True)

    mondays = [(model.starts_at + int(h) * HOUR).date() for h in hours // WEEK_HOURS * WEEK_HOURS]
    weekly = {kind: np.array([week_factor(cal, d, kind) for d in mondays]) for kind in _MARKET_TYPE_SIZES}
    factors = np.array([weekly[x.market_type] for x in own])[..., None, None]
    quote = np.array([usual_usd(x) for x in own])[:, None] * factors * np.exp(moves)
    # Orders lie on average this part of the band away: what makes amounts grow with the band to that power.
    power = _POWER + steeper
    away = np.array([1.0, -1.0])[:, None] * bands / 100 * power / (power + 1)
    return Books(own, hours, second, mid, spread_bp, quote / (mid[..., None, None] * (1 + away)), quote)


def books_table(books: Books, model: PriceModel) -> pd.DataFrame:
    """The snapshots as they were taken, a row per side and band, sorted by key."""
    own = books.listings
    shape = books.quote_amount.shape
    bands = np.array([bands_pct(x) for x in own]).reshape(len(own), 1, 1, -1)
    listing = _spread(np.arange(len(own)).reshape(-1, 1, 1, 1), shape)
    side = _spread(np.arange(len(SIDES)).reshape(1, 1, -1, 1), shape)
    seconds = (books.hours * 3600 + books.second)[..., None, None]
    best = books.mid[..., None] * (1 + np.array([1.0, -1.0]) * books.spread_bp[..., None] / 2e4)
    # Told to about eight significant digits, on one grid an instrument.
    scale = 10.0 ** (8 - np.ceil(np.log10(np.median(books.mid, axis=1))))[:, None, None]
    best = np.round(best * scale) / scale
    best[[_is_published(x) for x in own]] = np.nan
    columns: dict[str, Any] = {
        name: repeated_names(listing, [getattr(x, name) for x in own])
        for name in ("venue", "market_type", "venue_symbol")
    }
    columns["snapshot_at"] = np.datetime64(model.starts_at, "us") + _spread(
        seconds * np.timedelta64(10**6, "us"), shape
    )
    columns["side"] = pd.Categorical.from_codes(side, categories=pd.Index(SIDES))
    columns["band_pct"] = _spread(bands, shape)
    columns["base_amount"] = np.round(books.base_amount.ravel(), 4)
    columns["quote_amount"] = np.round(books.quote_amount.ravel(), 2)
    columns["best_price"] = _spread(best[..., None], shape)
    return pd.DataFrame(columns)


def _spread(values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """By listing, snapshot, side and band, a value for each row."""
    return np.broadcast_to(values, shape).ravel()
