"""The generated market: its shapes, what is odd in it on purpose, and that the same seed makes the same market."""

import time
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simulator.generation.assets import assets, listings
from simulator.generation.generate import generate
from simulator.generation.truth import truth
from simulator.market import COLUMNS, Market
from tests.independent import open_interest as independent_oi
from warehouse.home import CHECKOUT

SEEDS = Path(CHECKOUT) / "dbt_project" / "seeds"
KEYS = {
    "instruments": ["venue", "market_type", "venue_symbol"],
    "candles_1h": ["venue", "market_type", "venue_symbol", "open_time"],
    "funding_rates": ["venue", "venue_symbol", "settled_at"],
    "open_interest": ["venue", "venue_symbol", "observed_at"],
    "long_short_ratios": ["venue", "venue_symbol", "observed_at"],
    "liquidations": ["venue", "venue_symbol", "liquidated_at", "side", "price", "quantity"],
    "order_book_depth": ["venue", "market_type", "venue_symbol", "snapshot_at", "side", "band_pct"],
    "market_caps": ["provider", "asset_id", "observed_at", "rank"],
    "asset_class_prices": ["provider", "series", "close_date"],
    "macro_series": ["provider", "series", "reference_date"],
}
NOW = pd.Timestamp("2025-11-24 06:00")


@pytest.fixture(scope="module")
def full(full_market) -> Market:
    return full_market


@pytest.fixture(scope="module")
def tiny(tiny_market) -> Market:
    return tiny_market


def test_every_table_has_its_columns_and_its_key_is_unique_in_both_markets(full, tiny):
    for market in (full, tiny):
        for name, columns in COLUMNS.items():
            table = market.table(name)
            assert set(columns) <= set(table.columns), name
            assert len(table) or (market is tiny and name == "liquidations"), name
            assert not table.duplicated(KEYS[name]).any(), name
            assert isinstance(table.index, pd.RangeIndex), name


def test_the_same_seed_makes_the_same_market_and_another_seed_another(tiny):
    again, other = generate("tiny"), generate("tiny", seed=1)
    for name in COLUMNS:
        pd.testing.assert_frame_equal(tiny.table(name), again.table(name))
    assert not np.allclose(tiny.candles_1h["close"], other.candles_1h["close"])


def test_generation_is_quick():
    started = time.perf_counter()
    generate("tiny")
    assert time.perf_counter() - started < 3  # 0.15 s on a quiet machine


def test_an_unknown_market_is_refused():
    with pytest.raises(ValueError, match="choose one of full, tiny"):
        generate("huge")


def test_the_full_market_keeps_to_its_volume_and_its_clock(full):
    assert 900_000 < len(full.candles_1h) <= 1_100_000
    assert full.clock.now.replace(tzinfo=None) == NOW
    assert full.candles_1h["open_time"].min() == pd.Timestamp("2025-03-31")
    for name, column in (
        ("funding_rates", "settled_at"), ("open_interest", "observed_at"), ("market_caps", "observed_at"),
        ("macro_series", "released_at"),
    ):  # fmt: skip
        assert full.table(name)[column].max() <= NOW, name


def test_the_last_candle_is_unfinished(full):
    last = full.candles_1h[full.candles_1h["open_time"] == full.candles_1h["open_time"].max()]
    assert (last["open_time"] == NOW).all()
    before = full.candles_1h[full.candles_1h["open_time"] == NOW - pd.Timedelta(hours=1)]
    assert last["quote_volume"].sum() < 0.8 * before["quote_volume"].sum()


def test_candles_are_believable(full):
    c = full.candles_1h
    assert (c["low"] > 0).all()
    assert (c["high"] >= c[["open", "close"]].max(axis=1) * (1 - 1e-12)).all()
    assert (c["low"] <= c[["open", "close"]].min(axis=1) * (1 + 1e-12)).all()
    assert (c[["base_volume", "quote_volume"]] > 0).all().all()
    vwap = c["quote_volume"] / c["base_volume"]
    assert (vwap.between(c["low"] * 0.98, c["high"] * 1.02)).mean() > 0.999


