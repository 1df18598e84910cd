"""Asset classes, gaps, sectors, volumes, funding runs, macro and headlines against an independent computation."""

import duckdb
import numpy as np
import pandas as pd
import pytest

from tests.independent import macro, since, weekly
from tests.independent.prices import HOUR, bucket, universe
from tests.independent.returns import complete_panel, group_return, top30_level, window_returns
from tests.real_data.windows import IN_ORDER, close, of_window, span

pytestmark = [pytest.mark.real_data, pytest.mark.xdist_group("real_data")]

DAY = pd.Timedelta(days=1)
WEEK = 7 * DAY
STUDENT_T = {6: 2.5706, 7: 2.4469, 8: 2.3646, 30: 2.0452}
DOLLARS = ("USD", "USDT", "USDC")


def agree(found, expected, where):
    """A row of a mart has these figures, and NULL where nothing can be known."""
    for column, value in expected.items():
        got = found[column]
        if isinstance(value, pd.Timestamp):
            assert pd.Timestamp(got) == value, (*where, column)
        elif value is None or pd.isna(value):
            assert pd.isna(got), (*where, column, got)
        else:
            assert close(got, value), (*where, column, got, value)


@pytest.fixture(scope="module")
def closures(marts):
    """Holidays of New York's exchange by day, half days left out."""
    rows = marts("select market_date, holiday from seeds.nyse_calendar where not is_half_day order by 1")
    return rows.set_index("market_date")["holiday"]


@pytest.fixture(scope="module")
def cash_close(closures):
    """Monday → when New York last closed in its week."""

    def at(monday):
        session = max(d for d in pd.date_range(monday, periods=5) if d not in closures.index)
        return (session + 16 * HOUR).tz_localize("America/New_York").tz_convert("UTC").tz_localize(None)

    return at


@pytest.fixture(scope="module")
def windows(prices, cash_close, now):
    """(Monday, window) → start and end, of every window closed since the first candle."""
    found = {}
    first = prices.price.index[0] - HOUR
    for monday in pd.date_range(first.normalize() - first.weekday() * DAY, now, freq="7D"):
        if monday + WEEK <= now:
            found[(monday, "mon_mon")] = (monday, monday + WEEK)
        if cash_close(monday) <= now:
            found[(monday, "fri_fri")] = (cash_close(monday - WEEK), cash_close(monday))
    return found


@pytest.fixture(scope="module")
def quoted(market_data, now):
    """Daily closes of other markets: (provider, series) → day → close."""
    closes = duckdb.sql(f"select * from '{market_data}/asset_class_prices.parquet'").df()
    offices = duckdb.sql(f"select * from '{market_data}/macro_series.parquet' where provider = 'fred'").df()
    closes = closes.assign(provider="yahoo")
    offices = offices.rename(columns={"reference_date": "close_date", "value": "close"})
    frame = pd.concat([closes, offices]).dropna(subset=["close"])
    frame = frame[frame["close_date"] < now.normalize()]
    return {key: rows.set_index("close_date")["close"] for key, rows in frame.groupby(["provider", "series"])}


def test_asset_classes(marts, windows, quoted, prices, supplies, excluded, now):
    classes = marts("select * from seeds.asset_classes")
    found = (
        marts("select * from marts.asset_class_returns_weekly").set_index(["week_start", "asset_class"]).sort_index()
    )
    top30 = top30_level(prices, supplies, excluded, now)
    compared, streaks = set(), {}
    for (monday, window_id), (start, end) in windows.items():
        if window_id != "fri_fri":
            continue
        returns = weekly.class_returns(quoted, classes, start.normalize(), end.normalize())
        if start in top30.index and end in top30.index:
            returns["crypto"] = 100 * (top30[end] / top30[start] - 1)
        places = weekly.ranked(returns)
        worst = max(places, key=places.get) if len(places) > 1 else None
        streaks = {worst: streaks.get(worst, 0) + 1} if worst else {}
        for name, value in returns.items():
            expected = {
                "return_pct": value, "rank": places[name], "n_classes": len(places), "is_worst": name == worst,
                "worst_streak_weeks": streaks.get(name, 0),
            }  # fmt: skip
            agree(found.loc[(monday, name)], expected, (monday, name))
            compared.add((monday, name))
    assert compared == set(found.index)
    assert {name for _, name in compared} >= {"crypto", "US equities", "dollar"} and len(compared) > 700


