"""The plausible week with the week before it, and with every mart that a page reads: votes, macro, flow, headlines."""

from datetime import date, datetime, timedelta

import duckdb

from tests.unit.report.marts_by_hand import WEEK, insert, plausible_marts

BEFORE = WEEK - timedelta(days=7)
SUNDAY = date(2025, 11, 23)

COLUMNS = {
    "regime_weekly": "week_start date, leverage_state text, funding_state text, flow_state text, "
    "volatility_state text, correlation_state text, breadth_state text, macro_state text, verdict text, "
    "previous_verdict text, weeks_in_verdict bigint, coverage_pct double, confirmed_verdict text, "
    "held_over_states text",
    "regime_evidence_weekly": "week_start date, dimension text, evidence_id text, metric_id text, value double, "
    "threshold double, percentile double, measure text, vote text, level bigint, stays_up_to bigint, "
    "stays_down_to bigint, weight double, coverage_pct double, source_table text",
    "headlines_weekly": "week_start date, metric_id text, value double, unit text, previous_value double, "
    "change double, percentile_365d double, first_since_date date, run_weeks bigint, longest_run_since_date date, "
    "value_date date, run_began_on date, name text, section text, level double, side bigint",
    "macro_weekly": "week_start date, series_id text, reference_date date, released_at timestamp, "
    "value_as_released double, previous_value double, change double, unit text, label text, name text, "
    "is_stale boolean, frequency text",
    "asset_class_returns_weekly": "week_start date, asset_class text, return_pct double, rank bigint, "
    "is_worst boolean, worst_streak_weeks bigint, n_classes bigint, provider text, series text",
    "spot_perp_volume_weekly": "week_start date, window_id text, spot_volume_usd double, perp_volume_usd double, "
    "spot_share_pct double, spot_volume_vs_4w_pct double, is_us_holiday_week boolean, holiday text, "
    "holiday_adjusted_residual double, n_holiday_precedents bigint, coverage_pct double, n_markets bigint",
    "liquidations_weekly": "week_start date, asset_id text, long_usd double, short_usd double, "
    "open_interest_usd double, to_open_interest_pct double, n_venues bigint, status text",
    "positioning_weekly": "week_start date, asset_id text, long_short_account_ratio double, n_venues bigint",
    "sector_dispersion_weekly": "week_start date, window_id text, dispersion_pp double, range_pp double, "
    "percentile_104w double, n_sectors bigint",
    "week_ahead": "week_start date, event_date date, kind text, event_id text, name text, is_estimated boolean",
    "correlation_gap_weekly": "week_start date, window_id text, horizon text, top10_minus_tail double, "
    "ci_low double, ci_high double, is_significant boolean",
}

# Dimension, evidence, value, threshold, percentile, vote, level, and how far it would still keep a state.
VOTES = (
    ("leverage", "open_interest_to_market_cap_pct", 5.0, None, 0.58, "neutral", 0, None, None),
    ("leverage", "market_weekly_funding_annualised_pct", -3.8, 0.1, 0.0, "reset", -2, None, -2),
    ("leverage", "position_effect_sds", -1.6, -0.75, None, "deleveraging", -1, None, -1),
    ("funding", "btc_weekly_funding_annualised_pct", -2.8, -0.5, 0.0, "negative", -2, None, -2),
    ("funding", "market_weekly_funding_annualised_pct", -3.8, -0.5, 0.0, "negative", -2, None, -2),
    ("funding", "median_weekly_funding_annualised_pct", -4.2, -0.5, 0.0, "negative", -2, None, -2),
    ("volatility", "btc_rv_7d_pct", 64.1, 0.75, 0.94, "elevated", 1, 2, None),
    ("volatility", "eth_rv_7d_pct", 62.0, 0.95, 0.96, "stressed", 2, 2, None),
    ("volatility", "btc_rv_7d_to_rv_30d", 1.18, None, 0.97, "normal", 0, 1, None),
    ("correlation", "correlation_all_7d", 0.63, None, 0.74, "normal", 0, 1, None),
    ("correlation", "average_correlation_to_btc_7d", 0.70, None, 0.94, "normal", 0, 1, None),
    ("correlation", "correlation_all_7d", 0.63, None, 0.74, "normal", 0, None, None),
    ("breadth", "share_of_assets_negative_pct", 100.0, 75.0, 0.94, "broad_risk_off", -1, None, -1),
    ("breadth", "share_of_sectors_negative_pct", 100.0, 75.0, 0.86, "broad_risk_off", -1, None, -1),
    ("breadth", "equal_weighted_return_pct", -9.4, -3.0, 0.13, "broad_risk_off", -1, None, -1),
)