def test_takers_bought_a_part_of_what_was_traded_and_more_where_the_hour_closed_high(tiny):
    rows = tiny.candles_1h[tiny.candles_1h["base_volume"] > 100]
    is_told = (rows["venue"] == "binance").to_numpy()
    assert rows[~is_told][["taker_buy_base_volume", "taker_buy_quote_volume"]].isna().all().all()
    rows = rows[is_told]
    share = rows["taker_buy_base_volume"] / rows["base_volume"]
    assert share.between(0.34, 0.66).all()
    assert (rows["taker_buy_quote_volume"] / rows["quote_volume"] - share).abs().max() < 0.001
    rose = rows["close"] > rows["open"]
    assert share[rose].mean() > 0.5 > share[~rose].mean()


def test_there_is_one_of_every_oddity(full):
    by_id = {a.asset_id: a for a in assets("full")}
    symbols = pd.Series([a.symbol for a in by_id.values()])
    assert set(symbols[symbols.duplicated()]) == {"TON", "NEIRO"}
    kinds = {a.kind for a in by_id.values()}
    assert {"stablecoin", "wrapped", "liquid_staked", "tokenised"} <= kinds
    instruments = full.instruments.set_index(["venue", "venue_symbol"])
    assert {"1000PEPE", "1000SHIB", "kPEPE"} <= set(instruments["base"])
    assert not instruments.loc[("binance", "MKRUSDT"), "is_active"].any()
    spans = full.candles_1h.groupby("venue_symbol", observed=True)["open_time"].agg(["min", "max"])
    assert spans.loc["MKRUSDT", "max"] == pd.Timestamp("2025-08-13 03:00")
    assert spans.loc["XPLUSDT", "min"] == pd.Timestamp("2025-09-25 13:00")


def test_funding_settles_every_8_4_or_1_hours_with_late_stamps_and_switches(full):
    f = full.funding_rates
    late = f["settled_at"] - f["settled_at"].dt.floor("h")
    assert late.max() < pd.Timedelta(milliseconds=100)
    assert late.max() > pd.Timedelta(0)
    gaps = f.assign(hour=f["settled_at"].dt.round("h")).groupby(["venue", "venue_symbol"], observed=True)["hour"].diff()
    hours = gaps / pd.Timedelta(hours=1)
    assert set(hours[f["venue"] != "bybit"].dropna()) == {8.0, 4.0, 1.0}
    assert set(hours[f["venue"] == "bybit"].dropna()) == {8.0, 72.0}  # it was silent once
    assert set(hours[f["venue"] == "hyperliquid"].dropna()) == {1.0}
    assert set(hours[f["venue_symbol"] == "TRUMPUSDT"].dropna()) == {8.0, 4.0}
    assert set(hours[(f["venue_symbol"] == "FARTCOINUSDT") & (f["venue"] == "binance")].dropna()) == {8.0, 4.0, 1.0}
    stretches = truth(full).intervals
    assert len(stretches[stretches["venue_symbol"] == "TRUMPUSDT"]) == 2


def test_open_interest_says_the_same_in_coins_and_dollars(full):
    oi = full.open_interest.rename(columns={"observed_at": "hour"})
    closes = full.candles_1h[full.candles_1h["market_type"] == "perp"]
    closes = closes.assign(hour=closes["open_time"] + pd.Timedelta(hours=1))[["venue", "venue_symbol", "hour", "close"]]
    both = oi.astype({"venue": str, "venue_symbol": str}).merge(
        closes.astype({"venue": str, "venue_symbol": str}), on=["venue", "venue_symbol", "hour"]
    )
    assert len(both) > 0.99 * len(oi) - 200
    ratio = both["open_interest_usd"] / (both["open_interest_base"] * both["close"])
    assert ratio.between(0.998, 1.002).all()


