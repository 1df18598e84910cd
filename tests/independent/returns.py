"""Returns, indices, correlations and volatility from hourly log returns."""

import numpy as np
import pandas as pd

from tests.independent.prices import HOUR, Prices, Supplies, universe


def window_returns(prices: Prices, start: pd.Timestamp, end: pd.Timestamp) -> pd.Series:
    """Percent, chained inside the window; an asset that stopped keeps its last price."""
    return 100 * (np.exp(prices.window(start, end).sum()) - 1)


def group_return(returns: pd.Series, caps: pd.Series) -> dict[str, float]:
    return {
        "return_cap_weighted_pct": float((returns * caps).sum() / caps.sum()),
        "return_equal_weighted_pct": float(returns.mean()),
        "return_median_pct": float(returns.median()),
        "share_negative_pct": float(100 * (returns < -1e-9).mean()),
        "n_assets": len(returns),
    }


def complete_panel(prices: Prices, members: list[str], start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    """Hourly returns of the members that have every hour and a price that moved."""
    panel = prices.window(start, end)[members]
    panel = panel.loc[:, panel.notna().all()]
    return panel.loc[:, (panel != 0).any()]


def correlations(panel: pd.DataFrame) -> dict[str, float]:
    matrix = np.corrcoef(panel.to_numpy().T)
    pairs = matrix[np.triu_indices_from(matrix, 1)]
    found = {
        "average_pairwise_correlation": float(pairs.mean()),
        "average_pairwise_correlation_fisher": float(np.tanh(np.arctanh(np.clip(pairs, -1 + 1e-12, 1 - 1e-12)).mean())),
        "n_assets": panel.shape[1],
        "n_observations": panel.shape[0],
    }
    return found


def correlation_to_btc(panel: pd.DataFrame, btc: pd.Series) -> float:
    others = [c for c in panel.columns if c != "bitcoin"]
    return float(np.mean([np.corrcoef(panel[c], btc)[0, 1] for c in others]))


def jackknife(panel: pd.DataFrame, start: pd.Timestamp, t_value: dict[int, float]) -> tuple[float, float]:
    """The interval of the plain mean by leaving one 24-hour block out."""
    block = ((panel.index - start - HOUR) // pd.Timedelta(days=1)).to_numpy()
    last = block.max()
    if (block == last).sum() == 1:
        block = np.where(block == last, last - 1, block)
    blocks = np.unique(block)
    estimates = np.array([correlations(panel[block != b])["average_pairwise_correlation"] for b in blocks])
    d = len(blocks)
    half = t_value[d] * np.sqrt((d - 1) / d * ((estimates - estimates.mean()) ** 2).sum())
    centre = correlations(panel)["average_pairwise_correlation"]
    return centre - half, centre + half


def volatility_adjusted(panel: pd.DataFrame, delta: float) -> float:
    """Forbes and Rigobon (2002), per pair, then the mean."""
    matrix = np.corrcoef(panel.to_numpy().T)
    pairs = matrix[np.triu_indices_from(matrix, 1)]
    return float(np.mean(pairs / np.sqrt(1 + delta * (1 - pairs**2))))


def realised_volatility(prices: Prices, asset: str, day: pd.Timestamp) -> dict[str, float | None]:
    end = day + pd.Timedelta(days=1)
    found: dict[str, float | None] = {}
    for days in (7, 30):
        r = prices.window(end - pd.Timedelta(days=days), end)[asset].dropna()
        enough = len(r) >= 0.9 * 24 * days
        found[f"rv_{days}d_pct"] = float(100 * np.sqrt(8760 / len(r) * (r**2).sum())) if enough else None
    start = end - pd.Timedelta(days=7)
    closes = [prices.price[asset].get(start + pd.Timedelta(days=k)) for k in range(8)]
    found["rv_7d_daily_pct"] = None
    if all(c is not None and np.isfinite(c) for c in closes):
        r = prices.window(start, end)[asset]
        daily = [r.iloc[24 * k : 24 * (k + 1)].sum() for k in range(7)]
        found["rv_7d_daily_pct"] = float(100 * np.sqrt(365 / 7 * np.sum(np.square(daily))))
    return found


def capped(weights: pd.Series, cap: float = 0.25) -> pd.Series:
    """No weight above the cap; the excess goes to the rest in proportion, until none exceeds."""
    weights = weights / weights.sum()
    fixed = pd.Series(False, index=weights.index)
    while (weights[~fixed] > cap + 1e-15).any():
        fixed |= weights > cap
        free = 1 - cap * fixed.sum()
        weights = weights.where(~fixed, cap)
        weights[~fixed] *= free / weights[~fixed].sum()
    return weights


def drifting_level(prices: Prices, weights: pd.Series, start: pd.Timestamp, end: pd.Timestamp) -> pd.Series:
    """Level relative to 1 at `start`, hourly, of a basket bought at `start` and left alone."""
    growth = np.exp(prices.window(start, end)[list(weights.index)].fillna(0).cumsum())
    return (growth * weights).sum(axis=1)


def top30_level(prices: Prices, supplies: Supplies, excluded: set[str], end: pd.Timestamp) -> pd.Series:
    """The index by hours, from the first day of this history with 30 eligible; 1 then."""
    days = pd.date_range("2025-09-14", end)
    base = next(day for day in days if len(universe(prices, supplies, day, excluded)) >= 30)
    months = pd.date_range(base, end + pd.Timedelta(days=31), freq="ME")
    fridays = [m.normalize() - pd.Timedelta(days=(m.dayofweek - 4) % 7) + pd.Timedelta(hours=10) for m in months]
    rebalances = [base, *(moment for moment in fridays if base < moment < end)]
    level, pieces = 1.0, []
    for k, moment in enumerate(rebalances):
        until = min(rebalances[k + 1] if k + 1 < len(rebalances) else end, end)
        largest = universe(prices, supplies, moment, excluded).head(30)
        piece = level * drifting_level(prices, capped(largest["market_cap"]), moment, until)
        level = piece.iloc[-1]
        pieces.append(piece)
    return pd.concat(pieces)
