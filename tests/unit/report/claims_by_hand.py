"""Marts of one week, 2025-W47, made by hand for claims: every value is chosen, windows and conventions differ."""

from datetime import date, datetime, timedelta

import duckdb

WEEK = date(2025, 11, 17)
BEFORE = date(2025, 11, 10)
SUNDAY, SUNDAY_BEFORE = date(2025, 11, 23), date(2025, 11, 16)
WINDOWS = ("mon_mon", "fri_fri")


def claims_marts() -> duckdb.DuckDBPyConnection:
    """An open database with them."""
    con = duckdb.connect()
    con.execute("create schema marts")
    _market(con)
    _leverage(con)
    _macro_and_regime(con)
    _history(con)
    return con


def _table(con: duckdb.DuckDBPyConnection, name: str, columns: str, rows: list[tuple]) -> None:
    con.execute(f"create table marts.{name} ({columns})")
    if rows:
        con.executemany(f"insert into marts.{name} values ({', '.join('?' for _ in rows[0])})", rows)


def _market(con: duckdb.DuckDBPyConnection) -> None:
    _table(
        con, "universe_weekly", "week_start date, window_id text, asset_id text, symbol text, rank bigint,"
        " is_eligible boolean, return_pct double",
        [
            (WEEK, window, asset, symbol, rank, True, value)
            for rank, (asset, symbol, *values) in enumerate(
                (("bitcoin", "BTC", -8.0, -10.4), ("ethereum", "ETH", -9.5, -12.7), ("solana", "SOL", 2.5, -1.0),
                 ("uniswap", "UNI", -20.0, -21.0), ("near", "NEAR", -3.0, -3.5), ("ai-coin", "AI", 50.0, 50.0)), 1
            )
            for window, value in zip(WINDOWS, values, strict=True)
        ],
    )  # fmt: skip
    _table(
        con, "prices_hourly", "asset_id text, price_at timestamp, reference_price_usd double",
        [("bitcoin", datetime(2025, 11, 17), 94_000.0), ("bitcoin", datetime(2025, 11, 24), 86_480.0),
         ("bitcoin", datetime(2025, 11, 24, 5), 86_900.0),
         ("ethereum", datetime(2025, 11, 17), 3_095.0), ("ethereum", datetime(2025, 11, 24), 2_801.0)],
    )  # fmt: skip
    _table(
        con, "sector_returns_weekly", "week_start date, window_id text, sector text, return_cap_weighted_pct double,"
        " return_equal_weighted_pct double, return_median_pct double, rank bigint, n_assets bigint",
        [
            (WEEK, window, sector, *values, n)
            for sector, n, *both in (
                ("Layer 2", 6, (-18.2, -12.1, -13.0, 4), (-14.1, -12.0, -14.4, 3)),
                ("Gaming", 4, (-15.0, -16.3, -16.6, 3), (-20.0, -19.6, -18.7, 4)),
                ("AI", 5, (-8.0, -7.5, -11.8, 1), (-10.2, -8.0, -13.3, 1)),
                ("Layer 1", 22, (-8.1, -12.1, -11.9, 2), (-10.7, -13.9, -12.8, 2)),
                ("RWA", 2, (-40.0, -40.0, -40.0, None), (-41.0, -41.0, -41.0, None)),
            )
            for window, values in zip(WINDOWS, both, strict=True)
        ],
    )  # fmt: skip
    _table(
        con, "bucket_returns_weekly", "week_start date, window_id text, rank_bucket text,"
        " return_cap_weighted_pct double, return_equal_weighted_pct double, return_median_pct double, n_assets bigint",
        [
            (WEEK, window, bucket, value, value, value, 10)
            for bucket, *values in (("1-10", -8.1, -15.0), ("11-50", -13.1, -14.5), ("51-100", -10.7, -13.0))
            for window, value in zip(WINDOWS, values, strict=True)
        ],
    )  # fmt: skip
    _table(
        con, "index_returns_weekly", "week_start date, window_id text, index_id text, return_pct double",
        [(WEEK, window, index, value) for index, *values in (("top30", -8.4, -11.6), ("total_market", -8.2, -11.0))
         for window, value in zip(WINDOWS, values, strict=True)],
    )  # fmt: skip
    _table(
        con, "market_cap_daily", "market_date date, total_market_cap_usd double, total_ex_stablecoins_usd double,"
        " supply_age_days_max double",
        [(SUNDAY_BEFORE, 3.21e12, 2.93e12, 1.0), (SUNDAY, 2.986e12, 2.70e12, 1.0),
         (date(2025, 5, 7), 2.99e12, 2.75e12, 2.0), (date(2025, 5, 31), 3.2e12, 2.9e12, 2.0),
         (date(2025, 4, 30), 2.9e12, 2.7e12, 90.0)],
    )  # fmt: skip
    _table(
        con, "bucket_correlation_weekly", "week_start date, window_id text, rank_bucket text, horizon text,"
        " average_pairwise_correlation double",
        [(monday, window, bucket, horizon, value)
         for monday, window, bucket, horizon, value in (
             (WEEK, "mon_mon", "1-10", "7d", 0.72), (WEEK, "fri_fri", "1-10", "7d", 0.77),
             (BEFORE, "mon_mon", "1-10", "7d", 0.65), (WEEK, "mon_mon", "1-10", "30d", 0.68),
             (WEEK, "mon_mon", "all", "7d", 0.61))],
    )  # fmt: skip
    _table(
        con, "correlation_gap_weekly", "week_start date, window_id text, horizon text, ci_low double",
        [(WEEK, "mon_mon", "7d", -0.02), (WEEK, "fri_fri", "7d", 0.12)],
    )  # fmt: skip
    _table(con, "sector_dispersion_weekly", "week_start date, window_id text, dispersion_pp double",
           [(WEEK, "mon_mon", None), (WEEK, "fri_fri", None)])  # fmt: skip
    _table(
        con, "spot_perp_volume_weekly", "week_start date, window_id text, spot_volume_usd double,"
        " perp_volume_usd double, spot_share_pct double, spot_volume_vs_4w_pct double,"
        " holiday_adjusted_residual double",
        [(WEEK, "mon_mon", 120e9, 348e9, 25.6, 33.0, -0.1), (BEFORE, "mon_mon", 100e9, 360e9, 21.3, 0.7, 0.0)],
    )  # fmt: skip
    _table(
        con, "realised_volatility_daily", "asset_id text, market_date date, rv_7d_pct double, rv_7d_daily_pct double,"
        " rv_30d_pct double",
        [("bitcoin", SUNDAY, 65.8, 49.8, 50.4), ("bitcoin", SUNDAY_BEFORE, 49.2, 48.9, 44.5)],
    )  # fmt: skip


