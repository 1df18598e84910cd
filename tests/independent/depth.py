"""What rested in order books, once more: medians over hourly snapshots, sums of the books known in all five weeks."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

HOUR = pd.Timedelta(hours=1)
WEEK = pd.Timedelta(days=7)
BOOK = ["asset_id", "venue", "market_type", "venue_symbol"]


def hourly(snapshots: pd.DataFrame) -> pd.DataFrame:
    """Of raw rows the snapshot nearest to each full hour: a row per book, hour and band, both sides and the spread."""
    hour = (snapshots["snapshot_at"] + HOUR / 2).dt.floor("h")
    off = (snapshots["snapshot_at"] - hour).abs()
    rows = snapshots.assign(hour_at=hour, off=off)
    nearest = rows.groupby([*BOOK, "hour_at"])["off"].transform("min")
    rows = rows[rows["off"] == nearest]
    sides = rows.pivot_table(
        index=[*BOOK, "hour_at", "band_pct"], columns="side", values=["quote_amount", "best_price"], aggfunc="first",
        dropna=False,
    )  # fmt: skip
    sides = sides[sides.index.isin(pd.MultiIndex.from_frame(rows[[*BOOK, "hour_at", "band_pct"]]))]
    bid, ask = sides["best_price", "bid"], sides["best_price", "ask"]
    return pd.DataFrame({
        "bid": sides["quote_amount", "bid"], "ask": sides["quote_amount", "ask"],
        "spread_bps": (ask - bid) / ((ask + bid) / 2) * 1e4,
    }).reset_index()  # fmt: skip


def of_window(hours: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    """The medians of each book and band; a side that over half of the snapshots do not know is unknown."""

    def median(amounts: pd.Series) -> float:
        known = amounts.dropna()
        return float(np.median(known)) if len(known) * 2 >= len(amounts) and len(known) else np.nan

    inside = hours[(hours["hour_at"] > start) & (hours["hour_at"] <= end)]
    grouped = inside.groupby([*BOOK, "band_pct"])
    return pd.DataFrame({
        "bid_usd": grouped["bid"].apply(median), "ask_usd": grouped["ask"].apply(median),
        "spread_bps": grouped["spread_bps"].median(), "n_snapshots": grouped.size(),
    })  # fmt: skip


def market(this: pd.DataFrame, earlier: Iterable[pd.DataFrame], market_type: str, band_pct: float) -> dict[str, float]:
    """All books of a market that are known in this week and the four before it."""

    def of(week: pd.DataFrame) -> pd.DataFrame:
        rows = week.reset_index()
        rows = rows[(rows["market_type"] == market_type) & (rows["band_pct"] == band_pct)]
        return rows.dropna(subset=["bid_usd", "ask_usd"]).set_index(BOOK)

    weeks = [of(week) for week in (this, *earlier)]
    common = weeks[0].index
    for week in weeks[1:]:
        common = common.intersection(week.index)
    depth = [(week.loc[common, "bid_usd"] + week.loc[common, "ask_usd"]).sum() for week in weeks]
    return {
        "bid_usd": weeks[0].loc[common, "bid_usd"].sum(),
        "ask_usd": weeks[0].loc[common, "ask_usd"].sum(),
        "depth_vs_4w_pct": 100 * (depth[0] / np.mean(depth[1:]) - 1),
        "n_books": len(common),
    }
