"""The marts of two real weeks against an independent computation from the raw tables (tests/independent)."""

import numpy as np
import pandas as pd
import pytest

from tests.independent.prices import bucket, universe
from tests.independent.returns import (
    complete_panel,
    correlation_to_btc,
    correlations,
    group_return,
    realised_volatility,
    top30_level,
    window_returns,
)
from tests.real_data.windows import IN_ORDER, close, of_window, span

pytestmark = [pytest.mark.real_data, pytest.mark.xdist_group("real_data")]


@pytest.fixture(params=IN_ORDER, ids=lambda key: "-".join(key))
def window(request, prices, supplies, excluded):
    week, window_id = request.param
    start, end = span(week, window_id)
    return week, window_id, start, end, universe(prices, supplies, start, excluded)


def test_the_universe(marts, window):
    week, window_id, _, _, expected = window
    found = of_window(marts, "universe_weekly", week, window_id)
    found = found[found["is_eligible"]].set_index("asset_id")
    assert set(found.index) == set(expected.index)
    assert len(expected) > 40
    assert found["rank"].reindex(expected.index).tolist() == expected["rank"].tolist()
    assert close(found["market_cap_usd"].reindex(expected.index).tolist(), expected["market_cap"].tolist())


def groups(window, prices, marts, table, column):
    week, window_id, start, end, members = window
    returns = window_returns(prices, start, end)
    found = of_window(marts, table, week, window_id).set_index(column)
    return found, returns, members


def test_bucket_returns(marts, window, prices):
    found, returns, members = groups(window, prices, marts, "bucket_returns_weekly", "rank_bucket")
    buckets = members["rank"].map(bucket)
    assert set(found.index) == set(buckets.dropna())
    for name, rows in members.groupby(buckets):
        expected = group_return(returns[rows.index], rows["market_cap"])
        for column, value in expected.items():
            assert close(found.loc[name, column], value), (name, column)


def sectors_of(marts, week, window_id):
    rows = of_window(marts, "universe_weekly", week, window_id)
    return rows[rows["is_eligible"]].set_index("asset_id")["sector"].dropna()


def test_sector_returns(marts, window, prices, supplies, excluded):
    week, window_id, start, end, _ = window
    found, returns, members = groups(window, prices, marts, "sector_returns_weekly", "sector")
    sector = sectors_of(marts, week, window_id)
    assert set(found.index) == set(sector)
    level = top30_level(prices, supplies, excluded, end)
    top30 = 100 * (level[end] / level[start] - 1)
    for name, assets in sector.groupby(sector).groups.items():
        expected = group_return(returns[assets], members.loc[assets, "market_cap"])
        for column in ("return_cap_weighted_pct", "return_equal_weighted_pct", "return_median_pct", "n_assets"):
            assert close(found.loc[name, column], expected[column]), (name, column)
        excess = expected["return_cap_weighted_pct"] - top30
        assert close(found.loc[name, "excess_over_top30_pct"], excess)
        contribution = (members.loc[assets, "market_cap"] * returns[assets]).abs()
        assert found.loc[name, "top_contributor"] in {contribution.idxmax(), None} or len(assets) == 1
    ranked = found[found["n_assets"] >= 3].sort_values("return_cap_weighted_pct", ascending=False)
    assert ranked["rank"].tolist() == list(range(1, len(ranked) + 1))
    assert found.loc[found["n_assets"] < 3, "rank"].isna().all()


def test_top30_index(marts, prices, supplies, excluded):
    end = pd.Timestamp("2026-03-09")
    expected = top30_level(prices, supplies, excluded, end)
    found = marts(
        "select market_date, level, return_1d_pct, n_members from marts.index_levels_daily where index_id = 'top30'"
    )
    assert (found["n_members"] == 30).all()
    level = found.set_index(found["market_date"] + pd.Timedelta(days=1))["level"]
    for day in pd.date_range("2025-11-03", "2025-11-24"):
        previous = day - pd.Timedelta(days=1)
        assert close(level[day] / level[previous], expected[day] / expected[previous]), day


@pytest.mark.parametrize("horizon", ["7d", "30d"])
def test_bucket_correlations(marts, window, prices, horizon):
    week, window_id, start, end, members = window
    begin = start if horizon == "7d" else end - pd.Timedelta(days=30)
    found = of_window(marts, "bucket_correlation_weekly", week, window_id)
    found = found[found["horizon"] == horizon].set_index("rank_bucket")
    buckets = members["rank"].map(bucket)
    panels = {name: list(rows.index) for name, rows in members.groupby(buckets)}
    panels["all"] = list(members.index[members["rank"] <= 100])
    assert set(found.index) == set(panels)
    btc = prices.window(begin, end)["bitcoin"]
    for name, assets in panels.items():
        panel = complete_panel(prices, assets, begin, end)
        expected = correlations(panel) | {"average_correlation_to_btc": correlation_to_btc(panel, btc)}
        for column, value in expected.items():
            assert close(found.loc[name, column], value), (name, column)


def test_sector_correlations_inside_a_sector(marts, window, prices):
    week, window_id, start, end, _ = window
    sector = sectors_of(marts, week, window_id)
    found = of_window(marts, "sector_correlation_weekly", week, window_id).set_index(["sector_a", "sector_b"])
    compared = 0
    for name, assets in sector.groupby(sector).groups.items():
        panel = complete_panel(prices, list(assets), start, end)
        if len(assets) >= 3 and panel.shape[1] >= 2:
            expected = correlations(panel)["average_pairwise_correlation"]
            assert close(found.loc[(name, name), "correlation"], expected), name
            compared += 1
    assert compared >= 3


@pytest.mark.parametrize("asset", ["bitcoin", "ethereum", "solana", "dogecoin"])
@pytest.mark.parametrize("day", ["2025-11-23", "2025-10-10", "2026-03-08"])
def test_realised_volatility(marts, prices, asset, day):
    expected = realised_volatility(prices, asset, pd.Timestamp(day))
    found = marts(f"select * from marts.realised_volatility_daily where asset_id = '{asset}' and market_date = '{day}'")
    for column, value in expected.items():
        assert close(found[column].iloc[0], value), column


def test_identities_agree_with_prices(marts, raw, prices):
    """An instrument mapped to the wrong coin would be priced far from the provider's own price of that day."""
    rows = marts(
        "select asset_id, observed_at, provider, price_usd from core.core_provider_rows"
        " where observed_at >= '2025-10-01' and price_usd > 0"
    )
    compared, wrong = 0, []
    for row in rows.itertuples():
        if row.asset_id not in prices.price:
            continue
        day = pd.Timestamp(row.observed_at).normalize()
        closes = prices.price.loc[day : day + pd.Timedelta(days=1), row.asset_id].dropna()
        if len(closes):
            compared += 1
            if not 0.85 * closes.min() <= row.price_usd <= 1.15 * closes.max():
                wrong.append((row.asset_id, row.price_usd, float(np.median(closes))))
    assert compared > 60
    assert len(wrong) <= 0.03 * compared, wrong
