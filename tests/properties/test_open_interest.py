"""Open interest: four effects that add up whatever happens, each as worked out; and an outage is only coverage."""

import numpy as np
import pandas as pd
import pytest

from tests.independent import open_interest as independent
from tests.properties.leveraged import ASSETS, DAY, random_leverage

pytestmark = pytest.mark.xdist_group("models")

EFFECTS = list(independent.EFFECTS)
KEY = ["week_start", "window_id", "oi_bucket"]


def of_bench(bench):
    found = bench.rows("select * from marts.open_interest_change_weekly").sort_values(KEY).set_index(KEY)
    assert found.index.is_unique and len(found) > 20
    return found


def scale(found):
    return found[["start_usd", "end_usd"]].sum(axis=1)


@pytest.mark.parametrize("seed", range(12))
def test_the_effects_add_up_in_every_row_and_the_buckets_to_all(bench, seed):
    random_leverage(seed).windows_built(bench)
    found = of_bench(bench)
    assert (found["change_usd"] == found["end_usd"] - found["start_usd"]).all()
    assert ((found[EFFECTS].sum(axis=1) - found["change_usd"]).abs() <= 1e-6 * scale(found)).all()
    buckets = found.drop("all", level="oi_bucket").groupby(["week_start", "window_id"]).sum()
    everything = found.xs("all", level="oi_bucket")
    apart = (buckets - everything).abs().max(axis=1)
    assert (apart <= 1e-9 * scale(everything)).all()


def lives_by_week_end(market, end_of_week, steps):
    """(first, last) of a symbol's candles as seen then; nothing where its whole venue began or fell silent."""
    known = market.candles[market.candles["price_at"] <= end_of_week].groupby(["venue", "venue_symbol"])["price_at"]
    lives = pd.DataFrame({"first": known.min() - pd.Timedelta(hours=1), "last": known.max()})
    venue = lives.groupby(level="venue").agg({"first": "min", "last": "max"}).reindex(lives.index.get_level_values(0))
    lives["first"] = lives["first"].where(lives["first"].to_numpy() > venue["first"].to_numpy())
    step_end = pd.Series(steps)[np.minimum(np.searchsorted(steps, lives["last"]), len(steps) - 1)].to_numpy()
    has_ended = (lives["last"].to_numpy() < venue["last"].to_numpy()) & (venue["last"].to_numpy() >= step_end)
    lives["last"] = lives["last"].where(has_ended)
    return lives


@pytest.mark.parametrize("seed", range(12, 18))
def test_every_effect_is_the_one_worked_out_step_by_step(bench, seed):
    """With a venue silent for two days, listings, delistings, dollars only, coins only, and inverse contracts."""
    market = random_leverage(seed)
    market = market.without("bybit", pd.Timestamp("2025-11-01 16:00"), pd.Timestamp("2025-11-03 16:00"))
    market.windows_built(bench)
    found = of_bench(bench)
    facts = market.instruments.set_index(["venue", "venue_symbol"])
    prices = market.prices
    seen = set()
    for window in bench.rows("select * from core.core_windows").itertuples():
        start, end = window.starts_at, window.ends_at
        steps = [*pd.date_range(start, end - pd.Timedelta(hours=1), freq="24h")[1:], end]
        lives = lives_by_week_end(market, window.week_start + 7 * DAY, steps)
        totals = {}
        near = market.observed[market.observed["observed_at"].between(start - DAY, end)]
        for name, rows in near.groupby(["venue", "venue_symbol"]):
            fact = facts.loc[name]
            per_coin = rows.assign(open_interest_base=rows["open_interest_base"] * fact["multiplier"])
            reference = prices[fact["asset_id"]] if fact["asset_id"] in prices else pd.Series(dtype=float)
            life = tuple(lives.loc[name]) if name in lives.index else None
            effects = independent.change(per_coin, life, reference, start, end, is_inverse=fact["is_inverse"])
            if fact["is_inverse"]:
                assert effects["price_effect_usd"] == 0
            for bucket in (bucket_of(fact["asset_id"]), "all"):
                total = totals.setdefault(bucket, dict.fromkeys(effects, 0.0))
                for effect, value in effects.items():
                    total[effect] += value
        for bucket, effects in totals.items():
            row = found.loc[(window.week_start, window.window_id, bucket)]
            for effect, value in effects.items():
                where = (seed, window.week_start, window.window_id, bucket, effect)
                assert row[effect] == pytest.approx(value, rel=1e-6, abs=1e-9 * (row.start_usd + row.end_usd)), where
                seen |= {effect} if value else set()
    assert seen == {*EFFECTS, "start_usd", "end_usd", "change_usd"}


def bucket_of(asset):
    if asset in ("bitcoin", "ethereum"):
        return "majors"
    rank = ASSETS[asset] or 999
    return "large" if rank <= 10 else "mid" if rank <= 50 else "long_tail"


def unseen_usd(bench):
    """What came into sight and went out of it, step by step: over a week, an outage that ends adds up to nothing."""
    return bench.rows(
        "select sum(abs(coverage_effect_usd)) as usd from intermediate.int_open_interest_steps where venue = 'bybit'"
    )["usd"].iloc[0]


@pytest.mark.parametrize("begin, end", [
    ("2025-10-28 05:00", "2025-10-28 22:00"),  # inside one step of a Monday week, over the end of one of Friday's
    ("2025-10-29 11:00", "2025-10-31 13:00"),
    ("2025-10-31 08:00", "2025-11-04 02:00"),  # over the ends of both weeks
    ("2025-11-05 07:00", "2026-01-01 00:00"),  # for good
    ("2025-10-01 00:00", "2025-10-24 09:00"),  # it comes late
])  # fmt: skip
@pytest.mark.parametrize("seed", [20, 21])
def test_an_outage_moves_the_coverage_effect_and_no_other(bench, seed, begin, end):
    """At the venue that fails nothing is opened, closed or repriced, so that nothing is lost with it but sight."""
    market = random_leverage(seed, still_venue="bybit")
    # Of its own listings and delistings none is inside the outage: which it was then, nobody could tell.
    begin, end = pd.Timestamp(begin), pd.Timestamp(end)
    own = market.candles[market.candles["venue"] == "bybit"].groupby("venue_symbol")["price_at"].agg(["min", "max"])
    begins, ends = own["min"] - pd.Timedelta(hours=1), own["max"]
    moved = own.index[begins.between(begin - DAY, end + DAY) | ends.between(begin - DAY, end + DAY)]
    moved = moved.difference(own.index[(begins == begins.min()) & (ends == ends.max())])
    steady = market.candles["venue_symbol"].isin(moved) & (market.candles["venue"] == "bybit")
    watched = market.observed["venue_symbol"].isin(moved) & (market.observed["venue"] == "bybit")
    object.__setattr__(market, "candles", market.candles[~steady])
    object.__setattr__(market, "observed", market.observed[~watched])
    market.windows_built(bench)
    whole, seen = of_bench(bench), unseen_usd(bench)
    market.without("bybit", begin, end).windows_built(bench)
    holed = of_bench(bench)
    assert unseen_usd(bench) > seen
    assert set(holed.index) <= set(whole.index)
    whole = whole.reindex(holed.index)
    for effect in EFFECTS:
        apart = (holed[effect] - whole[effect]).abs()
        if effect != "coverage_effect_usd":
            assert (apart <= 1e-9 * scale(whole)).all(), effect
    assert ((holed[EFFECTS].sum(axis=1) - holed["change_usd"]).abs() <= 1e-6 * (scale(holed) + scale(whole))).all()
