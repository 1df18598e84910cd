"""Indices: a rebalance moves nothing, and no weight is above its cap."""

import numpy as np
import pandas as pd
import pytest

from tests.independent.returns import capped
from tests.properties.bench import run_of

pytestmark = pytest.mark.xdist_group("models")

HOUR = pd.Timedelta(hours=1)
STARTS = pd.Timestamp("2025-09-15")
ENDS = pd.Timestamp("2025-11-10")
CAP = 0.25


def random_universe(random, moments, n_assets=45):
    """Caps, sectors and who is eligible drawn anew at every moment: each choice is of other members and weights."""
    caps = 10 ** random.uniform(6, 12, (len(moments), n_assets))
    is_eligible = random.random(caps.shape) < random.choice([0.55, 0.8, 0.95], (len(moments), 1))
    frame = pd.DataFrame({
        "valued_at": np.repeat(moments, n_assets),
        "asset_id": np.tile([f"coin-{k:02}" for k in range(n_assets)], len(moments)),
        "market_cap_usd": caps.ravel(),
        "is_eligible": is_eligible.ravel(),
        "sector": random.choice(["AI", "DeFi", "Memes", "Privacy"], caps.size, p=[0.5, 0.3, 0.15, 0.05]),
    })  # fmt: skip
    eligible = frame[frame["is_eligible"]]
    return frame.assign(rank=eligible.groupby("valued_at")["market_cap_usd"].rank(ascending=False)).astype(
        {"rank": "Int64"}
    )


def random_returns(random, assets, *, is_flat):
    hours = pd.date_range(STARTS + HOUR, ENDS, freq="h")
    values = 0.01 * random.standard_t(4, (len(hours), len(assets)))
    return pd.DataFrame(0.0 if is_flat else values, index=hours, columns=assets)


def indices_built(bench, seed, *, is_flat):
    random = np.random.default_rng(seed)
    bench.place("run_context", run_of(STARTS, ENDS))
    bench.build("core_windows", "core_valuation_times")
    moments = bench.rows("select valued_at from core.core_valuation_times order by 1")["valued_at"].to_numpy()
    universe = random_universe(random, moments)
    bench.place("core_universe", universe)
    returns = random_returns(random, sorted(universe["asset_id"].unique()), is_flat=is_flat)
    long = returns.rename_axis("price_at").reset_index().melt("price_at", var_name="asset_id", value_name="log_return")
    bench.place("core_prices_hourly", long)
    bench.build("int_index_baskets", "int_index_drifts", "index_levels_hourly")
    levels = bench.rows("select index_id, level_at, level from marts.index_levels_hourly")
    assert not levels.duplicated(["index_id", "level_at"]).any()
    chosen = bench.rows("select index_id, chosen_at, asset_id, weight from intermediate.int_index_baskets")
    return levels.set_index(["index_id", "level_at"])["level"].sort_index(), chosen, returns


@pytest.mark.parametrize("seed", range(3))
def test_where_no_price_moves_no_index_moves_whoever_is_chosen(bench, seed):
    levels, chosen, _ = indices_built(bench, seed, is_flat=True)
    assert set(chosen["index_id"]) >= {"top30", "total_market", "AI"}
    assert chosen.groupby("index_id")["chosen_at"].nunique()["top30"] >= 2
    assert levels.to_numpy() == pytest.approx(1000.0, rel=1e-12)


@pytest.mark.parametrize("seed", range(3, 6))
def test_before_a_rebalance_the_old_basket_moves_an_index_and_after_it_the_new_one(bench, seed):
    levels, chosen, returns = indices_built(bench, seed, is_flat=False)
    compared = 0
    for index_id, choices in chosen.groupby("index_id"):
        level = levels[index_id]
        held = None
        for moment, basket in choices.groupby("chosen_at"):
            weights = basket.set_index("asset_id")["weight"]
            if held is not None and moment in level.index and moment - HOUR in level.index:
                drifted = held[1] * np.exp(returns.loc[held[0] + HOUR : moment - HOUR, held[1].index].sum())
                of_old = (drifted / drifted.sum() * np.exp(returns.loc[moment, held[1].index])).sum()
                assert level[moment] / level[moment - HOUR] == pytest.approx(of_old, rel=1e-9), (index_id, moment)
                compared += 1
            if moment + HOUR in level.index:
                of_new = (weights * np.exp(returns.loc[moment + HOUR, weights.index])).sum()
                assert level[moment + HOUR] / level[moment] == pytest.approx(of_new, rel=1e-9), (index_id, moment)
            held = (moment, weights)
    assert compared > 15


def random_caps(random, n):
    """From nearly equal to one coin that is nearly everything; some exactly at the cap, some equal."""
    caps = 10 ** (random.uniform(0, 8) * random.random(n) ** random.uniform(0.5, 4))
    caps = np.sort(caps)[::-1]
    kind = random.integers(4)
    if kind == 1:
        caps[:3] = caps[0]
    elif kind == 2:
        caps[0] = caps[1:30].sum() / 3  # a quarter exactly
    elif kind == 3:
        caps[0] *= 1e6
    return np.sort(caps)[::-1]


def test_weights_obey_the_cap_and_add_up(bench):
    random = np.random.default_rng(7)
    days = pd.date_range("2020-01-01", periods=400, freq="D")
    pieces = []
    for day in days:
        caps = random_caps(random, int(random.integers(30, 60)))
        pieces.append(pd.DataFrame({
            "valued_at": day, "asset_id": [f"coin-{k:02}" for k in range(len(caps))], "rank": range(1, len(caps) + 1),
            "market_cap_usd": caps, "is_eligible": True, "sector": None,
        }))  # fmt: skip
    universe = pd.concat(pieces).astype({"sector": "string"})
    bench.place("run_context", run_of(days[0], days[-1]))
    bench.place(
        "core_valuation_times",
        pd.DataFrame({"valued_at": days, "is_day_end": True, "is_monday": False, "is_rebalancing": True}),
    )
    bench.place("core_universe", universe)
    bench.build("int_index_baskets")
    found = bench.rows("select * from intermediate.int_index_baskets where index_id = 'top30'")
    n_at_cap = []
    for day, basket in found.groupby("chosen_at"):
        weights = basket.set_index("asset_id")["weight"].sort_index()
        caps = universe[(universe["valued_at"] == day) & (universe["rank"] <= 30)].set_index("asset_id")[
            "market_cap_usd"
        ]
        assert len(weights) == 30
        assert weights.max() <= CAP + 1e-12 and weights.min() > 0
        assert weights.sum() == pytest.approx(1, abs=1e-12)
        assert weights.to_numpy() == pytest.approx(capped(caps, CAP)[weights.index].to_numpy(), rel=1e-9)
        is_free = weights < CAP - 1e-9
        in_proportion = weights[is_free] / caps[weights.index][is_free]
        assert in_proportion.max() == pytest.approx(in_proportion.min(), rel=1e-9)
        n_at_cap.append((~is_free).sum())
    assert found["chosen_at"].nunique() == len(days) and set(n_at_cap) >= {0, 1, 2, 3}