def test_inverse_contracts_are_whole_dollars_and_their_coins_follow_the_price(full):
    listed = full.instruments[full.instruments["is_inverse"]]
    assert listed[["venue", "venue_symbol", "quote", "settle"]].to_numpy().tolist() == [
        ["bybit", "ETHUSD", "USD", "ETH"], ["bybit", "XRPUSD", "USD", "XRP"],
    ]  # fmt: skip
    for symbol in listed["venue_symbol"]:
        oi = full.open_interest[full.open_interest["venue_symbol"] == symbol]
        assert (oi["open_interest_usd"] % 1 == 0).all() and oi["open_interest_usd"].between(1e8, 1e9).all()
        candles = full.candles_1h[full.candles_1h["venue_symbol"] == symbol]
        assert len(candles) == len(full.candles_1h[full.candles_1h["venue_symbol"] == "XRP-USD"]) - 59
        beside = full.candles_1h[full.candles_1h["venue_symbol"] == f"{symbol}T"].query("venue == 'bybit'")
        assert (candles["close"].to_numpy() / beside["close"].to_numpy() - 1).std() < 2e-4


def test_a_silent_venue_has_no_rows_and_the_others_go_on(full):
    first, end = pd.Timestamp("2025-07-01 07:00"), pd.Timestamp("2025-07-03 18:00")
    for name, column in (
        ("candles_1h", "open_time"), ("funding_rates", "settled_at"), ("open_interest", "observed_at"),
    ):  # fmt: skip
        rows = full.table(name)
        inside = rows[rows[column].between(first, end, inclusive="left")]
        assert set(inside["venue"]) >= {"binance", "hyperliquid"} and "bybit" not in set(inside["venue"]), name
        ours = rows[rows["venue"] == "bybit"]
        assert ours[column].min() < first and (ours[column] >= end).sum() > len(ours) / 2, name
    assert truth(full).outages.to_numpy().tolist() == [["bybit", first, end]]


def test_a_renamed_instrument_has_one_name_at_a_time(full):
    for old, new, at in (("MATICUSDT", "POLUSDT", "2025-05-07 09:00"), ("RNDRUSDT", "RENDERUSDT", "2025-06-10 15:00")):
        both = full.candles_1h[full.candles_1h["market_type"] == "perp"]
        both = both[both["venue_symbol"].isin([old, new])]
        assert len(both) == len(full.candles_1h.query("venue_symbol == 'BTCUSDT' and market_type == 'spot'"))
        assert ((both["venue_symbol"] == old) == (both["open_time"] < at)).all()
        settled = full.funding_rates[full.funding_rates["venue_symbol"].isin([old, new])]
        assert ((settled["venue_symbol"] == old) == (settled["settled_at"].dt.floor("h") <= at)).all()
        listed = full.instruments[full.instruments["market_type"] == "perp"].set_index("venue_symbol")
        assert not listed.loc[old, "is_active"] and listed.loc[new, "listed_at"] == pd.Timestamp(at)


