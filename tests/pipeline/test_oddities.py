"""What is odd in the full market on purpose is told by the marts as it was: coin-margined contracts, a silent venue,
renamed instruments, a coin that died in mid-week.

The truth comes from the generator's own arrays; the pipeline saw only the venues' answers.
"""

from contextlib import closing

import duckdb
import numpy as np
import pandas as pd
import pytest

from simulator.generation.assets import are_on_coins

pytestmark = pytest.mark.xdist_group("full_market")

EFFECTS = ["price_effect_usd", "position_effect_usd", "listing_effect_usd", "coverage_effect_usd"]
SUMS = ["start_usd", "end_usd", *EFFECTS]
HOUR, DAY, WEEK = pd.Timedelta(hours=1), pd.Timedelta(days=1), pd.Timedelta(weeks=1)


@pytest.fixture(scope="module")
def staging(full_line):
    """Asks what lies behind the marts."""
    with closing(duckdb.connect(str(full_line.home / "staging.duckdb"), read_only=True)) as connection:
        yield lambda sql: connection.execute(sql).df()


@pytest.fixture(scope="module")
def model(full_market):
    return full_market.truth["model"]


@pytest.fixture(scope="module")
def steps(staging):
    """The four effects of each perpetual in each week, as the mart adds them up."""
    return staging(
        f"select week_start, venue, venue_symbol, {', '.join(f'sum({name}) as {name}' for name in EFFECTS)}"
        " from intermediate.int_open_interest_steps where window_id = 'mon_mon' group by all"
    ).astype({"week_start": "datetime64[us]"})


def monday(at):
    return at.to_period("W").start_time


def in_week(frame, week, **values):
    """The rows of a week, of what has these values."""
    mask = frame["week_start"] == week
    for name, value in values.items():
        mask &= frame[name] == value
    return frame[mask]


def price(model, asset_id, at):
    return model.prices[model.hour_of(pd.Timestamp(at)), model.column(asset_id)]


def prices_of(marts, asset_id, first, last):
    found = marts(
        f"select * from marts.prices_hourly where asset_id = '{asset_id}'"
        f" and price_at > '{first}' and price_at <= '{last}' order by price_at"
    )
    return found.set_index("price_at")


# --- all of them -----------------------------------------------------------------------------------------------------


def test_every_instrument_is_known_by_every_name_that_it_had(full_marts, full_truth):
    found = full_marts("select * from marts.instruments where venue <> 'gate'")
    both = full_truth.instruments.merge(
        found, on=["venue", "market_type", "venue_symbol"], how="outer", suffixes=("_true", ""), indicator=True
    )
    assert (both["_merge"] == "both").all(), both[both["_merge"] != "both"]
    assert (both["asset_id"] == both["asset_id_true"]).all()
    assert (both["is_inverse"] == both["is_inverse_true"]).all()
    # settlements are stamped a few milliseconds late
    assert ((both["first_seen_at"] - both["first_at"]).abs() <= pd.Timedelta(seconds=1)).all()
    assert ((both["last_seen_at"] - both["last_at"]).abs() <= pd.Timedelta(seconds=1)).all()
    inverse = both[both["is_inverse"]]
    assert inverse[["venue", "venue_symbol", "quote", "contract_size"]].to_numpy().tolist() == [
        ["bybit", "ETHUSD", "USD", 1.0], ["bybit", "XRPUSD", "USD", 1.0],
    ]  # fmt: skip


def test_the_four_effects_of_every_week(full_marts, full_truth):
    ranks = full_truth.universe[["week_start", "asset_id", "rank"]]
    changes = full_truth.open_interest_changes.merge(ranks, on=["week_start", "asset_id"], how="left")
    is_major = changes["asset_id"].isin(["bitcoin", "ethereum"])
    bucket = np.select(
        [is_major, changes["rank"] <= 10, changes["rank"] <= 50], ["majors", "large", "mid"], "long_tail"
    )
    expected = pd.concat([changes.assign(oi_bucket=bucket), changes.assign(oi_bucket="all")])
    expected = expected.groupby(["week_start", "oi_bucket"], as_index=False)[SUMS].sum()
    expected = expected[expected["week_start"] >= "2025-04-14"]
    found = full_marts("select * from marts.open_interest_change_weekly where window_id = 'mon_mon'")
    both = expected.merge(
        found.astype({"week_start": "datetime64[us]"}), on=["week_start", "oi_bucket"], suffixes=("_true", "")
    )
    assert len(both) == len(expected) == 32 * 5
    for name in SUMS:  # what is counted in coins is priced by another instrument, whose price is a basis point off
        error = (both[name] - both[f"{name}_true"]).abs()
        assert (error < 3e-4 * both["start_usd"]).all(), both[error >= 3e-4 * both["start_usd"]]
    for name in ("listing_effect_usd", "coverage_effect_usd"):
        # exactly nothing where there is nothing, so that each of the two is moved by its own causes alone
        assert (both.loc[both[f"{name}_true"] == 0, name] == 0).all()
        assert (both[name] - both[f"{name}_true"]).abs().max() < 3e6


