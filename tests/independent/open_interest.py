"""Open interest: what stands at a moment, and the four effects of a change, per instrument in steps of 24 hours."""

import numpy as np
import pandas as pd

DAY = pd.Timedelta(days=1)
FRESH = pd.Timedelta(hours=8)
EFFECTS = ("price_effect_usd", "position_effect_usd", "listing_effect_usd", "coverage_effect_usd")


def believable(observed: pd.DataFrame, traded: set[tuple[str, str]]) -> pd.DataFrame:
    """Without symbols that neither trade nor settle at a venue whose others do; `traded` holds (venue, symbol)."""
    venues = {venue for venue, _ in traded}
    pairs = zip(observed["venue"], observed["venue_symbol"], strict=True)
    return observed[[pair in traded or pair[0] not in venues for pair in pairs]]


def standing(observed: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    """The last observation of every symbol at or before `moment`, at most 8 hours old; index venue, venue_symbol."""
    fresh = observed[(observed["observed_at"] <= moment) & (observed["observed_at"] >= moment - FRESH)]
    return fresh.sort_values("observed_at").groupby(["venue", "venue_symbol"]).last()


def like_for_like(days: dict[pd.Timestamp, pd.Series]) -> pd.Series:
    """Dollars by symbol on each day → the last day's total carried back through the ratios of symbols on both days."""
    dates = sorted(days)
    carried = {dates[-1]: days[dates[-1]].sum()}
    for later, earlier in zip(dates[:0:-1], dates[-2::-1], strict=True):
        both = days[later].index.intersection(days[earlier].index)
        ratio = days[later][both].sum() / days[earlier][both].sum() if len(both) else np.nan
        carried[earlier] = carried[later] / ratio
    return pd.Series(carried)


def observation(rows: pd.DataFrame, moment: pd.Timestamp, reference: float) -> tuple[float, float] | None:
    """(dollars, price) of one instrument at `moment`: its last observation, at most 8 hours old.

    Coins that nobody can price are not observed.
    """
    fresh = rows[(rows["observed_at"] <= moment) & (rows["observed_at"] >= moment - FRESH)]
    if fresh.empty:
        return None
    last = fresh.iloc[-1]
    usd, base = last["open_interest_usd"], last["open_interest_base"]
    price = usd / base if np.isfinite(usd) and np.isfinite(base) and base > 0 else reference
    dollars = usd if np.isfinite(usd) else base * price
    return (dollars, price) if np.isfinite(dollars) else None


def change(rows, spans, reference, start, end, *, is_inverse: bool) -> dict[str, float]:
    """One instrument's effects in (start, end].

    `rows` its observations by time; `spans` (first, last) of its own candles or None; `reference` the asset's
    reference price by hour.
    """
    total = dict.fromkeys(("start_usd", "end_usd", *EFFECTS), 0.0)
    moments = [start]
    while moments[-1] < end:
        moments.append(min(moments[-1] + DAY, end))
    seen = [observation(rows, m, reference.get(m, np.nan)) for m in moments]
    total["start_usd"] = seen[0][0] if seen[0] else 0.0
    total["end_usd"] = seen[-1][0] if seen[-1] else 0.0
    for k in range(1, len(moments)):
        before, after = seen[k - 1], seen[k]
        if before and after:
            (v0, p0), (v1, p1) = before, after
            if is_inverse:
                total["position_effect_usd"] += v1 - v0
            elif not (np.isfinite(p0) and np.isfinite(p1)):
                total["coverage_effect_usd"] += v1 - v0
            else:
                q0, q1 = v0 / p0, v1 / p1
                total["price_effect_usd"] += (q0 + q1) / 2 * (p1 - p0)
                total["position_effect_usd"] += (p0 + p1) / 2 * (q1 - q0)
        elif before or after:
            amount = (after[0] if after else 0.0) - (before[0] if before else 0.0)
            edge = None if spans is None else (spans[0] if after else spans[1])
            is_listing = edge is not None and moments[k - 1] <= edge <= moments[k]
            total["listing_effect_usd" if is_listing else "coverage_effect_usd"] += amount
    total["change_usd"] = total["end_usd"] - total["start_usd"]
    return total