@pytest.mark.parametrize("week", ["2025-05-05", "2025-06-09", "2025-06-30", "2025-08-11", "2025-09-15"])
def test_the_four_effects_are_those_that_the_tables_tell(full, week):
    start, end = pd.Timestamp(week), pd.Timestamp(week) + pd.Timedelta(weeks=1)
    stated = truth(full).open_interest_changes.query("week_start == @start").set_index(["venue", "venue_symbol"])
    oi = full.open_interest
    oi = oi[oi["observed_at"].between(start - pd.Timedelta(hours=8), end)]
    perps = full.candles_1h[(full.candles_1h["market_type"] == "perp").to_numpy()]
    lives = perps.groupby(["venue", "venue_symbol"], observed=True)["open_time"].agg(["min", "max"])
    names = ["start_usd", "end_usd", *independent_oi.EFFECTS]
    for key, rows in oi.groupby(["venue", "venue_symbol"], observed=True):
        if "PAXG" in key[1]:
            assert key not in stated.index  # gold is no coin
            continue
        spans = (lives.loc[key, "min"], lives.loc[key, "max"] + pd.Timedelta(hours=1))
        is_inverse = bool(stated.loc[key, "is_inverse"])
        found = independent_oi.change(rows, spans, {}, start, end, is_inverse=is_inverse)
        assert [found[name] for name in names] == pytest.approx(
            stated.loc[key, names].to_list(), abs=1e-4 * max(found["start_usd"], found["end_usd"])
        ), key
    odd = stated[(stated["listing_effect_usd"] != 0) | (stated["coverage_effect_usd"] != 0)]
    expected = {
        "2025-05-05": {"MATICUSDT", "POLUSDT"},
        "2025-06-09": {"RNDRUSDT", "RENDERUSDT"},
        "2025-06-30": set(stated.loc["bybit"].index),
        "2025-08-11": {"MKRUSDT"},
        "2025-09-15": {"ASTERUSDT"},
    }[week]
    assert set(odd.index.get_level_values("venue_symbol")) == expected
    assert (stated.loc[stated["is_inverse"], "price_effect_usd"] == 0).all()


def test_every_asset_has_a_daily_supply_and_the_list_at_now_is_ranked(full):
    caps = full.market_caps
    listed = caps[caps["rank"].notna()]
    assert (listed["observed_at"] == NOW).all()
    assert sorted(listed["rank"]) == list(range(1, len(listed) + 1))
    assert listed.sort_values("rank")["market_cap_usd"].is_monotonic_decreasing
    assert np.allclose(caps["price_usd"] * caps["circulating_supply"], caps["market_cap_usd"])
    per_day = caps[caps["asset_id"] == "bitcoin"].groupby(caps["observed_at"].dt.normalize()).size()
    assert len(per_day) == 239


def test_seeds_know_the_simulated_assets_as_the_simulator_does():
    """Sectors and exclusions of the seeds and of assets.toml say the same; the seeds map every listed base."""
    coins = assets("full")
    sectors = pd.read_csv(SEEDS / "sectors.csv").query("valid_to.isna()").set_index("asset_id")["sector"]
    excluded = pd.read_csv(SEEDS / "exclusions.csv").query("valid_to.isna()").set_index("asset_id")["exclusion_reason"]
    traded = {x.asset_id for x in listings("full", coins)}
    for a in coins:
        if a.kind:
            assert excluded.get(a.asset_id) in ("wrapped", "bridged", a.kind), a.asset_id
        elif a.asset_id in traded:
            assert a.asset_id not in excluded.index, a.asset_id
            assert sectors.get(a.asset_id) == a.sector, a.asset_id


def test_the_tiny_market_has_two_sectors_of_three_and_every_kind_of_venue(tiny):
    coins = assets("tiny")
    assert len(coins) == 8
    counts = pd.Series([a.sector for a in coins]).value_counts()
    assert (counts >= 3).sum() == 2
    assert set(zip(tiny.instruments["venue"], tiny.instruments["market_type"], strict=True)) == {
        ("binance", "perp"), ("binance", "spot"), ("bybit", "perp"), ("hyperliquid", "perp"), ("coinbase", "spot"),
    }  # fmt: skip
    assert tiny.candles_1h["open_time"].min() == pd.Timestamp("2025-11-03")


def test_data_files_name_only_what_exists():
    file = tomllib.loads((Path(CHECKOUT) / "simulator" / "generation" / "listings.toml").read_text())
    known = {a.asset_id for a in assets("full")}
    for block in file["markets"]:
        named = block["assets"] if isinstance(block["assets"], list) else block["except"]
        assert set(named) | set(block.get("bases", {})) <= known
    symbols = {x.key for x in listings("full", assets("full"))}
    for switch in file["funding"]["switches"]:
        assert (switch["venue"], "perp", switch["venue_symbol"]) in symbols
