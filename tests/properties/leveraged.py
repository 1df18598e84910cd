"""Random histories of open interest: listings, delistings, venues that fall silent, contracts worth fixed dollars."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from tests.properties.bench import Bench, run_of

HOUR = pd.Timedelta(hours=1)
DAY = pd.Timedelta(days=1)
# Three weeks over the end of daylight saving and two windows of another length.
STARTS = pd.Timestamp("2025-10-20")
ENDS = pd.Timestamp("2025-11-10")
ASSETS = {"bitcoin": 1, "ethereum": 2, "solana": 3, "chainlink": 14, "bonk": 71, "nobody-knows": None}
OPEN_INTEREST_MODELS = (
    "core_symbol_days", "int_candle_lives", "int_open_interest_hourly", "int_open_interest_steps",
    "open_interest_change_weekly",
)  # fmt: skip


@dataclass(frozen=True)
class Leverage:
    """Instruments, their candles' hours, what was observed of them, and reference prices by hour."""

    instruments: pd.DataFrame
    candles: pd.DataFrame
    observed: pd.DataFrame
    prices: pd.DataFrame

    def without(self, venue: str, begin: pd.Timestamp, end: pd.Timestamp) -> "Leverage":
        """The same, had the venue given nothing for what happened in [begin, end)."""

        def lost(frame: pd.DataFrame, column: str) -> pd.DataFrame:
            return frame[(frame["venue"] != venue) | (frame[column] < begin) | (frame[column] >= end)]

        return replace(self, candles=lost(self.candles, "price_at"), observed=lost(self.observed, "observed_at"))

    def windows_built(self, bench: Bench) -> None:
        """The changes of all closed windows, by the line's own SQL."""
        bench.place("run_context", run_of(STARTS, ENDS))
        bench.place("core_instruments", self.instruments)
        bench.place("core_candles_closed", self.candles)
        bench.place("stg_open_interest", self.observed)
        bench.place(
            "stg_funding_rates", "select '' as venue, '' as venue_symbol, timestamp '2025-01-01' as settled_at limit 0"
        )
        bench.place(
            "core_unit_changes",
            "select '' as venue, '' as market_type, '' as venue_symbol, '' as asset_id,"
            " timestamp '2025-01-01' as changed_at, 1.0 as units_per_old_unit, true as is_confirmed limit 0",
        )
        bench.nothing_fails()
        long = (
            self.prices.rename_axis("price_at")
            .reset_index()
            .melt("price_at", var_name="asset_id", value_name="reference_price_usd")
        )
        bench.place("core_prices_hourly", long.dropna())
        bench.build("core_windows")
        ranks = ", ".join(f"('{a}', {rank or 'null'})" for a, rank in ASSETS.items())
        bench.place(
            "core_members_weekly",
            "select week_start, window_id, asset_id, rank from core.core_windows"
            f" cross join (values {ranks}) as ranked(asset_id, rank) where rank is not null",
        )
        bench.build(*OPEN_INTEREST_MODELS)


def random_leverage(seed: int, *, still_venue: str | None = None) -> Leverage:
    """One history. At a still venue, the price and the coins of what is open never change."""
    random = np.random.default_rng(seed)
    hours = pd.date_range(STARTS - 9 * DAY, ENDS, freq="h")
    prices = pd.DataFrame(
        {a: 10 ** random.uniform(-1, 4) * np.exp(np.cumsum(0.01 * random.standard_normal(len(hours)))) for a in ASSETS},
        index=hours,
    )
    # What has no reference price cannot be told from position: all of it is a coverage effect.
    prices.loc[random.random(len(hours)) < 0.5, "bonk"] = np.nan
    del prices["nobody-knows"]
    instruments, candles, observed = [], [], []
    for venue in ("binance", "bybit", "kraken"):
        for asset in ASSETS:
            if random.random() < 0.2:
                continue
            is_inverse = venue == "kraken" and asset in ("bitcoin", "ethereum")
            own = {"venue": venue, "venue_symbol": f"{asset}-perp"}
            multiplier = 1000.0 if asset == "bonk" else 1.0
            instruments.append(own | {
                "market_type": "perp", "asset_id": asset, "is_inverse": is_inverse, "multiplier": multiplier,
                "valid_from": pd.Timestamp("1970-01-01"), "valid_to": pd.Timestamp("2200-01-01"),
            })  # fmt: skip
            begin, end = _life(random, hours)
            alive = hours[(hours > begin) & (hours <= end)]
            if asset != "nobody-knows" or random.random() < 0.5:
                candles.append(pd.DataFrame(own | {"market_type": "perp", "price_at": alive, "close": 1.0}))
            is_still = venue == still_venue
            each = "1h" if random.random() < 0.3 else "4h"
            moments = pd.date_range(max(begin, hours[0]).ceil(each), end, freq=each)
            moments = moments if is_still else moments[random.random(len(moments)) > 0.03]
            if len(moments) == 0:
                continue
            observed.append(_observations(random, own, asset, multiplier, moments, prices, is_inverse, is_still))
    return Leverage(
        pd.DataFrame(instruments), pd.concat(candles), pd.concat(observed, ignore_index=True), prices
    )  # fmt: skip


def _life(random: np.random.Generator, hours: pd.DatetimeIndex) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Some are listed inside the history, some delisted: between 03:00 and 15:00, away from where steps end."""
    begin, end = hours[0] - DAY, hours[-1]
    inside = pd.Timedelta(days=int(random.integers(10, 28)), hours=int(random.integers(3, 15)))
    kind = random.random()
    if kind < 0.2:
        begin = hours[0] + inside
    elif kind < 0.4:
        end = hours[0] + inside
    return begin, end


def _observations(
    random: np.random.Generator, own: dict[str, str], asset: str, multiplier: float, moments: pd.DatetimeIndex,
    prices: pd.DataFrame, is_inverse: bool, is_still: bool,
) -> pd.DataFrame:  # fmt: skip
    coins = 10 ** random.uniform(2, 5) * np.exp(np.cumsum(0.03 * random.standard_normal(len(moments))))
    price = prices[asset].reindex(moments).ffill().bfill().to_numpy() if asset in prices else np.full(len(moments), 3.0)
    if is_still:
        coins, price = np.full(len(moments), coins[0]), np.full(len(moments), price[0])
    has_coins = not is_inverse and (is_still or random.random() < 0.7)
    return pd.DataFrame(own | {
        "observed_at": moments,
        "open_interest_base": coins / multiplier if has_coins else np.nan,
        "open_interest_usd": coins * price if not has_coins or is_still or random.random() < 0.8 else np.nan,
    }).astype({"open_interest_base": float, "open_interest_usd": float})  # fmt: skip
