"""Funding and open interest of real weeks against an independent computation (tests/independent)."""

import numpy as np
import pandas as pd
import pytest

from tests.independent import funding as independent_funding
from tests.independent import open_interest as independent_oi
from tests.independent.prices import universe
from tests.real_data.windows import IN_ORDER, close, of_window, span

pytestmark = [pytest.mark.real_data, pytest.mark.xdist_group("real_data")]

DAY = pd.Timedelta(days=1)
# Days of the note's week, of a change of intervals, and with open interest to weigh by.
FUNDING_DAYS = ["2025-10-10", "2025-11-17", "2025-11-23", "2026-02-27", "2026-03-08"]
# With open interest at Hyperliquid and Lighter (dollars only), across the first day of Binance's, and within it.
OPEN_INTEREST_WEEKS = {
    ("2026-01-05", "mon_mon"): ("2026-01-05 00:00", "2026-01-12 00:00"),
    ("2025-12-15", "fri_fri"): ("2025-12-12 21:00", "2025-12-19 21:00"),
    ("2026-02-16", "mon_mon"): ("2026-02-16 00:00", "2026-02-23 00:00"),
    ("2026-03-02", "mon_mon"): ("2026-03-02 00:00", "2026-03-09 00:00"),
    ("2026-03-02", "fri_fri"): ("2026-02-27 21:00", "2026-03-06 21:00"),
    ("2026-03-09", "fri_fri"): ("2026-03-06 21:00", "2026-03-13 20:00"),  # clocks change inside: the last step has 23 h
}


def inside(frame, column, start, end):
    return frame[(frame[column] > start) & (frame[column] <= end)]


def compare_funding(found, hours, settlements, missed, start, end):
    """Every asset of a span, and the market, against the mart's rows of it (index asset_id)."""
    hours = inside(hours, "hour", start, end)
    settled, due = inside(settlements, "settled_at", start, end), inside(missed, "due_at", start, end)
    rates = []
    for asset, rows in [*hours.groupby("asset_id"), ("ALL", hours)]:
        own = [frame if asset == "ALL" else frame[frame["asset_id"] == asset] for frame in (settled, due)]
        expected = independent_funding.window_figure(rows) | independent_funding.counts(*own, rows)
        for column, value in expected.items():
            assert close(found.loc[asset, column], None if pd.isna(value) else value), (asset, column)
        if asset != "ALL":
            rates.append(expected["funding_rate_annualised_pct"])
    assert close(found.loc["ALL", "median_across_assets_pct"], independent_funding.median(rates))
    with_rate = found.index[found["funding_rate_annualised_pct"].notna()]
    assert set(with_rate) == {"ALL", *hours["asset_id"]}


@pytest.mark.parametrize("key", IN_ORDER, ids="-".join)
def test_funding_by_week(marts, funding_hours, settlements, missed_settlements, key):
    start, end = span(*key)
    found = of_window(marts, "funding_weekly", *key).set_index("asset_id")
    compare_funding(found, funding_hours, settlements, missed_settlements, start, end)


@pytest.mark.parametrize("day", FUNDING_DAYS)
def test_funding_by_day(marts, funding_hours, settlements, missed_settlements, day):
    start = pd.Timestamp(day)
    found = marts(f"select * from marts.funding_daily where market_date = '{day}'").set_index("asset_id")
    compare_funding(found, funding_hours, settlements, missed_settlements, start, start + DAY)


def test_holes_in_funding_are_seen(missed_settlements):
    """Else the comparison of expected settlements would compare nothing."""
    assert len(missed_settlements) > 10


@pytest.mark.parametrize("asset, day", [("bitcoin", "2020-03-12"), ("bitcoin", "2022-11-09"), ("ripple", "2022-05-12")])
def test_funding_of_old_days(marts, settlements, asset, day):
    start = pd.Timestamp(day)
    own = settlements[(settlements["asset_id"] == asset) & (settlements["settled_at"] < start + 3 * DAY)]
    hours = independent_funding.hourly_rates(own.reset_index(drop=True))
    figure = independent_funding.window_figure(inside(hours, "hour", start, start + DAY).assign(weight=np.nan))
    found = marts(f"select * from marts.funding_daily where market_date = '{day}' and asset_id = '{asset}'").iloc[0]
    for column, value in figure.items():
        assert close(found[column], value), column


def test_binance_bitcoin_funding_of_the_noted_week_was_positive(funding_hours):
    """On Binance alone it averaged plus 5.6 % a year; the mart's figure is over all venues that have settlements."""
    start, end = pd.Timestamp("2025-11-17"), pd.Timestamp("2025-11-24")
    is_it = (funding_hours["venue"] == "binance") & (funding_hours["venue_symbol"] == "BTCUSDT")
    hours = inside(funding_hours[is_it], "hour", start, end)
    assert hours["rate_pct"].mean() == pytest.approx(5.6, abs=0.1)