HEADLINES = (
    # metric, value, unit, the week before, first since, level, side, name, section
    ("total_market_cap_usd", 2.97e12, "USD", 3.17e12, date(2025, 4, 30), 3e12, -1, "Total market cap", "market"),
    ("btc_funding_annualised_pct", -5.9, "percent a year", 3.1, date(2025, 10, 26), 0.0, -1, "Bitcoin funding",
     "leverage"),
    ("open_interest_usd", 135.0e9, "USD", 156.0e9, date(2025, 7, 2), None, -1, "Perpetual open interest",
     "leverage"),
    ("btc_rv_7d_daily_pct", 49.8, "percent a year", 40.7, date(2025, 11, 6), 50.0, -1,
     "Bitcoin 7-day realised volatility (daily)", "volatility"),
    ("btc_rv_7d_pct", 64.1, "percent a year", 54.0, date(2025, 10, 16), None, 1,
     "Bitcoin 7-day realised volatility (hourly)", "volatility"),
    ("correlation_all_7d", 0.6306, "correlation", 0.6338, None, None, -1, "Average correlation in the top 100",
     "volatility"),
    ("share_of_assets_negative_pct", 93.0, "percent", 81.0, None, 50.0, 1, "Share of assets that fell", "market"),
    ("spot_share_pct", 25.6, "percent", 21.3, None, None, 1, "Spot share of volume", "flow"),
    ("usdjpy", 156.5, "yen", 154.492, date(2025, 1, 12), None, 1, "Dollar–yen", "macro"),
    ("dollar_index", 100.1, "index points", 99.306, date(2025, 5, 18), 100.0, 1, "Dollar index", "macro"),
    ("cut_probability_pct", 30.114, "percent", 45.467, None, 50.0, -1, "Odds of a Fed cut at the next meeting",
     "macro"),
)  # fmt: skip


