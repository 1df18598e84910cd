"""Macro series: what was published by a week's end, what changed, and what a curve did."""

import numpy as np
import pandas as pd

WEEK = pd.Timedelta(days=7)
DAY = pd.Timedelta(days=1)


def released(stated: pd.DataFrame, series: pd.DataFrame, releases: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """series_id → reference_date, value, released_at.

    `stated` has provider, series, reference_date, value; `series` and `releases` are the seeds.
    """
    found: dict[str, pd.DataFrame] = {}
    known_releases = releases.set_index(["series", "reference_date"])["released_at"]
    for series_id, sources in series.sort_values("priority").groupby("series_id"):
        pieces = []
        for source in sources.itertuples():
            own = stated[(stated["provider"] == source.provider) & (stated["series"] == source.series)]
            own = own.dropna(subset=["value"])[["reference_date", "value"]].copy()
            usual = own["reference_date"] + source.usual_lag_days * DAY
            exact = [known_releases.get((source.series, day)) for day in own["reference_date"]]
            own["released_at"] = [u if e is None else e for e, u in zip(exact, usual, strict=True)]
            pieces.append(own)
        frame = pd.concat(pieces).drop_duplicates("reference_date").sort_values("reference_date")
        if frame.empty:
            continue
        if sources["transform"].iloc[0] == "year_on_year":
            level = frame.set_index("reference_date")["value"]
            before = [level.get(day - pd.DateOffset(years=1)) for day in frame["reference_date"]]
            frame["value"] = [
                np.nan if b is None else 100 * (v / b - 1) for v, b in zip(frame["value"], before, strict=True)
            ]
            frame = frame.dropna(subset=["value"])
        found[series_id] = frame.reset_index(drop=True)
    return found


def at(frame: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    """What was published by then, by reference date."""
    return frame[frame["released_at"] <= moment].sort_values("reference_date")


MOST_DAYS_SINCE_RELEASE = {"day": 7, "week": 7, "month": 45, "quarter": 120}


def is_stale(released_at: pd.Timestamp, week_end: pd.Timestamp, frequency: str) -> bool:
    """Whether it is too old to be news of the week."""
    return week_end - released_at > MOST_DAYS_SINCE_RELEASE[frequency] * DAY


def week_row(frame: pd.DataFrame, week_end: pd.Timestamp, change_from: str, frequency: str) -> dict | None:
    """A series' row of the week that ends then."""
    known = at(frame, week_end)
    if known.empty:
        return None
    last = known.iloc[-1]
    if change_from == "week":
        earlier = at(frame, week_end - WEEK)
        previous = earlier["value"].iloc[-1] if len(earlier) else None
    else:
        previous = known["value"].iloc[-2] if len(known) > 1 else None
    is_old = is_stale(last["released_at"], week_end, frequency)
    return {
        "reference_date": last["reference_date"],
        "released_at": last["released_at"],
        "value_as_released": last["value"],
        "previous_value": previous,
        "change": None if previous is None or is_old else last["value"] - previous,
        "is_stale": is_old,
    }


def curve_label(slope_change: float, level_change: float, earlier_changes: list[float]) -> str | None:
    """Bear: yields rose. Steepener: the long end by more, beyond half an sd of the weekly changes before."""
    if len(earlier_changes) < 26:
        return None
    noise = 0.5 * np.std(earlier_changes, ddof=1)
    if abs(slope_change) <= noise:
        return "unchanged"
    return f"{'bear' if level_change > 0 else 'bull'} {'steepener' if slope_change > 0 else 'flattener'}"


def slopes(short: pd.DataFrame | None, long: pd.DataFrame | None, spread: pd.DataFrame | None) -> pd.DataFrame:
    """A curve's slope and level, day by day: from its ends, or from one of them and the spread."""
    known = [
        {} if frame is None else frame.set_index("reference_date")[["value", "released_at"]].to_dict("index")
        for frame in (short, long, spread)
    ]
    rows = []
    for day in sorted(set().union(*known)):
        a, b, s = (own.get(day) for own in known)
        if a and b:
            used, slope, level = (a, b), b["value"] - a["value"], (a["value"] + b["value"]) / 2
        elif s and b:
            used, slope, level = (s, b), s["value"], b["value"] - s["value"] / 2
        elif s and a:
            used, slope, level = (s, a), s["value"], a["value"] + s["value"] / 2
        else:
            continue
        rows.append((day, slope, level, max(own["released_at"] for own in used)))
    return pd.DataFrame(rows, columns=["reference_date", "slope", "level", "released_at"])


def curve_rows(curve: pd.DataFrame, mondays: pd.DatetimeIndex) -> dict[pd.Timestamp, dict]:
    """A curve's rows of weeks that follow one another, beginning long before those that are asked for."""
    found: dict[pd.Timestamp, dict] = {}
    before = None
    changes: list[tuple[pd.Timestamp, float]] = []
    for monday in mondays:
        known = at(curve, monday + WEEK)
        if known.empty:
            continue
        last = known.iloc[-1]
        row = {"reference_date": last["reference_date"], "released_at": last["released_at"],
               "value_as_released": last["slope"], "previous_value": None, "change": None, "label": None}  # fmt: skip
        if before is not None:
            change = last["slope"] - before["slope"]
            usual = [earlier for week, earlier in changes if week >= monday - 104 * WEEK]
            label = curve_label(change, last["level"] - before["level"], usual)
            row |= {"previous_value": before["slope"], "change": change, "label": label}
            changes.append((monday, change))
        row["is_stale"] = is_stale(last["released_at"], monday + WEEK, "day")
        if row["is_stale"]:
            row |= {"change": None, "label": None}
        found[monday] = row
        before = last
    return found
