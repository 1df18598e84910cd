"""Funding: intervals from settlements, hours, and means over instruments."""

import numpy as np
import pandas as pd

HOUR = pd.Timedelta(hours=1)
DAY = pd.Timedelta(days=1)
NEUTRAL_PCT = 10.95


def intervals(settled: pd.Series) -> pd.DataFrame:
    """Settlement times of one instrument (any order) → frame settled_at, gap_hours, interval_hours; first dropped."""
    times = pd.Series(sorted(settled.dt.round("h").unique()))
    gap = (times.diff() / HOUR).tolist()
    rows = []
    for k in range(1, len(times)):
        neighbours = [gap[j] for j in (k - 1, k + 1) if 1 <= j < len(times)]
        is_hole = bool(neighbours) and all(gap[k] > n for n in neighbours)
        rows.append((times[k], gap[k], max(neighbours) if is_hole else gap[k]))
    return pd.DataFrame(rows, columns=["settled_at", "gap_hours", "interval_hours"])


def settlements(funding: pd.DataFrame) -> pd.DataFrame:
    """Raw funding of many instruments → one row per settlement that counts, with its interval and annualised rate."""
    pieces = []
    for (venue, symbol), group in funding.groupby(["venue", "venue_symbol"]):
        rate = group.assign(settled_at=group["settled_at"].dt.round("h")).drop_duplicates("settled_at", keep="last")
        spans = intervals(group["settled_at"]).merge(rate[["settled_at", "funding_rate"]], on="settled_at")
        pieces.append(spans.assign(venue=venue, venue_symbol=symbol))
    found = pd.concat(pieces, ignore_index=True)
    return found.assign(rate_pct=100 * found["funding_rate"] * 8760 / found["interval_hours"])


def hourly_rates(settled: pd.DataFrame) -> pd.DataFrame:
    """Settlements → one row per instrument and hour's end of the interval that ends at the settlement."""
    n = settled["interval_hours"].round().astype(int).to_numpy()
    back = np.concatenate([np.arange(k) for k in n])
    hours = settled.loc[settled.index.repeat(n), ["venue", "venue_symbol", "settled_at", "rate_pct"]]
    hours = hours.rename(columns={"settled_at": "hour"}).reset_index(drop=True)
    return hours.assign(hour=hours["hour"] - pd.to_timedelta(back, unit="h"))


def missing(settled: pd.DataFrame) -> pd.DataFrame:
    """Settlements that the intervals call for inside holes: venue, venue_symbol, due_at."""
    rows = [
        (row.venue, row.venue_symbol, row.settled_at - k * row.interval_hours * HOUR)
        for row in settled[settled["gap_hours"] > settled["interval_hours"]].itertuples()
        for k in range(1, int(np.ceil(row.gap_hours / row.interval_hours)))
    ]
    return pd.DataFrame(rows, columns=["venue", "venue_symbol", "due_at"])


def silent(settled: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    """Settlements that stayed away since a series' last one, for 28 days at most: venue, venue_symbol, due_at.

    A series ended, and is not waited for, if its venue went on without it for more than a day.
    """
    last = settled.sort_values("settled_at").groupby(["venue", "venue_symbol"]).tail(1)
    venue_last = last.groupby("venue")["settled_at"].transform("max")
    rows = []
    for row in last[last["settled_at"] >= venue_last - DAY].itertuples():
        step = row.interval_hours * HOUR
        due_at = row.settled_at + step
        while due_at <= min(now, row.settled_at + 28 * DAY):
            rows.append((row.venue, row.venue_symbol, due_at))
            due_at += step
    return pd.DataFrame(rows, columns=["venue", "venue_symbol", "due_at"])


def counts(settled: pd.DataFrame, due: pd.DataFrame, hours: pd.DataFrame) -> dict[str, float]:
    """Settlements in a window, those missed in it and the instrument-hours in it → what covers its figure."""
    n, expected = len(settled), len(settled) + len(due)
    return {
        "n_venues": hours["venue"].nunique(),
        "n_settlements": n,
        "expected_settlements": expected,
        "coverage_pct": 100 * n / expected if expected else np.nan,
    }


def weigh(hourly: pd.DataFrame, open_interest: pd.DataFrame) -> pd.DataFrame:
    """Beside each instrument-hour, the latest open interest in dollars at or before the hour's start, ≤ 8 h old."""
    observed = open_interest.dropna(subset=["open_interest_usd"]).sort_values("observed_at")
    left = hourly.assign(start=hourly["hour"] - HOUR).sort_values("start")
    merged = pd.merge_asof(
        left, observed[["venue", "venue_symbol", "observed_at", "open_interest_usd"]],
        left_on="start", right_on="observed_at", by=["venue", "venue_symbol"], tolerance=pd.Timedelta(hours=8),
    )  # fmt: skip
    return merged.rename(columns={"open_interest_usd": "weight"})


def window_figure(hours: pd.DataFrame) -> dict[str, object]:
    """One asset's (or the market's) instrument-hours inside a window → its figures."""
    weighted = hours["weight"].notna().mean() >= 0.8
    used = hours[hours["weight"].notna()] if weighted else hours.assign(weight=1.0)
    sums = used.assign(product=used["rate_pct"] * used["weight"]).groupby("hour")[["product", "weight"]].sum()
    series = sums["product"] / sums["weight"]
    negative = (used["rate_pct"] < -1e-9) * used["weight"]
    below = (used["rate_pct"] < NEUTRAL_PCT - 1e-6) * used["weight"]
    signs = (series < -1e-9).sort_index()
    longest = run = 0
    previous = None
    for hour, is_negative in signs.items():
        run = run + 1 if is_negative and previous == hour - HOUR else int(is_negative)
        longest, previous = max(longest, run), hour
    return {
        "funding_rate_annualised_pct": float(series.mean()),
        "weighting": "open_interest" if weighted else "equal",
        "share_of_open_interest_negative_pct": float(100 * negative.sum() / used["weight"].sum()),
        "share_below_neutral_pct": float(100 * below.sum() / used["weight"].sum()),
        "negative_hours": int(signs.sum()),
        "longest_negative_run_hours": longest,
    }


def median(values: list[float]) -> float:
    return float(np.median(values))
