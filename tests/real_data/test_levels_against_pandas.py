"""Prices, instruments, market caps and indices of real weeks against an independent computation (tests/independent)."""

import numpy as np
import pandas as pd
import pytest

from tests.independent.prices import HOUR, WEEK, bucket, universe
from tests.independent.returns import (
    complete_panel,
    correlation_to_btc,
    correlations,
    drifting_level,
    group_return,
    jackknife,
    realised_volatility,
    volatility_adjusted,
    window_returns,
)
from tests.real_data.windows import IN_ORDER, close, of_window, span

pytestmark = [pytest.mark.real_data, pytest.mark.xdist_group("real_data")]

DAY = pd.Timedelta(days=1)
# The 97.5 % points of Student's t by number of blocks, as metrics.md gives them.
STUDENT_T = {6: 2.5706, 7: 2.4469, 8: 2.3646, 30: 2.0452}
# Weeks in which only two coins of the recorded market traded: COVID, LUNA (two stretches), FTX.
OLD_WEEKS = ["2020-03-09", "2022-05-02", "2022-05-09", "2022-11-07"]


def wide(frame, column, prices):
    """A column of prices_hourly, hour by asset, beside the independent matrices."""
    matrix = frame.pivot(index="price_at", columns="asset_id", values=column)
    return matrix.reindex(index=prices.price.index)[prices.price.columns]


def test_every_hourly_price(marts, prices, now):
    """All assets and hours there are: price, return (at week changes and after holes), and what is carried."""
    found = marts("select * from marts.prices_hourly")
    assert found["price_at"].max() <= now
    assert set(found["asset_id"]) == set(prices.price.columns)
    for column, expected in (("reference_price_usd", prices.price), ("log_return", prices.log_return)):
        values = wide(found, column, prices).to_numpy(float)
        np.testing.assert_allclose(values, expected.to_numpy(float), rtol=1e-9, atol=1e-12, err_msg=column)
    has_candle = found.assign(seen=found["reference_price_usd"].notna() & ~found["is_carried"])
    seen = wide(has_candle, "seen", prices).eq(True).to_numpy()
    assert (seen == prices.is_present.to_numpy()).all()
    assert found["is_carried"].sum() > 100


def test_instruments(marts, raw, candles):
    key = ["venue", "market_type", "venue_symbol"]
    funding = raw("funding_rates", "settled_at").assign(market_type="perp")
    interest = raw("open_interest", "observed_at").assign(market_type="perp")
    seen = pd.concat([
        candles[key].assign(first=candles["open_time"], last=candles["open_time"] + HOUR),
        funding[key].assign(first=funding["settled_at"], last=funding["settled_at"]),
        interest[key].assign(first=interest["observed_at"], last=interest["observed_at"]),
    ]).groupby(key).agg({"first": "min", "last": "max"})  # fmt: skip
    found = marts("select * from marts.instruments").set_index(key)  # of every asset class
    assert found.index.is_unique
    # With open interest alone, at a venue that trades others: all of it is refused, and it is no instrument.
    traded = pd.concat([candles[key], funding[key]]).drop_duplicates()
    alone = seen.index.difference(pd.MultiIndex.from_frame(traded))
    refused = alone[alone.get_level_values("venue").isin(traded["venue"])]
    assert len(refused) > 0 and not set(refused) & set(found.index)
    seen = seen.drop(refused)
    assert set(seen.index) <= set(found.index)
    found = found.reindex(seen.index)
    assert (found["first_seen_at"] == seen["first"]).all()
    assert (found["last_seen_at"] == seen["last"]).all()
    assert not found["asset_id"].str.startswith("unmapped:").any()
    assert not found["is_inverse"].any()


@pytest.mark.parametrize("ending", ["USDT", "USD"])
def test_multipliers_are_in_the_symbols(instruments, ending):
    found = instruments[(instruments["quote"] == ending) & (instruments["market_type"] == "perp")]
    prefix = found["base"].str.extract(r"^(1000000|1000|1M|k)(?=[A-Z])")[0]
    expected = prefix.map({"1000000": 1e6, "1000": 1e3, "1M": 1e6, "k": 1e3}).fillna(1.0)
    assert found["multiplier"].tolist() == expected.tolist()


def stablecoins(marts, day):
    rows = marts("select * from seeds.exclusions where exclusion_reason = 'stablecoin'")
    begins, ends = pd.to_datetime(rows["valid_from"]), pd.to_datetime(rows["valid_to"])
    return set(rows["asset_id"][(begins.isna() | (begins <= day)) & (ends.isna() | (ends > day))])


