"""Each rule catches what it is for, and passes what is real."""

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from expectations.rules import MOST_ROWS_GO_ON, QUARANTINE, STOP, WARN
from expectations.runner import judge_at
from expectations.suites import SuiteError, suite_of
from warehouse.contracts import DATASETS

NOW = datetime(2025, 11, 24, 6, tzinfo=UTC)
CLOCK = NOW.replace(tzinfo=None)
HOUR = timedelta(hours=1)


def good(dataset: str, rows: int = 30) -> pd.DataFrame:
    """Believable rows of a dataset, in its Arrow types, newest last."""
    hours = [CLOCK - (rows - n) * HOUR for n in range(rows)]
    columns = {
        "instruments": {
            "venue": "binance", "market_type": "perp", "venue_symbol": [f"A{n}USDT" for n in range(rows)],
            "base": [f"A{n}" for n in range(rows)], "quote": "USDT", "settle": "USDT", "contract_size": 1.0,
            "is_inverse": False, "is_active": True, "listed_at": pd.Timestamp("2020-01-01"), "asset_class": "crypto",
            "is_premarket": False,
        },
        "candles": {
            "venue": "binance", "market_type": "perp", "venue_symbol": "BTCUSDT", "open_time": hours, "open": 100.0,
            "high": 110.0, "low": 90.0, "close": 105.0, "base_volume": 10.0, "quote_volume": 1020.0,
            "taker_buy_base_volume": 4.0, "taker_buy_quote_volume": 408.0,
        },
        "funding_rates": {
            "venue": "binance", "venue_symbol": "BTCUSDT",
            "settled_at": [hour + timedelta(milliseconds=3) for hour in hours], "funding_rate": 0.0001,
        },
        "open_interest": {
            "venue": "binance", "venue_symbol": "BTCUSDT", "observed_at": hours, "open_interest_base": 10.0,
            "open_interest_usd": 1_000_000.0,
        },
        "long_short_ratios": {
            "venue": "binance", "venue_symbol": "BTCUSDT", "observed_at": hours, "long_short_account_ratio": 1.8376,
        },
        "liquidations": {
            "venue": "gate", "venue_symbol": "BTC_USDT", "liquidated_at": hours, "side": "long", "price": 87_000.5,
            "occurrence": range(1, rows + 1), "quantity": 0.0165,
        },
        "order_book_depth": {
            "venue": "coinbase", "market_type": "spot", "venue_symbol": "BTC-USD",
            "snapshot_at": [hours[n - n % 2] + timedelta(seconds=7) for n in range(rows)],
            "side": [("bid", "ask")[n % 2] for n in range(rows)], "band_pct": 1.0, "base_amount": 10.0,
            "quote_amount": [(995.0, 1005.0)[n % 2] for n in range(rows)],
            "best_price": [(99.99, 100.01)[n % 2] for n in range(rows)],
        },
        "market_caps": {
            "provider": "coingecko", "provider_asset_id": [f"coin-{n}" for n in range(rows)], "observed_at": CLOCK,
            "symbol": "c", "name": "Coin", "rank": range(1, rows + 1), "price_usd": 2.0, "circulating_supply": 50.0,
            "market_cap_usd": 100.0, "volume_24h_usd": 5.0,
        },
        "asset_class_prices": {
            "provider": "fred", "series": "SP500",
            "close_date": [date(2025, 11, 21) - timedelta(days=n) for n in range(rows)], "close": 6600.0,
        },
        "macro_series": {
            "provider": "fred", "series": "PAYEMS",
            "reference_date": [date(2025, 11, 1) - timedelta(days=30 * n) for n in range(rows)], "value": 159_000.0,
            "released_at": [datetime(2025, 11, 20, 13, 30) - timedelta(days=30 * n) for n in range(rows)],
        },
    }  # fmt: skip
    frame = pd.DataFrame(columns[dataset])
    return as_landed(dataset, frame)