@pytest.mark.parametrize("horizon", ["7d", "30d"])
@pytest.mark.parametrize("key", IN_ORDER, ids="-".join)
def test_correlation_gaps(marts, prices, supplies, excluded, key, horizon):
    start, end = span(*key)
    begin = start if horizon == "7d" else end - 30 * DAY
    members = universe(prices, supplies, start, excluded)
    panels = {
        name: complete_panel(prices, list(rows.index), begin, end)
        for name, rows in members.groupby(members["rank"].map(bucket))
    }
    found = of_window(marts, "correlation_gap_weekly", *key)
    found = found[found["horizon"] == horizon]
    if "51-100" not in panels or panels["51-100"].shape[1] < 2:
        assert found.empty
        return
    top, tail = panels["1-10"], panels["51-100"]
    gap, low, high = weekly.correlation_gap(top, tail, begin, STUDENT_T)
    row = found.iloc[0]
    assert close(row["top10_minus_tail"], gap)
    # The table's t has five figures, the mart's more.
    assert row["ci_low"] == pytest.approx(low, abs=1e-4 * (high - low) + 1e-9)
    assert row["ci_high"] == pytest.approx(high, abs=1e-4 * (high - low) + 1e-9)
    is_wide_enough = min(top.shape[1], tail.shape[1]) >= 10
    assert row["is_significant"] == (is_wide_enough and (low > 0 or high < 0))


def test_sector_dispersion(marts, windows, prices, supplies, excluded):
    rows = marts("select * from seeds.sectors")
    begins, ends = pd.to_datetime(rows["valid_from"]), pd.to_datetime(rows["valid_to"])
    found = marts("select * from marts.sector_dispersion_weekly").set_index(["week_start", "window_id"])
    history: dict[str, list[tuple[pd.Timestamp, float, int]]] = {"mon_mon": [], "fri_fri": []}
    for (monday, window_id), (start, end) in windows.items():
        if start not in prices.price.index:
            continue
        members = universe(prices, supplies, start, excluded)
        valid = rows[(begins.isna() | (begins <= start)) & (ends.isna() | (ends > start))].set_index("asset_id")
        sector = valid["sector"].reindex(members.index)
        returns = window_returns(prices, start, end)
        own = [
            group_return(returns[group.index], group["market_cap"])["return_cap_weighted_pct"]
            for _, group in members.groupby(sector)
            if len(group) >= 3
        ]
        if len(own) < 2:
            assert (monday, window_id) not in found.index
            continue
        expected = weekly.dispersion(own)
        earlier = [value for week, value, n in history[window_id] if week >= monday - 104 * WEEK and 2 * n >= len(own)]
        expected["percentile_104w"] = weekly.percentile(expected["dispersion_pp"], earlier, 26)
        agree(found.loc[(monday, window_id)], expected, (monday, window_id))
        history[window_id].append((monday, expected["dispersion_pp"], len(own)))
    assert sum(len(h) for h in history.values()) == len(found) > 40


@pytest.fixture(scope="module")
def traded(candles, instruments):
    """Candles quoted in dollars, with their asset."""
    known = instruments[instruments["quote"].isin(DOLLARS)]
    return candles.merge(
        known[["venue", "market_type", "venue_symbol", "asset_id"]], on=["venue", "market_type", "venue_symbol"]
    )


