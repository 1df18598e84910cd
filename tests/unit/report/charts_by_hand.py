"""Marts by hand with a past: half a year of weeks for the charts, with holes where there should be holes."""

from datetime import date, datetime, timedelta

import duckdb

from tests.unit.report.marts_by_hand import HOSTILE_NAMES, WEEK, insert, plausible_marts

SUNDAY = WEEK + timedelta(days=6)
N_WEEKS = 40
# Days without a rate: a gap of three, then a day that stands alone between two others.
HOLES = (date(2025, 9, 10), date(2025, 9, 11), date(2025, 9, 12), date(2025, 10, 1), date(2025, 10, 3))
ALONE = date(2025, 10, 2)
WEEK_WITHOUT_SPOT = date(2025, 9, 8)
STATES = {
    "leverage": {-2: "reset", -1: "deleveraging", 0: "neutral", 1: "building", 2: "over_levered"},
    "funding": {-2: "negative", -1: "below_neutral", 0: "neutral", 1: "elevated"},
    "flow": {-1: "perp_led", 0: "balanced", 1: "spot_led"},
    "volatility": {-1: "compressed", 0: "normal", 1: "elevated", 2: "stressed"},
    "correlation": {-1: "decoupling", 0: "normal", 1: "systemic"},
    "breadth": {-1: "broad_risk_off", 0: "mixed", 1: "broad_risk_on"},
    "macro": {-1: "headwind", 0: "neutral", 1: "tailwind"},
}
VERDICTS = ("risk_on", "risk_on", "range", "risk_off", "insufficient_data")

_TABLES = """
create table marts.funding_daily (market_date date, asset_id text, funding_rate_annualised_pct double);
create table marts.funding_runs (asset_id text, run_start timestamp, run_end timestamp, hours bigint, sign bigint,
    is_open boolean, is_censored boolean);
create table marts.asset_class_returns_weekly (week_start date, asset_class text, return_pct double, rank bigint,
    is_worst boolean, worst_streak_weeks bigint, n_classes bigint, series text);
create table marts.spot_perp_volume_weekly (week_start date, window_id text, spot_volume_usd double,
    perp_volume_usd double, spot_share_pct double, spot_volume_vs_4w_pct double, holiday text,
    holiday_adjusted_residual double, n_holiday_precedents bigint, coverage_pct double);
create table marts.correlation_gap_weekly (week_start date, window_id text, horizon text, top10_minus_tail double,
    ci_low double, ci_high double, is_significant boolean);
create table marts.metric_values (metric_id text, value_date date, value double);
create table marts.open_interest_since_high_weekly (week_start date, oi_bucket text, high_date date, high_usd double,
    now_usd double, price_effect_usd double, position_effect_usd double, listing_effect_usd double,
    coverage_effect_usd double, change_usd double, rebucketing_usd double);
create table if not exists marts.headlines_weekly (week_start date, metric_id text, value double, unit text,
    previous_value double, change double, percentile_365d double, first_since_date date, run_weeks bigint,
    longest_run_since_date date, value_date date, run_began_on date, name text, section text, level double,
    side bigint);
alter table marts.regime_evidence_weekly add column level bigint;
delete from marts.regime_weekly;
delete from marts.regime_evidence_weekly;
delete from marts.open_interest_change_weekly where week_start < date '2025-11-17';
"""


