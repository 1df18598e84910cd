"""The regime of random years: states that come and go, verdicts of the week, and what is confirmed of them."""

import numpy as np
import pandas as pd
import pytest

from tests.independent import regime

pytestmark = pytest.mark.xdist_group("models")

MONDAYS = pd.date_range("2023-01-02", periods=156, freq="7D")
TOLD = (
    "select * replace (coalesce(previous_verdict, '') as previous_verdict) from marts.regime_weekly order by week_start"
)
COLUMNS = [
    *(f"{dimension}_state" for dimension in regime.DIMENSIONS),
    "verdict", "previous_verdict", "weeks_in_verdict", "confirmed_verdict", "held_over_states",
]  # fmt: skip


def measured(random, rules):
    """Measurements that linger about the bounds of their rules, with weeks in which one or nothing is known."""
    rows = []
    for (dimension, evidence_id), ranges in rules.groupby(["dimension", "evidence_id"]):
        is_percentile = ranges["measure"].iloc[0] == "percentile"
        bounds = np.unique(ranges[["from_value", "to_value"]].to_numpy().ravel())
        bounds = bounds[np.isfinite(bounds)]
        leave = ranges["leave_by"].max()
        at = random.integers(len(bounds))
        for week in MONDAYS:
            at = np.clip(at + random.choice([-1, 0, 0, 1]), 0, len(bounds) - 1)
            value = bounds[at] + random.choice([-2, -0.5, 0, 0.5, 2]) * leave
            value = np.clip(value, 0, 1) if is_percentile else value
            coverage = random.choice([100.0, 100.0, 100.0, 80.0, 79.0, np.nan])
            rows.append((week, dimension, evidence_id, ranges["measure"].iloc[0], value, value, coverage))
    names = ["week_start", "dimension", "evidence_id", "measure", "value", "percentile", "coverage_pct"]
    frame = pd.DataFrame(rows, columns=names)
    frame.loc[frame["week_start"].isin(random.choice(MONDAYS, 12, replace=False)), "coverage_pct"] = np.nan
    return frame


def as_told(evidence, rules):
    """The rows as regime_evidence_weekly says them."""
    states = rules.set_index(["dimension", "evidence_id", "level"])["state"]
    rows = []
    for row in evidence.to_dict("records"):
        vote = regime.vote(pd.Series(row), rules)
        kept = vote.would_keep if vote else frozenset()
        rows.append(
            row | {
                "vote": states[row["dimension"], row["evidence_id"], vote.level] if vote else None,
                "level": vote.level if vote else None,
                "stays_up_to": max((n for n in kept if n > 0), default=None),
                "stays_down_to": min((n for n in kept if n < 0), default=None),
                "weight": 1.0,
            }
        )  # fmt: skip
    return pd.DataFrame(rows).astype(dict.fromkeys(("level", "stays_up_to", "stays_down_to"), "Int64"))


@pytest.mark.parametrize("seed", range(3))
def test_states_verdicts_and_what_is_confirmed(bench, seed):
    random = np.random.default_rng(seed)
    rules, table = (bench.rows(f"from seeds.{name}") for name in ("regime_rules", "regime_verdicts"))
    evidence = measured(random, rules)
    bench.place("regime_evidence_weekly", as_told(evidence, rules))
    bench.build("regime_weekly")
    found = bench.rows("from marts.regime_weekly order by week_start")
    expected = regime.regimes(evidence, rules, table)
    pd.testing.assert_frame_equal(found[COLUMNS], expected[COLUMNS], check_dtype=False)
    # The market went through what matters: falls followed at once, rises that waited, states held over, nothing known.
    ranks = table.set_index("verdict")["rank_from_worst"]
    own, stands = found["verdict"].map(ranks), found["confirmed_verdict"].map(ranks)
    assert (own > stands).any() and not (own < stands).any()
    assert found["held_over_states"].str.contains(",").any() and (found["verdict"] == regime.UNKNOWN).any()
    assert found["verdict"].nunique() >= 5


def test_the_rest_of_a_history_changes_no_week_before(bench):
    rules = bench.rows("from seeds.regime_rules")
    evidence = as_told(measured(np.random.default_rng(7), rules), rules)
    bench.place("regime_evidence_weekly", evidence)
    bench.build("regime_weekly")
    whole = bench.rows(TOLD)
    for n_weeks in (1, 2, 40, 41, 42, 155):
        bench.place("regime_evidence_weekly", evidence[evidence["week_start"] < MONDAYS[n_weeks]])
        bench.build("regime_weekly")
        pd.testing.assert_frame_equal(bench.rows(TOLD), whole.head(n_weeks), check_dtype=False)
