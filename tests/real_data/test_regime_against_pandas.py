"""The regime of the real weeks: votes, states, verdicts and what is confirmed, against an independent computation."""

import pandas as pd
import pytest

from tests.independent import regime, scoreboard

pytestmark = [pytest.mark.real_data, pytest.mark.xdist_group("real_data")]


@pytest.fixture(scope="module")
def rules(marts):
    return marts("select * from seeds.regime_rules")


@pytest.fixture(scope="module")
def evidence(marts):
    return marts("select * from marts.regime_evidence_weekly")


def test_votes(evidence, rules):
    levels = rules.set_index(["dimension", "evidence_id", "level"])["state"]
    n_votes = 0
    for row in evidence.to_dict("records"):
        vote = regime.vote(pd.Series(row), rules)
        key = (row["dimension"], row["evidence_id"])
        expected = levels[(*key, vote.level)] if vote else None
        assert (row["vote"] if not pd.isna(row["vote"]) else None) == expected, (row["week_start"], *key)
        n_votes += vote is not None
    assert n_votes > 2000


def test_states_verdicts_and_what_is_confirmed(marts, evidence, rules):
    found = marts("select * from marts.regime_weekly order by week_start").set_index("week_start")
    expected = regime.regimes(evidence, rules, marts("select * from seeds.regime_verdicts")).set_index("week_start")
    pd.testing.assert_frame_equal(found[expected.columns], expected, check_dtype=False)
    assert (found["verdict"] != regime.UNKNOWN).sum() > 180 and (found["held_over_states"] != "").sum() > 20


def test_a_week_in_which_the_index_lost_a_tenth_is_called_a_fall(marts):
    """Nothing that rose before it, and no rule, makes it anything else; nor does what is confirmed."""
    found = marts(
        "select regime.week_start, verdict, confirmed_verdict from marts.regime_weekly as regime"
        " inner join marts.index_returns_weekly as index using (week_start)"
        " where index_id = 'top30' and window_id = 'mon_mon' and return_pct < -10 and verdict <> 'insufficient_data'"
    )
    assert len(found) >= 3
    falls = {"risk_off", "deleveraging", "capitulation"}
    assert set(found["verdict"]) <= falls and set(found["confirmed_verdict"]) <= falls


def test_what_followed_each_week_and_who_agreed(marts):
    hours = marts("select level_at, level from marts.index_levels_hourly where index_id = 'top30'")
    levels = hours.set_index("level_at")["level"]
    board = marts("select * from marts.regime_scoreboard")
    rules = board[board["model"] == "rules"].set_index("week_start")["label"]
    for row in board[board["week_start"] >= "2025-09-01"].to_dict("records"):
        monday = row["week_start"]
        expected = {
            "forward_1w_return_pct": scoreboard.forward_return(levels, monday, 1),
            "forward_4w_return_pct": scoreboard.forward_return(levels, monday, 4),
            "forward_4w_volatility_pct": scoreboard.forward_volatility(levels, monday),
        }
        for column, value in expected.items():
            assert row[column] == pytest.approx(value, rel=1e-9, nan_ok=True), (monday, column)
    for row in board.itertuples():
        expected = scoreboard.agreement(row.model, row.label, rules[row.week_start])
        assert (None if pd.isna(row.agrees_with_rules) else bool(row.agrees_with_rules)) == expected, row
    assert board["forward_1w_return_pct"].count() > 60 and board["forward_4w_volatility_pct"].count() > 50


def test_the_jump_model_knows_real_prices_since_2020_and_is_scored_apart(marts):
    """Bitcoin's days before the index begins; a replay is no publication in time, but for its last weeks."""
    board, found = marts("select * from marts.regime_scoreboard"), marts("select * from marts.regime_scores")
    states = board[(board["model"] == "jump_model") & (board["label"] != regime.UNKNOWN)]
    assert states["week_start"].min() < pd.Timestamp("2020-04-01") and len(states) > 300
    # LUNA and FTX
    fallen = states.set_index("week_start")["label"][["2022-06-13", "2022-11-14", "2022-11-21"]]
    assert set(fallen) == {"low"}
    columns = {("top30", 1): "forward_1w_return_pct", ("top30", 4): "forward_4w_return_pct",
               ("bitcoin", 1): "btc_forward_1w_return_pct", ("bitcoin", 4): "btc_forward_4w_return_pct"}  # fmt: skip
    for row in found[found["label"] == "ALL"].to_dict("records"):
        mine = board[(board["model"] == row["model"]) & (board["is_backfilled"] == row["is_backfilled"])]
        expected = scoreboard.scores(mine, columns[row["measured_on"], row["horizon_weeks"]])
        for name, value in expected.items():
            assert row[name] == pytest.approx(value, rel=1e-8, abs=1e-8, nan_ok=True), (row["model"], name)
