"""What is true of a simulated market, stated from the model that made it.

The product measures the tables, and the tests compare.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd

from simulator.generation.assets import Listing, are_on_coins
from simulator.generation.books import SIDES, Books, bands_pct, usual_usd, week_factor
from simulator.generation.calibration import BUCKETS, HOUR, WEEK_HOURS, calibration
from simulator.generation.leverage import OBSERVATION_HOURS, Funding, OpenInterest
from simulator.generation.oddities import Oddities
from simulator.generation.positioning import CONTRACTS, Liquidations, LongShort
from simulator.generation.prices import (
    HOURS_A_YEAR,
    INDEX_SIZE,
    Array,
    PriceModel,
    bucket_of,
    index_weights_at,
    last_rebalance_hour,
)
from simulator.market import Market

# They print the coins of linear contracts, and no dollars.
VENUES_THAT_COUNT_COINS = ("bybit",)
_NAMES = ("venue", "venue_symbol", "asset_id", "is_inverse")


@dataclass(frozen=True)
class Truth:
    """Known figures, Monday to Monday where weekly; percent means 1.0 = 1 %. Gold is no coin: it is in none but
    `instruments`, `intervals` and `renames`.

    `universe`: week_start, asset_id, rank, rank_bucket, sector, return_pct (eligible assets).
    `sector_returns`: week_start, sector, return_cap_weighted_pct, n_assets.
    `bucket_correlations`: week_start, rank_bucket, average_pairwise_correlation (hourly log returns, horizon 7d).
    `index_returns`: week_start, return_pct of the capped index of 30 (from its first monthly rebalance on).
    `market_caps`: market_date, total_market_cap_usd, total_ex_stablecoins_usd.
    `open_interest`: market_date, total_usd, of what the venues print.
    `open_interest_changes`: week_start, venue, venue_symbol, asset_id, is_inverse, start_usd, end_usd and the four
    effects, in the week's days, of every perpetual.
    `instruments`: venue, market_type, venue_symbol, asset_id, is_inverse, first_at, last_at of its candles.
    `outages`: venue, first_at, ends_at.
    `renames`: venue, market_type, asset_id, old_symbol, new_symbol, renamed_at.
    `funding`: week_start, asset_id, funding_rate_annualised_pct, weighted by open interest.
    `intervals`: venue, venue_symbol, interval_hours, first_settled_at, last_settled_at; a row per stretch.
    `long_short`: week_start, asset_id, long_short_account_ratio, weighted by open interest at the days' ends.
    `liquidations`: week_start, asset_id, long_usd, short_usd, all that was closed by force.
    `depth`: week_start, venue, market_type, venue_symbol, asset_id, band_pct, bid_usd, ask_usd, the medians over the
    week's snapshots of what rests within the band; NaN where the book is given less deep. A week holds the snapshots of
    [Monday 00:00, Monday 00:00), and a USDT is a dollar.
    `depth_changes`: week_start, market_type, depth_vs_4w_pct, all books together against the mean of the four weeks
    before, in any band; none before the fifth week that has books.
    `realised_volatility`: market_date, asset_id, rv_7d_pct, rv_7d_daily_pct (BTC).
    """

    universe: pd.DataFrame
    sector_returns: pd.DataFrame
    bucket_correlations: pd.DataFrame
    index_returns: pd.DataFrame
    market_caps: pd.DataFrame
    open_interest: pd.DataFrame
    open_interest_changes: pd.DataFrame
    instruments: pd.DataFrame
    outages: pd.DataFrame
    renames: pd.DataFrame
    funding: pd.DataFrame
    intervals: pd.DataFrame
    long_short: pd.DataFrame
    liquidations: pd.DataFrame
    depth: pd.DataFrame
    depth_changes: pd.DataFrame
    realised_volatility: pd.DataFrame


def truth(market: Market) -> Truth:
    """Everything known of a generated market; ValueError for a recorded one, whose truth nobody knows."""
    if not market.truth:
        raise ValueError("only a generated market knows its truth; make one with simulator.generation.generate")
    model: PriceModel = market.truth["model"]
    listings: tuple[Listing, ...] = market.truth["listings"]
    funding: Funding = market.truth["funding"]
    interest: OpenInterest = market.truth["open_interest"]
    odd: Oddities = market.truth["oddities"]
    universe = _universe(model)
    return Truth(
        universe=universe.drop(columns="market_cap_usd"),
        sector_returns=_sector_returns(universe),
        bucket_correlations=pd.DataFrame(
            [
                {"week_start": _day(model, w.start_hour), "rank_bucket": b, "average_pairwise_correlation": c}
                for w in model.weeks
                for b, c in w.average_correlation.items()
            ]
        ),
        index_returns=_index_returns(model),
        market_caps=_market_caps(model),
        open_interest=_open_interest(model, interest),
        open_interest_changes=_open_interest_changes(model, interest),
        instruments=_instruments(model, listings),
        outages=pd.DataFrame([vars(o) for o in odd.outages], columns=["venue", "first_at", "ends_at"]),
        renames=_renames(listings, odd),
        funding=_funding(model, listings, funding, interest),
        intervals=_intervals(model, listings, funding),
        long_short=_long_short(model, market.truth["long_short"], interest),
        liquidations=_liquidations(model, market.truth["liquidations"]),
        depth=_depth(model, market.truth["books"]),
        depth_changes=_depth_changes(model, market.truth["books"]),
        realised_volatility=_realised_volatility(model),
    )


def _day(model: PriceModel, hour: int) -> pd.Timestamp:
    return pd.Timestamp(model.starts_at + hour * HOUR)


def _universe(model: PriceModel) -> pd.DataFrame:
    parts = []
    for week in model.weeks:
        members = np.flatnonzero(week.rank)
        # An asset that stops trading inside the week counts with its last price.
        ends = [model.last_priced_hour(int(i), week.start_hour + WEEK_HOURS) for i in members]
        growth = model.prices[ends, members] / model.prices[week.start_hour, members]
        labels = np.array([*BUCKETS, ""])
        parts.append(
            pd.DataFrame(
                {
                    "week_start": _day(model, week.start_hour),
                    "asset_id": [model.assets[i].asset_id for i in members],
                    "rank": week.rank[members],
                    "rank_bucket": labels[bucket_of(week.rank[members])],
                    "sector": [model.assets[i].sector for i in members],
                    "return_pct": 100 * (growth - 1),
                    "market_cap_usd": model.caps_at(week.start_hour)[members],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _sector_returns(universe: pd.DataFrame) -> pd.DataFrame:
    weighted = universe.assign(gain=universe["return_pct"] * universe["market_cap_usd"])
    sums = weighted.groupby(["week_start", "sector"])[["gain", "market_cap_usd"]].sum()
    counts = weighted.groupby(["week_start", "sector"]).size()
    return pd.DataFrame(
        {"return_cap_weighted_pct": sums["gain"] / sums["market_cap_usd"], "n_assets": counts}
    ).reset_index()


def _index_returns(model: PriceModel) -> pd.DataFrame:
    rows = []
    for week in model.weeks:
        start, end = week.start_hour, week.start_hour + WEEK_HOURS
        set_at, reset_at = last_rebalance_hour(model, start), last_rebalance_hour(model, end)
        if set_at < WEEK_HOURS or (model.ranks_at(set_at) > 0).sum() < INDEX_SIZE:
            continue
        edges = sorted({start, end, *({reset_at} if start < reset_at < end else ())})
        growth = 1.0
        for low, high in pairwise(edges):
            growth *= float(index_weights_at(model, low) @ (model.prices[high] / model.prices[low]))
        rows.append({"week_start": _day(model, start), "return_pct": 100 * (growth - 1)})
    return pd.DataFrame(rows, columns=["week_start", "return_pct"])


def _market_caps(model: PriceModel) -> pd.DataFrame:
    is_stable = np.array([a.kind == "stablecoin" for a in model.assets])
    ends = range(24, model.hours + 1, 24)
    caps = np.array([model.caps_at(h) for h in ends])
    return pd.DataFrame(
        {
            "market_date": [_day(model, h - 24) for h in ends],
            "total_market_cap_usd": caps.sum(axis=1),
            "total_ex_stablecoins_usd": caps[:, ~is_stable].sum(axis=1),
        }
    )


def _printed_usd(model: PriceModel, interest: OpenInterest) -> Array:
    """Dollars by observation and perpetual, as far as they can be told: coins alone need a price."""
    columns = [model.column(x.asset_id) for x in interest.listings]
    is_coins = np.array([x.venue in VENUES_THAT_COUNT_COINS and not x.is_inverse for x in interest.listings])
    is_untold = model.without_price[: model.hours + 1 : OBSERVATION_HOURS][:, columns] & is_coins
    told: Array = np.where(is_untold, np.nan, interest.usd)
    return told


def _open_interest_changes(model: PriceModel, interest: OpenInterest) -> pd.DataFrame:
    """A day moves prices and positions where both of its ends are told, else listings or coverage."""
    steps = 24 // OBSERVATION_HOURS
    usd = _printed_usd(model, interest)[::steps]
    price = (interest.usd / interest.coins)[::steps]
    (usd_before, usd_after), (price_before, price_after) = ((a[:-1], a[1:]) for a in (usd, price))
    is_told = ~np.isnan(usd_before) & ~np.isnan(usd_after)
    is_inverse = np.array([x.is_inverse for x in interest.listings])
    price_effect = 0.5 * (usd_before / price_before + usd_after / price_after) * (price_after - price_before)
    price_effect = np.where(is_told, np.where(is_inverse, 0.0, price_effect), 0.0)
    change = np.nan_to_num(usd_after) - np.nan_to_num(usd_before)
    lives = [life(model, x) for x in interest.listings]
    day = 24 * np.arange(len(change))[:, None]
    begins, ends = (np.array([edges[n] for edges in lives]) for n in (0, 1))
    is_listing = np.isnan(usd_before) & (begins > 0) & (day <= begins) & (begins <= day + 24)
    is_listing |= np.isnan(usd_after) & (day <= ends) & (ends <= day + 24)
    effects = {
        "price_effect_usd": price_effect,
        "position_effect_usd": np.where(is_told, change - price_effect, 0.0),
        "listing_effect_usd": np.where(~is_told & is_listing, change, 0.0),
        "coverage_effect_usd": np.where(~is_told & ~is_listing, change, 0.0),
    }
    parts = []
    for week in model.weeks:
        first = week.start_hour // 24
        parts.append(
            pd.DataFrame(
                {
                    "week_start": _day(model, week.start_hour),
                    **{name: [getattr(x, name) for x in interest.listings] for name in _NAMES},
                    "start_usd": np.nan_to_num(usd[first]),
                    "end_usd": np.nan_to_num(usd[first + 7]),
                    **{name: values[first : first + 7].sum(axis=0) for name, values in effects.items()},
                }
            )
        )
    changes = pd.concat(parts, ignore_index=True)
    return changes[np.tile(are_on_coins(model.assets, interest.listings), len(parts))].reset_index(drop=True)


def life(model: PriceModel, x: Listing) -> tuple[int, int]:
    """The hours at which an instrument's first candle opens and its last one closes."""
    column = model.column(x.asset_id)
    first, last = max(int(model.first_hour[column]), 0), min(int(model.last_hour[column]), model.hours)
    if x.began_at:
        first = max(first, model.hour_of(x.began_at))
    if x.ended_at:
        last = min(last, model.hour_of(x.ended_at))
    return first, last