def charted_marts() -> duckdb.DuckDBPyConnection:
    """The plausible week with all that charts draw, and weeks before and one after it."""
    con = plausible_marts()
    con.execute(_TABLES)
    con.begin()  # thousands of single rows are slow, each in a transaction of its own
    con.execute("update marts.bucket_correlation_weekly set ci_low = average_pairwise_correlation - 0.09,"
                " ci_high = average_pairwise_correlation + 0.1")  # fmt: skip
    for window in ("mon_mon", "fri_fri"):
        insert(con, "correlation_gap_weekly", (WEEK, window, "7d", 0.25, 0.2, 0.3, True))
    classes = (("dollar", 0.81), ("gold", -0.52), ("US equities", -1.9), ("oil", -3.1), ("crypto", -10.55))
    for rank, (name, value) in enumerate(classes, start=1):
        insert(con, "asset_class_returns_weekly", (WEEK, name, value, rank, rank == 5, 3, 5, "made by hand"))
    _daily(con)
    _since_the_high(con)
    _levels(con)
    for sector in ("Layer 2", "Privacy"):
        for n in range(N_WEEKS):
            insert(con, "index_levels_daily", (sector, SUNDAY + timedelta(weeks=1 - n), 800.0 + 7 * n, None, 4))
    for n in range(N_WEEKS):
        _weekly(con, WEEK + timedelta(weeks=1 - n), n)
    for asset_id, begun, ended in (
        ("ALL", datetime(2025, 10, 10, 1), datetime(2025, 10, 13)),
        ("ALL", datetime(2025, 10, 20, 1), datetime(2025, 10, 20, 5)),
        ("ALL", datetime(2025, 11, 18, 1), datetime(2025, 11, 27)),
        ("ALL", datetime(2025, 11, 28, 1), datetime(2025, 11, 30)),
        ("bitcoin", datetime(2025, 11, 20, 1), datetime(2025, 11, 24)),
    ):
        hours = int((ended - begun).total_seconds() / 3600) + 1
        insert(con, "funding_runs", (asset_id, begun, ended, hours, -1, False, False))
    con.commit()
    return con


def hostile_charted_marts() -> duckdb.DuckDBPyConnection:
    """All that charts draw, with an attack in every text that comes from outside, or could."""
    con = charted_marts()
    for n, name in enumerate((*HOSTILE_NAMES, "\u05e9\u05dc\u05d5\u05dd \u202e", "x" * 10_000), start=1):
        con.execute("update marts.sector_returns_weekly set sector = ? where rank = ?", [name, n])
        con.execute("update marts.asset_class_returns_weekly set asset_class = ? where rank = ?", [name, n])
        con.execute("update marts.universe_weekly set symbol = ? where rank = ?", [name, n])
        con.execute("update marts.sector_returns_weekly set top_contributor = ? where rank = ?", [name, n])
        due, missing, coverage = (None, None, None) if n % 3 == 0 else (100, 10, 90.0)
        insert(con, "data_coverage_weekly", (WEEK, name, name, due, 90, n, missing, coverage, None, None, due is None))
    con.execute("insert into marts.index_levels_daily select sector, market_date, level, null, 4 from"
                " marts.index_levels_daily, marts.sector_returns_weekly where index_id = 'Privacy'"
                " and window_id = 'mon_mon' and rank < 4")  # fmt: skip
    con.execute("update marts.asset_class_returns_weekly set asset_class = 'crypto' where rank = 5")
    con.execute("update marts.regime_weekly set verdict = ?, previous_verdict = ?", HOSTILE_NAMES[:2])
    con.execute("update marts.regime_weekly set leverage_state = ?, macro_state = ?", HOSTILE_NAMES[2:4])
    con.execute("update marts.regime_evidence_weekly set vote = ?, metric_id = ?", [HOSTILE_NAMES[0], "y" * 10_000])
    con.execute("update marts.regime_evidence_weekly set vote = ? where dimension = 'macro'", [HOSTILE_NAMES[4]])
    return con


def _since_the_high(con: duckdb.DuckDBPyConnection) -> None:
    """The market closed 14.2 billion of positions since 5 October, most of it in the long tail; prices did the rest."""
    for bucket, price, position, moved in (
        ("all", -60.0, -14.2, 0.0), ("majors", -30.0, -4.0, 0.0), ("large", -14.0, 2.0, 1.0),
        ("mid", -9.0, -3.2, -0.4), ("long_tail", -7.0, -9.0, -0.6),
    ):  # fmt: skip
        share = {"all": 1.0, "majors": 0.55, "large": 0.15, "mid": 0.12, "long_tail": 0.18}[bucket]
        now = 135.15e9 * share
        change = (price + position + moved) * 1e9
        insert(con, "open_interest_since_high_weekly",
               (WEEK, bucket, date(2025, 10, 5), now - change, now, price * 1e9, position * 1e9, 0.0, 0.01e9,
                change, moved * 1e9))  # fmt: skip


