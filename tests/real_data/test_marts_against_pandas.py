"""The marts of two real weeks against an independent computation from the raw tables (tests/independent)."""

from functools import lru_cache

import duckdb
import numpy as np
import pandas as pd
import pytest

from tests.independent import funding as independent_funding
from tests.independent import open_interest as independent_oi
from tests.independent.prices import believable_supplies, bucket, reference_prices, universe
from tests.independent.returns import (
    capped,
    complete_panel,
    correlation_to_btc,
    correlations,
    drifting_level,
    group_return,
    realised_volatility,
    window_returns,
)

pytestmark = [pytest.mark.real_data, pytest.mark.xdist_group("real_data")]

# New York closed at 16:00, which is 21:00 UTC in winter and 20:00 UTC in summer.
WINDOWS = {
    ("2025-11-17", "mon_mon"): ("2025-11-17 00:00", "2025-11-24 00:00"),
    ("2025-11-17", "fri_fri"): ("2025-11-14 21:00", "2025-11-21 21:00"),
    ("2026-03-02", "mon_mon"): ("2026-03-02 00:00", "2026-03-09 00:00"),
    ("2026-03-02", "fri_fri"): ("2026-02-27 21:00", "2026-03-06 21:00"),
    ("2025-11-24", "fri_fri"): ("2025-11-21 21:00", "2025-11-28 21:00"),  # a half day: 16:00 all the same
    ("2025-10-27", "fri_fri"): ("2025-10-24 20:00", "2025-10-31 20:00"),
    ("2025-11-03", "fri_fri"): ("2025-10-31 20:00", "2025-11-07 21:00"),  # clocks change inside: 169 hours
}
IN_ORDER = sorted(WINDOWS)
RELATIVE = 1e-6


@pytest.fixture(scope="module")
def raw(market_data):
    """Raw frames straight from the Parquet tables, zone-less."""

    def read(table: str, time: str, since: str) -> pd.DataFrame:
        files = [str(market_data / f"{table}{suffix}.parquet") for suffix in ("", "_deep")]
        files = [f for f in files if duckdb.sql(f"select count(*) from glob('{f}')").fetchall()[0][0]]
        union = " union all by name ".join(f"select * from '{f}'" for f in files)
        frame = duckdb.sql(
            f"select * replace (({time} at time zone 'UTC')::timestamp as {time}) from ({union})"
            f" where {time} >= '{since}'"
        ).df()
        return frame.drop_duplicates()

    return lru_cache(read)


@pytest.fixture(scope="module")
def instruments(marts):
    return marts(
        "select venue, market_type, venue_symbol, asset_id, quote, multiplier, is_inverse from marts.instruments"
    )


@pytest.fixture(scope="module")
def prices(raw, instruments):
    candles = raw("candles_1h", "open_time", "2025-09-01")
    keys = ["venue", "market_type", "venue_symbol", "open_time"]
    return reference_prices(candles.drop_duplicates(keys), instruments)


@pytest.fixture(scope="module")
def supplies(raw, marts, prices):
    # the identities come from the warehouse: which coin a provider's row speaks of is a judgement, tested apart
    names = marts("select distinct provider, provider_asset_id, asset_id from intermediate.int_provider_rows")
    caps = raw("market_caps", "observed_at", "2025-01-01").rename(columns={"asset_id": "provider_asset_id"})
    return believable_supplies(caps.merge(names, on=["provider", "provider_asset_id"]), prices)


@pytest.fixture(scope="module")
def excluded(marts):
    return set(marts("select asset_id from seeds.exclusions")["asset_id"])


@pytest.fixture(params=IN_ORDER, ids=lambda key: "-".join(key))
def window(request, prices, supplies, excluded):
    week, window_id = request.param
    start, end = (pd.Timestamp(t) for t in WINDOWS[request.param])
    return week, window_id, start, end, universe(prices, supplies, start, excluded)


def of_window(marts, table, week, window_id):
    return marts(f"select * from marts.{table} where week_start = '{week}' and window_id = '{window_id}'")


def close(found, expected):
    if isinstance(expected, str):
        return found == expected
    if expected is None:
        return bool(pd.isna(found))
    return found == pytest.approx(expected, rel=RELATIVE, abs=1e-9)


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


def top30_level(prices, supplies, excluded, end):
    """The index by hours, from the first day of this history with 30 eligible; 1 then."""
    days = pd.date_range("2025-09-14", end)
    base = next(day for day in days if len(universe(prices, supplies, day, excluded)) >= 30)
    months = pd.date_range(base, end + pd.Timedelta(days=31), freq="ME")
    fridays = [m.normalize() - pd.Timedelta(days=(m.dayofweek - 4) % 7) + pd.Timedelta(hours=10) for m in months]
    rebalances = [base, *(moment for moment in fridays if base < moment < end)]
    level, pieces = 1.0, []
    for k, moment in enumerate(rebalances):
        until = min(rebalances[k + 1] if k + 1 < len(rebalances) else end, end)
        largest = universe(prices, supplies, moment, excluded).head(30)
        piece = level * drifting_level(prices, capped(largest["market_cap"]), moment, until)
        level = piece.iloc[-1]
        pieces.append(piece)
    return pd.concat(pieces)


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