def expected_hours(lives, both, start, end):
    """Hours that the instruments of these venues and assets were there for."""
    own = lives[lives.index.isin(both.index)]
    span_hours = (own["last"].clip(upper=end) - own["first"].clip(lower=start)) / HOUR
    return span_hours[span_hours > 0].sum()


def test_spot_and_perp_volumes(marts, windows, traded, closures):
    lives = traded.groupby(["venue", "asset_id", "market_type", "venue_symbol"])["open_time"].agg(["min", "max"])
    lives = pd.DataFrame({"first": lives["min"], "last": lives["max"] + HOUR}).droplevel([2, 3])
    found = marts("select * from marts.spot_perp_volume_weekly").set_index(["week_start", "window_id"])
    recent = traded[traded["open_time"] >= "2025-09-01"]
    compared = 0
    for kind in ("mon_mon", "fri_fri"):
        tables: dict[pd.Timestamp, pd.DataFrame] = {}
        precedents: list[float] = []
        for (monday, window_id), (start, end) in windows.items():
            if window_id != kind:
                continue
            both = weekly.volumes(recent, start, end)
            if both.empty:
                assert (monday, kind) not in found.index
                continue
            tables[monday] = both
            before = [tables[monday - k * WEEK] for k in range(1, 5) if monday - k * WEEK in tables]
            ratio = weekly.spot_ratio(both, before)
            holiday = next((closures[d] for d in pd.date_range(monday, periods=5) if d in closures.index), None)
            usual = np.mean(precedents) if precedents else np.nan
            log_ratio = np.nan if ratio is None else np.log(ratio)
            agree(found.loc[(monday, kind)], {
                "spot_volume_usd": both["spot"].sum(),
                "perp_volume_usd": both["perp"].sum(),
                "spot_share_pct": 100 * both["spot"].sum() / both[["spot", "perp"]].to_numpy().sum(),
                "spot_volume_vs_4w_pct": None if ratio is None else 100 * (ratio - 1),
                "is_us_holiday_week": holiday is not None,
                "holiday": holiday,
                "holiday_adjusted_residual": log_ratio - (0 if holiday is None else usual),
                "n_holiday_precedents": len(precedents) if holiday else 0,
                "coverage_pct": 100 * both["n"].sum() / expected_hours(lives, both, start, end),
            }, (monday, kind))  # fmt: skip
            if holiday and ratio is not None:
                precedents.append(log_ratio)
            compared += 1
    assert compared == len(found) > 50


def runs_of(rates, newest):
    """Unbroken runs of one sign: rows of run_start, run_end, hours, sign, is_open, is_censored."""
    sign = rates.map(lambda rate: -1 if rate < -1e-9 else 1 if rate > 1e-9 else 0)
    found: list[dict] = []
    last = None
    for hour, own in sign.items():
        is_after_hole = last is None or hour - last > HOUR
        if found and is_after_hole and found[-1]["run_end"] == last:
            found[-1]["is_censored"] = True
        if own and found and not is_after_hole and found[-1]["run_end"] == last and found[-1]["sign"] == own:
            found[-1] |= {"run_end": hour, "hours": found[-1]["hours"] + 1}
        elif own:
            found.append({"run_start": hour, "run_end": hour, "hours": 1, "sign": own, "is_censored": is_after_hole})
        last = hour
    for run in found:
        run["is_open"] = run["run_end"] == newest
    if found and found[-1]["run_end"] == last and last != newest:
        found[-1]["is_censored"] = True
    return pd.DataFrame(found).set_index("run_start")


def rates_by_day(hours):
    """One asset's rate by hour: weighed by open interest on days on which 80 % of its instrument-hours can be."""
    market_date = (hours["hour"] - HOUR).dt.normalize()
    is_weighted = hours["weight"].notna().groupby(market_date).transform("mean") >= 0.8
    weight = hours["weight"].where(is_weighted, 1.0)
    product = (hours["rate_pct"] * weight).groupby(hours["hour"]).sum(min_count=1)
    return (product / weight.groupby(hours["hour"]).sum(min_count=1)).dropna().sort_index()


