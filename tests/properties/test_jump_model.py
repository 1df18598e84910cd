"""The jump model on markets whose state is known: it finds it, late by days, and no later day changes what it said."""

import runpy

import numpy as np
import pandas as pd
import pytest

from warehouse.builds.project import PROJECT_DIR

MODEL = runpy.run_path(str(PROJECT_DIR / "models" / "marts" / "regime" / "jump_model_daily.py"))
DAYS = pd.date_range("2023-01-01", periods=1200)


def made(seed):
    """Spells of months of a rising, calmer market and of a falling, restless one; the truth beside it."""
    random = np.random.default_rng(seed)
    is_low = np.zeros(len(DAYS), bool)
    for begins in range(90, len(DAYS), 300):
        is_low[begins : begins + random.integers(130, 170)] = True
    returns = np.where(is_low, random.normal(-1.0, 3.0, len(DAYS)), random.normal(0.6, 1.5, len(DAYS)))
    return pd.DataFrame({"market_date": DAYS, "return_1d_pct": returns, "measured_on": "top30"}), is_low


@pytest.fixture(scope="module")
def market():
    return made(3)


@pytest.mark.parametrize("seed", range(3))
def test_it_finds_the_state_that_made_the_market_late(seed):
    returns, is_low = made(seed)
    found = MODEL["with_states"](returns)
    known = found["state"].notna()
    is_right = (found["state"] == "low") == is_low
    assert known.sum() == len(DAYS) - MODEL["LEAST_DAYS"] + 1
    assert is_right[known].mean() > 0.7
    # Sixty days into a spell it is told, nearly always.
    same = pd.Series(is_low).rolling(60).sum().isin([0, 60])
    assert is_right[known & same].mean() > 0.9 and (known & same).sum() > 400
    assert found.loc[found["state"] == "low", "low_probability"].min() > 0.5
    assert found.loc[found["state"] == "high", "low_probability"].max() <= 0.5


def test_no_later_day_changes_a_state(market):
    returns, _ = market
    whole = MODEL["with_states"](returns)
    for n_days in (181, 182, 183, 545, 546, 547, 899):
        part = MODEL["with_states"](returns.head(n_days))
        pd.testing.assert_frame_equal(part, whole.head(n_days))
    again = MODEL["with_states"](returns)
    pd.testing.assert_frame_equal(again, whole)


def test_it_says_nothing_before_half_a_year_and_learns_from_no_more_than_it_says(market):
    returns, _ = market
    found = MODEL["with_states"](returns)
    assert found["state"].head(181).isna().all() and found["state"].iloc[181:].notna().all()
    fitted = found["fitted_on_days"].dropna().astype(int)
    assert (fitted <= fitted.index + 1 - MODEL["WARM_UP_DAYS"]).all()
    assert fitted.nunique() == len(range(181, len(DAYS), MODEL["REFITTED_EVERY_DAYS"]))


def test_its_features_are_those_of_the_paper(market):
    """Exponential weights of half-lives in days, by hand for the last day."""
    returns, _ = market
    moves = returns["return_1d_pct"].to_numpy()
    found = MODEL["features"](returns["return_1d_pct"]).iloc[-1]

    def mean(values, half_life):
        weights = 0.5 ** (np.arange(len(values))[::-1] / half_life)
        return (weights * values).sum() / weights.sum()

    losses = np.minimum(moves, 0) ** 2
    assert found["downside_deviation_10d_pct"] == pytest.approx(np.sqrt(mean(losses, 10)))
    for days in (20, 60):
        assert found[f"sortino_{days}d"] == pytest.approx(mean(moves, days) / np.sqrt(mean(losses, days)))


def test_bitcoin_stands_in_before_the_index_begins_and_a_day_of_few_hours_is_none():
    ends = pd.date_range("2025-01-01 01:00", "2025-01-05 00:00", freq="h")
    hours = pd.DataFrame({"price_at": ends, "log_return": 0.001})
    hours = hours.drop(index=range(24, 27))  # 21 hours are left of the second day
    levels = pd.DataFrame({"market_date": [pd.Timestamp("2025-01-04")], "return_1d_pct": [5.0]})
    found = MODEL["market_returns"](hours=hours, levels=levels)
    assert found["market_date"].dt.strftime("%d").tolist() == ["01", "03", "04"]
    assert found["measured_on"].tolist() == ["bitcoin", "bitcoin", "top30"]
    assert found["return_1d_pct"].tolist() == pytest.approx([100 * (np.exp(0.024) - 1)] * 2 + [5.0])


@pytest.mark.parametrize("returns", [np.zeros(400), np.full(400, 0.1), np.tile([1.0, -1.0], 200)])
def test_a_market_that_never_changes_is_no_reason_to_fail(returns):
    days = pd.date_range("2023-01-01", periods=len(returns))
    found = MODEL["with_states"](pd.DataFrame({"market_date": days, "return_1d_pct": returns, "measured_on": "top30"}))
    assert len(found) == len(returns) and set(found["state"].dropna()) <= {"low", "high"}


def test_without_prices_there_is_no_day():
    hours = pd.DataFrame({"price_at": pd.to_datetime([]), "log_return": np.array([], float)})
    levels = pd.DataFrame({"market_date": pd.to_datetime([]), "return_1d_pct": np.array([], float)})
    assert MODEL["with_states"](MODEL["market_returns"](levels, hours)).empty