def _leverage(con: duckdb.DuckDBPyConnection) -> None:
    _table(
        con, "funding_weekly", "week_start date, window_id text, asset_id text, funding_rate_annualised_pct double,"
        " median_across_assets_pct double",
        [(WEEK, "mon_mon", "bitcoin", 5.6, None), (WEEK, "fri_fri", "bitcoin", 7.0, None),
         (WEEK, "mon_mon", "ethereum", -2.0, None), (WEEK, "fri_fri", "ethereum", -1.5, None),
         (WEEK, "mon_mon", "ALL", 3.6, 4.1), (WEEK, "fri_fri", "ALL", 4.3, 5.5)],
    )  # fmt: skip
    _table(
        con, "funding_daily", "market_date date, asset_id text, funding_rate_annualised_pct double",
        [(SUNDAY, "bitcoin", -0.9), (SUNDAY, "ethereum", -3.0), (SUNDAY, "ALL", 2.0)],
    )  # fmt: skip
    _table(
        con, "funding_runs", "asset_id text, run_start timestamp, run_end timestamp, sign bigint",
        [("bitcoin", datetime(2025, 11, 23, 5), datetime(2025, 11, 24, 3), -1)],
    )  # fmt: skip
    _table(
        con, "open_interest_market_daily", "market_date date, total_usd double, total_like_for_like_usd double",
        [(SUNDAY_BEFORE, 150e9, 148e9), (SUNDAY, 129e9, 129e9), (date(2025, 10, 3), 231e9, 231e9),
         (date(2025, 10, 8), 180e9, 180e9)],
    )  # fmt: skip
    _table(
        con, "open_interest_change_weekly", "week_start date, window_id text, oi_bucket text, start_usd double,"
        " end_usd double, position_effect_usd double",
        [(WEEK, "mon_mon", "long_tail", 24e9, 16e9, -5.8e9), (WEEK, "fri_fri", "long_tail", 23e9, 18e9, -3.5e9)],
    )  # fmt: skip
    _table(
        con, "liquidations_weekly", "week_start date, asset_id text, long_usd double, short_usd double, status text",
        [(WEEK, "ALL", 2.6e6, 2.4e6, "partial")],
    )  # fmt: skip