# --- contracts of fixed dollars --------------------------------------------------------------------------------------


def test_inverse_contracts_come_in_dollars(staging, full_market):
    for symbol in ("ETHUSD", "XRPUSD"):
        told = staging(
            "select observed_at, open_interest_base, open_interest_usd from raw.open_interest"
            f" where venue = 'bybit' and venue_symbol = '{symbol}' order by 1"
        )
        true = full_market.open_interest[full_market.open_interest["venue_symbol"] == symbol]
        assert told["open_interest_base"].isna().all()
        assert told["observed_at"].to_list() == true["observed_at"].to_list()
        assert told["open_interest_usd"].to_list() == true["open_interest_usd"].to_list()
        candles = staging(
            "select close, base_volume, quote_volume from raw.candles"
            f" where venue = 'bybit' and venue_symbol = '{symbol}' order by open_time"
        )
        traded = candles["quote_volume"].sum() / candles["base_volume"].sum()
        assert candles["close"].min() < traded < candles["close"].max()


def test_no_price_moves_what_is_worth_fixed_dollars(steps, full_truth):
    true = full_truth.open_interest_changes.query("is_inverse")
    both = true.merge(steps, on=["week_start", "venue", "venue_symbol"], suffixes=("_true", ""))
    both = both[both["week_start"] >= "2025-04-14"]
    assert len(both) == 2 * 32
    assert (both["price_effect_usd"] == 0).all()
    for name in EFFECTS:
        assert (both[name] - both[f"{name}_true"]).abs().max() < 1e-3
    # the week's market fell by a tenth, and they alone did not lose by it
    fall = both[both["week_start"] == "2025-11-10"].set_index("venue_symbol")
    assert (fall["position_effect_usd"] == fall["end_usd"] - fall["start_usd"]).all()


# --- a venue that fell silent ----------------------------------------------------------------------------------------


def test_an_outage_moves_the_coverage_effect_and_no_other(steps, full_truth):
    outage = full_truth.outages.iloc[0]
    week = monday(outage["first_at"])
    true = in_week(full_truth.open_interest_changes, week)
    true = true[(true[["start_usd", "end_usd"]] > 0).any(axis=1)]
    both = true.merge(steps, on=["week_start", "venue", "venue_symbol"], suffixes=("_true", ""))
    assert len(both) == len(true)
    ours, others = both[both["venue"] == outage["venue"]], both[both["venue"] != outage["venue"]]
    assert len(ours) == 22 and (ours["coverage_effect_usd"] != 0).all()
    assert (others["coverage_effect_usd"] == 0).all()
    assert (both["listing_effect_usd"] == 0).all()
    for name in EFFECTS:
        assert ((both[name] - both[f"{name}_true"]).abs() < 5e-4 * both["start_usd"]).all(), name


def test_like_for_like_an_outage_is_no_change(full_marts, full_market, full_truth, model):
    outage = full_truth.outages.iloc[0]
    first, last = outage["first_at"].floor("D") - DAY, outage["ends_at"].ceil("D") + DAY
    found = full_marts(
        "select market_date, total_usd, total_like_for_like_usd, n_venues, coverage_pct"
        f" from marts.open_interest_market_daily where market_date between '{first:%F}' and '{last:%F}' order by 1"
    )
    interest = full_market.truth["open_interest"]
    hours = 4 * np.arange(len(interest.usd))
    usd = pd.DataFrame(interest.usd, index=model.starts_at + pd.to_timedelta(hours, unit="h"))
    usd = usd.loc[:, are_on_coins(model.assets, interest.listings)]
    for (_, before), (_, day) in zip(found.iloc[:-1].iterrows(), found.iloc[1:].iterrows(), strict=True):
        low, high = usd.loc[before["market_date"] + DAY], usd.loc[day["market_date"] + DAY]
        seen = low.notna() & high.notna()
        ratio = day["total_like_for_like_usd"] / before["total_like_for_like_usd"]
        assert ratio == pytest.approx(high[seen].sum() / low[seen].sum(), rel=1e-4)
    ends = found["market_date"] + DAY
    is_silent = (ends > outage["first_at"] + 8 * HOUR) & (ends < outage["ends_at"])
    assert is_silent.sum() == 2
    assert set(found.loc[is_silent, "n_venues"]) == {2} and set(found.loc[~is_silent, "n_venues"]) == {3}
    assert (found.loc[is_silent, "coverage_pct"] < 90).all() and (found.loc[~is_silent, "coverage_pct"] > 99).all()