def as_landed(dataset: str, frame: pd.DataFrame) -> pd.DataFrame:
    import pyarrow as pa

    schema = DATASETS[dataset].schema
    frame = frame.assign(**{name: float("nan") for name in ("taker_buy_base_volume", "taker_buy_quote_volume")
                            if name in schema.names and name not in frame})  # fmt: skip
    return pa.Table.from_pandas(frame, preserve_index=False).select(schema.names).cast(schema).to_pandas()


def judge(dataset: str, rows: pd.DataFrame):
    return judge_at(NOW)(DATASETS[dataset], rows)


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_suite_has_three_to_eight_rules_each_with_a_reason(dataset):
    suite = suite_of(dataset)
    assert suite.dataset == dataset
    assert 3 <= len(suite.rules) <= 8  # beside the one that all share: that most rows go on
    assert len({rule.name for rule in suite.rules}) == len(suite.rules)
    for rule in suite.rules:
        assert rule.severity in (STOP, QUARANTINE, WARN) and len(rule.reason) > 20 and rule.expectations


def test_a_dataset_without_a_suite_says_where_to_write_one():
    with pytest.raises(SuiteError, match=r"expectations/suites/gas_prices\.py"):
        suite_of("gas_prices")


@pytest.mark.parametrize("dataset", DATASETS)
def test_believable_rows_pass_every_rule(dataset):
    judgement = judge(dataset, good(dataset))
    assert judgement.verdicts == []
    assert [r.rule for r in judgement.results if not r.is_passed] == []
    assert {r.evaluated_rows for r in judgement.results} == {30}


