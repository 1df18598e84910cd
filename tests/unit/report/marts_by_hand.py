"""Marts filled by hand: a plausible week, a week full of holes, and coins whose names are attacks."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import duckdb

WEEK = date(2025, 11, 17)
MONDAY_AFTER = datetime(2025, 11, 24)
NAN = float("nan")

HOSTILE_NAMES = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "[click](javascript:alert(1))|`x`",
    "\x1b[31mRED\x1b[0m [bold]markup[/bold]",
    "a\u202eb\u2066c\nd  www.evil.example https://evil.example @everyone",
    "{{ 7 * 7 }} ${x} %s </style>",
    "1INCH",
    "\u200b",
    "Z" * 400,
)

COLUMNS = {
    "universe_weekly": "week_start date, window_id text, asset_id text, symbol text, rank bigint, rank_bucket text, "
    "sector text, market_cap_usd double, circulating_supply double, supply_age_days double, is_eligible boolean, "
    "exclusion_reason text, hours_present bigint, return_pct double",
    "prices_hourly": "asset_id text, price_at timestamp, reference_price_usd double, log_return double, venue text, "
    "market_type text, venue_symbol text, is_carried boolean",
    "market_cap_daily": "market_date date, total_market_cap_usd double, total_ex_stablecoins_usd double, "
    "n_assets bigint, supply_age_days_max double, share_provider_priced_pct double",
    "index_levels_daily": "index_id text, market_date date, level double, return_1d_pct double, n_members bigint",
    "index_returns_weekly": "week_start date, window_id text, index_id text, return_pct double",
    "bucket_returns_weekly": "week_start date, window_id text, rank_bucket text, return_cap_weighted_pct double, "
    "return_equal_weighted_pct double, return_median_pct double, share_negative_pct double, n_assets bigint",
    "bucket_correlation_weekly": "week_start date, window_id text, rank_bucket text, horizon text, "
    "average_pairwise_correlation double, average_pairwise_correlation_fisher double, "
    "average_correlation_to_btc double, ci_low double, ci_high double, volatility_adjusted_correlation double, "
    "n_assets bigint, n_observations bigint",
    "sector_returns_weekly": "week_start date, window_id text, sector text, return_cap_weighted_pct double, "
    "return_equal_weighted_pct double, return_median_pct double, excess_over_top30_pct double, rank bigint, "
    "n_assets bigint, top_contributor text",
    "sector_correlation_weekly": "week_start date, window_id text, sector_a text, sector_b text, correlation double, "
    "n_observations bigint",
    "funding_weekly": "week_start date, window_id text, asset_id text, funding_rate_annualised_pct double, "
    "weighting text, median_across_assets_pct double, share_of_open_interest_negative_pct double, "
    "share_below_neutral_pct double, negative_hours bigint, longest_negative_run_hours bigint, n_venues bigint, "
    "n_settlements bigint, expected_settlements bigint, coverage_pct double",
    "open_interest_market_daily": "market_date date, total_usd double, total_like_for_like_usd double, "
    "to_market_cap_pct double, n_venues bigint, coverage_pct double",
    "open_interest_change_weekly": "week_start date, window_id text, oi_bucket text, start_usd double, "
    "end_usd double, price_effect_usd double, position_effect_usd double, listing_effect_usd double, "
    "coverage_effect_usd double, change_usd double",
    "realised_volatility_daily": "asset_id text, market_date date, rv_7d_pct double, rv_30d_pct double, "
    "rv_7d_daily_pct double, n_observations bigint",
    "regime_weekly": "week_start date, leverage_state text, funding_state text, flow_state text, "
    "volatility_state text, correlation_state text, breadth_state text, macro_state text, verdict text, "
    "previous_verdict text, weeks_in_verdict bigint, coverage_pct double",
    "regime_evidence_weekly": "week_start date, dimension text, evidence_id text, metric_id text, value double, "
    "threshold double, percentile double, vote text, weight double, source_table text",
    "data_coverage_weekly": "week_start date, dataset text, venue text, expected_rows bigint, received_rows bigint, "
    "quarantined_rows bigint, missing_rows bigint, coverage_pct double, first_missing_at timestamp, "
    "last_recorded_at timestamp, is_cadence_unknown boolean",
}


def empty_marts() -> duckdb.DuckDBPyConnection:
    """All marts, without a row."""
    con = duckdb.connect()
    con.execute("create schema marts")
    for table, columns in COLUMNS.items():
        con.execute(f"create table marts.{table} ({columns})")
    return con


def insert(con: duckdb.DuckDBPyConnection, table: str, *rows: tuple[object, ...]) -> None:
    """Append rows, in the order of the columns."""
    for row in rows:
        con.execute(f"insert into marts.{table} values ({', '.join('?' * len(row))})", list(row))


def plausible_marts() -> duckdb.DuckDBPyConnection:
    """A week like that of 2025-11-17: everything that this version reads is there."""
    con = empty_marts()
    for n, day in enumerate(WEEK + timedelta(days=d) for d in range(-1, 7)):
        insert(con, "market_cap_daily", (day, 3.19e12 - n * 3.3e10, 2.87e12 - n * 3.3e10, 131, 6.0, 1.25))
        insert(con, "index_levels_daily", ("top30", day, 1000.0 - 10.3 * n, None if n == 0 else -1.04, 30))
        insert(con, "open_interest_market_daily", (day, 148.3e9 - n * 1.9e9, 148.3e9 - n * 1.9e9, 5.04, 4, 99.7))
    insert(con, "open_interest_market_daily", (date(2025, 10, 6), 230.4e9, 230.4e9, 6.2, 4, 99.9))
    insert(
        con,
        "prices_hourly",
        ("bitcoin", datetime(2025, 11, 17), 95789.3, 0.001, "binance", "spot", "BTCUSDT", False),
        ("bitcoin", MONDAY_AFTER, 88247.0, 0.001, "binance", "spot", "BTCUSDT", False),
    )
    largest = ("BTC", "ETH", "XRP", "BNB", "SOL", "TRX", "DOGE", "ADA", "HYPE", "LINK")
    for rank, symbol in enumerate(largest, start=1):
        asset_id = {"BTC": "bitcoin", "ETH": "ethereum"}.get(symbol, symbol.lower())
        for window in ("mon_mon", "fri_fri"):
            row = (WEEK, window, asset_id, symbol, rank, "1-10", "Layer 1", 1e12 / rank, 1e9, 1.0, True, None, 168)
            insert(con, "universe_weekly", (*row, -7.87 if rank == 1 else -9.0))
        insert(con, "realised_volatility_daily",
               (asset_id, date(2025, 11, 23), 65.8 + rank - 1, 58.1 + rank, 49.8 + 2 * (rank - 1), 168))  # fmt: skip
    for window, shift in (("mon_mon", 0.0), ("fri_fri", -2.3)):
        insert(con, "index_returns_weekly", (WEEK, window, "top30", -7.2 + shift))
        for bucket, mean, n in (("1-10", 0.80, 10), ("11-50", 0.70, 39), ("51-100", 0.55, 47), ("all", 0.63, 96)):
            if bucket != "all":
                insert(con, "bucket_returns_weekly",
                       (WEEK, window, bucket, -7.1 + shift, -8.2 + shift, -7.9, 90.0, n))  # fmt: skip
            for horizon, hours in (("7d", 168), ("30d", 720)):
                insert(con, "bucket_correlation_weekly", (WEEK, window, bucket, horizon, mean + shift / 100,
                       mean + 0.012, mean + 0.05, None, None, None, n, hours))  # fmt: skip
        sectors = {
            "Layer 2": (-14.9, "arbitrum", 9), "Gaming": (-12.0, "immutable-x", 6), "DePIN": (-11.4, "filecoin", 5),
            "AI": (-10.5, "bittensor", 8), "DeFi": (-9.6, "uniswap", 14), "Memes": (-9.1, "dogecoin", 8),
            "Layer 1": (-7.0, "bitcoin", 25), "Payments": (-6.6, "ripple", 6), "Exchange": (-4.9, "binancecoin", 5),
            "Privacy": (3.4, "zcash", 4),
        }  # fmt: skip
        ordered = sorted(sectors, key=lambda s: -sectors[s][0])
        for rank, sector in enumerate(ordered, start=1):
            r, top, n = sectors[sector]
            insert(con, "sector_returns_weekly", (WEEK, window, sector, r + shift, r + shift - 0.7, r + shift - 0.4,
                   r + 7.2, rank, n, top))  # fmt: skip
        insert(con, "sector_returns_weekly", (WEEK, window, "RWA", -8.0, -8.0, -8.0, -0.8, None, 2, "ondo-finance"))
        for a, b, correlation in (("AI", "DePIN", 0.81), ("AI", "Privacy", 0.22), ("AI", "AI", 0.66)):
            insert(con, "sector_correlation_weekly", (WEEK, window, a, b, correlation, 168))
        for asset_id, rate, median in (("bitcoin", -1.8, None), ("ethereum", 2.2, None), ("ALL", -4.0412, 0.9)):
            insert(con, "funding_weekly", (WEEK, window, asset_id, rate, "open_interest", median, 63.2, 81.0, 104, 57,
                   4, 9211 if asset_id == "ALL" else 84, 9230 if asset_id == "ALL" else 84, 99.8))  # fmt: skip
        for bucket, share in (("all", 1.0), ("majors", 0.55), ("large", 0.15), ("mid", 0.12), ("long_tail", 0.18)):
            effects = [-8.9e9, -4.2e9, -0.05e9, 0.0]
            insert(con, "open_interest_change_weekly", (WEEK, window, bucket, 148.3e9 * share, 135.15e9 * share,
                   *(e * share for e in effects), sum(effects) * share))  # fmt: skip
    insert(con, "regime_weekly", (WEEK, "reset", "negative", None, "elevated", "systemic", "broad_risk_off", None,
           "deleveraging", "range", None, 96.4))  # fmt: skip
    insert(
        con,
        "regime_evidence_weekly",
        (
            WEEK,
            "leverage",
            "oi_to_cap",
            "to_market_cap_pct",
            5.04,
            5.2,
            18.0,
            "reset",
            1.0,
            "open_interest_market_daily",
        ),
        (WEEK, "funding", "btc_rate", "funding_rate_annualised_pct", -1.8, 0.0, 4.0, "negative", 1.0, "funding_weekly"),
        (WEEK, "volatility", "rv7", "rv_7d_pct", 65.8, None, 88.0, "elevated", 0.5, "realised_volatility_daily"),
    )
    for dataset, venue, due, came in (
        ("candles", "binance", 21840, 21840), ("candles", "bybit", 18480, 18012), ("candles", "hyperliquid", 9000, 0),
        ("funding_rates", "binance", 4200, 4198), ("open_interest", "binance", 5460, 5460),
    ):  # fmt: skip
        first = None if due == came else datetime(2025, 11, 19, 4)
        insert(con, "data_coverage_weekly", (WEEK, dataset, venue, due, came, 3 if venue == "bybit" else 0, due - came,
               100.0 * came / due, first, datetime(2026, 1, 1), False))  # fmt: skip
    insert(con, "data_coverage_weekly",
           (WEEK, "funding_rates", "lighter", None, 168, 0, None, None, None, datetime(2026, 1, 1), True))  # fmt: skip
    return con


def hostile_marts() -> duckdb.DuckDBPyConnection:
    """The plausible week, with an attack in every text that comes from outside."""
    con = plausible_marts()
    for rank, name in enumerate(HOSTILE_NAMES, start=2):
        con.execute("update marts.universe_weekly set symbol = ? where rank = ?", [name, rank])
        con.execute("update marts.sector_returns_weekly set top_contributor = ? where rank = ?", [name, rank])
    con.execute("update marts.universe_weekly set symbol = ? where rank = 1", [HOSTILE_NAMES[0]])
    con.execute("update marts.sector_returns_weekly set top_contributor = ? where rank = 1", [HOSTILE_NAMES[0]])
    con.execute("update marts.sector_returns_weekly set sector = ? where sector = 'Layer 2'", [HOSTILE_NAMES[1]])
    con.execute("update marts.data_coverage_weekly set venue = ? where venue = 'hyperliquid'", [HOSTILE_NAMES[4]])
    con.execute("update marts.data_coverage_weekly set venue = ? where venue = 'lighter'", [HOSTILE_NAMES[3]])
    con.execute("update marts.regime_weekly set verdict = ?", [HOSTILE_NAMES[2]])
    con.execute("update marts.regime_evidence_weekly set vote = ?", [HOSTILE_NAMES[5]])
    return con


def nulled_marts(value: object) -> duckdb.DuckDBPyConnection:
    """The plausible week with every number that is not part of a key NULL or NaN."""
    con = plausible_marts()
    keys = {"rank", "week_start", "market_date", "price_at"}
    for table, columns in COLUMNS.items():
        for column, kind in (declared.split() for declared in columns.split(", ")):
            if kind == "double" or (kind == "bigint" and column not in keys and value is None):
                con.execute(f"update marts.{table} set {column} = ?", [value])
    return con


MARTS: dict[str, Callable[[], duckdb.DuckDBPyConnection]] = {
    "plausible": plausible_marts,
    "hostile": hostile_marts,
    "empty": empty_marts,
    "null": lambda: nulled_marts(None),
    "nan": lambda: nulled_marts(NAN),
}