def test_the_ledger_says_what_an_outage_cost(full_marts, full_truth):
    outage = full_truth.outages.iloc[0]
    week = monday(outage["first_at"])
    found = full_marts(f"select * from marts.data_coverage_weekly where week_start = '{week:%F}'")
    found = found.set_index(["venue", "dataset"])
    hours = round((outage["ends_at"] - outage["first_at"]) / HOUR)
    missing = {"candles": 22 * hours, "funding_rates": 22 * 8, "open_interest": 22 * 15}
    for dataset, count in missing.items():
        assert found.loc[(outage["venue"], dataset), "missing_rows"] == count, dataset
    assert found.loc[(outage["venue"], "candles"), "first_missing_at"] == outage["first_at"] + HOUR  # named by its end
    assert (found.drop(outage["venue"], level="venue")["missing_rows"] == 0).all()


def test_what_traded_nowhere_else_has_no_price_and_comes_back_with_the_whole_move(full_marts, full_truth, model):
    outage = full_truth.outages.iloc[0]
    week = monday(outage["first_at"])
    hours = prices_of(full_marts, "mantle", week, week + WEEK)
    gone, back = outage["first_at"], outage["ends_at"]  # the candle that opens at `back` gives the price an hour later
    assert hours.loc[gone + HOUR : gone + 3 * HOUR, "is_carried"].all()
    silent = hours.loc[gone + 4 * HOUR : back]
    assert silent["reference_price_usd"].isna().all()
    move = np.log(price(model, "mantle", back + HOUR) / price(model, "mantle", gone))
    assert hours.loc[back + HOUR, "log_return"] == pytest.approx(move, abs=3e-4)
    weeks = full_marts(
        "select week_start, is_eligible, exclusion_reason, return_pct from marts.universe_weekly"
        f" where asset_id = 'mantle' and window_id = 'mon_mon' and week_start between '{week:%F}' and '2025-07-21'"
        " order by 1"
    )
    # of the next week's price no instrument was sure, and the week after it has no hours behind it
    assert weeks["is_eligible"].to_list() == [True, False, False, True]
    true = in_week(full_truth.universe, week, asset_id="mantle")["return_pct"].item()
    assert weeks["return_pct"].iloc[0] == pytest.approx(true, abs=0.1)


def test_the_settlements_of_an_outage_are_missing_and_not_zero(full_marts, full_truth):
    week = monday(full_truth.outages.iloc[0]["first_at"])
    found = full_marts(
        "select * from marts.funding_weekly where asset_id = 'mantle' and window_id = 'mon_mon'"
        f" and week_start = '{week:%F}'"
    ).iloc[0]
    # settled at 08:00 on Tuesday first, at 16:00 on Thursday last, that did not come
    assert (found["n_settlements"], found["expected_settlements"]) == (21 - 8, 21)
    true = in_week(full_truth.funding, week, asset_id="mantle")
    assert found["funding_rate_annualised_pct"] == pytest.approx(true["funding_rate_annualised_pct"].item(), abs=1e-6)


# --- instruments that were renamed -----------------------------------------------------------------------------------


def test_a_renamed_instrument_ends_and_begins_as_one_asset(full_marts, steps, full_truth):
    for row in full_truth.renames.itertuples():
        week = monday(row.renamed_at)
        names = f"('{row.old_symbol}', '{row.new_symbol}')"
        ids = full_marts(f"select distinct asset_id from marts.instruments where venue_symbol in {names}")
        assert ids["asset_id"].to_list() == [row.asset_id]
        true = in_week(full_truth.open_interest_changes, week).set_index("venue_symbol")
        found = steps[(steps["week_start"] == week) & (steps["venue"] == row.venue)].set_index("venue_symbol")
        for symbol, sign in ((row.old_symbol, -1), (row.new_symbol, 1)):
            effects = found.loc[symbol]
            assert sign * effects["listing_effect_usd"] > 1e8 and effects["coverage_effect_usd"] == 0
            for name in EFFECTS:
                assert effects[name] == pytest.approx(true.loc[symbol, name], abs=1e5)
        days = full_marts(
            f"select market_date, open_interest_usd from marts.open_interest_daily where venue = '{row.venue}'"
            f" and asset_id = '{row.asset_id}' and market_date between '{week:%F}' and '{week + 13 * DAY:%F}'"
            " order by 1"
        )
        assert len(days) == 14 and days["open_interest_usd"].pct_change().abs().max() < 0.25
        funding = full_marts(
            "select n_settlements, expected_settlements, funding_rate_annualised_pct from marts.funding_weekly"
            f" where asset_id = '{row.asset_id}' and window_id = 'mon_mon' and week_start = '{week:%F}'"
        ).iloc[0]
        # the new name's first settlement has no interval, and nothing else is lost
        stretches = full_truth.intervals[full_truth.intervals["venue_symbol"] == row.new_symbol]
        assert funding["n_settlements"] == 168 / stretches["interval_hours"].item() - 1
        true_rate = in_week(full_truth.funding, week, asset_id=row.asset_id)
        assert funding["funding_rate_annualised_pct"] == pytest.approx(
            true_rate["funding_rate_annualised_pct"].item(), abs=1e-6
        )


