"""What a week says of asset classes, correlation gaps, sectors and volumes."""

import numpy as np
import pandas as pd

from tests.independent.prices import HOUR

WEEK = pd.Timedelta(days=7)
DAY = pd.Timedelta(days=1)


def percentile(value: float, earlier: list[float], least: int) -> float | None:
    """Share of the earlier values strictly below, plus half the ties; None under a minimum."""
    if len(earlier) < least:
        return None
    return (sum(e < value for e in earlier) + 0.5 * sum(e == value for e in earlier)) / len(earlier)


# --- asset classes ------------------------------------------------------------------------------------------------


def class_returns(
    closes: dict[tuple[str, str], pd.Series], classes: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp
) -> dict[str, float]:
    """Percent from the close of day `first` to that of day `last`; a class by its first source with both."""
    found = {}
    for name, rows in classes.sort_values("priority").groupby("asset_class"):
        for row in rows.itertuples():
            own = closes.get((row.provider, row.series))
            if own is not None and first in own.index and last in own.index:
                found[name] = 100 * (own[last] / own[first] - 1)
                break
    return found


def ranked(returns: dict[str, float]) -> dict[str, int]:
    """1 is the best; equal ones by name."""
    order = sorted(returns, key=lambda name: (-returns[name], name))
    return {name: place for place, name in enumerate(order, start=1)}


# --- correlation gap ----------------------------------------------------------------------------------------------


def mean_correlation(panel: np.ndarray) -> float:
    matrix = np.corrcoef(panel.T)
    return float(matrix[np.triu_indices_from(matrix, 1)].mean())


def blocks_of_days(index: pd.DatetimeIndex, start: pd.Timestamp) -> np.ndarray:
    """The number of each hour's block of 24; a last block of one hour joins the one before."""
    block = ((index - start - HOUR) // DAY).to_numpy()
    return np.where((block == block.max()) & ((block == block.max()).sum() == 1), block.max() - 1, block)


def correlation_gap(
    top: pd.DataFrame, tail: pd.DataFrame, start: pd.Timestamp, t_values: dict[int, float]
) -> tuple[float, float, float]:
    """Gap and its interval: both panels lose the same block."""
    block = blocks_of_days(top.index, start)
    gaps = [
        mean_correlation(top[block != b].to_numpy()) - mean_correlation(tail[block != b].to_numpy())
        for b in np.unique(block)
    ]
    d = len(gaps)
    half = t_values[d] * np.sqrt((d - 1) / d * ((np.array(gaps) - np.mean(gaps)) ** 2).sum())
    gap = mean_correlation(top.to_numpy()) - mean_correlation(tail.to_numpy())
    return gap, gap - half, gap + half


# --- sectors ------------------------------------------------------------------------------------------------------


def dispersion(returns: list[float]) -> dict[str, float]:
    """Of the cap-weighted returns of sectors with at least three members."""
    return {"dispersion_pp": float(np.std(returns, ddof=1)), "range_pp": max(returns) - min(returns)}


# --- volumes ------------------------------------------------------------------------------------------------------


def volumes(candles: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    """Dollars by venue and asset, spot and perp, of those with both; `n` the hours behind them.

    `candles` has asset_id and only quotes in dollars.
    """
    hour = candles["open_time"] + HOUR
    inside = candles[(hour > start) & (hour <= end)]
    by_market = inside.pivot_table(
        index=["venue", "asset_id"], columns="market_type", values="quote_volume", aggfunc=["sum", "count"]
    )
    if not {"spot", "perp"} <= set(inside["market_type"]):
        return pd.DataFrame(columns=["spot", "perp", "n"])
    both = by_market.dropna(subset=[("sum", "spot"), ("sum", "perp")])
    n = both[("count", "spot")] + both[("count", "perp")]
    return pd.DataFrame({"spot": both[("sum", "spot")], "perp": both[("sum", "perp")], "n": n})


def spot_ratio(this: pd.DataFrame, before: list[pd.DataFrame]) -> float | None:
    """Spot dollars over the mean of the four weeks before, of what was there both ways in all five."""
    if len(before) < 4:
        return None
    kept = this.index
    for other in before:
        kept = kept.intersection(other.index)
    if kept.empty:
        return None
    return float(this.loc[kept, "spot"].sum() / (sum(other.loc[kept, "spot"].sum() for other in before) / 4))
