"""The main job on the full simulated market recovers what its generator knows, and the figures of the published note.

The truth comes from the generator's own arrays; the pipeline saw only the venues' answers.
"""

import csv
import tomllib
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from regime.dictionary import claim_query
from tests.independent import depth, regime
from tests.pipeline.market import CommandLine
from warehouse.home import CHECKOUT

pytestmark = pytest.mark.xdist_group("full_market")

NOTE = tomllib.loads(Path(__file__).with_name("note_2025_11_24.toml").read_text())
WEEK = "2025-11-17"


@pytest.fixture(scope="module")
def line(full_line) -> CommandLine:
    return full_line


@pytest.fixture(scope="module")
def marts(full_marts):
    return full_marts


@pytest.fixture(scope="module")
def known(full_truth):
    return full_truth


def joined(found: pd.DataFrame, expected: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Both sides by key; every key that the truth has must be there."""
    dates = [k for k in keys if k in ("week_start", "market_date")]
    found = found.astype(dict.fromkeys(dates, "datetime64[us]"))
    expected = expected.astype(dict.fromkeys(dates, "datetime64[us]"))
    both = expected.merge(found, on=keys, how="left", suffixes=("_true", ""), indicator=True)
    assert (both["_merge"] == "both").all(), both[both["_merge"] != "both"].head()
    return both


def only(marts, column, table, where):
    frame = marts(f"select {column} from marts.{table} where {where}")
    assert len(frame) == 1
    return frame.iloc[0, 0]


# --- the generator's truth, all weeks --------------------------------------------------------------------------------


def test_returns_of_every_eligible_asset(marts, known):
    expected = known.universe[known.universe["week_start"] >= "2025-04-14"]
    found = marts(
        "select week_start, asset_id, rank, rank_bucket, sector, return_pct from marts.universe_weekly"
        " where window_id = 'mon_mon' and is_eligible"
    )
    both = joined(found, expected, ["week_start", "asset_id"])
    assert len(both) > 3000
    assert (both["return_pct"] - both["return_pct_true"]).abs().max() < 0.25
    assert (both["sector"] == both["sector_true"]).all()
    # two assets of nearly the same cap may change places by a basis point of basis
    assert (both["rank"] - both["rank_true"]).abs().max() <= 1


def test_sector_returns(marts, known):
    expected = known.sector_returns[known.sector_returns["week_start"] >= "2025-04-14"]
    found = marts(
        "select week_start, sector, return_cap_weighted_pct from marts.sector_returns_weekly"
        " where window_id = 'mon_mon'"
    )
    both = joined(found, expected, ["week_start", "sector"])
    assert (both["return_cap_weighted_pct"] - both["return_cap_weighted_pct_true"]).abs().max() < 0.1


def test_bucket_correlations(marts, known):
    expected = known.bucket_correlations[known.bucket_correlations["week_start"] >= "2025-04-14"]
    found = marts(
        "select week_start, rank_bucket, average_pairwise_correlation from marts.bucket_correlation_weekly"
        " where window_id = 'mon_mon' and horizon = '7d'"
    )
    both = joined(found, expected, ["week_start", "rank_bucket"])
    assert len(both) >= 90
    error = (both["average_pairwise_correlation"] - both["average_pairwise_correlation_true"]).abs()
    assert error.max() < 0.03


def test_the_capped_index(marts, known):
    found = marts(
        "select week_start, return_pct from marts.index_returns_weekly"
        " where index_id = 'top30' and window_id = 'mon_mon'"
    )
    both = joined(found, known.index_returns, ["week_start"])
    assert (both["return_pct"] - both["return_pct_true"]).abs().max() < 0.1


def test_market_caps(marts, known):
    expected = known.market_caps[known.market_caps["market_date"] >= "2025-04-14"]
    found = marts("select market_date, total_market_cap_usd, total_ex_stablecoins_usd from marts.market_cap_daily")
    both = joined(found, expected, ["market_date"])
    for column in ("total_market_cap_usd", "total_ex_stablecoins_usd"):
        assert (both[column] / both[f"{column}_true"] - 1).abs().max() < 0.005


def test_open_interest(marts, known):
    expected = known.open_interest[known.open_interest["market_date"] >= "2025-04-14"]
    found = marts("select market_date, total_usd from marts.open_interest_market_daily")
    both = joined(found, expected, ["market_date"])
    assert (both["total_usd"] / both["total_usd_true"] - 1).abs().max() < 0.01


def test_funding_of_every_asset(marts, known):
    expected = known.funding[known.funding["week_start"] >= "2025-04-14"]
    found = marts(
        "select week_start, asset_id, funding_rate_annualised_pct from marts.funding_weekly where window_id = 'mon_mon'"
    )
    both = joined(found, expected, ["week_start", "asset_id"])
    assert len(both) > 3000
    error = (both["funding_rate_annualised_pct"] - both["funding_rate_annualised_pct_true"]).abs()
    assert error.max() < 0.5


def test_accounts_long_and_short(marts, known):
    expected = known.long_short[known.long_short["week_start"] >= "2025-04-14"]
    found = marts(
        "select week_start, asset_id, long_short_account_ratio, long_short_weighting, coverage_pct"
        " from marts.positioning_weekly"
    )
    both = joined(found, expected, ["week_start", "asset_id"])
    assert len(both) > 600 and both["asset_id"].nunique() == 20
    assert (both["long_short_account_ratio"] / both["long_short_account_ratio_true"] - 1).abs().max() < 0.002
    assert set(both["long_short_weighting"]) == {"open_interest"} and both["coverage_pct"].min() > 99


def test_liquidations_of_the_weeks_that_were_asked_for(marts, known):
    found = marts("select * from marts.liquidations_weekly where asset_id <> 'ALL'")
    both = joined(found, known.liquidations, ["week_start", "asset_id"])
    whole = both[both["week_start"] == WEEK]
    assert len(whole) == 5 and set(whole["answered_pct"]) == {100.0}
    for side in ("long_usd", "short_usd"):
        assert (whole[side] / whole[f"{side}_true"] - 1).abs().max() < 1e-9
        assert both.loc[both["week_start"] < "2025-11-10", side].isna().all()
    before = both[both["week_start"] == "2025-11-10"]  # asked for from Sunday 06:00 on: 18 of 168 hours
    assert before["answered_pct"].to_list() == pytest.approx([100 * 18 / 168] * 5)
    assert (before["long_usd"] < before["long_usd_true"]).all()
    # most of the leverage stands where nothing is published
    assert set(both["status"]) == {"partial", "unavailable"} and (whole["status"] == "partial").all()


def test_depth_of_every_book_and_of_the_market(marts, known):
    key = ["week_start", "venue", "market_type", "asset_id", "band_pct"]
    found = marts("select * from marts.depth_weekly where window_id = 'mon_mon'")
    true = known.depth[known.depth["week_start"] <= WEEK]
    true = true[true["band_pct"].isin([0.1, 0.5, 1, 2, 5])].drop(columns="venue_symbol")
    both = joined(found, true, key)
    assert len(both) > 1000 and both["week_start"].nunique() == 16
    for side in ("bid_usd", "ask_usd"):
        assert (both[side].isna() == both[f"{side}_true"].isna()).all()
        # the truth is centred on weeks that begin with Monday's first snapshot, ours end with it
        assert (both[side] / both[f"{side}_true"] - 1).abs().max() < 0.02
    # Binance's files of the last Sunday come on the next Tuesday; nothing else is missing.
    late = (both["venue"] == "binance") & (both["market_type"] == "perp") & (both["week_start"] == WEEK)
    assert set(both.loc[late, "n_snapshots"]) == {143} and set(both.loc[~late, "coverage_pct"]) == {100.0}
    assert both.loc[(both["venue"] == "binance") & (both["market_type"] == "perp"), "spread_bps"].isna().all()
    everything = found[(found["asset_id"] == "ALL") & (found["venue"] == "ALL")].drop(columns=["asset_id", "venue"])
    changes = joined(everything[everything["band_pct"] == 1], known.depth_changes.query("week_start <= @WEEK"),
                     ["week_start", "market_type"])  # fmt: skip
    assert len(changes) == 24
    assert (changes["depth_vs_4w_pct"] - changes["depth_vs_4w_pct_true"]).abs().max() < 1
    held_up = changes.set_index(["week_start", "market_type"])["depth_vs_4w_pct"]
    assert held_up[pd.Timestamp(WEEK), "spot"] > 0 > held_up[pd.Timestamp(WEEK), "perp"]
    assert held_up[pd.Timestamp("2025-09-01"), "spot"] == pytest.approx(-18, abs=1)  # Labor Day


@pytest.mark.parametrize("window_id", ["mon_mon", "fri_fri"])
def test_depth_is_what_pandas_makes_of_raw(line, marts, window_id):
    with duckdb.connect(str(line.home / "staging.duckdb"), read_only=True) as raw:
        rows = raw.execute("select * from raw.order_book_depth").df()
        symbols = raw.execute("select venue, market_type, venue_symbol, asset_id from core.core_instruments").df()
        windows = raw.execute("select * from core.core_windows where window_id = ?", [window_id]).df()
    windows = windows.set_index("week_start").sort_index().loc[: pd.Timestamp(WEEK)].tail(5)
    rows = rows[rows["band_pct"].isin([0.1, 0.5, 1, 2, 5]) & (rows["snapshot_at"] > windows["starts_at"].min())]
    rows = rows.merge(symbols.drop_duplicates(), on=["venue", "market_type", "venue_symbol"])
    hours = depth.hourly(rows)
    weeks = [depth.of_window(hours, w.starts_at, w.ends_at) for w in windows[::-1].itertuples()]
    found = marts(f"select * from marts.depth_weekly where window_id = '{window_id}' and week_start = '{WEEK}'")
    of_books = weeks[0].reset_index().drop(columns="venue_symbol").assign(week_start=WEEK)
    both = joined(found, of_books, ["week_start", "asset_id", "venue", "market_type", "band_pct"])
    assert len(both) == len(found[(found["asset_id"] != "ALL") & (found["venue"] != "ALL")]) == 15 * 5 + 5 * 3
    for name in ("bid_usd", "ask_usd", "spread_bps", "n_snapshots"):
        pd.testing.assert_series_equal(both[name], both[f"{name}_true"], check_names=False, rtol=1e-9)
    for (market_type, band), row in found[found["asset_id"] == "ALL"].query("venue == 'ALL'").set_index(
        ["market_type", "band_pct"]
    ).iterrows():  # fmt: skip
        wanted = depth.market(weeks[0], weeks[1:], market_type, band)
        assert {name: row[name] for name in wanted} == pytest.approx(wanted, rel=1e-9), (market_type, band)


def test_a_wider_band_holds_a_narrower_one(marts):
    """In every row of the mart, and the market is the sum of its venues' like for like."""
    rows = marts("select * from marts.depth_weekly where asset_id <> 'ALL' and venue <> 'ALL'")
    key = ["week_start", "window_id", "asset_id", "venue", "market_type"]
    ordered = rows.sort_values([*key, "band_pct"]).set_index(key)
    for side in ("bid_usd", "ask_usd"):
        steps = ordered.groupby(key)[side].diff().dropna()
        assert len(steps) > 2000 and (steps > 0).all()
    sums = marts(
        "select week_start, window_id, market_type, band_pct, sum(bid_usd) filter (venue <> 'ALL') as by_venue,"
        " sum(bid_usd) filter (venue = 'ALL') as whole from marts.depth_weekly where asset_id = 'ALL' group by all"
    )
    pd.testing.assert_series_equal(sums["by_venue"], sums["whole"], check_names=False, rtol=1e-9)


def test_positioning_is_what_pandas_makes_of_raw(line, marts):
    with duckdb.connect(str(line.home / "staging.duckdb"), read_only=True) as raw:
        ratios = raw.execute("select * from raw.long_short_ratios").df()
        orders = raw.execute("select * from raw.liquidations").df()
        days = raw.execute("select * from intermediate.int_open_interest_days where is_observed").df()
        symbols = raw.execute("select * from core.core_instruments where market_type = 'perp'").df()
    key = ["venue", "venue_symbol"]

    def week_of(moments: pd.Series) -> pd.Series:
        return moments.sub(pd.Timedelta(microseconds=1)).dt.to_period("W-SUN").dt.start_time

    ratios = ratios.sort_values(["recorded_at", "load_id"]).groupby([*key, "observed_at"]).tail(1)
    ratios = ratios.assign(
        week_start=week_of(ratios["observed_at"]),
        share=ratios["long_short_account_ratio"] / (1 + ratios["long_short_account_ratio"]),
    ).merge(symbols[[*key, "asset_id"]], on=key)
    weights = days.assign(week_start=week_of(pd.to_datetime(days["market_date"]) + pd.Timedelta(hours=1)))
    weights = weights.groupby(["week_start", *key], as_index=False)["open_interest_usd"].mean()
    means = ratios.groupby(["week_start", "asset_id", *key], as_index=False)["share"].mean()
    means = means.merge(weights, on=["week_start", *key], how="left")
    means = pd.concat([means, means.assign(asset_id="ALL")])

    def over_perpetuals(rows: pd.DataFrame) -> float:
        weighted = rows.dropna(subset="open_interest_usd")
        if len(weighted) < 0.8 * len(rows):
            return float(rows["share"].mean())
        return float((weighted["share"] * weighted["open_interest_usd"]).sum() / weighted["open_interest_usd"].sum())

    share = pd.Series({at: over_perpetuals(rows) for at, rows in means.groupby(["week_start", "asset_id"])})
    share.index.names = ["week_start", "asset_id"]
    expected = (share / (1 - share)).rename("ratio").reset_index()
    expected = expected[expected["week_start"].between("2025-03-31", WEEK)]  # closed weeks of the source's time
    found = marts("select week_start, asset_id, long_short_account_ratio from marts.positioning_weekly")
    both = joined(found, expected, ["week_start", "asset_id"])
    assert (both["long_short_account_ratio"] / both["ratio"] - 1).abs().max() < 1e-9

    assert not orders.duplicated([*key, "liquidated_at", "side", "price", "occurrence"]).any()
    orders = orders.assign(week_start=week_of(orders["liquidated_at"]), usd=orders["price"] * orders["quantity"])
    market = orders[orders["week_start"] == WEEK].groupby("side")["usd"].sum()
    row = marts(f"select * from marts.liquidations_weekly where asset_id = 'ALL' and week_start = '{WEEK}'").iloc[0]
    assert (row["long_usd"], row["short_usd"]) == pytest.approx((market["long"], market["short"]), rel=1e-9)
    started = days[pd.to_datetime(days["market_date"]) == pd.Timestamp(WEEK) - pd.Timedelta(days=1)]
    held = started["open_interest_usd"].sum()
    assert row["to_open_interest_pct"] == pytest.approx(100 * market.sum() / held, rel=1e-9)


def test_realised_volatility(marts, known):
    expected = known.realised_volatility[known.realised_volatility["market_date"] >= "2025-04-21"]
    found = marts("select market_date, asset_id, rv_7d_pct, rv_7d_daily_pct from marts.realised_volatility_daily")
    both = joined(found, expected, ["market_date", "asset_id"])
    for column in ("rv_7d_pct", "rv_7d_daily_pct"):
        assert (both[column] - both[f"{column}_true"]).abs().max() < 1


def test_what_must_be_left_out_is_left_out(marts):
    excluded = marts(
        "select distinct asset_id, exclusion_reason from marts.universe_weekly"
        f" where not is_eligible and week_start = '{WEEK}'"
    )
    reasons = dict(zip(excluded["asset_id"], excluded["exclusion_reason"], strict=True))
    assert reasons["tether"] == "stablecoin"
    assert reasons["wrapped-bitcoin"] == "wrapped"
    assert reasons["maker"] == "no_price"  # it died in mid-history


# --- the published note ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sector, expected", NOTE["sector_returns_pct"].items())
def test_the_notes_sectors(marts, sector, expected):
    where = f"week_start = '{WEEK}' and window_id = 'mon_mon' and sector = '{sector}'"
    assert only(marts, "return_cap_weighted_pct", "sector_returns_weekly", where) == pytest.approx(expected, abs=0.5)


def test_the_notes_index(marts):
    where = f"week_start = '{WEEK}' and window_id = 'mon_mon' and index_id = 'top30'"
    found = only(marts, "return_pct", "index_returns_weekly", where)
    assert found == pytest.approx(NOTE["index_return_pct"], abs=0.5)


def test_the_notes_market_cap(marts):
    frame = marts(
        "select market_date, total_market_cap_usd from marts.market_cap_daily"
        f" where total_market_cap_usd < {NOTE['total_market_cap_usd_below']} order by 1"
    )
    below = pd.to_datetime(frame["market_date"])
    assert below.iloc[-1] == pd.Timestamp("2025-11-23")
    in_the_week = below >= WEEK
    assert in_the_week.any()
    assert below[~in_the_week].max().strftime("%Y-%m") == NOTE["total_market_cap_first_below_since"]


def test_the_notes_open_interest(marts):
    october = only(marts, "total_usd", "open_interest_market_daily", "market_date = '2025-10-06'")
    now = only(marts, "total_usd", "open_interest_market_daily", "market_date = '2025-11-23'")
    assert october == pytest.approx(NOTE["perp_open_interest_early_october_usd"], rel=0.02)
    assert now == pytest.approx(NOTE["perp_open_interest_now_usd"], rel=0.02)
    effects = marts(
        "select oi_bucket, position_effect_usd from marts.open_interest_change_weekly"
        f" where week_start = '{WEEK}' and window_id = 'mon_mon' and oi_bucket <> 'all'"
    ).set_index("oi_bucket")["position_effect_usd"]
    assert effects.idxmin() == "long_tail"


def test_the_notes_funding(marts):
    weekly = marts(
        "select week_start, funding_rate_annualised_pct, longest_negative_run_hours from marts.funding_weekly"
        " where asset_id = 'bitcoin' and window_id = 'mon_mon' and week_start >= '2025-10-20' order by 1"
    )
    rates = weekly["funding_rate_annualised_pct"]
    assert rates.iloc[-1] < 0
    assert (rates.iloc[1:-1] > 0).all(), "negative for the first time since late October"
    assert rates.iloc[0] < 0
    runs = weekly["longest_negative_run_hours"]
    assert runs.iloc[-1] > runs.iloc[1:-1].max()


def test_the_notes_volatility(marts):
    where = "asset_id = 'bitcoin' and market_date = '2025-11-23'"
    found = only(marts, "rv_7d_daily_pct", "realised_volatility_daily", where)
    assert found == pytest.approx(NOTE["btc_realised_volatility_7d_pct"], abs=3)


def test_the_notes_correlation(marts):
    found = marts(
        "select rank_bucket, average_pairwise_correlation from marts.bucket_correlation_weekly"
        f" where week_start = '{WEEK}' and window_id = 'mon_mon' and horizon = '7d'"
    ).set_index("rank_bucket")["average_pairwise_correlation"]
    for bucket, expected in NOTE["average_pairwise_correlation"].items():
        assert found[bucket] == pytest.approx(expected, abs=0.03)


def test_the_verdict_is_the_notes(marts):
    assert only(marts, "verdict", "regime_weekly", f"week_start = '{WEEK}'") == NOTE["verdict"]


def test_the_week_of_the_crash_is_called_one(marts):
    """It came after a broad rise: what stood before does not make it one."""
    crash = marts("select * from marts.regime_weekly where week_start = '2025-10-06'").iloc[0]
    assert only(marts, "return_pct", "index_returns_weekly", "week_start = '2025-10-06' and index_id = 'top30'"
                " and window_id = 'mon_mon'") < -10  # fmt: skip
    assert crash["previous_verdict"] == "risk_on"
    assert crash["verdict"] == crash["confirmed_verdict"] == "capitulation" and crash["weeks_in_verdict"] == 1


def test_a_state_without_votes_is_said_to_be_held_over(marts):
    """Correlation is systemic since the crash, and this week's three votes say normal."""
    votes = marts(
        f"select vote from marts.regime_evidence_weekly where week_start = '{WEEK}' and dimension = 'correlation'"
    )
    assert only(marts, "correlation_state", "regime_weekly", f"week_start = '{WEEK}'") == "systemic"
    assert votes["vote"].tolist() == ["normal"] * 3
    assert only(marts, "held_over_states", "regime_weekly", f"week_start = '{WEEK}'") == "correlation"


def test_what_followed_each_week_is_the_generators_index(marts, known):
    truth = known.index_returns.assign(week_start=lambda r: pd.to_datetime(r["week_start"]) - pd.Timedelta(days=7))
    board = marts("select * from marts.regime_scoreboard where model = 'rules'")
    both = truth.merge(board, on="week_start").dropna(subset=["forward_1w_return_pct"])
    assert len(both) > 25 and (both["forward_1w_return_pct"] - both["return_pct"]).abs().max() < 0.25
    # Every week after which the index fell by a tenth is scored as a fall, whatever it was called.
    crash = board[board["week_start"] == "2025-09-29"].iloc[0]
    assert crash["forward_1w_return_pct"] < -10 and crash["label"] == "risk_on"


def test_the_jump_model_sees_the_simulated_crash(marts):
    states = marts("select week_start, label from marts.regime_scoreboard where model = 'jump_model'")
    states = states.set_index("week_start")["label"].sort_index()
    assert set(states[:"2025-09-22"]) == {"insufficient_data"}  # half a year of days is not over
    assert set(states["2025-10-06":]) == {"low"}


def test_the_week_that_was_published_in_time_stands_so(marts):
    board = marts("select * from marts.regime_scoreboard")
    in_time = board[~board["is_backfilled"]]
    assert set(in_time["model"]) == {"rules", "jump_model", "persistence"}
    assert in_time["week_start"].max() == pd.Timestamp(WEEK) and in_time["published_at"].notna().all()
    assert board.loc[board["week_start"] < WEEK, "is_backfilled"].all()


def test_the_regime_is_what_the_measurements_make_it(marts):
    found = marts("select * from marts.regime_weekly order by week_start").set_index("week_start")
    seeds = (marts(f"select * from seeds.{name}") for name in ("regime_rules", "regime_verdicts"))
    expected = regime.regimes(marts("select * from marts.regime_evidence_weekly"), *seeds).set_index("week_start")
    pd.testing.assert_frame_equal(found[expected.columns], expected, check_dtype=False)


# --- what a user sees ------------------------------------------------------------------------------------------------


def test_the_terminal_ends_with_the_summary_and_the_page(line):
    said = (line.home / "said.txt").read_text()
    assert "SIMULATED" in said
    assert "2025-W47" in said
    page = line.home / "reports" / "2025-W47" / "index.html"
    assert page.exists()
    assert "SIMULATED" in page.read_text()
    assert "reports/2025-W47/index.html" in said.replace("\n", "")


def test_nothing_but_what_is_not_built_yet_is_null(marts):
    """Of the latest week: every column of a weekly mart that could be known is known."""
    allowed = {
        ("universe_weekly", "exclusion_reason"),
        ("bucket_correlation_weekly", "average_correlation_to_btc"),
        ("regime_weekly", "previous_verdict"),
        ("regime_evidence_weekly", "percentile"),
        ("data_coverage_weekly", "first_missing_at"),
    }
    columns = marts(
        "select table_name, column_name from information_schema.columns where table_schema = 'marts'"
        " and table_name in ('bucket_returns_weekly', 'bucket_correlation_weekly', 'sector_correlation_weekly',"
        " 'index_returns_weekly', 'regime_weekly', 'open_interest_change_weekly')"
    )
    empty = []
    for table, names in columns.groupby("table_name")["column_name"]:
        counts = ", ".join(f"count(*) - count({name}) as {name}" for name in names)
        found = marts(f"select {counts} from marts.{table} where week_start = '{WEEK}'").iloc[0]
        empty += [(table, name) for name, n in found.items() if n and (table, name) not in allowed]
    assert empty == []


# --- the note, claim by claim ----------------------------------------------------------------------------------------

CLAIMS = list(csv.DictReader((CHECKOUT / "dbt_project" / "seeds" / "note_claims.csv").read_text().splitlines()))


@pytest.mark.parametrize("claim", CLAIMS, ids=[claim["claim_id"] for claim in CLAIMS])
def test_a_claim_of_the_note_holds_in_its_mart(marts, claim):
    columns = marts(f"select column_name from duckdb_columns() where table_name = '{claim['source_table']}'")
    found = marts(claim_query(claim, "week_start" in set(columns["column_name"])))
    assert len(found) == 1, found
    value, expected = found.iloc[0, 0], claim["value"]
    match claim["comparison"]:
        case "is":
            assert str(value).startswith(expected)
        case "equals":
            assert value == pytest.approx(float(expected), abs=float(claim["tolerance"] or 0))
        case "below":
            assert value < float(expected)
        case "above":
            assert value > float(expected)
        case other:
            raise AssertionError(f"note_claims.csv compares by {other!r}: is, equals, below or above")
