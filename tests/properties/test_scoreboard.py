"""The scoreboard of random years against an independent computation, and labels that stand as they were published."""

import numpy as np
import pandas as pd
import pytest

from tests.independent import scoreboard

pytestmark = pytest.mark.xdist_group("models")

DAY = pd.Timedelta(days=1)
MONDAYS = pd.date_range("2024-01-01", periods=60, freq="7D")
MEASURES = {
    ("top30", 1): "forward_1w_return_pct", ("top30", 4): "forward_4w_return_pct",
    ("bitcoin", 1): "btc_forward_1w_return_pct", ("bitcoin", 4): "btc_forward_4w_return_pct",
}  # fmt: skip
VERDICTS = ["range", "risk_on", "risk_off", "deleveraging", "capitulation", "insufficient_data"]


@pytest.fixture
def market(bench):
    """Levels by the hour (the index begins late, and has holes), verdicts, states, and bitcoin's weeks."""
    random = np.random.default_rng(5)
    hours = pd.date_range(MONDAYS[20], MONDAYS[-1] + 7 * DAY, freq="h")
    levels = pd.Series(1000 * np.exp(np.cumsum(random.normal(0, 0.006, len(hours)))), hours)
    # Two holes: one of a day, one of four days, in which 90 % of four weeks' hours are not known any more.
    levels = levels.drop(levels.loc["2024-07-02 03:00":"2024-07-03 02:00"].index)
    levels = levels.drop(levels.loc["2024-10-08 03:00":"2024-10-12 02:00"].index)
    by_hour = pd.DataFrame({"index_id": "top30", "level_at": levels.index, "level": levels.to_numpy(), "n_members": 30})
    bench.place("index_levels_hourly", pd.concat([by_hour, by_hour.assign(index_id="AI", level=7.0)]))
    bench.build("index_levels_daily")
    verdicts = random.choice(VERDICTS, len(MONDAYS))
    bench.place("regime_weekly", pd.DataFrame({
        "week_start": MONDAYS, "verdict": verdicts, "previous_verdict": [None, *verdicts[:-1]],
    }))  # fmt: skip
    days = pd.date_range(MONDAYS[26], MONDAYS[-1] + 6 * DAY)
    probability = random.choice([0.0, 0.25, 0.75, 1.0], len(days))
    bench.place("jump_model_daily", pd.DataFrame({
        "market_date": days, "low_probability": probability, "state": np.where(probability > 0.5, "low", "high"),
    }))  # fmt: skip
    bitcoin = pd.DataFrame({"week_start": MONDAYS, "asset_id": "bitcoin", "window_id": "mon_mon",
                            "return_pct": random.normal(0, 6, len(MONDAYS))})  # fmt: skip
    bench.place("universe_weekly", bitcoin.drop(index=33))
    bench.place("published_labels", pd.DataFrame({
        "week_start": MONDAYS[50:55].repeat(2), "model": ["rules", "jump_model"] * 5,
        "label": ["risk_off", "high"] * 5, "probability": [np.nan, 0.1] * 5,
        "published_at": pd.Timestamp("2025-01-01"),
    }).replace({np.nan: None}).astype({"probability": float}))  # fmt: skip
    bench.build("regime_labels_weekly", "regime_scoreboard", "regime_scores")
    return bench, levels, bitcoin.drop(index=33).set_index("week_start")["return_pct"]


def close(got, expected):
    return (pd.isna(got) and pd.isna(expected)) or got == pytest.approx(expected, rel=1e-9, abs=1e-8)


def test_what_followed(market):
    bench, levels, bitcoin = market
    rows = bench.rows("from marts.regime_scoreboard")
    assert len(rows) == 3 * len(MONDAYS) - 1  # persistence has nothing to say of the first
    for row in rows.itertuples():
        monday = row.week_start
        after = [bitcoin.get(monday + 7 * n * DAY, np.nan) for n in (1, 2, 3, 4)]
        expected = {
            "forward_1w_return_pct": scoreboard.forward_return(levels, monday, 1),
            "forward_4w_return_pct": scoreboard.forward_return(levels, monday, 4),
            "forward_4w_volatility_pct": scoreboard.forward_volatility(levels, monday),
            "btc_forward_1w_return_pct": after[0],
            "btc_forward_4w_return_pct": 100 * (np.prod([1 + r / 100 for r in after]) - 1),
        }
        for column, value in expected.items():
            assert close(getattr(row, column), value), (monday, column, getattr(row, column), value)
    known = rows[["forward_4w_return_pct", "forward_4w_volatility_pct"]].notna().sum()
    assert known.iloc[0] > known.iloc[1] > 90  # the long hole leaves returns and no volatility


def test_who_agreed_and_what_was_published_stands(market):
    bench, _, _ = market
    rows = bench.rows("from marts.regime_scoreboard")
    rules = rows[rows["model"] == "rules"].set_index("week_start")["label"]
    for row in rows.itertuples():
        expected = scoreboard.agreement(row.model, row.label, rules[row.week_start])
        got = None if pd.isna(row.agrees_with_rules) else bool(row.agrees_with_rules)
        assert got == expected, row
    published = rows[~rows["is_backfilled"]]
    assert len(published) == 10 and (published["published_at"] == pd.Timestamp("2025-01-01")).all()
    assert (
        set(published["label"]) == {"risk_off", "high"} and rows.loc[rows["is_backfilled"], "published_at"].isna().all()
    )
    computed = bench.rows("from marts.regime_labels_weekly")
    assert set(computed.loc[computed["week_start"].isin(MONDAYS[50:55]), "label"]) - {"risk_off", "high"}


def test_scores_never_mix_what_was_published_with_what_was_not(market):
    bench, _, _ = market
    rows, found = bench.rows("from marts.regime_scoreboard"), bench.rows("from marts.regime_scores")
    found = found.set_index(["model", "is_backfilled", "measured_on", "horizon_weeks", "label"]).sort_index()
    n_compared = 0
    for (model, is_backfilled), board in rows.groupby(["model", "is_backfilled"]):
        labels = set(board["label"]) - {scoreboard.UNKNOWN}
        for (measured_on, horizon), column in MEASURES.items():
            for label in ["ALL", *labels]:
                of_label = board if label == "ALL" else board[board["label"] == label]
                got = found.loc[(model, is_backfilled, measured_on, horizon, label)]
                for name, value in scoreboard.scores(of_label, column).items():
                    assert close(got[name], value), (model, is_backfilled, column, label, name, got[name], value)
                n_compared += 1
    assert n_compared == len(found) and set(found.index.get_level_values("is_backfilled")) == {True, False}
    assert found.loc[("rules", False, "top30", 1, "ALL"), "n_weeks"] == 5
