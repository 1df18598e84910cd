"""What other rows say of a row: prices, names, volumes, funding, open interest. Frames in, refused keys out.

Limits are written out here once more: a limit that changes in SQL must change here too.
"""

import numpy as np
import pandas as pd

HOUR = pd.Timedelta(hours=1)
DAY = pd.Timedelta(days=1)
KEY = ["venue", "market_type", "venue_symbol"]
DOLLARS = ("USD", "USDT", "USDC")
Refused = set[tuple]


def off_peers(candles: pd.DataFrame, instruments: pd.DataFrame) -> Refused:
    """Candles whose price at least two agreeing instruments of the asset refuse: venue, market, symbol, hour's end."""
    known = instruments[instruments["quote"].isin(DOLLARS)][[*KEY, "asset_id", "multiplier"]]
    many = known.groupby("asset_id")["venue"].transform("size") >= 3
    frame = candles.merge(known[many], on=KEY)
    for column in ("close", "high", "low"):
        frame[column] = frame[column] / frame["multiplier"]
    hours = frame.groupby(["asset_id", "open_time"])["close"]
    # no candle is 10 % outside of others whose closes are within 5 % of its own
    apart = (hours.transform("max") > 1.05 * hours.transform("min")) & (hours.transform("size") >= 3)
    refused = set()
    for (_, opened), rows in frame[apart].groupby(["asset_id", "open_time"]):
        for k in range(len(rows)):
            row, others = rows.iloc[k], rows.drop(rows.index[k])
            if others["close"].max() > 1.1 * others["close"].min():
                continue
            middle = others["close"].median()
            is_outside = row["low"] > 1.1 * others["high"].max() or row["high"] < 0.9 * others["low"].min()
            if is_outside or row["close"] > 1.5 * middle or 1.5 * row["close"] < middle:
                refused.add((row["venue"], row["market_type"], row["venue_symbol"], opened + HOUR))
    return refused


def in_pairs(candles: pd.DataFrame) -> Refused:
    """Candles that stand under another symbol of the venue too, in 3 hours of 3 days: both of each pair."""
    same = ["venue", "market_type", "open_time", "high", "low", "close", "base_volume"]
    frame = candles[candles["base_volume"] > 0]
    frame = frame[frame.duplicated(same, keep=False)]
    both = frame.merge(frame, on=same, suffixes=("", "_of"))
    both = both[both["venue_symbol"] != both["venue_symbol_of"]].assign(day=lambda f: f["open_time"].dt.normalize())
    pair = [*KEY, "venue_symbol_of"]
    counts = both.groupby([*pair, "day"]).size()
    near = counts
    for k in (-1, 1):
        moved = counts.rename(lambda day, k=k: day + k * DAY, level="day")
        near = near.add(moved.reindex(near.index, fill_value=0))
    alike = set(near[near >= 3].index)
    return {
        (r.venue, r.market_type, r.venue_symbol, r.open_time + HOUR)
        for r in both.itertuples()
        if (r.venue, r.market_type, r.venue_symbol, r.venue_symbol_of, r.day) in alike
    }


def too_much_volume(candles: pd.DataFrame, instruments: pd.DataFrame, provided: pd.DataFrame) -> Refused:
    """Candles of 24 h in which one instrument had over 3 (a perpetual 100) times the provider's volume."""
    refused = set()
    known = instruments[instruments["quote"].isin(DOLLARS)]
    by_symbol = dict(list(candles.groupby(KEY)))
    totals = provided[provided["volume_24h_usd"] > 0].groupby(["asset_id", "known_at"])["volume_24h_usd"].max()
    for (asset, known_at), total in totals.items():
        for instrument in known[known["asset_id"] == asset].itertuples():
            key = (instrument.venue, instrument.market_type, instrument.venue_symbol)
            if key not in by_symbol:
                continue
            rows = by_symbol[key]
            ends = rows["open_time"] + HOUR
            inside = rows[(ends > known_at - DAY) & (ends <= known_at)]
            if inside["quote_volume"].sum() > total * (3 if key[1] == "spot" else 100):
                refused |= {(*key, opened + HOUR) for opened in inside["open_time"]}
    return refused


