"""Perpetuals' funding and open interest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulator.generation.assets import FundingRules, Listing, are_on_coins
from simulator.generation.calibration import HOUR, Calibration
from simulator.generation.prices import HOURS_A_YEAR, Array, PriceModel
from simulator.generation.trading import week_factors

OBSERVATION_HOURS = 4
NEUTRAL_PCT = 10.95
_GROUPS = ("majors", "large", "mid", "long_tail")


@dataclass(frozen=True)
class Funding:
    """Settlements in arrays: by row the instrument (position among the listings), hour, interval and rate."""

    instrument: NDArray[np.int64]
    hour: NDArray[np.int64]
    interval_hours: NDArray[np.int64]
    rate: Array


@dataclass(frozen=True)
class OpenInterest:
    """Coins held open by observation (every four hours from the start) and perpetual; NaN where not trading."""

    listings: tuple[Listing, ...]
    coins: Array
    usd: Array


def anchor_ranks(model: PriceModel, cal: Calibration) -> NDArray[np.int64]:
    """Ranks at the anchor week's start: what fixes groups and intervals for the whole history."""
    return model.ranks_at(model.hour_of(cal.anchor_at))


def _smooth_noise(rng: np.random.Generator, steps: int, count: int, sd: float, knot_steps: int) -> Array:
    """Noise that takes `knot_steps` to turn: linear between random knots."""
    knots = sd * rng.standard_normal((steps // knot_steps + 2, count))
    at = np.arange(steps) / knot_steps
    left = at.astype(int)
    part = (at - left)[:, None]
    smooth: Array = knots[left] * (1 - part) + knots[left + 1] * part
    return smooth


def _funding_levels(model: PriceModel, cal: Calibration, rng: np.random.Generator) -> Array:
    """Annualised funding, %, by hour (rows: the hour that ends there) and asset."""
    hours, count = model.hours + 1, len(model.assets)
    ranks = anchor_ranks(model, cal)
    general = week_factors(model, cal, "funding_alts_pct")[:hours, None]
    spread = np.where((ranks >= 1) & (ranks <= 10), 1.5, 4.0)
    # A row is the hour before it, so that an hour that ends on Monday 00:00 belongs to the old week.
    general = np.vstack([general[:1], general[:-1]])
    levels = general + spread * rng.standard_normal(count) + spread * _smooth_noise(rng, hours, count, 1.0, 16)
    btc = model.column("bitcoin")
    level = week_factors(model, cal, "funding_btc_pct")[:hours]
    level = np.concatenate([level[:1], level[:-1]])
    at = np.arange(hours)
    for block in cal.btc_funding_levels:
        inside = (at > model.hour_of(block["from"])) & (at <= model.hour_of(block["to"]))
        level = np.where(inside, block["level_pct"], level)
    levels[:, btc] = level + np.clip(_smooth_noise(rng, hours, 1, 0.35, 12)[:, 0], -0.8, 0.8)
    return levels


def _intervals(x: Listing, rank: int, rules: FundingRules, model: PriceModel) -> list[tuple[int, int]]:
    """From which hour on an instrument settles every so many hours."""
    usual = rules.interval_hours[x.venue]
    switches = [(at, hours) for venue, name, at, hours in rules.switches if (venue, name) == (x.venue, x.venue_symbol)]
    if not switches and x.venue == "binance" and (rank == 0 or rank >= rules.four_hourly_from_rank):
        usual = 4
    found = [(0, usual)]
    for at, hours in switches:
        begin = model.hour_of(at)
        found = [*found, (begin, hours)] if begin > 0 else [(0, hours)]
    return found


def make_funding(
    model: PriceModel, listings: Sequence[Listing], rules: FundingRules, cal: Calibration, seed: int
) -> Funding:
    """Every settlement of every perpetual."""
    rng = np.random.default_rng([seed, 3])
    levels = np.vstack([np.zeros((1, len(model.assets))), _funding_levels(model, cal, rng)])
    sums = np.cumsum(levels, axis=0)
    ranks = anchor_ranks(model, cal)
    btc = model.column("bitcoin")
    parts = []
    for position, x in enumerate(listings):
        if x.market_type != "perp":
            continue
        column = model.column(x.asset_id)
        hours = _settlement_hours(_intervals(x, int(ranks[column]), rules, model), model, column)
        interval = np.diff(hours, prepend=hours[0] - (hours[1] - hours[0]))
        start = np.maximum(hours - interval, -1)
        # sums[h + 1] holds the hours up to and including the one that ends at h.
        annualised = (sums[hours + 1, column] - sums[start + 1, column]) / (hours - start)
        annualised = annualised + 0.05 * np.clip(rng.standard_normal(len(hours)), -3, 3)
        if column != btc:
            annualised = np.where(np.abs(annualised - NEUTRAL_PCT) < 0.8, NEUTRAL_PCT, annualised)
        rate = np.round(annualised / 100 * interval / HOURS_A_YEAR, 10 if x.venue == "hyperliquid" else 8)
        parts.append((np.full(len(hours), position), hours, interval, rate))
    columns = [np.concatenate(c) for c in zip(*parts, strict=True)]
    return Funding(columns[0], columns[1], columns[2], columns[3])


def _settlement_hours(intervals: list[tuple[int, int]], model: PriceModel, column: int) -> NDArray[np.int64]:
    first = max(int(model.first_hour[column]), 0)
    last = min(int(model.last_hour[column]), model.hours)
    pieces: list[NDArray[np.int64]] = []
    for (begin, hours), (end, _) in pairwise([*intervals, (last + 1, 0)]):
        # The settlement at a switch still belongs to the old interval.
        low = begin + 1 if pieces else begin
        high = end if end <= last else last
        grid = np.arange(-(-low // hours) * hours, high + 1, hours)
        pieces.append(grid[(grid >= first) & (grid >= low)])
    return np.concatenate(pieces)


def funding_table(
    funding: Funding, model: PriceModel, listings: Sequence[Listing], rules: FundingRules, seed: int
) -> pd.DataFrame:
    """Settlements as the venues stamp them: late by a few milliseconds."""
    rng = np.random.default_rng([seed, 4])
    venues = np.array([x.venue for x in listings])[funding.instrument]
    late = rng.integers(0, 1000, len(venues))
    jitter = sum((venues == v) * (late % (ms + 1)) for v, ms in rules.jitter_ms.items())
    start = np.datetime64(model.starts_at, "us")
    settled_at = start + funding.hour * np.timedelta64(3600 * 10**6, "us") + jitter * np.timedelta64(1000, "us")
    # The stamp of a settlement at now itself may lie after now: that one is not out yet.
    is_out = settled_at <= np.datetime64(model.now, "us")
    frame = pd.DataFrame(
        {
            "venue": pd.Categorical(venues),
            "venue_symbol": pd.Categorical(np.array([x.venue_symbol for x in listings])[funding.instrument]),
            "settled_at": settled_at,
            "funding_rate": funding.rate,
        }
    )
    return frame[is_out].sort_values(["venue", "venue_symbol", "settled_at"], ignore_index=True)


def make_inverse_open_interest(
    model: PriceModel, listings: Sequence[Listing], about_usd: Sequence[float], seed: int
) -> OpenInterest | None:
    """Open interest in contracts of a dollar, which move by what is held and by no price; None without contracts."""
    if not listings:
        return None
    rng = np.random.default_rng([seed, 12])
    hours = np.arange(0, model.hours + 1, OBSERVATION_HOURS)
    drift = np.exp(_smooth_noise(rng, len(hours), len(listings), 0.10, 18))
    usd = np.round(np.array(about_usd) * drift)
    coins = usd / model.prices[hours][:, [model.column(x.asset_id) for x in listings]]
    return OpenInterest(tuple(listings), coins, usd)


def make_open_interest(
    model: PriceModel, listings: Sequence[Listing], cal: Calibration, seed: int, beside: OpenInterest | None = None
) -> OpenInterest:
    """Open interest whose totals by group are the calibration's at its anchors, together with what is `beside`.

    The totals are of coins; gold's contracts move with their group and are not counted.
    """
    rng = np.random.default_rng([seed, 5])
    perps = tuple(x for x in listings if x.market_type == "perp")
    columns = np.array([model.column(x.asset_id) for x in perps])
    hours = np.arange(0, model.hours + 1, OBSERVATION_HOURS)
    anchor_hour = model.hour_of(cal.anchor_at)
    weights = np.array([cal.open_interest["venue_weights"][x.venue] for x in perps])
    caps = (model.prices[anchor_hour] * model.supplies[anchor_hour // 24])[columns]
    size = caps**0.8 * weights * np.exp(0.25 * rng.standard_normal(len(perps)))
    drift = np.exp(_smooth_noise(rng, len(hours), len(perps), 0.03, 18))
    is_trading = (hours[:, None] >= model.first_hour[columns]) & (hours[:, None] < model.last_hour[columns])
    coins = size / model.prices[anchor_hour, columns] * drift
    usd = np.where(is_trading, coins * model.prices[hours][:, columns], 0.0)

    groups = _groups(anchor_ranks(model, cal)[columns], perps)
    of_coins = are_on_coins(model.assets, perps)
    others = _by_group(beside, model, cal, len(hours))
    at = np.array([(row[0] - model.starts_at) / HOUR for row in cal.open_interest["anchors"]])
    for index in range(len(_GROUPS)):
        members = groups == index
        if not (members & of_coins).any():
            continue
        total = np.array([row[1 + index] for row in cal.open_interest["anchors"]], dtype=float) * 1e9
        targets = np.log(total - np.interp(at, hours, others[:, index]))
        natural = np.log(usd[:, members & of_coins].sum(axis=1))
        known = (at >= 0) & (at <= hours[-1])
        # Positions move evenly between anchors; prices do the rest.
        factor = np.exp(np.interp(hours, at[known], (targets - np.interp(at, hours, natural))[known]))[:, None]
        coins[:, members] *= factor
        usd[:, members] *= factor
    return OpenInterest(perps, np.where(is_trading, coins, np.nan), np.where(is_trading, usd, np.nan))


def _by_group(interest: OpenInterest | None, model: PriceModel, cal: Calibration, steps: int) -> Array:
    """Dollars by observation and group."""
    totals = np.zeros((steps, len(_GROUPS)))
    if interest:
        columns = [model.column(x.asset_id) for x in interest.listings]
        for n, group in enumerate(_groups(anchor_ranks(model, cal)[columns], interest.listings)):
            totals[:, group] += interest.usd[:, n]
    return totals


def _groups(ranks: NDArray[np.int64], perps: Sequence[Listing]) -> NDArray[np.int64]:
    is_major = np.array([x.asset_id in ("bitcoin", "ethereum") for x in perps])
    by_rank = np.select([(ranks >= 1) & (ranks <= 10), (ranks >= 11) & (ranks <= 50)], [1, 2], 3)
    return np.where(is_major, 0, by_rank)


def open_interest_table(interest: OpenInterest, model: PriceModel) -> pd.DataFrame:
    """Observations of every perpetual, base in the instrument's own units."""
    steps = interest.coins.shape[0]
    keep = ~np.isnan(interest.coins.T.ravel())
    times = pd.date_range(model.starts_at, periods=steps, freq=timedelta(hours=OBSERVATION_HOURS), unit="us").to_numpy()
    multipliers = np.array([x.multiplier for x in interest.listings])

    def names(of: str) -> pd.Categorical:
        return pd.Categorical(np.repeat([getattr(x, of) for x in interest.listings], steps)[keep])

    frame = pd.DataFrame(
        {
            "venue": names("venue"),
            "venue_symbol": names("venue_symbol"),
            "observed_at": np.tile(times, len(interest.listings))[keep],
            "open_interest_base": np.round((interest.coins / multipliers).T.ravel()[keep], 3),
            "open_interest_usd": np.round(interest.usd.T.ravel()[keep], 2),
        }
    )
    return frame
