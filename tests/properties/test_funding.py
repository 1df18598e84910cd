"""Funding: what one settlement in eight hours pays, eight hourly ones of an eighth pay; every figure is the same."""

import numpy as np
import pandas as pd
import pytest

from tests.properties.bench import run_of

pytestmark = pytest.mark.xdist_group("models")

HOUR = pd.Timedelta(hours=1)
STARTS = pd.Timestamp("2025-10-20")
ENDS = pd.Timestamp("2025-11-10")
FUNDING_MODELS = (
    "core_windows", "core_days", "int_funding_settlements", "int_funding_missing", "int_funding_hourly",
    "funding_daily", "funding_weekly", "int_funding_run_pieces", "funding_runs",
)  # fmt: skip
SYMBOLS = [("binance", "BTCUSDT", "bitcoin"), ("bybit", "BTCUSDT", "bitcoin"), ("binance", "ETHUSDT", "ethereum")]
BINS = pd.date_range(STARTS - pd.Timedelta(days=4), ENDS, freq="8h")


def settlements(rates, hours_of_bins):
    """Rates per eight hours, by symbol and bin's end, settled every so many hours of each bin."""
    rows = []
    for (venue, symbol, _), own_rates, own_hours in zip(SYMBOLS, rates, hours_of_bins, strict=True):
        for end, rate, each in zip(BINS, own_rates, own_hours, strict=True):
            for k in range(8 // each):
                rows.append((venue, symbol, end - k * each * HOUR, rate * each / 8))
    frame = pd.DataFrame(rows, columns=["venue", "venue_symbol", "settled_at", "funding_rate"])
    # Whole hours, but for what clocks and queues make of them.
    late = pd.to_timedelta(np.arange(len(frame)) % 700, unit="ms")
    return frame.assign(settled_at=frame["settled_at"] + late, recorded_at=ENDS)


def figures(bench, rates, hours_of_bins, *, is_weighted):
    random = np.random.default_rng(99)
    bench.place("run_context", run_of(STARTS, ENDS))
    bench.place("stg_funding_rates", settlements(rates, hours_of_bins))
    bench.nothing_fails()
    bench.place("core_instruments", pd.DataFrame([
        {"venue": venue, "venue_symbol": symbol, "asset_id": asset, "market_type": "perp",
         "valid_from": pd.Timestamp("1970-01-01"), "valid_to": pd.Timestamp("2200-01-01")}
        for venue, symbol, asset in SYMBOLS
    ]))  # fmt: skip
    bench.place(
        "stg_coverage",
        "select '' as dataset, '' as origin, '' as series, 0 as missing_rows, now_at as first_missing_at,"
        " now_at as last_missing_at from operations.run_context limit 0",
    )
    hours = pd.date_range(BINS[0], ENDS, freq="h")
    weights = pd.DataFrame(SYMBOLS, columns=["venue", "venue_symbol", "asset_id"]).merge(
        pd.DataFrame({"valued_at": hours}), how="cross"
    )
    weights["open_interest_usd"] = 10 ** random.uniform(5, 9, len(weights))
    bench.place("int_open_interest_hourly", weights if is_weighted else weights.head(0))
    bench.build(*FUNDING_MODELS)
    weekly = bench.rows("select * from marts.funding_weekly").set_index(["week_start", "window_id", "asset_id"])
    daily = bench.rows("select * from marts.funding_daily").set_index(["market_date", "asset_id"])
    # Which hour is the first with a known interval depends on the interval: what touches it is left out.
    runs = bench.rows(f"select * from marts.funding_runs where run_start > '{STARTS}'")
    daily = daily[daily.index.get_level_values("market_date") >= STARTS]
    return weekly.sort_index(), daily.sort_index(), runs.set_index(["asset_id", "run_start"]).sort_index()


def random_rates(random):
    """Signs last for days; some rates are exactly zero, some neutral."""
    rates = []
    for _ in SYMBOLS:
        level = np.repeat(random.standard_normal(len(BINS) // 4 + 1), 4)[: len(BINS)]
        own = 0.0001 * (level + 0.3 * random.standard_normal(len(BINS)))
        rates.append(np.where(random.random(len(BINS)) < 0.1, random.choice([0.0, 0.0001]), own))
    return rates


def switching(random):
    """Eight, four, two or one hour, for three bins at least, as real venues switch."""
    hours: list[int] = []
    while len(hours) < len(BINS):
        hours += [int(random.choice([8, 4, 2, 1]))] * int(random.integers(3, 12))
    # A last interval that is longer than the one before it would be taken for a hole.
    return hours[: len(BINS) - 3] + [hours[len(BINS) - 4]] * 3


def compare(found, expected, exceptions):
    pd.testing.assert_index_equal(found.index, expected.index)
    for column in expected.columns.difference(exceptions):
        if expected[column].dtype.kind == "f":
            np.testing.assert_allclose(found[column], expected[column], rtol=1e-9, atol=1e-12, err_msg=column)
        else:
            assert (found[column].isna() == expected[column].isna()).all(), column
            assert (found[column].dropna() == expected[column].dropna()).all(), column


@pytest.mark.parametrize("is_weighted", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_eight_hourly_settlements_are_one_of_eight_hours(bench, seed, is_weighted):
    random = np.random.default_rng(seed)
    rates = random_rates(random)
    by_eight = figures(bench, rates, [[8] * len(BINS)] * 3, is_weighted=is_weighted)
    assert set(by_eight[0]["weighting"]) == {"open_interest" if is_weighted else "equal"}
    assert by_eight[0]["negative_hours"].between(1, 167).any()
    for hours_of_bins in ([[1] * len(BINS)] * 3, [[1] * len(BINS), [8] * len(BINS), [4] * len(BINS)]):
        by_hour = figures(bench, rates, hours_of_bins, is_weighted=is_weighted)
        for found, expected in zip(by_hour, by_eight, strict=True):
            compare(found, expected, ["n_settlements", "expected_settlements"])
    assert (by_hour[0]["n_settlements"] > by_eight[0]["n_settlements"]).all()


@pytest.mark.parametrize("seed", range(3, 6))
def test_a_switch_of_intervals_changes_no_figure(bench, seed):
    random = np.random.default_rng(seed)
    rates = random_rates(random)
    expected = figures(bench, rates, [[8] * len(BINS)] * 3, is_weighted=True)
    found = figures(bench, rates, [switching(random) for _ in SYMBOLS], is_weighted=True)
    for one, other in zip(found, expected, strict=True):
        compare(one, other, ["n_settlements", "expected_settlements"])
