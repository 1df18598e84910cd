"""The correlation gap where the truth is known: no gap is called one, a gap of 0.15 is found.

200 weeks, each window and horizon. With no gap a week is wrong in 5 % of cases by chance: 200 independent ones have 10
of them with a standard deviation of 3.1, so that up to 15 (7.5 %, the 95 % point) are no excess. Horizons of 30 days
overlap, and are as good as 47 independent ones: up to 10.3 %.

The interval is a t interval of seven days that are taken to be alike. In longer simulations of this market 5.5 % of
weeks are called (4.6 % without the tails), and 8 % where days differ by 40 % in size: rare weeks of panic are judged
too easily.
"""

import pytest

from tests.properties.correlated import one_factor

pytestmark = pytest.mark.xdist_group("models")

WEEKS = 200
SIZES = {"1-10": 10, "51-100": 50}
MOST_CALLED_PCT = {"7d": 7.5, "30d": 10.3}


def called(bench, correlations, seed):
    """Of how many weeks the gap is called significant, in percent, by window and horizon."""
    one_factor(seed, WEEKS, SIZES, correlations).windows_built(bench)
    found = bench.rows("select * from marts.correlation_gap_weekly")
    assert (found.groupby(["window_id", "horizon"]).size() >= WEEKS - 1).all() and len(found) > 4 * WEEKS - 4
    assert (found["n_top10"] == 10).all() and (found["n_tail"] == 50).all() and found["ci_low"].notna().all()
    gap = correlations["1-10"] - correlations["51-100"]
    assert found["top10_minus_tail"].mean() == pytest.approx(gap, abs=0.01)
    return 100 * found.groupby(["window_id", "horizon"])["is_significant"].mean()


def test_equal_correlations_are_hardly_ever_called_different(bench):
    for (window_id, horizon), share in called(bench, {"1-10": 0.6, "51-100": 0.6}, seed=1).items():
        assert share <= MOST_CALLED_PCT[horizon], (window_id, horizon)


def test_a_gap_is_found(bench):
    for key, share in called(bench, {"1-10": 0.65, "51-100": 0.5}, seed=2).items():
        assert share >= 80, key