def in_coins(rows, perps, prices, moment):
    """Standing open interest with its asset and how many coins it is: as observed, else at the reference price."""
    named = rows.reset_index().merge(perps, on=["venue", "venue_symbol"])
    reference = prices.at(moment).reindex(named["asset_id"]).to_numpy()
    coins = (named["open_interest_base"] * named["multiplier"]).fillna(named["open_interest_usd"] / reference)
    return named.assign(coins=coins)


@pytest.mark.parametrize("day", ["2025-12-08", "2025-12-20", "2026-01-11", "2026-02-25", "2026-03-08", "2026-03-18"])
def test_open_interest_by_day(marts, observed, perps, prices, day):
    end = pd.Timestamp(day) + DAY
    rows = in_coins(independent_oi.standing(observed, end), perps, prices, end)
    expected = rows.groupby(["venue", "asset_id"])[["open_interest_usd", "coins"]].sum(min_count=1)
    found = marts(f"select * from marts.open_interest_daily where market_date = '{day}'").set_index(
        ["venue", "asset_id"]
    )
    assert set(found.index) == set(expected.index)
    found = found.reindex(expected.index)
    assert close(found["open_interest_usd"].tolist(), expected["open_interest_usd"].tolist())
    assert found["open_interest_base"].tolist() == pytest.approx(expected["coins"].tolist(), rel=1e-6, nan_ok=True)
    assert not found["is_inverse"].any()


def test_open_interest_of_the_market(marts, observed, now):
    found = marts("select o.*, c.total_ex_stablecoins_usd as cap from marts.open_interest_market_daily o"
                  " left join marts.market_cap_daily c using (market_date)").set_index("market_date")  # fmt: skip
    days = {}
    for day in pd.date_range(observed["observed_at"].min().normalize(), now - DAY):
        standing = independent_oi.standing(observed, day + DAY)
        if not standing.empty:
            days[day] = standing["open_interest_usd"]
    assert set(found.index) == set(days)
    carried = independent_oi.like_for_like(days)
    for day, dollars in days.items():
        row = found.loc[day]
        assert close(row["total_usd"], dollars.sum()), day
        assert row["n_venues"] == dollars.index.get_level_values("venue").nunique()
        assert close(row["to_market_cap_pct"], 100 * dollars.sum() / row["cap"]), day
        expected = carried[day]
        assert close(row["total_like_for_like_usd"], expected if np.isfinite(expected) else None), day
    assert carried.notna().sum() > 20


def bucket_of(asset, rank):
    if asset in ("bitcoin", "ethereum"):
        return "majors"
    if rank <= 10:
        return "large"
    return "mid" if rank <= 50 else "long_tail"


@pytest.mark.parametrize("key", OPEN_INTEREST_WEEKS, ids="-".join)
def test_open_interest_effects(marts, observed, candles, perps, prices, supplies, excluded, key):
    start, end = (pd.Timestamp(t) for t in OPEN_INTEREST_WEEKS[key])
    rank = universe(prices, supplies, start, excluded)["rank"]
    traded = candles[candles["market_type"] == "perp"].groupby(["venue", "venue_symbol"])["open_time"]
    spans = pd.DataFrame({"first": traded.min(), "last": traded.max() + pd.Timedelta(hours=1)})
    facts = perps.set_index(["venue", "venue_symbol"])
    near = inside(observed, "observed_at", start - DAY, end)
    totals: dict[str, dict[str, float]] = {}
    for instrument, rows in near.groupby(["venue", "venue_symbol"]):
        asset = facts.loc[instrument, "asset_id"]
        reference = prices.price[asset] if asset in prices.price else pd.Series(dtype=float)
        life = tuple(spans.loc[instrument]) if instrument in spans.index else None
        effects = independent_oi.change(rows.sort_values("observed_at"), life, reference, start, end, is_inverse=False)
        for bucket in (bucket_of(asset, rank.get(asset, 999)), "all"):
            total = totals.setdefault(bucket, dict.fromkeys(effects, 0.0))
            for effect, value in effects.items():
                total[effect] += value
    found = of_window(marts, "open_interest_change_weekly", *key).set_index("oi_bucket")
    assert set(found.index) == set(totals)
    for name, effects in totals.items():
        parts = sum(found.loc[name, effect] for effect in independent_oi.EFFECTS)
        assert parts == pytest.approx(found.loc[name, "change_usd"], rel=1e-6, abs=1.0)
        for effect, value in effects.items():
            assert found.loc[name, effect] == pytest.approx(value, rel=1e-6, abs=1.0), (name, effect)
