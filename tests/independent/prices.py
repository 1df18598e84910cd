"""Reference prices, supplies, the universe: what every other number stands on."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

HOUR = pd.Timedelta(hours=1)
WEEK = pd.Timedelta(days=7)
DOLLARS = ("USD", "USDT", "USDC")
CARRY_HOURS = 3
NEEDED_HOURS = 0.9 * 168


@dataclass(frozen=True)
class Prices:
    """Hourly matrices (hour's end × asset): reference price, log return inside one instrument, candle present."""

    price: pd.DataFrame
    log_return: pd.DataFrame
    is_present: pd.DataFrame

    def at(self, moment: pd.Timestamp) -> pd.Series:
        return self.price.loc[moment] if moment in self.price.index else pd.Series(dtype=float)

    def window(self, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
        """Log returns of the hours in (start, end]."""
        return self.log_return.loc[start + HOUR : end]

    def hours_present(self, moment: pd.Timestamp) -> pd.Series:
        return self.is_present.loc[moment - WEEK + HOUR : moment].sum()


def reference_prices(candles: pd.DataFrame, instruments: pd.DataFrame) -> Prices:
    """`candles` in the raw shape; `instruments` with venue, market_type, venue_symbol, asset_id, quote, multiplier."""
    key = ["venue", "market_type", "venue_symbol"]
    known = instruments[instruments["quote"].isin(DOLLARS)]
    frame = candles.merge(known[[*key, "asset_id", "multiplier"]], on=key)
    frame = frame.assign(
        hour=frame["open_time"] + HOUR,
        instrument=frame["venue"] + "|" + frame["market_type"] + "|" + frame["venue_symbol"],
    )
    hours = pd.date_range(frame["hour"].min(), frame["hour"].max(), freq="h")
    close = frame.pivot(index="hour", columns="instrument", values="close").reindex(hours)
    volume = frame.pivot(index="hour", columns="instrument", values="quote_volume").reindex(hours)
    facts = frame.groupby("instrument").agg(
        asset_id=("asset_id", "first"), multiplier=("multiplier", "first"), venue=("venue", "first"),
        market_type=("market_type", "first"), venue_symbol=("venue_symbol", "first"),
    )  # fmt: skip
    last_close = close.ffill()
    returns = np.log(close / last_close.shift(1))
    carried = close.ffill(limit=CARRY_HOURS)
    returns = returns.mask(close.isna() & carried.notna(), 0.0)
    pieces: dict[str, list[tuple[pd.DatetimeIndex, str]]] = {}
    mondays = pd.date_range(hours[0].normalize() - WEEK, hours[-1], freq="W-MON")
    for monday in mondays:
        before = slice(monday - WEEK + HOUR, monday)
        present = close.loc[before].notna().sum()
        candidates = facts.assign(present=present, volume=volume.loc[before].sum())
        candidates = candidates[candidates["present"] >= NEEDED_HOURS]
        candidates = candidates.sort_values(
            ["asset_id", "market_type", "volume", "venue", "venue_symbol"], ascending=[True, False, False, True, True]
        )
        week = hours[(hours > monday) & (hours <= monday + WEEK)]
        for instrument, row in candidates.groupby("asset_id").head(1).iterrows():
            pieces.setdefault(row["asset_id"], []).append((week, str(instrument)))

    def assemble(matrix: pd.DataFrame, *, per_coin: bool = False) -> pd.DataFrame:
        columns = {}
        for asset, parts in pieces.items():
            columns[asset] = pd.concat(
                [matrix.loc[week, name] / (facts.loc[name, "multiplier"] if per_coin else 1) for week, name in parts]
            )
        return pd.DataFrame(columns).reindex(hours)

    return Prices(
        price=assemble(carried, per_coin=True),
        log_return=assemble(returns),
        is_present=assemble(close.notna().astype(float)).fillna(0).astype(bool),
    )


@dataclass(frozen=True)
class Supplies:
    """Supplies that may be used: asset_id, known_at, supply, sorted by known_at."""

    rows: pd.DataFrame

    def at(self, moment: pd.Timestamp) -> pd.DataFrame:
        known = self.rows[self.rows["known_at"] <= moment].groupby("asset_id").last()
        age = (moment - known["known_at"]) / pd.Timedelta(days=1)
        return known.assign(age_days=age)[age <= 200]


def believable_supplies(market_caps: pd.DataFrame, prices: Prices) -> Supplies:
    """`market_caps` in the raw shape plus asset_id. Rows whose price is another coin's are left out."""
    frame = market_caps[market_caps["circulating_supply"] > 0].copy()
    day_late = frame["provider"].eq("coinmarketcap")
    frame["known_at"] = frame["observed_at"] + pd.to_timedelta(day_late.astype(int), unit="D")
    keep = []
    for row in frame.itertuples():
        day = row.observed_at.normalize()
        closes = pd.Series(dtype=float)
        if row.asset_id in prices.price:
            closes = prices.price.loc[day + HOUR : day + 24 * HOUR, row.asset_id].dropna()
        is_wrong = len(closes) and (row.price_usd > 1.15 * closes.max() or row.price_usd < 0.85 * closes.min())
        keep.append(not is_wrong)
    frame = frame[keep].sort_values(["known_at", "provider"], kind="stable")
    return Supplies(frame[["asset_id", "known_at", "circulating_supply", "price_usd"]])


def universe(prices: Prices, supplies: Supplies, moment: pd.Timestamp, excluded: set[str]) -> pd.DataFrame:
    """Eligible assets at `moment`, ranked 1…n by market cap: index asset_id; market_cap, rank."""
    price = prices.at(moment).dropna()
    known = supplies.at(moment)
    enough = prices.hours_present(moment)
    assets = [a for a in price.index if a in known.index and a not in excluded and enough[a] >= NEEDED_HOURS]
    caps = pd.Series({a: price[a] * known.loc[a, "circulating_supply"] for a in assets}, name="market_cap")
    ranked = caps.sort_values(ascending=False).to_frame()
    ranked["rank"] = np.arange(1, len(ranked) + 1)
    return ranked


def bucket(rank: int) -> str | None:
    return "1-10" if rank <= 10 else "11-50" if rank <= 50 else "51-100" if rank <= 100 else None