def _instruments(model: PriceModel, listings: tuple[Listing, ...]) -> pd.DataFrame:
    lives = [life(model, x) for x in listings]
    return pd.DataFrame(
        {
            **{name: [getattr(x, name) for x in listings] for name in ("market_type", *_NAMES)},
            "first_at": [_day(model, first) for first, _ in lives],
            "last_at": [_day(model, last) for _, last in lives],
        }
    )


def _renames(listings: tuple[Listing, ...], odd: Oddities) -> pd.DataFrame:
    rows = []
    for rename in odd.renames:
        both = [x for x in listings if rename.concerns(x)]
        old, new = (next(x.venue_symbol for x in both if bool(x.ended_at) == is_old) for is_old in (True, False))
        rows.append((rename.venue, rename.market_type, rename.asset_id, old, new, rename.at))
    columns = ["venue", "market_type", "asset_id", "old_symbol", "new_symbol", "renamed_at"]
    return pd.DataFrame(rows, columns=columns)


def _open_interest(model: PriceModel, interest: OpenInterest) -> pd.DataFrame:
    steps = 24 // OBSERVATION_HOURS
    of_coins = _printed_usd(model, interest)[:, are_on_coins(model.assets, interest.listings)]
    totals = np.nansum(of_coins, axis=1)[steps::steps]
    dates = [_day(model, 24 * n) for n in range(len(totals))]
    return pd.DataFrame({"market_date": dates, "total_usd": totals})