@pytest.mark.parametrize(
    "day", ["2021-05-19", "2022-05-12", "2023-12-31", "2025-10-01", "2025-11-03", "2025-11-23", "2026-03-08"]
)
def test_market_cap_by_day(marts, prices, supplies, day):
    end = pd.Timestamp(day) + DAY
    known = supplies.at(end)
    reference = prices.at(end).reindex(known.index)
    value = (known["circulating_supply"] * reference.fillna(known["price_usd"])).dropna()
    row = marts(f"select * from marts.market_cap_daily where market_date = '{day}'").iloc[0]
    assert close(row["total_market_cap_usd"], value.sum())
    assert close(row["total_ex_stablecoins_usd"], value[~value.index.isin(stablecoins(marts, end))].sum())
    assert row["n_assets"] == len(value) > 50
    assert close(row["supply_age_days_max"], known["age_days"][value.index].max())
    assert close(row["share_provider_priced_pct"], 100 * value[reference[value.index].isna()].sum() / value.sum())


@pytest.fixture(scope="module")
def sectors(marts):
    rows = marts("select * from seeds.sectors")
    begins, ends = pd.to_datetime(rows["valid_from"]), pd.to_datetime(rows["valid_to"])

    def at(moment):
        return rows[(begins.isna() | (begins <= moment)) & (ends.isna() | (ends > moment))].set_index("asset_id")[
            "sector"
        ]

    return at


@pytest.fixture(scope="module")
def monday_levels(prices, supplies, excluded, sectors, now):
    """Hourly levels since autumn 2025 of all that is chosen anew each Monday, 1 where each begins."""
    pieces: dict[str, list[pd.Series]] = {}
    for monday in pd.date_range("2025-09-15", now, freq="W-MON"):
        members = universe(prices, supplies, monday, excluded)
        sector = sectors(monday).reindex(members.index)
        groups = {name: rows for name, rows in members.groupby(sector) if len(rows) >= 3}
        for name, rows in (groups | {"total_market": members}).items():
            if rows.empty:
                continue
            weights = rows["market_cap"] / rows["market_cap"].sum()
            before = pieces.setdefault(name, [pd.Series([1.0], index=[monday])])
            assert before[-1].index[-1] == monday, "an index that pauses needs a test of its own"
            before.append(before[-1].iloc[-1] * drifting_level(prices, weights, monday, min(monday + WEEK, now)))
    return {name: pd.concat(parts) for name, parts in pieces.items()}


def test_indices_chosen_on_mondays(marts, monday_levels):
    found = marts("select * from marts.index_levels_daily")
    assert set(found["index_id"]) == {"top30", *monday_levels}
    for name, expected in monday_levels.items():
        rows = found[found["index_id"] == name]
        level = rows.set_index(rows["market_date"] + DAY)["level"]
        daily = expected[expected.index == expected.index.normalize()].iloc[1:]
        scale = level[daily.index[0]] / daily.iloc[0]
        assert close((level[daily.index] / scale).tolist(), daily.tolist()), name
        if name != "total_market":  # the market of two coins goes back to 2021
            assert close(scale, 1000.0), name
            assert level.index.min() == expected.index[0]
        change = rows.set_index(rows["market_date"] + DAY)["return_1d_pct"][daily.index[1:]]
        assert close(change.tolist(), (100 * daily.pct_change().iloc[1:]).tolist()), name


@pytest.mark.parametrize("key", IN_ORDER, ids="-".join)
def test_correlations_between_sectors(marts, prices, supplies, excluded, sectors, monday_levels, key):
    start, end = span(*key)
    members = universe(prices, supplies, start, excluded)
    sizes = sectors(start).reindex(members.index).value_counts()
    wide_enough = sorted(sizes.index[sizes >= 3])
    found = of_window(marts, "sector_correlation_weekly", *key).set_index(["sector_a", "sector_b"])
    assert set(found.index) == {(a, b) for a in wide_enough for b in wide_enough}
    hours = pd.date_range(start, end, freq="h")
    levels = {name: monday_levels[name].groupby(level=0).last().reindex(hours) for name in wide_enough}
    returns = np.log(pd.DataFrame(levels)).diff().iloc[1:]
    expected = returns.corr()
    for a in wide_enough:
        for b in wide_enough:
            assert found.loc[(a, b), "n_observations"] == len(hours) - 1
            if a != b:
                assert close(found.loc[(a, b), "correlation"], expected.loc[a, b]), (a, b)