def test_funding_runs(marts, funding_hours, now):
    hours = funding_hours[funding_hours["hour"] <= now.normalize()]
    newest = hours["hour"].max()
    since_when = hours["hour"].min() + 8 * HOUR
    found = marts("select * from marts.funding_runs").set_index(["asset_id", "run_start"]).sort_index()
    compared = 0
    for asset, rows in [*hours.groupby("asset_id"), ("ALL", hours)]:
        expected = runs_of(rates_by_day(rows), newest)
        expected = expected[expected.index > since_when]  # settlements before are not in this computation
        own = found.loc[asset] if asset in found.index else found.iloc[:0]
        own = own[own.index > since_when].sort_index()
        assert list(own.index) == list(expected.index), asset
        for column in expected.columns:
            assert own[column].tolist() == expected[column].tolist(), (asset, column)
        compared += len(expected)
    assert compared > 5000 and found["is_open"].any() and found["is_censored"].any()


def test_macro(marts, market_data, quoted, now):
    seeds = {name: marts(f"select * from seeds.{name}") for name in ("macro_series", "macro_releases")}
    stated = [
        pd.DataFrame({"provider": p, "series": s, "reference_date": own.index, "value": own.to_numpy()})
        for (p, s), own in quoted.items()
    ]
    series = macro.released(pd.concat(stated), seeds["macro_series"], seeds["macro_releases"])
    facts = seeds["macro_series"].query("priority == 1").set_index("series_id")
    found = marts("select * from marts.macro_weekly").set_index(["week_start", "series_id"]).sort_index()
    compared = set()
    first = found.index.get_level_values(0).min()
    for monday in pd.date_range(first, now - WEEK, freq="7D"):
        for series_id, frame in series.items():
            expected = macro.week_row(
                frame, monday + WEEK, facts.loc[series_id, "change_from"], facts.loc[series_id, "frequency"]
            )
            if expected is not None:
                agree(found.loc[(monday, series_id)], expected, (monday, series_id))
                assert pd.isna(found.loc[(monday, series_id), "label"])
                compared.add((monday, series_id))
    # Of the two-year yield there is only what the ten-year one is above it.
    curve = macro.slopes(None, series["DGS10"], series["T10Y2Y"])
    rows = macro.curve_rows(curve, pd.date_range(first - 110 * WEEK, now - WEEK, freq="7D"))
    for monday, expected in rows.items():
        if monday >= first:
            agree(found.loc[(monday, "US_CURVE_2S10S")], expected, (monday, "US_CURVE_2S10S"))
            compared.add((monday, "US_CURVE_2S10S"))
    assert found.loc[(first, "US_CURVE_2S10S"), "label"] is not None
    assert 0 < found["is_stale"].sum() < len(found)
    # No future is here that would give the probability of a cut.
    assert compared == set(found.index) and len({s for _, s in compared}) >= 15