def test_a_price_survives_the_renaming_of_another_instrument(full_marts, full_truth, model):
    week = monday(full_truth.renames.query("asset_id == 'render-token'")["renamed_at"].item())
    hours = prices_of(full_marts, "render-token", week, week + WEEK)
    assert len(hours) == 168 and not hours["is_carried"].any() and set(hours["market_type"]) == {"spot"}
    move = np.log(price(model, "render-token", week + WEEK) / price(model, "render-token", week))
    assert hours["log_return"].sum() == pytest.approx(move, abs=3e-4)


def test_a_price_ends_with_its_only_instrument_and_begins_with_the_new_name(full_marts, full_truth, model):
    at = full_truth.renames.query("asset_id == 'polygon-ecosystem-token'")["renamed_at"].item()
    week = monday(at)
    hours = prices_of(full_marts, "polygon-ecosystem-token", week, week + 4 * WEEK)
    priced = hours[hours["reference_price_usd"].notna() & ~hours["is_carried"].astype(bool)]
    before, after = priced.loc[:at], priced.loc[at + HOUR :]
    assert set(before["venue_symbol"]) == {"MATICUSDT"} and before.index.max() == at
    assert set(after["venue_symbol"]) == {"POLUSDT"} and after.index.min() == week + 2 * WEEK + HOUR
    weeks = full_marts(
        "select week_start, is_eligible, return_pct from marts.universe_weekly where window_id = 'mon_mon'"
        f" and asset_id = 'polygon-ecosystem-token' and week_start between '{week:%F}' and '{week + 3 * WEEK:%F}'"
        " order by 1"
    )
    assert weeks["is_eligible"].to_list() == [True, False, False, True]
    first, last = (price(model, "polygon-ecosystem-token", moment) for moment in (week, at))
    assert weeks["return_pct"].iloc[0] == pytest.approx(100 * (last / first - 1), abs=0.1)


# --- a coin that died ------------------------------------------------------------------------------------------------


def test_a_coin_that_dies_counts_with_its_last_price_and_leaves(full_marts, steps, full_truth, model):
    died = full_truth.instruments.query("venue_symbol == 'MKRUSDT'")["last_at"].item()
    week = monday(died)
    assert week < died < week + WEEK
    hours = prices_of(full_marts, "maker", week, week + 2 * WEEK)
    assert hours["reference_price_usd"].last_valid_index() == died + 3 * HOUR
    weeks = full_marts(
        "select week_start, is_eligible, exclusion_reason, rank, return_pct from marts.universe_weekly"
        f" where asset_id = 'maker' and window_id = 'mon_mon' and week_start >= '{week:%F}' order by 1"
    )
    assert weeks["is_eligible"].to_list() == [True] + [False] * (len(weeks) - 1)
    assert set(weeks["exclusion_reason"].iloc[1:]) == {"no_price"} and weeks["rank"].iloc[1:].isna().all()
    wanted = 100 * (price(model, "maker", died) / price(model, "maker", week) - 1)
    assert weeks["return_pct"].iloc[0] == pytest.approx(wanted, abs=0.1)
    ours = steps[steps["venue_symbol"] == "MKRUSDT"]
    assert ours["week_start"].max() == week
    effects = ours[ours["week_start"] == week].iloc[0]
    true = in_week(full_truth.open_interest_changes, week, venue_symbol="MKRUSDT").iloc[0]
    for name in EFFECTS:
        assert effects[name] == pytest.approx(true[name], abs=1e5)
    assert effects["listing_effect_usd"] < -1e8 and effects["coverage_effect_usd"] == 0