def _hourly_rates(model: PriceModel, funding: Funding, position: int) -> Array:
    """Annualised rate, %, of one instrument by hour (index h ends at h + 1); NaN where none holds."""
    rates = np.full(model.hours, np.nan)
    mine = funding.instrument == position
    for hour, interval, rate in zip(
        funding.hour[mine][1:], funding.interval_hours[mine][1:], funding.rate[mine][1:], strict=True
    ):
        rates[hour - interval : hour] = 100 * rate * HOURS_A_YEAR / interval
    return rates


def _funding(
    model: PriceModel, listings: tuple[Listing, ...], funding: Funding, interest: OpenInterest
) -> pd.DataFrame:
    positions = [p for p, x in enumerate(listings) if x.market_type == "perp"]
    rates = np.array([_hourly_rates(model, funding, p) for p in positions])
    at = np.arange(model.hours) // OBSERVATION_HOURS
    weights = interest.usd.T[:, at]
    rows = []
    perps = [listings[p] for p in positions]
    coins = np.array([x.asset_id for x in perps])[are_on_coins(model.assets, perps)]
    assets = sorted(set(coins))
    for asset in assets:
        mine = [n for n, p in enumerate(positions) if listings[p].asset_id == asset]
        has_rate = ~np.isnan(rates[mine]) & ~np.isnan(weights[mine])
        weight = np.where(has_rate, weights[mine], 0.0)
        total = weight.sum(axis=0)
        paid = (weight * np.nan_to_num(rates[mine])).sum(axis=0)
        hourly = np.where(total > 0, paid / np.maximum(total, 1e-9), np.nan)
        for week in model.weeks:
            window = hourly[week.start_hour : week.start_hour + WEEK_HOURS]
            if not np.isnan(window).all():
                mean = float(np.nanmean(window))
                rows.append((_day(model, week.start_hour), asset, mean))
    return pd.DataFrame(rows, columns=["week_start", "asset_id", "funding_rate_annualised_pct"])