BAD_ROWS = [
    ("instruments", "market_type", "option", "kind_is_known", QUARANTINE),
    ("instruments", "contract_size", 0.0, "contract_size_is_positive", QUARANTINE),
    ("instruments", "contract_size", None, "contract_size_is_positive", QUARANTINE),
    ("instruments", "venue_symbol", None, "key_is_complete", STOP),
    ("instruments", "base", None, "listing_is_whole", QUARANTINE),
    ("instruments", "asset_class", "art", "kind_is_known", QUARANTINE),
    ("instruments", "listed_at", pd.Timestamp("1970-01-01"), "listing_date_is_plausible", WARN),
    ("candles", "close", None, "values_are_present", QUARANTINE),
    ("candles", "close", float("inf"), "prices_are_ordered", QUARANTINE),
    ("candles", "low", -1.0, "amounts_are_possible", QUARANTINE),
    ("candles", "low", 0.0, "amounts_are_possible", QUARANTINE),
    ("candles", "base_volume", -1.0, "amounts_are_possible", QUARANTINE),
    ("candles", "high", 104.0, "prices_are_ordered", QUARANTINE),
    ("candles", "low", 101.0, "prices_are_ordered", QUARANTINE),
    ("candles", "open_time", CLOCK - 5 * HOUR + timedelta(minutes=1), "candle_opens_on_the_hour", QUARANTINE),
    ("candles", "open_time", CLOCK, "hour_is_over", QUARANTINE),
    ("candles", "quote_volume", 10.0, "volumes_fit_each_other", WARN),
    ("candles", "taker_buy_base_volume", 10.1, "volumes_fit_each_other", WARN),
    ("candles", "taker_buy_base_volume", -0.1, "volumes_fit_each_other", WARN),
    ("candles", "venue_symbol", None, "key_is_complete", STOP),
    ("open_interest", "open_interest_base", 0.0, "amount_is_no_gap", QUARANTINE),
    ("funding_rates", "funding_rate", None, "rate_is_present", QUARANTINE),
    ("funding_rates", "funding_rate", -0.5, "rate_is_possible", QUARANTINE),
    ("funding_rates", "settled_at", CLOCK + 2 * HOUR, "settlement_is_past", QUARANTINE),
    ("funding_rates", "settled_at", CLOCK - timedelta(minutes=20), "settlement_is_near_a_full_hour", WARN),
    ("open_interest", "open_interest_usd", -1.0, "amounts_are_possible", QUARANTINE),
    ("open_interest", "open_interest_base", 1e-9, "implied_price_is_possible", QUARANTINE),
    ("open_interest", "observed_at", CLOCK + HOUR, "observation_is_past", QUARANTINE),
    ("long_short_ratios", "long_short_account_ratio", None, "ratio_is_present", QUARANTINE),
    ("long_short_ratios", "long_short_account_ratio", 0.0138, "ratio_is_possible", QUARANTINE),
    ("long_short_ratios", "observed_at", CLOCK + HOUR, "observation_is_past", QUARANTINE),
    ("long_short_ratios", "venue_symbol", None, "key_is_complete", STOP),
    ("liquidations", "side", "buy", "side_is_known", QUARANTINE),
    ("liquidations", "quantity", None, "quantity_is_present", QUARANTINE),
    ("liquidations", "quantity", -1.0, "amounts_are_possible", QUARANTINE),
    ("liquidations", "quantity", 1e5, "amounts_are_possible", QUARANTINE),
    ("liquidations", "price", 0.0, "amounts_are_possible", QUARANTINE),
    ("liquidations", "liquidated_at", CLOCK + 2 * HOUR, "liquidation_is_past", QUARANTINE),
    ("liquidations", "side", None, "key_is_complete", STOP),
    ("order_book_depth", "side", "buy", "side_is_known", QUARANTINE),
    ("order_book_depth", "band_pct", 0.0, "amounts_are_possible", QUARANTINE),
    ("order_book_depth", "base_amount", None, "amounts_are_possible", QUARANTINE),
    ("order_book_depth", "quote_amount", -1.0, "amounts_are_possible", QUARANTINE),
    ("order_book_depth", "quote_amount", 1e6, "amounts_lie_in_the_band", QUARANTINE),
    ("order_book_depth", "quote_amount", 1020.0, "amounts_lie_in_the_band", QUARANTINE),
    ("order_book_depth", "snapshot_at", CLOCK + HOUR, "snapshot_is_past", QUARANTINE),
    ("order_book_depth", "band_pct", None, "key_is_complete", STOP),
    ("market_caps", "circulating_supply", -1.0, "amounts_are_possible", QUARANTINE),
    ("market_caps", "rank", 0, "rank_is_possible", QUARANTINE),
    ("market_caps", "market_cap_usd", 1000.0, "price_times_supply_is_the_cap", WARN),
    ("market_caps", "observed_at", CLOCK + HOUR, "observation_is_past", QUARANTINE),
    ("asset_class_prices", "close", None, "close_is_present", QUARANTINE),
    ("asset_class_prices", "close", 1e9, "close_is_possible", QUARANTINE),
    ("asset_class_prices", "close", 1000.0, "close_follows_the_one_before", WARN),
    ("asset_class_prices", "close_date", date(2025, 11, 25), "day_is_not_ahead", QUARANTINE),
    ("macro_series", "value", float("inf"), "value_is_possible", QUARANTINE),
    ("macro_series", "reference_date", date(2050, 1, 1), "date_is_possible", QUARANTINE),
    ("macro_series", "released_at", CLOCK + HOUR, "release_is_past", QUARANTINE),
    ("macro_series", "released_at", datetime(2000, 1, 1), "release_follows_the_period", QUARANTINE),
]


@pytest.mark.parametrize("dataset, column, value, rule, severity", BAD_ROWS)
def test_a_bad_row_is_found_by_its_rule(dataset, column, value, rule, severity):
    rows = good(dataset)
    rows.loc[7, column] = value
    judgement = judge(dataset, rows)
    result = next(r for r in judgement.results if r.rule == rule)
    assert (result.severity, result.is_passed) == (severity, False)
    stopped = {(v.row, v.rule) for v in judgement.verdicts}
    assert ((7, rule) in stopped) == (severity != WARN)
    if severity != WARN:
        assert {row for row, _ in stopped} == {7}
        assert next(r for r in judgement.results if r.rule == MOST_ROWS_GO_ON).is_passed