def _levels(con: duckdb.DuckDBPyConnection) -> None:
    """Bitcoin far below its level, too far to draw it; the total cap a little below, since the 20th."""
    for n in range(N_WEEKS * 7):
        day = SUNDAY + timedelta(days=7 - n)
        insert(con, "metric_values", ("btc_price_usd", day, 60_000.0 + 10 * n),
               ("total_market_cap_usd", day, 2.9e12 + 0.02e12 * n))  # fmt: skip
    for metric, value, level, name in (
        ("btc_price_usd", 60_070.0, 100_000.0, "Bitcoin"), ("total_market_cap_usd", 2.99e12, 3e12, "Total market cap"),
    ):  # fmt: skip
        insert(con, "headlines_weekly",
               (WEEK, metric, value, "USD", value, 0.0, 0.5, date(2025, 4, 30), 1, None, SUNDAY, date(2025, 11, 20),
                name, "market", level, -1))  # fmt: skip


def _daily(con: duckdb.DuckDBPyConnection) -> None:
    """A rate for each day, up to days after the week; Bitcoin's volatility likewise."""
    con.execute("delete from marts.realised_volatility_daily where asset_id = 'bitcoin'")
    for n in range(N_WEEKS * 7):
        day = SUNDAY + timedelta(days=7 - n)
        if day not in HOLES:
            insert(con, "funding_daily", (day, "ALL", 8.0 - (n * 37 % 150) / 10), (day, "bitcoin", 9.0 - n % 7))
        insert(con, "realised_volatility_daily", ("bitcoin", day, 40.0 + n % 30, 45.0, 35.0 + n % 23, 168))


def _weekly(con: duckdb.DuckDBPyConnection, week: date, n: int) -> None:
    if week != WEEK:
        for asset_id in ("bitcoin", "ethereum"):
            insert(con, "funding_weekly", (week, "mon_mon", asset_id, 9.0 - n % 11, "open_interest", None, 63.2, 81.0,
                   104, 57, 4, 84, 84, 99.8))  # fmt: skip
    if week != WEEK_WITHOUT_SPOT:
        insert(con, "spot_perp_volume_weekly",
               (week, "mon_mon", 2e10, 8e10, 20.0 + n % 6, None, None, None, None, 99.0))  # fmt: skip
    if week != WEEK:
        for bucket, share in (("all", 1.0), ("majors", 0.5), ("large", 0.2), ("mid", 0.2), ("long_tail", 0.1)):
            end = (150e9 - n * 1e9) * share
            insert(con, "open_interest_change_weekly",
                   (week, "mon_mon", bucket, end, end, 1e9 * share, -1e9 * share, 0.0, 0.0, 0.0))  # fmt: skip
    levels = {name: sorted(states)[n % len(states)] for name, states in STATES.items()}
    states = [STATES[name][level] for name, level in levels.items()]
    insert(con, "regime_weekly", (week, *states, VERDICTS[n % 5], VERDICTS[(n + 1) % 5], 1 + n % 3, 98.0))
    for dimension, level in levels.items():
        for k in range(4 if dimension == "macro" else 3):
            vote = None if k == 2 and dimension == "flow" else STATES[dimension][level]
            insert(con, "regime_evidence_weekly",
                   (week, dimension, f"{dimension}_{k}", "spot_share_pct", 1.0, 0.5, 0.5, vote, 1.0, "regime",
                    None if vote is None else level))  # fmt: skip