def _intervals(model: PriceModel, listings: tuple[Listing, ...], funding: Funding) -> pd.DataFrame:
    frame = pd.DataFrame(
        {"instrument": funding.instrument, "hour": funding.hour, "interval_hours": funding.interval_hours}
    )
    same = (frame["instrument"].diff() == 0) & (frame["interval_hours"].diff() == 0)
    stretches = frame.groupby((~same).cumsum()).agg(
        instrument=("instrument", "first"),
        interval_hours=("interval_hours", "first"),
        first=("hour", "first"),
        last=("hour", "last"),
    )

    def moment(hour: int) -> datetime:
        return model.starts_at + timedelta(hours=hour)

    return pd.DataFrame(
        {
            "venue": [listings[i].venue for i in stretches["instrument"]],
            "venue_symbol": [listings[i].venue_symbol for i in stretches["instrument"]],
            "interval_hours": stretches["interval_hours"].to_numpy(),
            "first_settled_at": [moment(int(h)) for h in stretches["first"]],
            "last_settled_at": [moment(int(h)) for h in stretches["last"]],
        }
    )


def _long_short(model: PriceModel, long_short: LongShort, interest: OpenInterest) -> pd.DataFrame:
    perps = [x.key for x in interest.listings]
    assets = np.array([x.asset_id for x in long_short.listings])
    held = interest.usd[:, [perps.index(x.key) for x in long_short.listings]]
    rows = []
    for week in model.weeks:
        first = week.start_hour // OBSERVATION_HOURS
        last = first + WEEK_HOURS // OBSERVATION_HOURS
        share = _mean(long_short.long_share[first + 1 : last + 1])
        weight = _mean(held[first + 6 : last + 1 : 24 // OBSERVATION_HOURS])
        for asset in sorted(set(assets[~np.isnan(share)])):
            mine = (assets == asset) & ~np.isnan(share)
            long = float(np.nansum(share[mine] * weight[mine]) / np.nansum(weight[mine]))
            rows.append((_day(model, week.start_hour), asset, long / (1 - long)))
    return pd.DataFrame(rows, columns=["week_start", "asset_id", "long_short_account_ratio"])


def _mean(values: Array) -> Array:
    """Of each column what is known; NaN where nothing is."""
    known = ~np.isnan(values)
    mean: Array = np.nansum(values, axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan)
    return mean


def _liquidations(model: PriceModel, liquidations: Liquidations) -> pd.DataFrame:
    usd = liquidations.usd()
    frame = pd.DataFrame(
        {
            "week_start": [_day(model, (s - 1) // (3600 * WEEK_HOURS) * WEEK_HOURS) for s in liquidations.second],
            "asset_id": np.array([asset for asset, *_ in CONTRACTS])[liquidations.contract],
            "long_usd": np.where(liquidations.is_long, usd, 0.0),
            "short_usd": np.where(liquidations.is_long, 0.0, usd),
        }
    )
    is_over = frame["week_start"] <= _day(model, model.weeks[-1].start_hour)
    return frame[is_over].groupby(["week_start", "asset_id"], as_index=False).sum()


def _book_weeks(model: PriceModel, books: Books) -> list[pd.Timestamp]:
    """The whole weeks that have snapshots of each hour."""
    first = int(books.hours[0])
    return [_day(model, w.start_hour) for w in model.weeks if w.start_hour >= first]


def _depth(model: PriceModel, books: Books) -> pd.DataFrame:
    cal = calibration()
    parts = []
    for week in _book_weeks(model, books):
        for x in books.listings:
            usd = dict(zip(SIDES, usual_usd(x) * week_factor(cal, week.date(), x.market_type), strict=True))
            names = {name: getattr(x, name) for name in ("venue", "market_type", "venue_symbol", "asset_id")}
            amounts = {"band_pct": bands_pct(x), "bid_usd": usd["bid"], "ask_usd": usd["ask"]}
            parts.append(pd.DataFrame({"week_start": week, **names, **amounts}))
    return pd.concat(parts, ignore_index=True)


def _depth_changes(model: PriceModel, books: Books) -> pd.DataFrame:
    cal, weeks = calibration(), _book_weeks(model, books)
    rows = []
    for market_type in sorted({x.market_type for x in books.listings}):
        factors = [week_factor(cal, week.date(), market_type) for week in weeks]
        for n in range(4, len(weeks)):
            before = sum(factors[n - 4 : n]) / 4
            rows.append((weeks[n], market_type, 100 * (factors[n] / before - 1)))
    return pd.DataFrame(rows, columns=["week_start", "market_type", "depth_vs_4w_pct"])


def _realised_volatility(model: PriceModel) -> pd.DataFrame:
    returns = np.diff(np.log(model.prices[: model.hours + 1, model.column("bitcoin")]))
    rows = []
    for end in range(WEEK_HOURS, model.hours + 1, 24):
        window = returns[end - WEEK_HOURS : end]
        daily = window.reshape(7, 24).sum(axis=1)
        rows.append(
            {
                "market_date": _day(model, end - 24),
                "asset_id": "bitcoin",
                "rv_7d_pct": 100 * np.sqrt(HOURS_A_YEAR / WEEK_HOURS * (window**2).sum()),
                "rv_7d_daily_pct": 100 * np.sqrt(365 / 7 * (daily**2).sum()),
            }
        )
    return pd.DataFrame(rows)
