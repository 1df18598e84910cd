"""The regime of the real weeks: votes, states, verdicts and what is confirmed, against an independent computation."""

import pandas as pd
import pytest

from tests.independent import regime

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
