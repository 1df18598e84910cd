"""metric_values on the full market: each metric is what the catalogue says, read again from the mart that it names."""

import csv

import numpy as np
import pandas as pd
import pytest

from warehouse.home import CHECKOUT

pytestmark = pytest.mark.xdist_group("full_market")

CATALOGUE = list(csv.DictReader((CHECKOUT / "dbt_project" / "seeds" / "metrics.csv").read_text().splitlines()))
DAY = pd.Timedelta(days=1)
WEEK = 7 * DAY


def per_week(rows: pd.DataFrame, formula) -> pd.Series:
    """Week → what a formula makes of its rows."""
    return pd.Series({week: formula(group) for week, group in rows.groupby("week_start")}, dtype=float)


def mean_by_assets(rows: pd.DataFrame, column: str) -> pd.Series:
    return per_week(rows, lambda group: np.average(group[column], weights=group["n_assets"]))


def falling_sectors(rows: pd.DataFrame) -> pd.Series:
    wide = rows[rows["n_assets"] >= 3]
    return per_week(wide, lambda group: 100 * (group["return_cap_weighted_pct"] < 0).mean())


def in_deviations(rows: pd.DataFrame) -> pd.Series:
    """Of the effect's share, in standard deviations of at most 104 and at least 26 weeks before."""
    shares = rows.set_index("week_start")["position_effect_usd"] / rows.set_index("week_start")["start_usd"]
    found = {}
    for week, share in shares.items():
        earlier = shares[(shares.index < week) & (shares.index >= week - 104 * WEEK)].dropna()
        found[week] = share / earlier.std() if len(earlier) >= 26 else np.nan
    return pd.Series(found)


def against_four_weeks(rows: pd.DataFrame) -> pd.Series:
    shares = rows.set_index("week_start")["spot_share_pct"]
    found = {}
    for week, share in shares.items():
        earlier = shares.reindex([week - n * WEEK for n in (1, 2, 3, 4)])
        found[week] = share - earlier.mean() if earlier.notna().all() else np.nan
    return pd.Series(found)


def sold_off(rows: pd.DataFrame) -> pd.Series:
    bears, bulls = rows["label"].str.startswith("bear", na=False), rows["label"].str.startswith("bull", na=False)
    return (bears.astype(int) - bulls.astype(int)).groupby(rows["week_start"]).sum().astype(float)


def by_row(rows: pd.DataFrame, formula) -> pd.Series:
    day = "market_date" if "market_date" in rows else "week_start"
    return formula(rows.set_index(day)).astype(float)


# Those that are not a column as it stands.
FORMULAS = {
    "share_of_assets_negative_pct": lambda rows: mean_by_assets(rows, "share_negative_pct"),
    "equal_weighted_return_pct": lambda rows: mean_by_assets(rows, "return_equal_weighted_pct"),
    "share_of_sectors_negative_pct": falling_sectors,
    "position_effect_sds": in_deviations,
    "spot_share_change_pp": against_four_weeks,
    "bear_curves": sold_off,
    "btc_rv_7d_to_rv_30d": lambda rows: by_row(rows, lambda r: r["rv_7d_pct"] / r["rv_30d_pct"]),
    "crypto_rank_share": lambda rows: by_row(
        rows[rows["n_classes"] > 1], lambda r: (r["rank"] - 1) / (r["n_classes"] - 1)
    ),
    "dollar_change_pct": lambda rows: by_row(rows, lambda r: 100 * r["change"] / r["previous_value"]),
    "open_interest_to_market_cap_like_for_like": lambda rows: by_row(
        rows, lambda r: 1e12 * r["like_for_like_index"] * r["to_market_cap_pct"] / r["total_usd"]
    ),
}


def source_rows(marts, metric: dict) -> pd.DataFrame:
    """The rows of a mart that the catalogue names; of hourly ones those of a day's end."""
    where = metric["source_rows"]
    if metric["source_table"] == "prices_hourly":
        return marts(
            "select cast(price_at - interval 1 day as date) as market_date, reference_price_usd"
            f" from marts.prices_hourly where {where} and hour(price_at) = 0"
        )
    return marts(f"select * from marts.{metric['source_table']} where {where} order by all")


@pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric["metric_id"])
def test_a_metric_is_what_the_catalogue_says(full_marts, metric):
    rows = source_rows(full_marts, metric)
    rows = rows.assign(**{day: pd.to_datetime(rows[day]) for day in ("market_date", "week_start") if day in rows})
    if "is_stale" in rows:  # what was published long before the week is no value of it
        rows = rows[~rows["is_stale"]]
    formula = FORMULAS.get(metric["metric_id"])
    expected = formula(rows) if formula else by_row(rows, lambda r: r[metric["source_columns"]])
    is_weekly = metric["frequency"] == "week"
    assert is_weekly == ("week_start" in rows)
    expected.index = pd.to_datetime(expected.index) + (6 * DAY if is_weekly else 0 * DAY)

    found = full_marts(
        f"select * from marts.metric_values where metric_id = '{metric['metric_id']}' order by value_date"
    ).set_index("value_date")
    assert found.index.is_unique and len(found) >= 3
    assert set(found["unit"]) == {metric["unit"]} and set(found["source_table"]) == {metric["source_table"]}
    known = found["value"].dropna()
    pd.testing.assert_series_equal(
        known, expected.dropna().sort_index(), rtol=1e-9, check_names=False, check_index_type=False, check_freq=False
    )


def test_a_weeks_figure_and_its_last_days_are_two_metrics(full_marts):
    """Funding of the week and of its Sunday: two ids, and seldom one number."""
    both = full_marts("""
        select of_week.value as week, of_day.value as day
        from marts.metric_values of_week
        inner join marts.metric_values of_day on of_day.value_date = of_week.value_date
        where of_week.metric_id = 'market_weekly_funding_annualised_pct'
            and of_day.metric_id = 'market_funding_annualised_pct'
    """)
    assert len(both) > 30 and (both["week"] - both["day"]).abs().median() > 0.1


def test_headlines_and_evidence_say_the_same_of_one_metric(full_marts):
    """What both tables have under one id is one number."""
    both = full_marts("""
        select evidence.metric_id, evidence.value as evidence, headlines.value as headline
        from marts.regime_evidence_weekly evidence
        inner join marts.headlines_weekly headlines
            on headlines.week_start = evidence.week_start and headlines.metric_id = evidence.metric_id
        where evidence.value is not null
    """)
    assert set(both["metric_id"]) == {
        "open_interest_to_market_cap_pct", "btc_rv_7d_pct", "eth_rv_7d_pct", "correlation_all_7d",
        "share_of_assets_negative_pct", "spot_share_pct",
    }  # fmt: skip
    assert np.allclose(both["evidence"], both["headline"], rtol=0, atol=1e-8)