def test_the_published_volatility_is_the_daily_one(marts):
    found = marts(
        "select rv_7d_pct, rv_7d_daily_pct from marts.realised_volatility_daily"
        " where asset_id = 'bitcoin' and market_date = '2025-11-23'"
    )
    assert found["rv_7d_daily_pct"].iloc[0] == pytest.approx(49.8, abs=0.1)
    assert found["rv_7d_pct"].iloc[0] == pytest.approx(65.9, abs=0.2)


@pytest.fixture(scope="module")
def funding_hours(raw, instruments):
    rates = independent_funding.hourly_rates(raw("funding_rates", "settled_at", "2025-09-01"))
    observed = raw("open_interest", "observed_at", "2025-09-01")
    perps = instruments[instruments["market_type"] == "perp"]
    named = rates.merge(perps[["venue", "venue_symbol", "asset_id"]], on=["venue", "venue_symbol"])
    return independent_funding.weigh(named, observed)


def test_funding(marts, window, funding_hours):
    week, window_id, start, end, _ = window
    hours = funding_hours[(funding_hours["hour"] > start) & (funding_hours["hour"] <= end)]
    n_hours = round((end - start) / pd.Timedelta(hours=1))
    found = of_window(marts, "funding_weekly", week, window_id).set_index("asset_id")
    figures = {}
    for asset, rows in hours.groupby("asset_id"):
        figures[asset] = independent_funding.window_figure(rows, n_hours)
        for column, value in figures[asset].items():
            if column != "coverage_of_hours":
                assert close(found.loc[asset, column], value), (asset, column)
    assert set(found.index) - {"ALL"} == set(figures)
    market = independent_funding.window_figure(hours, n_hours)
    for column in ("funding_rate_annualised_pct", "weighting", "share_of_open_interest_negative_pct",
                   "share_below_neutral_pct", "negative_hours"):  # fmt: skip
        assert close(found.loc["ALL", column], market[column]), column
    middle = independent_funding.median([f["funding_rate_annualised_pct"] for f in figures.values()])
    assert close(found.loc["ALL", "median_across_assets_pct"], middle)


def test_binance_bitcoin_funding_of_the_noted_week_was_positive(funding_hours):
    """On Binance alone it averaged plus 5.6 % a year; the mart's figure is over all venues that have settlements."""
    start, end = pd.Timestamp("2025-11-17"), pd.Timestamp("2025-11-24")
    is_it = (funding_hours["venue"] == "binance") & (funding_hours["venue_symbol"] == "BTCUSDT")
    hours = funding_hours[is_it & (funding_hours["hour"] > start) & (funding_hours["hour"] <= end)]
    assert hours["rate_pct"].mean() == pytest.approx(5.6, abs=0.1)


def test_open_interest_effects(marts, raw, prices, supplies, excluded, instruments):
    week, (start, end) = "2026-03-02", (pd.Timestamp(t) for t in WINDOWS[("2026-03-02", "mon_mon")])
    rank = universe(prices, supplies, start, excluded)["rank"]
    observed = raw("open_interest", "observed_at", "2025-09-01")
    observed = observed[observed["venue"] == "binance"]
    candles = raw("candles_1h", "open_time", "2025-09-01")
    perps = candles[(candles["venue"] == "binance") & (candles["market_type"] == "perp")]
    spans = perps.groupby("venue_symbol")["open_time"].agg(["min", "max"])
    asset_of = instruments[instruments["market_type"] == "perp"].set_index(["venue", "venue_symbol"])["asset_id"]
    totals: dict[str, dict[str, float]] = {}
    for symbol, rows in observed.groupby("venue_symbol"):
        asset = asset_of[("binance", symbol)]
        if asset in ("bitcoin", "ethereum"):
            name = "majors"
        elif asset in rank and rank[asset] <= 10:
            name = "large"
        else:
            name = "mid" if asset in rank and rank[asset] <= 50 else "long_tail"
        reference = prices.price[asset] if asset in prices.price else pd.Series(dtype=float)
        span = tuple(spans.loc[symbol]) if symbol in spans.index else None
        effects = independent_oi.change(rows.sort_values("observed_at"), span, reference, start, end, is_inverse=False)
        for key in (name, "all"):
            bucket_total = totals.setdefault(key, dict.fromkeys(effects, 0.0))
            for effect, value in effects.items():
                bucket_total[effect] += value
    found = of_window(marts, "open_interest_change_weekly", week, "mon_mon").set_index("oi_bucket")
    for name, effects in totals.items():
        for effect, value in effects.items():
            assert found.loc[name, effect] == pytest.approx(value, rel=RELATIVE, abs=1.0), (name, effect)


def test_identities_agree_with_prices(marts, raw, prices):
    """An instrument mapped to the wrong coin would be priced far from the provider's own price of that day."""
    rows = marts(
        "select asset_id, observed_at, provider, price_usd from intermediate.int_provider_rows"
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