def _macro_and_regime(con: duckdb.DuckDBPyConnection) -> None:
    _table(
        con, "asset_class_returns_weekly", "week_start date, asset_class text, return_pct double, rank bigint,"
        " is_worst boolean, worst_streak_weeks bigint, n_classes bigint",
        [(WEEK, "crypto", -11.6, 3, True, 4, 3), (WEEK, "US equities", -1.9, 2, False, 0, 3),
         (WEEK, "gold", 1.2, 1, False, 0, 3)],
    )  # fmt: skip
    _table(
        con, "macro_weekly", "week_start date, series_id text, value_as_released double, previous_value double,"
        " change double, label text",
        [
            (WEEK, series, now, before, change, label)
            for series, now, before, change, label in (
                ("PAYEMS", 159543.0, 159424.0, 119.0, None), ("UNRATE", 4.4, 4.3, 0.1, None),
                ("FED_CUT_PROBABILITY", 30.1, 45.5, -15.4, "a cut of 25 bp on 2025-12-10"),
                ("USDJPY", 156.5, 154.5, 2.0, None), ("DOLLAR_INDEX", 100.1, 99.3, 0.8, None),
                ("GBRCPI_YOY", 3.6, 3.8, -0.2, None), ("DGS10", 4.06, 4.14, -0.08, None),
                ("VIXCLS", 23.5, 19.9, 3.6, None), ("ICSA", None, None, None, None),
                ("JGB_CURVE_10S30S", 1.54, 1.46, 0.08, "bear steepener"),
                ("JGB_CURVE_2S10S", 0.84, 0.83, 0.01, "unchanged"),
                ("US_CURVE_2S10S", 0.55, 0.52, 0.03, "bull steepener"),
            )
        ],
    )  # fmt: skip
    _table(
        con, "regime_weekly", "week_start date, leverage_state text, flow_state text, breadth_state text,"
        " macro_state text, verdict text",
        [(BEFORE, "neutral", "balanced", "mixed", "neutral", "range"),
         (WEEK, "insufficient_data", "spot_led", "broad_risk_off", "insufficient_data", "risk_off")],
    )  # fmt: skip
    _table(
        con, "publications", "publication_id bigint, source text, is_simulated boolean, first_week date,"
        " last_week date",
        [(1, "replay", False, BEFORE, WEEK)],
    )  # fmt: skip


def _history(con: duckdb.DuckDBPyConnection) -> None:
    """Total cap below 3 trillion until 7 May and since 20 November; Bitcoin funding negative on three stretches."""
    rows: list[tuple] = []
    day = date(2025, 3, 1)
    while day <= SUNDAY:
        is_below = day <= date(2025, 5, 7) or day >= date(2025, 11, 20)
        rows.append(("total_market_cap_usd", day, 2.986e12 if is_below else 3.3e12))
        negative = (date(2025, 6, 1) <= day <= date(2025, 6, 9) or day == date(2025, 11, 2)
                    or day >= date(2025, 11, 21))  # fmt: skip
        rows.append(("btc_funding_annualised_pct", day, -0.9 if negative else 4.0))
        rows.append(("btc_price_usd", day, 86_480.0 if day == SUNDAY else 80_000.0 if day.month == 4 else 94_000.0))
        day += timedelta(1)
    _table(con, "metric_values", "metric_id text, value_date date, value double", rows)
