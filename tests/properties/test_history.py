"""What looks back over years, on random histories with holes: headlines, percentiles, curves, cuts, streaks."""

import calendar

import numpy as np
import pandas as pd
import pytest

from tests.independent import macro, since, weekly
from tests.properties.bench import run_of

pytestmark = pytest.mark.xdist_group("models")

DAY = pd.Timedelta(days=1)
WEEK = 7 * DAY
STARTS = pd.Timestamp("2023-01-02")
ENDS = pd.Timestamp("2025-11-24")
MONDAYS = pd.date_range(STARTS, ENDS - WEEK, freq="7D")


@pytest.fixture
def history(bench):
    """The windows of three years."""
    bench.place("run_context", run_of(STARTS, ENDS))
    bench.build("core_windows")
    return bench


def agree(found, expected, where):
    for column, value in expected.items():
        got = found[column]
        if value is None or (not isinstance(value, str) and pd.isna(value)):
            assert pd.isna(got), (*where, column, got)
        elif isinstance(value, str | pd.Timestamp):
            assert got == value, (*where, column, got, value)
        else:
            assert got == pytest.approx(value, rel=1e-9, abs=1e-9), (*where, column, got, value)


def wandering(random, days, level):
    """Around its level in small steps that make it stand exactly there, and come back to what it was; with holes."""
    steps = random.choice([-0.1, 0.0, 0.1], len(days))
    values = pd.Series(level + np.round(np.cumsum(steps), 1), index=days)
    is_there = random.random(len(days)) > 0.02
    for _ in range(3):
        begin = random.integers(len(days))
        is_there[begin : begin + random.integers(2, 40)] = False
    return values[is_there]


@pytest.mark.parametrize("seed", range(2))
def test_headlines_look_back_as_they_should(history, seed):
    random = np.random.default_rng(seed)
    metrics = history.rows(
        "select metric_id, level, case frequency when 'day' then 1 else 7 end as cadence_days from seeds.metrics"
        " where is_headline"
    ).set_index("metric_id")
    chosen = {"btc_funding_annualised_pct", "btc_rv_30d_pct", "correlation_gap_7d", "spot_share_pct"}
    kinds = {(pd.isna(metrics.loc[m, "level"]), metrics.loc[m, "cadence_days"]) for m in chosen}
    assert len(kinds) == 4  # with a level and without, daily and weekly
    series, members = {}, {}
    for metric in sorted(chosen):
        level = 0.0 if pd.isna(metrics.loc[metric, "level"]) else metrics.loc[metric, "level"]
        each = int(metrics.loc[metric, "cadence_days"])
        days = pd.date_range(STARTS + (6 * DAY if each == 7 else 0 * DAY), ENDS - DAY, freq=f"{each}D")
        series[metric] = wandering(random, days, level)
    for metric in ("correlation_gap_7d", "btc_rv_30d_pct"):  # over few in some weeks, and over many in others
        days = series[metric].index
        members[metric] = pd.Series(random.integers(4, 13, len(days)), index=days)
    stated = pd.concat(
        pd.DataFrame({"metric_id": m, "value_date": v.index, "value": v.to_numpy(), "n_members": members.get(m)})
        for m, v in series.items()
    ).astype({"n_members": "Int64"})
    history.place("metric_values", stated)
    history.build("headlines_weekly")
    found = history.rows("select * from marts.headlines_weekly").set_index(["metric_id", "week_start"])
    compared = 0
    for metric, values in series.items():
        level = metrics.loc[metric, "level"]
        for monday in MONDAYS:
            each = int(metrics.loc[metric, "cadence_days"])
            expected = since.headline(values, monday, None if pd.isna(level) else level, each, members.get(metric))
            if expected is None:
                assert (metric, monday) not in found.index
                continue
            agree(found.loc[(metric, monday)], expected, (metric, monday))
            compared += 1
    assert compared == len(found) > 450


