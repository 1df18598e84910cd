"""One row per day: which of two states a statistical jump model saw the market in at its end, from the past alone.

Shu, Yu and Mulvey (2024), "Downside risk reduction using regime-switching signals: a statistical jump model approach",
Journal of Asset Management 25(5): the features. Aydınhan, Kolm, Mulvey and Shu (2024), "Identifying patterns in
financial markets", Annals of Operations Research: the continuous model, which has a probability. Both are in the
library `jumpmodels`. Nothing was tuned on real prices, nor on what followed: the penalty was chosen on made markets of
known state, where 600 told spells of months two months late and smaller ones changed more often than the market.
"""

import numpy as np
import pandas as pd

# No state before so many days of returns: half a year, as for every percentile of ours.
LEAST_DAYS = 182
# From then on the model is fitted anew each year, on at most four years: one cycle of bitcoin's issuance.
REFITTED_EVERY_DAYS = 364
FITTED_ON_DAYS = 1461
# Means over less than this say nothing of a half-life of weeks.
WARM_UP_DAYS = 20
JUMP_PENALTY = 50.0
CLIPPED_AT_SDS = 3.0
STARTS = 3
LEAST_HOURS_OF_A_DAY = 22


def model(dbt, session):
    """What dbt calls: the market's returns by day, and the state of each day."""
    dbt.config(materialized="table")
    levels = dbt.ref("index_levels_daily").filter("index_id = 'top30' and return_1d_pct is not null")
    hours = dbt.ref("prices_hourly").filter("asset_id = 'bitcoin' and log_return is not null")
    return with_states(market_returns(_frame(levels), _frame(hours)))


def _frame(relation):
    return relation.df() if hasattr(relation, "df") else relation.toPandas()  # DuckDB's, or Spark's


def market_returns(levels, hours):
    """market_date, return_1d_pct, measured_on: of the top-30 index; of bitcoin on the days before it begins."""
    days = (hours["price_at"] - pd.Timedelta(hours=1)).dt.floor("D").rename("market_date")
    by_day = hours["log_return"].groupby(days)
    moves = 100 * np.expm1(by_day.sum()[by_day.count() >= LEAST_HOURS_OF_A_DAY])
    index = pd.Series(levels["return_1d_pct"].to_numpy(), pd.to_datetime(levels["market_date"]).to_numpy())
    before = moves[moves.index < index.index.min()] if len(index) else moves
    found = pd.concat(
        [
            pd.DataFrame({"return_1d_pct": before, "measured_on": "bitcoin"}),
            pd.DataFrame({"return_1d_pct": index, "measured_on": "top30"}),
        ]
    )
    return found.sort_index().rename_axis("market_date").reset_index()


def features(returns):
    """Downside deviation and Sortino ratios of the days so far, each weighted by its half-life in days."""
    downside = returns.clip(upper=0) ** 2

    def deviation(half_life):
        return np.sqrt(downside.ewm(halflife=half_life).mean()).replace(0, np.nan)

    return pd.DataFrame(
        {"downside_deviation_10d_pct": deviation(10)}
        | {f"sortino_{days}d": returns.ewm(halflife=days).mean() / deviation(days) for days in (20, 60)}
    )


def with_states(market):
    """The market's days with features, state, its probability and what the model had been fitted on.

    The state of a day is the last of those that explain the days up to it (online): no later day changes it. A fit sees
    the days up to the first one that it is used for.
    """
    found = market.join(features(market["return_1d_pct"]))
    found["low_probability"] = np.nan
    found["fitted_on_days"] = pd.array([pd.NA] * len(found), dtype="Int64")
    is_usable = found[["downside_deviation_10d_pct", "sortino_20d", "sortino_60d"]].notna().all(axis=1)
    known = found.index[is_usable & (found.index >= WARM_UP_DAYS)]
    for first in range(LEAST_DAYS - 1, len(found), REFITTED_EVERY_DAYS):
        past = known[known <= first][-FITTED_ON_DAYS:]
        until = known[known < first + REFITTED_EVERY_DAYS]
        probability = _online(found, past, until[until >= past.min()]) if len(past) > WARM_UP_DAYS else None
        if probability is not None:
            shown = probability[probability.index >= first]
            found.loc[shown.index, "low_probability"] = shown
            found.loc[shown.index, "fitted_on_days"] = len(past)
    found["state"] = np.where(found["low_probability"] > 0.5, "low", "high")
    found["state"] = found["state"].where(found["low_probability"].notna(), None)
    return found


def _online(found, past, days):
    """The probability of the low state on `days`, of a model fitted on `past`; None where that has one state only."""
    from jumpmodels.jump import JumpModel  # a second, and needed by nobody whose history is short

    columns = ["downside_deviation_10d_pct", "sortino_20d", "sortino_60d"]
    fitted = found.loc[past, columns]
    low, high = fitted.mean() - CLIPPED_AT_SDS * fitted.std(), fitted.mean() + CLIPPED_AT_SDS * fitted.std()
    clipped = found.loc[days, columns].clip(low, high, axis=1)
    scaled = (clipped - clipped.loc[past].mean()) / clipped.loc[past].std(ddof=0)
    if not np.isfinite(scaled.to_numpy()).all():
        return None
    jump_model = JumpModel(n_components=2, jump_penalty=JUMP_PENALTY, cont=True, n_init=STARTS, random_state=0)
    jump_model.fit(scaled.loc[past], found.loc[past, "return_1d_pct"], sort_by="ret")
    if not np.isfinite(jump_model.ret_).all():
        return None
    return jump_model.predict_proba_online(scaled).iloc[:, 1]