# What each headline metric is, and how often.
DAILY = {
    "total_market_cap_usd": "select market_date, total_market_cap_usd from marts.market_cap_daily",
    "total_ex_stablecoins_usd": "select market_date, total_ex_stablecoins_usd from marts.market_cap_daily",
    "btc_price_usd": "select price_at - interval 1 day, reference_price_usd from marts.prices_hourly"
    " where asset_id = 'bitcoin' and extract(hour from price_at) = 0",
    "top30_level": "select market_date, level from marts.index_levels_daily where index_id = 'top30'",
    "btc_funding_annualised_pct": "select market_date, funding_rate_annualised_pct from marts.funding_daily"
    " where asset_id = 'bitcoin'",
    "median_funding_annualised_pct": "select market_date, median_across_assets_pct from marts.funding_daily"
    " where asset_id = 'ALL'",
    "share_below_neutral_pct": "select market_date, share_below_neutral_pct from marts.funding_daily"
    " where asset_id = 'ALL'",
    "open_interest_like_for_like_usd": "select market_date, total_like_for_like_usd"
    " from marts.open_interest_market_daily",
    "btc_rv_7d_daily_pct": "select market_date, rv_7d_daily_pct from marts.realised_volatility_daily"
    " where asset_id = 'bitcoin'",
    "btc_rv_30d_pct": "select market_date, rv_30d_pct from marts.realised_volatility_daily where asset_id = 'bitcoin'",
}
WEEKLY = {
    "correlation_all_7d": "select week_start, average_pairwise_correlation, n_assets"
    " from marts.bucket_correlation_weekly where window_id = 'mon_mon' and horizon = '7d' and rank_bucket = 'all'",
    "sector_dispersion_pp": "select week_start, dispersion_pp, n_sectors from marts.sector_dispersion_weekly"
    " where window_id = 'mon_mon'",
    "top30_return_pct": "select week_start, return_pct from marts.index_returns_weekly"
    " where window_id = 'mon_mon' and index_id = 'top30'",
    "open_interest_change_usd": "select week_start, change_usd from marts.open_interest_change_weekly"
    " where window_id = 'mon_mon' and oi_bucket = 'all'",
    "spot_share_pct": "select week_start, spot_share_pct from marts.spot_perp_volume_weekly"
    " where window_id = 'mon_mon'",
    "crypto_asset_class_rank": "select week_start, rank from marts.asset_class_returns_weekly"
    " where asset_class = 'crypto'",
    "us_10y_yield_pct": "select week_start, value_as_released from marts.macro_weekly where series_id = 'DGS10'"
    " and not is_stale",
    "dollar_index": "select week_start, value_as_released from marts.macro_weekly"
    " where series_id = 'DOLLAR_INDEX' and not is_stale",
}


def own_terms(marts):
    """By day, its open interest over what is carried back to it from the newest day: a week has its own terms."""
    days = marts(
        "select market_date, total_usd, total_like_for_like_usd from marts.open_interest_market_daily"
    ).dropna()
    return dict(zip(pd.to_datetime(days.market_date), days.total_usd / days.total_like_for_like_usd, strict=True))


@pytest.mark.parametrize("metric", [*DAILY, *WEEKLY])
def test_headlines(marts, now, metric):
    """Every week there is: the value, how rare it is, since when it has not been so, and how long it has been."""
    is_daily = metric in DAILY
    stated = marts((DAILY | WEEKLY)[metric])
    stated.columns = ["day", "value", "members"][: len(stated.columns)]
    stated["day"] = pd.to_datetime(stated["day"]).dt.normalize() + (0 if is_daily else 6) * DAY
    stated = stated.dropna().set_index("day").sort_index()
    values, members = stated["value"].astype(float), stated.get("members")
    fact = marts(f"select level, frequency from seeds.metrics where metric_id = '{metric}' and is_headline").iloc[0]
    assert fact["frequency"] == ("day" if is_daily else "week")
    level = None if pd.isna(fact["level"]) else float(fact["level"])
    found = marts(f"select * from marts.headlines_weekly where metric_id = '{metric}'").set_index("week_start")
    mondays = pd.date_range(values.index[0] - values.index[0].weekday() * DAY, now - WEEK, freq="7D")
    if len(mondays) > 130:  # of long histories the beginning, the year of the note, and some between
        mondays = mondays[:20].append(mondays[20:-70:9]).append(mondays[-70:])
    terms = own_terms(marts) if metric == "open_interest_like_for_like_usd" else {}
    compared = 0
    for monday in mondays:
        expected = since.headline(values, monday, level, 1 if is_daily else 7, members)
        if expected is None:
            assert monday not in found.index, monday
            continue
        for column in ("value", "previous_value", "change"):
            if expected[column] is not None:
                expected[column] *= terms.get(expected["value_date"], 1.0)
        agree(found.loc[monday], expected, (metric, monday))
        compared += 1
    assert compared >= 4