def book(*sides: tuple[str, float, float | None, float | None], best: tuple[float, float] | None = None):
    """One snapshot: a row (side, band, base amount, quote amount) each."""
    rows = good("order_book_depth", rows=len(sides))
    rows["snapshot_at"] = CLOCK - HOUR
    rows["side"], rows["band_pct"], rows["base_amount"], rows["quote_amount"] = zip(*sides, strict=True)
    rows["best_price"] = [float("nan") if best is None else best[side == "ask"] for side in rows["side"]]
    return as_landed("order_book_depth", rows)


def broken(rows: pd.DataFrame) -> set[tuple[int, str]]:
    return {(v.row, v.rule) for v in judge("order_book_depth", rows).verdicts}


def test_a_band_that_holds_less_than_a_narrower_one_is_refused():
    """The rows of a snapshot come in any order; equal bands are an empty stretch of the book."""
    sides = (("bid", 2.0, 9.0, 890.0), ("bid", 1.0, 10.0, 995.0), ("bid", 5.0, 10.0, 995.0), ("ask", 1.0, 1.0, 100.5))
    assert broken(book(*sides)) == {(0, "bands_hold_each_other")}


def test_a_crossed_book_is_refused_whole_and_an_empty_or_shallow_one_is_real():
    sides = (("bid", 1.0, 10.0, 995.0), ("bid", 5.0, 20.0, 1980.0), ("ask", 1.0, 10.0, 1005.0))
    assert broken(book(*sides, best=(99.99, 100.01))) == set()
    assert {rule for _, rule in broken(book(*sides, best=(100.02, 100.01)))} == {"sides_do_not_meet"}
    assert {row for row, _ in broken(book(*sides, best=(100.02, 100.01)))} == {0, 1, 2}
    swapped = (("bid", 1.0, 10.0, 1005.0), ("ask", 1.0, 10.0, 995.0))  # without best prices, averages tell
    assert broken(book(*swapped)) == {(0, "sides_do_not_meet"), (1, "sides_do_not_meet")}
    empty = (("bid", 1.0, 0.0, 0.0), ("bid", 5.0, None, None), ("ask", 1.0, 10.0, 1005.0))
    assert broken(book(*empty)) == set()


def test_both_amounts_missing_is_no_observation():
    rows = good("open_interest")
    rows.loc[3, ["open_interest_base", "open_interest_usd"]] = None
    assert {(v.row, v.rule) for v in judge("open_interest", rows).verdicts} == {(3, "an_amount_is_present")}


def test_dollars_alone_are_an_observation():
    rows = good("open_interest").assign(open_interest_base=float("nan"))
    assert judge("open_interest", rows).verdicts == []


def test_an_unknown_supply_and_a_price_rounded_to_nothing_go_on():
    rows = good("market_caps")
    rows.loc[3, "circulating_supply"] = 0.0
    rows.loc[4, "price_usd"] = 0.0
    assert judge("market_caps", rows).verdicts == []


def test_a_missing_macro_value_is_a_fact():
    rows = good("macro_series")
    rows.loc[0, "value"] = float("nan")
    assert judge("macro_series", rows).verdicts == []


def test_the_wildest_real_hour_passes():
    rows = good("candles")
    rows.loc[5, ["open", "high", "low", "close"]] = [0.08197, 0.08662, 0.00593, 0.04616]
    rows.loc[5, ["base_volume", "quote_volume"]] = [3.2e8, 1.5e7]
    assert judge("candles", rows).verdicts == []


def test_funding_in_percent_stops_the_line():
    rows = good("funding_rates", rows=60).assign(funding_rate=0.01)
    judgement = judge("funding_rates", rows)
    result = next(r for r in judgement.results if r.rule == "typical_rate_is_a_fraction")
    assert (result.severity, result.is_passed, result.failed_rows) == (STOP, False, 60)
    assert {v.row for v in judgement.verdicts} == set(range(60))


def test_a_median_is_not_taken_of_a_few_rows():
    rows = good("funding_rates", rows=10).assign(funding_rate=0.02)
    assert judge("funding_rates", rows).verdicts == []


def test_a_venue_that_lists_nothing_as_trading_stops_the_line():
    result = next(r for r in judge("instruments", good("instruments").assign(is_active=False)).results
                  if r.rule == "something_trades")  # fmt: skip
    assert (result.severity, result.is_passed) == (STOP, False)


