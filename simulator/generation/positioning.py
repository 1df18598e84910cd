"""Where accounts stand, and who is closed out: ratios of accounts long to accounts short, and liquidations.

Of the venue that publishes liquidations the market has these alone: its list, and no candles, funding, open interest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulator.generation.assets import Listing
from simulator.generation.calibration import WEEK_HOURS
from simulator.generation.prices import Array, PriceModel
from simulator.market import COLUMNS

OBSERVATION_HOURS = 4
COUNTING_VENUES = ("binance", "bybit")
COUNTED_ASSETS = (
    "bitcoin", "ethereum", "solana", "ripple", "binancecoin", "dogecoin", "cardano", "tron", "chainlink", "avalanche-2",
    "sui", "litecoin", "bitcoin-cash", "hedera-hashgraph", "near", "uniswap", "aave", "hyperliquid", "zcash", "pepe",
)  # fmt: skip
PUBLISHING_VENUE = "gate"
# Asset, base as the venue writes it, coins in a contract.
CONTRACTS = (
    ("bitcoin", "BTC", 0.0001),
    ("ethereum", "ETH", 0.01),
    ("solana", "SOL", 1.0),
    ("ripple", "XRP", 10.0),
    ("dogecoin", "DOGE", 10.0),
)
# Logits: crowds are more often long; a week's mood is an asset's own and fades by and by.
_USUAL, _BETWEEN_ASSETS, _BETWEEN_VENUES, _MOOD, _MOOD_KEPT, _NOISE = 0.45, 0.30, 0.08, 0.18, 0.7, 0.05
# Liquidations an hour of a contract: in a still hour, and for each usual variance of the hour's return.
_STILL, _PER_VARIANCE, _MOST_VARIANCES = 0.03, 0.12, 25.0
_SHARE_WITH_THE_MOVE = 0.85
_USUAL_USD, _SIZE_SD = 9_000.0, 1.3
# One in so many is followed, in the same second and at the same price, by another one.
_TWIN_SHARE = 0.02


@dataclass(frozen=True)
class LongShort:
    """Share of accounts that are long, by observation (every four hours from the start) and perpetual; NaN if none."""

    listings: tuple[Listing, ...]
    long_share: Array


@dataclass(frozen=True)
class Liquidations:
    """By event: the position in CONTRACTS, the second since the start, whether it was long, price and contracts."""

    contract: NDArray[np.int64]
    second: NDArray[np.int64]
    is_long: NDArray[np.bool_]
    price: Array
    contracts: NDArray[np.int64]

    def usd(self) -> Array:
        """What each was worth."""
        sizes = np.array([size for *_, size in CONTRACTS])
        worth: Array = self.contracts * sizes[self.contract] * self.price
        return worth


def publishing_instruments(market: str) -> pd.DataFrame:
    """What the venue that publishes liquidations lists; since when, it does not say. Nothing in the tiny market."""
    rows = [
        (PUBLISHING_VENUE, "perp", _symbol(base), base, "USDT", "USDT", size, False, True, pd.NaT)
        for _, base, size in (CONTRACTS if market == "full" else ())
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS["instruments"]))
    return frame.astype({"listed_at": "datetime64[us]", "is_inverse": bool, "is_active": bool, "contract_size": float})


def _symbol(base: str) -> str:
    return f"{base}_USDT"


def make_long_short(
    model: PriceModel, listings: Sequence[Listing], seed: int, beside: Sequence[Listing] = ()
) -> LongShort:
    """Shares of accounts that follow a path of their asset's, week by week, and stay near it at each venue.

    What is `beside` is drawn after the rest.
    """
    rng = np.random.default_rng([seed, 10])
    hours = np.arange(0, model.hours + 1, OBSERVATION_HOURS)
    week = np.maximum(hours - 1, 0) // WEEK_HOURS
    moods = _MOOD * rng.standard_normal((int(week[-1]) + 1, len(model.assets)))
    for n in range(1, len(moods)):
        moods[n] += _MOOD_KEPT * moods[n - 1]
    logits = _USUAL + _BETWEEN_ASSETS * rng.standard_normal(len(model.assets)) + moods
    found: list[tuple[Listing, Array]] = []
    for group in (listings, beside):
        perps = [
            x for x in group if x.market_type == "perp" and x.venue in COUNTING_VENUES and x.asset_id in COUNTED_ASSETS
        ]
        columns = [model.column(x.asset_id) for x in perps]
        offsets = _BETWEEN_VENUES * rng.standard_normal(len(perps))
        noise = _NOISE * rng.standard_normal((len(hours), len(perps)))
        share = 1 / (1 + np.exp(-(logits[week][:, columns] + offsets + noise)))
        is_trading = (hours[:, None] >= model.first_hour[columns]) & (hours[:, None] < model.last_hour[columns])
        found += zip(perps, np.where(is_trading, share, np.nan).T, strict=True)
    found.sort(key=lambda pair: pair[0].key)
    return LongShort(tuple(x for x, _ in found), np.column_stack([share for _, share in found]))


def long_short_table(long_short: LongShort, model: PriceModel) -> pd.DataFrame:
    """The ratios, to four decimals as venues print them."""
    steps = long_short.long_share.shape[0]
    share = long_short.long_share.T.ravel()
    keep = ~np.isnan(share)
    times = pd.date_range(model.starts_at, periods=steps, freq=timedelta(hours=OBSERVATION_HOURS), unit="us").to_numpy()

    def names(of: str) -> pd.Categorical:
        return pd.Categorical(np.repeat([getattr(x, of) for x in long_short.listings], steps)[keep])

    return pd.DataFrame(
        {
            "venue": names("venue"),
            "venue_symbol": names("venue_symbol"),
            "observed_at": np.tile(times, len(long_short.listings))[keep],
            "long_short_account_ratio": np.round(share[keep] / (1 - share[keep]), 4),
        }
    )


def make_liquidations(model: PriceModel, market: str, seed: int) -> Liquidations:
    """More of them the further an hour moves, and mostly of those whom the day has moved against."""
    rng = np.random.default_rng([seed, 11])
    parts = []
    for position, (asset, _, size) in enumerate(CONTRACTS if market == "full" else ()):
        prices = model.prices[: model.hours + 1, model.column(asset)]
        returns = np.diff(np.log(prices))
        variances = np.minimum(returns**2 / returns.var(), _MOST_VARIANCES)
        counts = rng.poisson(_STILL + _PER_VARIANCE * variances)
        hour = np.repeat(np.arange(model.hours), counts)
        hour = np.sort(np.append(hour, hour[rng.random(len(hour)) < _TWIN_SHARE]))
        into = rng.integers(1, 3601, len(hour))
        is_twin = np.append(False, hour[1:] == hour[:-1]) & (rng.random(len(hour)) < _TWIN_SHARE * 10)
        into = np.where(is_twin, np.roll(into, 1), into)
        price = prices[hour] + (prices[hour + 1] - prices[hour]) * into / 3600
        price = np.array([float(f"{value:.6g}") for value in price])
        falls = prices[hour + 1] < prices[np.maximum(hour - 23, 0)]
        is_long = np.where(rng.random(len(hour)) < _SHARE_WITH_THE_MOVE, falls, ~falls)
        is_long = np.where(is_twin, np.roll(is_long, 1), is_long)
        worth = _USUAL_USD * np.exp(_SIZE_SD * rng.standard_normal(len(hour)))
        contracts = np.maximum(np.round(worth / (price * size)), 1).astype(np.int64)
        parts.append((np.full(len(hour), position), hour * 3600 + into, is_long, price, contracts))
    if not parts:
        none = np.zeros(0, np.int64)
        return Liquidations(none, none, np.zeros(0, bool), np.zeros(0), none)
    columns = [np.concatenate(c) for c in zip(*parts, strict=True)]
    return Liquidations(columns[0], columns[1], columns[2].astype(bool), columns[3], columns[4])


def liquidations_table(liquidations: Liquidations, model: PriceModel) -> pd.DataFrame:
    """The events in coins, as they happened."""
    bases = np.array([base for _, base, _ in CONTRACTS])
    sizes = np.array([size for *_, size in CONTRACTS])
    start = np.datetime64(model.starts_at, "us")
    frame = pd.DataFrame(
        {
            "venue": PUBLISHING_VENUE,
            "venue_symbol": [_symbol(base) for base in bases[liquidations.contract]],
            "liquidated_at": start + liquidations.second * np.timedelta64(10**6, "us"),
            "side": np.where(liquidations.is_long, "long", "short"),
            "price": liquidations.price,
            "quantity": np.round(liquidations.contracts * sizes[liquidations.contract], 6),
        }
    )
    return frame.sort_values(["venue", "venue_symbol", "liquidated_at"], kind="stable", ignore_index=True)
