"""Hours of coins that share one factor: every pair of a bucket has the same true correlation."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tests.properties.bench import Bench, run_of

HOUR = pd.Timedelta(hours=1)
DAY = pd.Timedelta(days=1)
ENDS = pd.Timestamp("2025-11-24")
# 30 days to the end of the first window, which may end three days before its week.
BEFORE = 34 * DAY
CORRELATION_MODELS = (
    "int_correlation_blocks", "int_return_blocks", "int_correlation_panel", "int_pair_correlations",
    "int_bitcoin_variance_increase", "int_correlation_estimates", "int_jackknife_correlations",
    "bucket_correlation_weekly", "correlation_gap_weekly",
)  # fmt: skip


@dataclass(frozen=True)
class Market:
    """Coins in their buckets, and their log returns by hour's end."""

    starts_at: pd.Timestamp
    buckets: pd.Series
    returns: pd.DataFrame

    def windows_built(self, bench: Bench) -> None:
        """The correlations of all closed windows, by the line's own SQL."""
        bench.place("run_context", run_of(self.starts_at, ENDS))
        bench.build("core_windows")
        bench.place("core_prices_hourly", hourly(self.returns))
        coins = pd.DataFrame({
            "asset_id": self.buckets.index, "rank_bucket": self.buckets.to_numpy(), "sector": None,
        })  # fmt: skip
        place_members(bench, coins)
        bench.build(*CORRELATION_MODELS)


def hourly(returns: pd.DataFrame) -> pd.DataFrame:
    """core_prices_hourly, as far as correlations read it; hours that are NaN have a row and no return."""
    return pd.DataFrame({
        "price_at": np.repeat(returns.index.to_numpy(), returns.shape[1]),
        "asset_id": np.tile(returns.columns.to_numpy(), len(returns)),
        "log_return": returns.to_numpy().ravel(),
    }).replace({"log_return": {np.nan: None}} if returns.isna().any(axis=None) else {})  # fmt: skip


def place_members(bench: Bench, coins: pd.DataFrame) -> None:
    """The same coins, in the same buckets, in every window."""
    values = ", ".join(f"('{c.asset_id}', '{c.rank_bucket}')" for c in coins.itertuples())
    bench.place(
        "core_members_weekly",
        "select week_start, window_id, asset_id, rank_bucket, cast(null as varchar) as sector"
        f" from core.core_windows cross join (values {values}) as coins(asset_id, rank_bucket)",
    )


def one_factor(seed: int, n_weeks: int, sizes: dict[str, int], correlations: dict[str, float]) -> Market:
    """Student's t with 5 degrees of freedom, each coin with a size of its own.

    Coins of a bucket correlate by `correlations[bucket]`; of two buckets by the root of their product.
    """
    random = np.random.default_rng(seed)
    starts_at = ENDS - n_weeks * 7 * DAY
    hours = pd.date_range(starts_at - BEFORE + HOUR, ENDS, freq="h")
    names = ["bitcoin", *(f"coin-{k:03}" for k in range(1, sum(sizes.values())))]
    buckets = pd.Series(np.repeat(list(sizes), list(sizes.values())), index=names)
    rho = buckets.map(correlations).to_numpy()
    factor, own = random.standard_t(5, (len(hours), 1)), random.standard_t(5, (len(hours), len(names)))
    size = 0.01 * np.exp(0.5 * random.standard_normal(len(names)))
    returns = size * (np.sqrt(rho) * factor + np.sqrt(1 - rho) * own)
    return Market(starts_at, buckets, pd.DataFrame(returns, index=hours, columns=names))