def variance_change(prices, begin, end):
    """How much rougher bitcoin was in (begin, end] than in the 26 weeks before; None under 13 weeks of hours."""
    btc = prices.log_return["bitcoin"]
    before = btc[(btc.index > begin - 26 * WEEK) & (btc.index <= begin)].dropna()
    if len(before) < 13 * 168:
        return None
    return prices.window(begin, end)["bitcoin"].var(ddof=1) / before.var(ddof=1) - 1


def compare_estimates(row, panel, begin, delta):
    low, high = jackknife(panel, begin, STUDENT_T)
    # The table's t has five figures, the mart's more: 1e-4 of the half-width apart at most.
    assert row["ci_low"] == pytest.approx(low, abs=1e-4 * (high - low) + 1e-9)
    assert row["ci_high"] == pytest.approx(high, abs=1e-4 * (high - low) + 1e-9)
    adjusted = None if delta is None else volatility_adjusted(panel, delta)
    assert close(row["volatility_adjusted_correlation"], adjusted)


@pytest.mark.parametrize("horizon", ["7d", "30d"])
@pytest.mark.parametrize("key", IN_ORDER, ids="-".join)
def test_intervals_and_volatility_adjustment(marts, prices, supplies, excluded, key, horizon):
    start, end = span(*key)
    begin = start if horizon == "7d" else end - 30 * DAY
    members = universe(prices, supplies, start, excluded)
    found = of_window(marts, "bucket_correlation_weekly", *key)
    found = found[found["horizon"] == horizon].set_index("rank_bucket")
    delta = variance_change(prices, begin, end)
    panels = {name: list(rows.index) for name, rows in members.groupby(members["rank"].map(bucket))}
    panels["all"] = list(members.index[members["rank"] <= 100])
    for name, assets in panels.items():
        compare_estimates(found.loc[name], complete_panel(prices, assets, begin, end), begin, delta)


@pytest.mark.parametrize("window_id", ["mon_mon", "fri_fri"])
@pytest.mark.parametrize("week", OLD_WEEKS)
def test_weeks_of_old(marts, prices, supplies, excluded, week, window_id):
    """Two coins: their volatility, and from 2021 on, where supplies are known, their returns and correlation."""
    monday = pd.Timestamp(week)
    # No holiday and no change of clocks between these weeks' Fridays but that of 2022-11-06 (and in 2020, 2020-03-08).
    closes = {
        "2020-03-09": ("2020-03-06 21:00", "2020-03-13 20:00"),
        "2022-11-07": ("2022-11-04 20:00", "2022-11-11 21:00"),
    }
    friday = closes.get(week, (monday - 3 * DAY + 20 * HOUR, monday + 4 * DAY + 20 * HOUR))
    start, end = (monday, monday + WEEK) if window_id == "mon_mon" else (pd.Timestamp(t) for t in friday)
    for asset in ("bitcoin", "ripple"):
        for day in pd.date_range(monday, periods=7):
            rows = marts(
                f"select * from marts.realised_volatility_daily where asset_id = '{asset}' and market_date = '{day}'"
            )
            for column, value in realised_volatility(prices, asset, day).items():
                assert close(rows[column].iloc[0], value), (asset, day, column)
    members = universe(prices, supplies, start, excluded)
    found = of_window(marts, "bucket_returns_weekly", week, window_id)
    assert len(found) == (1 if len(members) else 0)
    if members.empty:
        return
    expected = group_return(window_returns(prices, start, end)[members.index], members["market_cap"])
    for column, value in expected.items():
        assert close(found[column].iloc[0], value), column
    rows = of_window(marts, "bucket_correlation_weekly", week, window_id).set_index(["rank_bucket", "horizon"])
    for horizon, begin in (("7d", start), ("30d", end - 30 * DAY)):
        panel = complete_panel(prices, list(members.index), begin, end)
        row = rows.loc[("1-10", horizon)]
        assert close(row["average_pairwise_correlation"], correlations(panel)["average_pairwise_correlation"])
        assert close(row["average_correlation_to_btc"], correlation_to_btc(panel, prices.window(begin, end)["bitcoin"]))
        compare_estimates(row, panel, begin, variance_change(prices, begin, end))