def test_percentiles_of_dispersion(history):
    """104 weeks back, no more, of at least half as many sectors; 26 of them at least; half of the ties."""
    random = np.random.default_rng(1)
    rows = [
        (monday, window_id, sector, float(random.integers(-6, 7)), 3 if random.random() < 0.7 else 2)
        for monday in MONDAYS
        for window_id in ("mon_mon", "fri_fri")
        for sector in ("AI", "DeFi", "Gaming", "Layer 1", "Memes", "Privacy")
    ]
    columns = ["week_start", "window_id", "sector", "return_cap_weighted_pct", "n_assets"]
    returns = pd.DataFrame(rows, columns=columns)
    history.place("sector_returns_weekly", returns)
    history.build("sector_dispersion_weekly")
    found = history.rows("select * from marts.sector_dispersion_weekly").set_index(["window_id", "week_start"])
    known = {}
    for (window_id, monday), group in returns[returns["n_assets"] >= 3].groupby(["window_id", "week_start"]):
        if len(group) < 2:
            continue
        expected = weekly.dispersion(group["return_cap_weighted_pct"].tolist())
        earlier = [
            v
            for (w, week), (v, n) in known.items()
            if w == window_id and week >= monday - 104 * WEEK and 2 * n >= len(group)
        ]
        agree(found.loc[(window_id, monday)], expected, (window_id, monday))
        # Equal in numpy is not always equal in SQL: ties are counted on one of them.
        known[(window_id, monday)] = found.loc[(window_id, monday), "dispersion_pp"], len(group)
        percentile = weekly.percentile(found.loc[(window_id, monday), "dispersion_pp"], earlier, 26)
        agree(found.loc[(window_id, monday)], {"percentile_104w": percentile}, (window_id, monday))
    assert len(known) == len(found) > 250 and found["percentile_104w"].notna().sum() > 200


def test_labels_of_curves(history):
    """The last slope that was published, by two of both ends and the spread, against what is usual of 104 weeks before.

    The series are older than the first week; labels are known from the 27th week of theirs on.
    """
    random = np.random.default_rng(2)
    weeks_before = 10
    days = pd.bdate_range(STARTS - weeks_before * WEEK, ENDS)
    values = {
        name: 4 + np.cumsum(size * random.standard_normal(len(days)))
        for name, size in (("DGS2", 0.04), ("DGS10", 0.06))
    }
    values["T10Y2Y"] = values["DGS10"] - values["DGS2"]
    series = {
        name: pd.DataFrame({
            "dataset": "macro_series", "provider": "fred", "series": name, "reference_date": days, "value": own,
            "released_at": days + pd.to_timedelta(random.choice([1, 1, 4], len(days)), unit="D"),
        })[random.random(len(days)) > missing]
        for (name, own), missing in zip(values.items(), (0.3, 0.1, 0.5), strict=True)
    }  # fmt: skip
    history.place("int_published_values", pd.concat(series.values()))
    history.build("macro_weekly")
    found = history.rows("select * from marts.macro_weekly where series_id = 'US_CURVE_2S10S'").set_index("week_start")
    curve = macro.slopes(series["DGS2"], series["DGS10"], series["T10Y2Y"])
    expected = macro.curve_rows(curve, pd.date_range(STARTS - weeks_before * WEEK, ENDS - WEEK, freq="7D"))
    for monday in MONDAYS:
        agree(found.loc[monday], expected[monday], (monday,))
    labels = found.sort_index()["label"]
    moves = {"bear steepener", "bull steepener", "bear flattener", "bull flattener", "unchanged"}
    assert set(labels.dropna()) == moves and labels.isna().sum() == 27 - weeks_before


