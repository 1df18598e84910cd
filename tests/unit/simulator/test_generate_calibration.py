"""The simulated week of 2025-11-17 tells the published note, measured on the tables by the independent computations.

Expected figures are the note's, written out here; truth.py must say the same from the model's side.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from simulator.generation.assets import assets
from simulator.generation.truth import Truth
from simulator.market import Market
from tests.independent import funding as independent_funding
from tests.independent import open_interest as independent_oi
from tests.independent import prices as independent_prices
from tests.independent import returns as independent_returns

WEEK = pd.Timestamp("2025-11-17")
END = pd.Timestamp("2025-11-24")
FRIDAYS = [
    pd.Timestamp(t)
    for t in ("2025-10-24 20:00", "2025-10-31 20:00", "2025-11-07 21:00", "2025-11-14 21:00", "2025-11-21 21:00")
]
NOTE_SECTORS = {"Layer 2": -14.9, "Gaming": -12.0, "DePIN": -11.4, "AI": -10.5, "Layer 1": -7.0}
NOTE_CORRELATIONS = {"1-10": 0.80, "11-50": 0.70, "51-100": 0.55}
# Measuring needs two months: a week before the first rebalance that counts, and a month of levels.
SINCE = pd.Timestamp("2025-09-22")


@dataclass
class Measured:
    market: Market
    prices: independent_prices.Prices
    supplies: independent_prices.Supplies
    excluded: set[str]
    sector: dict[str, str | None]

    def universe(self, moment: pd.Timestamp) -> pd.DataFrame:
        found = independent_prices.universe(self.prices, self.supplies, moment, self.excluded)
        found["bucket"] = [independent_prices.bucket(r) for r in found["rank"]]
        found["sector"] = [self.sector[a] for a in found.index]
        return found

    def index(self, rebalanced: pd.Timestamp, end: pd.Timestamp) -> pd.Series:
        weights = independent_returns.capped(self.universe(rebalanced)["market_cap"].head(30))
        return independent_returns.drifting_level(self.prices, weights, rebalanced, end)


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype({c: str for c in frame.columns if isinstance(frame[c].dtype, pd.CategoricalDtype)})


@pytest.fixture(scope="module")
def market(full_market) -> Market:
    return full_market


@pytest.fixture(scope="module")
def known(full_truth) -> Truth:
    return full_truth


@pytest.fixture(scope="module")
def measured(market) -> Measured:
    coins = assets("full")
    candles = market.candles_1h
    now = pd.Timestamp(market.clock.now.replace(tzinfo=None))
    candles = as_text(candles[(candles["open_time"] >= SINCE) & (candles["open_time"] < now)])
    instruments = pd.DataFrame([vars(x) for x in market.truth["listings"]])
    prices = independent_prices.reference_prices(candles, instruments)
    caps = as_text(market.market_caps[market.market_caps["observed_at"] >= SINCE])
    supplies = caps.rename(columns={"observed_at": "known_at"}).sort_values("known_at")
    return Measured(
        market,
        prices,
        independent_prices.Supplies(supplies[["asset_id", "known_at", "circulating_supply", "price_usd"]]),
        {a.asset_id for a in coins if a.kind},
        {a.asset_id: a.sector for a in coins},
    )


def cap_weighted(measured: Measured, start: pd.Timestamp, end: pd.Timestamp, by: str) -> pd.Series:
    members = measured.universe(start)
    returns = independent_returns.window_returns(measured.prices, start, end)
    return members.groupby(by).apply(
        lambda g: independent_returns.group_return(returns[g.index], g["market_cap"])["return_cap_weighted_pct"]
    )


def test_sector_returns_are_the_notes_and_the_truths(measured, known):
    found = cap_weighted(measured, WEEK, END, "sector")
    for sector, wanted in NOTE_SECTORS.items():
        assert found[sector] == pytest.approx(wanted, abs=0.02)
    assert found.max() < -5  # mid and small caps weak too: a broad fall
    stated = known.sector_returns.query("week_start == @WEEK").set_index("sector")["return_cap_weighted_pct"]
    assert np.allclose(found[stated.index], stated, atol=0.02)


@pytest.mark.parametrize("weeks_back", [0, 1, 2, 3, 4])
def test_every_week_has_the_correlations_that_the_truth_states(measured, known, weeks_back):
    start = WEEK - pd.Timedelta(weeks=weeks_back)
    end = start + pd.Timedelta(weeks=1)
    stated = known.bucket_correlations.query("week_start == @start").set_index("rank_bucket")
    for bucket, members in measured.universe(start).groupby("bucket"):
        panel = independent_returns.complete_panel(measured.prices, list(members.index), start, end)
        found = independent_returns.correlations(panel)["average_pairwise_correlation"]
        assert found == pytest.approx(stated.loc[bucket, "average_pairwise_correlation"], abs=0.005)
        if not weeks_back:
            assert found == pytest.approx(NOTE_CORRELATIONS[bucket], abs=0.005)
            assert panel.shape == (168, {"1-10": 10, "11-50": 40, "51-100": 50}[bucket])


def test_friday_to_friday_the_top_ten_fell_most_and_is_correlated_most(measured):
    start, end = FRIDAYS[-2:]
    fall = cap_weighted(measured, start, end, "bucket")
    assert fall["1-10"] < fall["11-50"] < fall["51-100"] < 0
    average = {
        b: independent_returns.correlations(
            independent_returns.complete_panel(measured.prices, list(g.index), start, end)
        )["average_pairwise_correlation"]
        for b, g in measured.universe(start).groupby("bucket")
    }
    assert average["1-10"] > average["11-50"] + 0.05 > average["51-100"] + 0.10


def test_the_top30_index_falls_7_2_and_crypto_is_the_worst_class_for_exactly_three_weeks(measured, known):
    before = measured.index(pd.Timestamp("2025-10-10 10:00"), pd.Timestamp("2025-10-31 10:00"))
    after = measured.index(pd.Timestamp("2025-10-31 10:00"), END)
    level = pd.concat([before, after * before.iloc[-1]])
    assert 100 * (level[END] / level[WEEK] - 1) == pytest.approx(-7.2, abs=0.02)
    stated = known.index_returns.set_index("week_start")["return_pct"]
    assert stated[WEEK] == pytest.approx(-7.2, abs=1e-9)

    classes = measured.market.asset_class_prices
    ranked = classes[~classes["series"].isin(["^VIX", "JPY=X", "ZQZ25.CBT"])]
    closes = ranked.pivot(index="close_date", columns="series", values="close")
    is_worst = []
    for low, high in pairwise(FRIDAYS):
        others = 100 * (closes.loc[high.normalize()] / closes.loc[low.normalize()] - 1)
        is_worst.append(100 * (level.asof(high) / level.asof(low) - 1) < others.min() - 0.5)
    assert is_worst == [False, True, True, True]


def test_bitcoins_volatility_is_near_50_by_days_and_above_60_by_hours(measured, known):
    found = independent_returns.realised_volatility(measured.prices, "bitcoin", pd.Timestamp("2025-11-23"))
    assert found["rv_7d_daily_pct"] == pytest.approx(50, abs=1)
    assert 60 < found["rv_7d_pct"] < 66
    stated = known.realised_volatility.set_index("market_date").loc[pd.Timestamp("2025-11-23")]
    assert found["rv_7d_pct"] == pytest.approx(stated["rv_7d_pct"], rel=0.01)
    assert found["rv_7d_daily_pct"] == pytest.approx(stated["rv_7d_daily_pct"], rel=0.01)


def test_the_market_cap_falls_below_three_trillion_for_the_first_time_since_april(market, known):
    caps = market.market_caps
    daily = caps[caps["rank"].isna()].groupby("observed_at")["market_cap_usd"].sum()
    daily.index = daily.index - pd.Timedelta(days=1)
    stated = known.market_caps.set_index("market_date")["total_market_cap_usd"]
    assert np.allclose(daily[stated.index], stated, rtol=1e-9)
    below = stated.index[stated < 3e12]
    assert stated[pd.Timestamp("2025-11-23")] < 3e12
    assert below[below < WEEK].max() == pd.Timestamp("2025-04-30")


def test_open_interest_falls_from_230_to_135_billion_and_the_long_tail_drives_it(market, measured, known):
    oi = as_text(market.open_interest).query("venue_symbol not in ['PAXG', 'PAXGUSDT']")  # gold is no coin
    total = oi.groupby("observed_at")["open_interest_usd"].sum() / 1e9
    assert total[pd.Timestamp("2025-10-06")] == pytest.approx(230, rel=1e-3)
    assert total[END] == pytest.approx(135, rel=1e-3)
    stated = known.open_interest.set_index("market_date")["total_usd"]
    assert stated[pd.Timestamp("2025-11-23")] == pytest.approx(total[END] * 1e9, rel=1e-6)

    ranks = measured.universe(WEEK)["rank"]
    listed = {(x.venue, x.venue_symbol): x for x in market.truth["listings"] if x.market_type == "perp"}
    effects: dict[str, float] = {}
    recent = oi[oi["observed_at"] >= WEEK - pd.Timedelta(hours=8)]
    for instrument, rows in recent.groupby(["venue", "venue_symbol"]):
        coin = listed[instrument].asset_id
        rank = ranks.get(coin, 999)
        bucket = "majors" if coin in ("bitcoin", "ethereum") else "rest" if rank <= 50 else "long_tail"
        change = independent_oi.change(rows, None, {}, WEEK, END, is_inverse=listed[instrument].is_inverse)
        effects[bucket] = effects.get(bucket, 0.0) + change["position_effect_usd"] / 1e9
    assert effects["long_tail"] < -5
    assert effects["long_tail"] < 0.6 * sum(effects.values())


def test_bitcoins_funding_turns_negative_for_the_longest_run_since_26_october(market, known):
    rates = as_text(market.funding_rates)
    rates = rates[rates["venue_symbol"].isin(["BTC", "BTCUSDT"]) & (rates["settled_at"] >= "2025-10-13")]
    held = independent_funding.hourly_rates(independent_funding.settlements(rates))
    hours = independent_funding.weigh(held, as_text(market.open_interest))
    stated = known.funding.query("asset_id == 'bitcoin'").set_index("week_start")["funding_rate_annualised_pct"]
    found = {}
    for start in pd.date_range("2025-10-20", "2025-11-17", freq="7D"):
        inside = hours[(hours["hour"] > start) & (hours["hour"] <= start + pd.Timedelta(weeks=1))]
        found[start] = independent_funding.window_figure(inside)
        assert found[start]["funding_rate_annualised_pct"] == pytest.approx(stated[start], abs=1e-6)
    assert found[WEEK]["funding_rate_annualised_pct"] == pytest.approx(-2.81, abs=0.1)
    assert [f["negative_hours"] for f in found.values()] == [136, 0, 0, 0, 96]

    means = hours.groupby("hour")["rate_pct"].mean()
    last_negative = means[(means < 0) & (means.index < WEEK)].index.max()
    assert last_negative == pd.Timestamp("2025-10-26 16:00")
    btc = market.candles_1h.query("venue_symbol == 'BTCUSDT' and market_type == 'spot'").set_index("open_time")["close"]
    assert btc[last_negative] == pytest.approx(115_000, rel=0.03)


def test_spot_gains_share_and_is_firm(market):
    candles = market.candles_1h
    week = candles["open_time"].dt.normalize() - pd.to_timedelta(candles["open_time"].dt.weekday, unit="D")
    volume = candles.groupby([week, "market_type"], observed=True)["quote_volume"].sum().unstack()
    share = volume["spot"] / volume.sum(axis=1)
    assert share[WEEK] > share[:"2025-11-10"].tail(8).max() + 0.02
    assert volume.loc[WEEK, "spot"] > 1.1 * volume.loc[:"2025-11-10", "spot"].tail(4).mean()


def test_bitcoins_path_has_the_shape_of_the_year(market):
    btc = market.candles_1h.query("venue_symbol == 'BTCUSDT' and market_type == 'spot'").set_index("open_time")["close"]
    path = {
        "2025-04-07": 78_500, "2025-10-06": 123_500, "2025-10-27": 115_000, "2025-11-17": 95_000, "2025-11-24": 88_400,
    }  # fmt: skip
    for day, wanted in path.items():
        assert btc[pd.Timestamp(day) - pd.Timedelta(hours=1)] == pytest.approx(wanted, rel=1e-3)
    crash = btc["2025-10-10 19:00":"2025-10-10 21:00"]
    assert crash.iloc[-1] / crash.iloc[0] - 1 == pytest.approx(-0.081, abs=0.005)


def test_macro_tells_the_notes_week(market):
    macro = market.macro_series

    def series(name: str) -> pd.Series:
        return macro[macro["series"] == name].set_index("reference_date")["value"].dropna()

    assert series("PAYEMS").diff().iloc[-1] == 119
    assert series("UNRATE").iloc[-1] == 4.4
    future = market.asset_class_prices.query("series == 'ZQZ25.CBT'").set_index("close_date")["close"]
    # sources.md: (d/N)·r_start + ((N−d)/N)·r_end with d = 10, N = 31, r_start 3.88
    end_rate = (100 - future - 10 / 31 * 3.88) * 31 / 21
    probability = 100 * (3.88 - end_rate) / 0.25
    assert probability.iloc[-1] == pytest.approx(30, abs=0.5)
    assert probability[pd.Timestamp("2025-10-24")] > 80
    weekly = {t: series(f"JGB_{t}Y").resample("W-FRI").last().diff() for t in (2, 10, 30)}
    assert weekly[10].iloc[-1] > weekly[10].std() / 2
    slope = weekly[10] - weekly[2]
    assert slope.iloc[-1] > slope.std() / 2
    assert weekly[30].iloc[-1] > weekly[10].iloc[-1] > weekly[2].iloc[-1] > 0
    year_on_year = 100 * (series("GBRCPIALLMINMEI") / series("GBRCPIALLMINMEI").shift(12) - 1)
    assert year_on_year.iloc[-1] == pytest.approx(3.6, abs=0.05)
    assert year_on_year.iloc[-2] == pytest.approx(3.8, abs=0.05)
    yen = market.asset_class_prices.query("series == 'JPY=X'").set_index("close_date")["close"]
    assert yen.iloc[-1] > 1.01 * yen[pd.Timestamp("2025-11-14")]
    assert series("DEXJPUS").iloc[-1] > series("DEXJPUS")[pd.Timestamp("2025-11-07")]
    for name in ("DGS10", "DTWEXBGS", "VIXCLS", "SP500", "NASDAQCOM", "DCOILWTICO", "BAMLH0A0HYM2", "CPIAUCSL"):
        assert len(series(name)) > 20, name