def two_weeks_marts() -> duckdb.DuckDBPyConnection:
    """The week of 2025-11-17 after a week of another verdict, with every mart filled."""
    con = plausible_marts()
    for table, columns in COLUMNS.items():
        con.execute(f"drop table if exists marts.{table}")
        con.execute(f"create table marts.{table} ({columns})")
    insert(
        con,
        "regime_weekly",
        (WEEK, "deleveraging", "negative", "insufficient_data", "elevated", "systemic", "broad_risk_off", "headwind",
         "deleveraging", "risk_off", 1, 100.0, "deleveraging", "correlation"),
        (BEFORE, "neutral", "below_neutral", "balanced", "elevated", "systemic", "broad_risk_off",
         "insufficient_data", "risk_off", "risk_off", 3, 100.0, "risk_off", ""),
    )  # fmt: skip
    for number, (dimension, metric, value, threshold, percentile, vote, level, up, down) in enumerate(VOTES):
        insert(con, "regime_evidence_weekly", (WEEK, dimension, f"e{number}", metric, value, threshold, percentile,
               "value", vote, level, up, down, 1.0, 100.0, "a_mart"))  # fmt: skip
    # What a state is called at a level that nobody votes for this week stands in an earlier one.
    insert(con, "regime_evidence_weekly", (BEFORE, "correlation", "e9", "correlation_all_7d", 0.7, 0.65,
           0.9, "value", "systemic", 1, 1, None, 1.0, 100.0, "a_mart"))  # fmt: skip
    for metric, value, unit, before, since, at, side, name, section in HEADLINES:
        insert(con, "headlines_weekly", (WEEK, metric, value, unit, before, value - before, 0.5, since, 1,
               date(2025, 10, 26), SUNDAY, SUNDAY, name, section, at, side))  # fmt: skip
    for sector, rank, returned in (("AI", 1, -5.6), ("Privacy", 2, -7.0), ("Gaming", 3, -14.3)):
        insert(con, "sector_returns_weekly", (BEFORE, "mon_mon", sector, returned, returned, returned, 0.0, rank, 5,
               None))  # fmt: skip
    _macro(con)
    for window in ("mon_mon", "fri_fri"):
        insert(con, "spot_perp_volume_weekly", (WEEK, window, 120.05e9, 348.43e9, 25.6, 32.9, True, "Thanksgiving",
               0.285, 3, 100.0, 28))  # fmt: skip
        insert(con, "sector_dispersion_weekly", (WEEK, window, 2.27, 7.9, 0.355, 11))
        for horizon in ("7d", "30d"):
            insert(con, "correlation_gap_weekly", (WEEK, window, horizon, 0.25, 0.21, 0.29, window == "mon_mon"))
    insert(con, "liquidations_weekly", (WEEK, "ALL", 2.66e6, 2.43e6, 156e9, 0.003, 1, "partial"))
    insert(con, "positioning_weekly", (WEEK, "bitcoin", 1.29, 2))
    insert(
        con,
        "week_ahead",
        (WEEK, date(2025, 11, 27), "us_holiday", "nyse", "Thanksgiving", False),
        (WEEK, date(2025, 11, 28), "expiry", "monthly_expiry", "monthly_expiry", False),
        (WEEK, date(2025, 12, 10), "decision", "fomc", "FOMC decision", False),
    )
    return con


def _macro(con: duckdb.DuckDBPyConnection) -> None:
    released, day = datetime(2025, 11, 20, 13, 30), date(2025, 11, 21)
    insert(
        con,
        "macro_weekly",
        (WEEK, "PAYEMS", date(2025, 9, 1), released, 159543.0, 159424.0, 119.0, "thousand persons", None,
         "US nonfarm payrolls", False, "month"),
        (WEEK, "ICSA", date(2025, 11, 15), released, 233000.0, 234000.0, -1000.0, "persons", None,
         "US initial jobless claims", False, "week"),
        (WEEK, "UNRATE", date(2025, 9, 1), released, 4.4, None, None, "percent", None,
         "US unemployment rate", False, "month"),
        (WEEK, "WALCL", date(2025, 11, 19), released, 6560000.0, 6559187.0, 813.0, "million USD", None,
         "Federal Reserve balance sheet", False, "week"),
        (WEEK, "USDJPY", day, released, 156.5, 154.492, 2.008, "yen", None, "Dollar–yen", False, "day"),
        (WEEK, "DCOILWTICO", day, released, 58.6943, 60.1866, -1.4923, "USD a barrel", None, "WTI crude", False, "day"),
        (WEEK, "FED_CUT_PROBABILITY", day, released, 30.114, 45.467, -15.352, "percent",
         "a cut of 25 bp on 2025-12-10", "Probability of a Fed rate cut", False, "day"),
        (WEEK, "JGB_CURVE_10S30S", day, released, 1.54, 1.46, 0.08, "percentage points", "bear steepener",
         "JGB 10s30s curve", False, "day"),
        (WEEK, "US_CURVE_2S10S", day, released, 0.55, 0.52, 0.03, "percentage points", "unchanged",
         "US 2s10s curve", False, "day"),
    )  # fmt: skip
    for rank, (name, returned, series) in enumerate(
        (("dollar", 0.8, "UUP"), ("US equities", -1.9, "SPY"), ("crypto", -10.6, "top30")), start=1
    ):
        is_worst = name == "crypto"
        insert(con, "asset_class_returns_weekly", (WEEK, name, returned, rank, is_worst, 3 if is_worst else 0, 3,
               "yahoo", series))  # fmt: skip