def test_probability_of_a_cut(history):
    """The rate after the meeting that makes the future's month what it is; a quarter point lower is certain."""
    random = np.random.default_rng(3)
    meetings = history.rows("select * from seeds.fomc_meetings order by decided_on")
    days = pd.bdate_range(STARTS, ENDS)
    rate = pd.DataFrame({
        "dataset": "macro_series", "provider": "fred", "series": "DFF", "reference_date": days,
        "released_at": days + DAY, "value": 5 - 0.25 * np.cumsum(random.random(len(days)) < 0.02),
    })  # fmt: skip
    futures = pd.concat([
        pd.DataFrame({"series": series, "reference_date": days, "value": 95.5 + 0.5 * random.random(len(days))})
        for series in meetings["future_series"]
    ])  # fmt: skip
    futures = futures.assign(dataset="asset_class_prices", provider="yahoo", released_at=pd.NaT)
    futures = futures[random.random(len(futures)) > 0.3].astype({"reference_date": "datetime64[us]"})
    history.place("int_published_values", pd.concat([rate, futures]))
    history.build("macro_weekly")
    found = history.rows("select * from marts.macro_weekly where series_id = 'FED_CUT_PROBABILITY'")
    found = found.set_index("week_start")
    before, compared = None, 0
    for monday in MONDAYS:
        end = monday + WEEK
        meeting = meetings[meetings["decided_on"] >= end].iloc[0]
        own = futures[(futures["series"] == meeting["future_series"]) & (futures["reference_date"] < end)]
        own = own[own["reference_date"] >= end - WEEK].sort_values("reference_date")
        mean = 100 - own["value"].iloc[-1]
        now = macro.at(rate, end)["value"].iloc[-1]
        n = calendar.monthrange(meeting["decided_on"].year, meeting["decided_on"].month)[1]
        d = meeting["decided_on"].day
        # mean = (d·now + (n − d)·after)/n
        after = mean if meeting["is_month_after"] else (n * mean - d * now) / (n - d)
        probability = 100 * (now - after) / 0.25
        same = before is not None and before[0] == meeting["decided_on"]
        expected = {
            "value_as_released": probability,
            "reference_date": own["reference_date"].iloc[-1],
            "previous_value": before[1] if same else None,
            "label": f"a cut of 25 bp on {meeting['decided_on']:%Y-%m-%d}",
        }
        agree(found.loc[monday], expected, (monday,))
        before = (meeting["decided_on"], probability)
        compared += 1
    assert compared == len(found) > 140


def test_streaks_of_the_worst_class(history):
    """A week in which a class has no data, or only it has, is no week as the worst."""
    random = np.random.default_rng(4)
    classes = history.rows("select * from seeds.asset_classes where priority = 1")
    fridays = pd.bdate_range(STARTS - 2 * WEEK, ENDS)
    closes = pd.concat([
        pd.DataFrame({
            "provider": row.provider, "series": row.series, "close_date": fridays,
            "close": 100 * np.exp(np.cumsum(0.02 * random.standard_normal(len(fridays)))),
        })[random.random(len(fridays)) > 0.1]
        for row in classes.head(2).itertuples()
    ])  # fmt: skip
    published = closes.rename(columns={"close_date": "reference_date", "close": "value"})
    published = published.assign(dataset="asset_class_prices", released_at=pd.NaT)
    history.place("int_published_values", published.astype({"reference_date": "datetime64[us]"}))
    top30 = pd.DataFrame({"week_start": MONDAYS, "window_id": "fri_fri", "index_id": "top30"})
    top30["return_pct"] = 5 * random.standard_normal(len(MONDAYS)) - 4
    top30 = top30[random.random(len(top30)) > 0.1]
    history.place("index_returns_weekly", top30)
    history.build("asset_class_returns_weekly")
    found = history.rows("select * from marts.asset_class_returns_weekly").set_index(["week_start", "asset_class"])
    spans = history.rows("select * from core.core_windows where window_id = 'fri_fri' order by week_start")
    quoted = {key: rows.set_index("close_date")["close"] for key, rows in closes.groupby(["provider", "series"])}
    crypto = top30.set_index("week_start")["return_pct"]
    streaks, longest, compared = {}, 0, 0
    for window in spans.itertuples():
        returns = weekly.class_returns(quoted, classes, window.starts_at.normalize(), window.ends_at.normalize())
        if window.week_start in crypto.index:
            returns["crypto"] = crypto[window.week_start]
        places = weekly.ranked(returns)
        worst = max(places, key=places.get) if len(places) > 1 else None
        streaks = {worst: streaks.get(worst, 0) + 1} if worst else {}
        longest = max(longest, *streaks.values(), 0)
        for name, value in returns.items():
            agree(found.loc[(window.week_start, name)], {
                "return_pct": value, "rank": places[name], "n_classes": len(places), "is_worst": name == worst,
                "worst_streak_weeks": streaks.get(name, 0),
            }, (window.week_start, name))  # fmt: skip
            compared += 1
    assert compared == len(found) > 250 and longest >= 4