def funding_by_week(funding: pd.DataFrame, perps: pd.DataFrame) -> dict[tuple, str]:
    """(week, venue, symbol) → mirrored, large or small, of instruments with at least two peers."""
    frame = funding.merge(perps[["venue", "venue_symbol", "asset_id"]], on=["venue", "venue_symbol"])
    hour = frame["settled_at"].dt.round("h")
    frame["bin"] = hour.dt.ceil("8h")
    moment = hour - pd.Timedelta(microseconds=1)
    frame["week"] = moment.dt.normalize() - pd.to_timedelta(moment.dt.weekday, unit="D")
    found = {}
    for (_, week), rows in frame.groupby(["asset_id", "week"]):
        table = rows.pivot_table(index="bin", columns=["venue", "venue_symbol"], values="funding_rate", aggfunc="sum")
        for own in table:
            cosines, sizes = [], []
            for other in table:
                pair = table[[own, other]].dropna()
                if other == own or len(pair) < 15:
                    continue
                a, b = pair.iloc[:, 0].to_numpy(), pair.iloc[:, 1].to_numpy()
                cosines.append(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))
                sizes.append((np.median(abs(a)), np.median(abs(b))))
            if len(cosines) < 2:
                continue
            if sum(c <= -0.8 for c in cosines) >= 2 and max(cosines) < 0.8:
                found[week, *own] = "mirrored"
            elif min(a for a, _ in sizes) >= 8 * max(5e-5, *(b for _, b in sizes)):
                found[week, *own] = "large"
            elif max(a for a, _ in sizes) * 100 <= min(b for _, b in sizes) and min(b for _, b in sizes) >= 5e-5:
                found[week, *own] = "small"
    return found


def off_price(observed: pd.DataFrame, candles: pd.DataFrame) -> Refused:
    """Open interest whose dollars over coins lie over 10 % outside its own candle of that hour."""
    both = observed[(observed["open_interest_usd"] > 0) & (observed["open_interest_base"] > 0)]
    both = both.assign(open_time=both["observed_at"].dt.ceil("h") - HOUR)
    both = both.merge(candles[candles["market_type"] == "perp"], on=["venue", "venue_symbol", "open_time"])
    implied = both["open_interest_usd"] / both["open_interest_base"]
    off = both[(implied > 1.1 * both["high"]) | (implied < 0.9 * both["low"])]
    return set(off[["venue", "venue_symbol", "observed_at"]].itertuples(index=False, name=None))


def off_history(observed: pd.DataFrame) -> Refused:
    """Open interest 20 times off the medians of the 3 days before and after, in one direction."""
    refused = set()
    amounts = observed.assign(amount=observed["open_interest_usd"].fillna(observed["open_interest_base"]))
    for (venue, symbol), rows in amounts[amounts["amount"] > 0].groupby(["venue", "venue_symbol"]):
        series = rows.set_index("observed_at")["amount"].sort_index()
        if series.max() < 20 * series.min():
            continue
        for moment, amount in series.items():
            before = series[moment - 3 * DAY : moment].drop(moment)
            after = series[moment : moment + 3 * DAY].drop(moment)
            if len(before) < 6:
                continue
            others = [before.median()] + ([after.median()] if len(after) else [])
            if amount >= 20 * max(others) or 20 * amount <= min(others):
                refused.add((venue, symbol, moment))
    return refused


def off_turnover(observed: pd.DataFrame, candles: pd.DataFrame) -> Refused:
    """Open interest that is 100 times (a thousandth of) what is usual over a day's turnover at its venue."""
    perps = candles[candles["market_type"] == "perp"].assign(day=lambda f: f["open_time"].dt.normalize())
    days = perps.groupby(["venue", "venue_symbol", "day"]).agg(
        n=("close", "size"), turnover=("quote_volume", "sum"), close=("close", "mean")
    )
    days = days[(days["n"] >= 20) & (days["turnover"] > 0)].reset_index()
    frame = observed.assign(day=(observed["observed_at"] - pd.Timedelta(microseconds=1)).dt.normalize())
    frame = frame.merge(days, on=["venue", "venue_symbol", "day"])
    dollars = frame["open_interest_usd"].fillna(frame["open_interest_base"] * frame["close"])
    frame = frame.assign(days=dollars / frame["turnover"])
    of_venue = frame.groupby(["venue", "day", "venue_symbol"])["days"].median().groupby(["venue", "day"])
    usual = (
        pd.DataFrame({"usual": of_venue.median(), "n_symbols": of_venue.size()}).query("n_symbols >= 5").reset_index()
    )
    frame = frame.merge(usual, on=["venue", "day"])
    multiple = frame["days"] / frame["usual"]
    off = frame[(multiple > 100) | (multiple * 1000 < 1)]
    return set(off[["venue", "venue_symbol", "observed_at"]].itertuples(index=False, name=None))