@pytest.mark.parametrize("bad_rows, is_passed", [(15, True), (16, False)])
def test_the_line_stops_when_over_half_of_a_batch_fails(bad_rows, is_passed):
    rows = good("candles")
    rows.loc[: bad_rows - 1, "low"] = -1.0
    result = next(r for r in judge("candles", rows).results if r.rule == MOST_ROWS_GO_ON)
    assert (result.severity, result.failed_rows, result.is_passed) == (STOP, bad_rows, is_passed)


HOLES = {
    "candles": ("values_are_present", ["open", "high", "low", "close", "base_volume", "quote_volume"]),
    "funding_rates": ("rate_is_present", ["funding_rate"]),
    "open_interest": ("an_amount_is_present", ["open_interest_base", "open_interest_usd"]),
    "long_short_ratios": ("ratio_is_present", ["long_short_account_ratio"]),
    "liquidations": ("quantity_is_present", ["quantity"]),
    "asset_class_prices": ("close_is_present", ["close"]),
}


@pytest.mark.parametrize("dataset", HOLES)
def test_holes_are_set_aside_and_condemn_no_batch(dataset):
    """An outage that is written as empty rows, asked for by itself: all of the answer is holes."""
    rule, columns = HOLES[dataset]
    judgement = judge(dataset, good(dataset).assign(**dict.fromkeys(columns, float("nan"))))
    assert {(v.row, v.rule) for v in judgement.verdicts} == {(row, rule) for row in range(30)}
    assert all(result.is_passed for result in judgement.results if result.severity == STOP)


@pytest.mark.parametrize("bad_rows, is_passed", [(12, True), (13, False)])
def test_what_is_wrong_is_counted_among_the_rows_that_have_values(bad_rows, is_passed):
    rows = good("candles")
    rows.loc[25:, "close"] = None
    rows.loc[: bad_rows - 1, "low"] = -1.0
    result = next(r for r in judge("candles", rows).results if r.rule == MOST_ROWS_GO_ON)
    assert (result.evaluated_rows, result.failed_rows, result.is_passed) == (25, bad_rows, is_passed)


def test_a_small_batch_cannot_stop_the_line_by_its_share():
    rows = good("candles", rows=3).assign(low=-1.0)
    judgement = judge("candles", rows)
    assert {v.row for v in judgement.verdicts} == {0, 1, 2}
    assert next(r for r in judgement.results if r.rule == MOST_ROWS_GO_ON).is_passed


def test_rows_are_named_by_position_whatever_the_index():
    rows = good("candles")
    rows.loc[29, "close"] = None
    rows.index = range(1000, 1030)
    assert {v.row for v in judge("candles", rows).verdicts} == {29}


def test_the_clock_is_the_sources_and_not_the_walls():
    rows = good("candles")
    later = judge_at(NOW + timedelta(days=1))(DATASETS["candles"], rows)
    earlier = judge_at(NOW - timedelta(hours=10))(DATASETS["candles"], rows)
    assert later.verdicts == []
    assert {v.rule for v in earlier.verdicts} == {"hour_is_over"}


@pytest.mark.real_data
def test_real_data_passes_but_for_what_is_known(market_data):
    clock = datetime(2026, 5, 31, tzinfo=UTC)
    table = pd.read_parquet(market_data / "market_caps.parquet").rename(columns={"asset_id": "provider_asset_id"})
    tables = {"market_caps": table}
    for name, file in (("candles", "candles_1h"), ("funding_rates", "funding_rates"),
                       ("open_interest", "open_interest")):  # fmt: skip
        tables[name] = pd.read_parquet(market_data / f"{file}.parquet").head(200_000)
    for name, frame in tables.items():
        for column in frame.columns:
            if isinstance(frame[column].dtype, pd.DatetimeTZDtype):
                frame[column] = frame[column].dt.tz_localize(None)
        judgement = judge_at(clock)(DATASETS[name], as_landed(name, frame))
        assert judgement.verdicts == [], name
