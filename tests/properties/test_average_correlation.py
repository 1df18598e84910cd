"""The closed form of the average pairwise correlation, with every block left out in turn, equals all pairs in numpy."""

import numpy as np
import pandas as pd
import pytest

from tests.properties.correlated import DAY, ENDS, HOUR, one_factor

pytestmark = pytest.mark.xdist_group("models")

SIZES = {"1-10": 10, "11-50": 17, "51-100": 8}


def awkward(market, random):
    """A coin that never moves, one that moves in a single block, two that are one, one with a hole, one mirrored."""
    returns = market.returns.copy()
    coins = [c for c in returns.columns if c != "bitcoin"]
    flat, jumpy, twin, holed, mirrored, scaled = random.choice(coins, 6, replace=False)
    returns[flat] = 0.0
    returns[jumpy] = 0.0
    jump = ENDS - pd.Timedelta(hours=int(random.integers(30, 130)))
    returns.loc[jump : jump.ceil("D"), jumpy] = 0.02 * random.standard_normal(len(returns.loc[jump : jump.ceil("D")]))
    returns[twin] = returns["bitcoin"]
    returns[mirrored] = -returns["bitcoin"] + 1e-5 * random.standard_normal(len(returns))
    returns[scaled] *= 1e-6
    returns.loc[ENDS - 5 * DAY + 7 * HOUR, holed] = np.nan
    return type(market)(market.starts_at, market.buckets, returns)


def all_pairs(panel):
    """The plain mean over all pairs; a coin that does not move has no correlation with any."""
    moving = panel.loc[:, panel.nunique() > 1]
    if moving.shape[1] < 2:
        return None
    matrix = np.corrcoef(moving.to_numpy().T)
    return matrix[np.triu_indices_from(matrix, 1)].mean()


@pytest.mark.parametrize("seed", range(4))
def test_every_estimate_is_the_mean_over_all_pairs(bench, seed):
    random = np.random.default_rng(seed)
    market = one_factor(seed, 2, SIZES, {"1-10": 0.7, "11-50": 0.5, "51-100": 0.3})
    market = awkward(market, random) if seed else market
    market.windows_built(bench)
    blocks = bench.rows("select * from intermediate.int_correlation_blocks order by block_number")
    key = ["week_start", "window_id", "horizon", "rank_bucket"]
    estimates = bench.rows(
        "select *, member_group as rank_bucket from intermediate.int_correlation_estimates where group_kind = 'bucket'"
    ).set_index(key)
    jackknife = bench.rows("select * from intermediate.int_jackknife_correlations").set_index([*key, "left_out_block"])
    compared = 0
    for (week, window_id, horizon), own in blocks.groupby(["week_start", "window_id", "horizon"]):
        begin, end = own["starts_at"].min(), own["ends_at"].max()
        hours = market.returns.loc[begin + HOUR : end]
        hours = hours.loc[:, hours.notna().all() & (hours != 0).any()]
        for group in (*SIZES, "all"):
            panel = hours[[c for c in hours if group in (market.buckets[c], "all")]]
            of = (week, window_id, horizon, group)
            assert estimates.loc[of, "n_assets"] == panel.shape[1]
            said = [(estimates.loc[of], panel)] + [
                (jackknife.loc[(*of, b.block_number)], panel.drop(panel.loc[b.starts_at + HOUR : b.ends_at].index))
                for b in own.itertuples()
            ]
            for row, left in said:
                expected = all_pairs(left)
                assert row["average_pairwise_correlation"] == pytest.approx(expected, rel=1e-9, abs=1e-9), row.name
                compared += 1
    assert compared == len(estimates) + len(jackknife) > 500
