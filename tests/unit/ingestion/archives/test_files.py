"""Files and lists of an archive in every shape that they come in, and what they must not be."""

import io
import zipfile
from datetime import UTC, date, datetime, timedelta

import pytest

from ingestion.archives import ARCHIVES, files
from ingestion.archives.archive import Period, periods
from ingestion.archives.files import NotAsPublished, at_asked_moments, check, read_texts, to_dataset, unzip
from ingestion.archives.listing import read_checksum, read_page
from ingestion.http.fetch import Malformed
from tests.unit.ingestion.archives.files_by_hand import (
    KLINE_NAMES,
    METRIC_NAMES,
    hours,
    kline,
    listed,
    metric,
    summed,
    zipped,
)
from warehouse.contracts import DATASETS

VISION = ARCHIVES["binance_vision"]
PERP, SPOT = VISION.kind("perp", "candles"), VISION.kind("spot", "candles")
METRICS = VISION.kind("perp", "open_interest")
DEPTH = VISION.kind("perp", "order_book_depth")
DAY = datetime(2025, 11, 3)


def rows(kind, dataset, *texts, symbol="BTCUSDT"):
    read = read_texts(kind, {f"k{i}": text.encode() for i, text in enumerate(texts)}, symbol)
    return to_dataset(kind, read, DATASETS[dataset], "binance", symbol).to_pylist()


def test_with_names_or_without_in_milliseconds_or_microseconds_the_same_candles_come():
    lines = {unit: [kline(at, 100 + i, unit=unit) for i, at in enumerate(hours(DAY, 3))] for unit in (1000, 10**6)}
    expected = [
        {"venue": "binance", "market_type": "perp", "venue_symbol": "BTCUSDT", "open_time": DAY + timedelta(hours=i),
         "open": 100.0 + i, "high": 100.0 + i, "low": 100.0 + i, "close": 100.0 + i, "base_volume": 2.5,
         "quote_volume": 2.5 * (100 + i), "taker_buy_base_volume": 1.5, "taker_buy_quote_volume": 1.5 * (100 + i)}
        for i in range(3)
    ]  # fmt: skip
    for unit in lines:
        bare = "\n".join(lines[unit])
        for text in (
            bare,
            f"{bare}\n",
            f"{KLINE_NAMES}\n{bare}\n",
            f"\ufeff{KLINE_NAMES}\r\n" + bare.replace("\n", "\r\n"),
        ):
            assert rows(PERP, "candles", text) == expected
    assert {row["market_type"] for row in rows(SPOT, "candles", "\n".join(lines[10**6]))} == {"spot"}


def test_files_are_read_together_whatever_their_shape_and_each_row_comes_once_in_order_of_time():
    first, second = hours(DAY, 4)[:2], hours(DAY, 4)[1:]
    texts = [
        "\n".join(kline(at, 1) for at in second[::-1]),
        f"{KLINE_NAMES}\n" + "\n".join(kline(at, 1) for at in first),
    ]
    assert [row["open_time"] for row in rows(PERP, "candles", *texts)] == [DAY + timedelta(hours=i) for i in range(4)]


def test_names_decide_over_places():
    turned = "count_long_short_ratio,symbol,sum_open_interest_value,create_time,sum_open_interest,more"
    text = f"{turned}\n1.5,BTCUSDT,900,2025-11-03 04:00:00,9,x\n"
    assert rows(METRICS, "open_interest", text)[0]["open_interest_base"] == 9
    assert rows(METRICS, "long_short_ratios", text)[0]["long_short_account_ratio"] == 1.5


def test_blank_is_unknown_zero_is_zero_and_what_differs_at_one_moment_stays():
    at = [DAY + timedelta(minutes=5 * i) for i in range(3)]
    lines = [metric(at[2], "0"), metric(at[0], "", ""), metric(at[0], "", ""), metric(at[1], "7"), metric(at[1], "8")]
    text = "\n".join([METRIC_NAMES, *lines])
    found = [(row["observed_at"], row["open_interest_base"]) for row in rows(METRICS, "open_interest", text)]
    assert found[0] == (at[0], None) and sorted(found[1:]) == [(at[1], 7.0), (at[1], 8.0), (at[2], 0.0)]
    ratios = rows(METRICS, "long_short_ratios", text)
    assert [row["long_short_account_ratio"] for row in ratios] == [None, 1.25, 1.25]


def test_a_row_of_a_book_is_of_a_side_and_a_band():
    text = "timestamp,percentage,depth,notional\n2025-11-03 00:00:07,-0.20,2,199.8\n2025-11-03 00:00:07,5,3,309\n"
    common = {"venue": "binance", "market_type": "perp", "venue_symbol": "BTCUSDT", "best_price": None}
    common |= {"snapshot_at": DAY + timedelta(seconds=7)}
    assert rows(DEPTH, "order_book_depth", text) == [
        common | {"side": "bid", "band_pct": 0.2, "base_amount": 2.0, "quote_amount": 199.8},
        common | {"side": "ask", "band_pct": 5.0, "base_amount": 3.0, "quote_amount": 309.0},
    ]
    with pytest.raises(Malformed, match="has no column percentage"):
        rows(DEPTH, "order_book_depth", text.replace("percentage", "share"))


def test_of_a_books_snapshots_the_first_of_each_hour_is_kept_whole():
    """The first within half an hour of the full hour, with all its rows; files may be out of order."""
    seen = ["00:30:00", "00:00:34", "00:00:04", "00:59:50", "01:31:00", "02:29:58", "02:29:59"]
    text = "\n".join(f"2025-11-03 {at},{band},1,{100 + band}" for at in seen for band in (-1, 1, 5))
    read = read_texts(DEPTH, {"a": text.encode()}, "BTCUSDT")
    kept = to_dataset(DEPTH, at_asked_moments(DEPTH, read), DATASETS["order_book_depth"], "binance", "BTCUSDT")
    assert [f"{at:%H:%M:%S}" for at in kept["snapshot_at"].to_pylist()] == ["00:00:04"] * 3 + ["02:29:58"] * 3
    late = read_texts(DEPTH, {"a": b"2025-11-03 01:31:00,-1,1,99\n"}, "BTCUSDT")
    assert at_asked_moments(DEPTH, late).num_rows == 0


def test_of_a_row_every_five_minutes_those_are_kept_at_which_the_api_has_one():
    lines = [metric(at, str(1 + i)) for i, at in enumerate(hours(DAY, 288, timedelta(minutes=5)))]
    read = read_texts(METRICS, {"k": "\n".join([METRIC_NAMES, *lines]).encode()}, "BTCUSDT")
    kept = to_dataset(METRICS, at_asked_moments(METRICS, read), DATASETS["open_interest"], "binance", "BTCUSDT")
    assert [(row["observed_at"].hour, row["open_interest_base"]) for row in kept.to_pylist()] == [
        (h, 1.0 + h * 12) for h in range(0, 24, 4)
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{METRIC_NAMES}\n{metric(DAY, '1', symbol='ETHUSDT')}", "ETHUSDT"),
        (f"{METRIC_NAMES}\n{metric(DAY, '1').replace(',1,', ',much,')}", "much"),
        (f"{METRIC_NAMES}\n2025-11-03 00:00:00,BTCUSDT,1", "Expected 8 columns"),
        (f"{METRIC_NAMES}\n,BTCUSDT,1,1,1,1,1,1", "no time"),
        ("<html>We will be back</html>", "no column"),
        ("time,open\n1,2", "no column"),
    ],
)
def test_a_text_that_is_no_such_file_is_named_and_no_other_is_blamed(text, words):
    good = f"{METRIC_NAMES}\n{metric(DAY, '1')}".encode()
    with pytest.raises(Malformed, match=words) as error:
        read_texts(METRICS, {"good": good, "bad": text.encode()}, "BTCUSDT")
    assert "bad" in str(error.value) and "good" not in str(error.value)


def test_a_file_must_be_what_its_checksum_says_and_the_checksum_be_of_it():
    key, content = "data/x/BTCUSDT-1h-2025-11.zip", zipped("1")
    check(key, content, read_checksum(summed(key, content), key))
    with pytest.raises(NotAsPublished, match="checksum"):
        check(key, content + b" ", read_checksum(summed(key, content), key))
    for other in (summed("ETHUSDT-1h-2025-11.zip", content), b"<html>", b"", b"abc  BTCUSDT-1h-2025-11.zip"):
        with pytest.raises(Malformed):
            read_checksum(other, key)


def test_a_zip_has_one_file_of_bounded_size(monkeypatch):
    assert unzip("k", zipped("a,b")) == b"a,b"
    two = io.BytesIO()
    with zipfile.ZipFile(two, "w") as archive:
        archive.writestr("a", "1")
        archive.writestr("b", "1")
    broken = bytearray(zipped("a,b" * 999))
    broken[60] ^= 0xFF
    for content, words in ((two.getvalue(), "2 files"), (b"<html>", "no zip"), (zipped("a")[:-9], "no zip"),
                           (bytes(broken), "no zip")):  # fmt: skip
        with pytest.raises(Malformed, match=words):
            unzip("k", content)
    monkeypatch.setattr(files, "MOST_UNPACKED_BYTES", 2**20)
    with pytest.raises(Malformed, match="1 MB"):
        unzip("k", zipped("0" * (2**20 + 1)))


def test_a_list_has_files_with_their_time_size_and_checksum_and_says_where_it_goes_on():
    keys = {f"p/BTCUSDT-metrics-2025-11-{d:02d}.zip": bytes(d) for d in range(1, 5)}
    keys |= {f"{key}.CHECKSUM": b"" for key in list(keys)[:3]} | {"p/index.html": b""}
    page = read_page(listed("p/", "", keys, most=5))
    assert [(f.period.first_day, f.bytes, f.has_checksum) for f in page.files] == [
        (date(2025, 11, d), d, True) for d in (1, 2, 3)
    ]
    assert page.files[0].modified_at == datetime(2025, 12, 1, 4, 5, 6, tzinfo=UTC)
    rest = read_page(listed("p/", page.marker, keys, most=5))
    assert [(f.period.first_day.day, f.has_checksum) for f in rest.files] == [(4, False)]
    assert rest.marker is None
    assert read_page(listed("q/", "", keys)).files == []


@pytest.mark.parametrize(
    "content",
    [b"", b"<html><body>Back soon.</body></html>", b"<ListBucketResult>", b"<Error><Code>AccessDenied</Code></Error>",
     b'<!DOCTYPE x [<!ENTITY a "aaaa">]><ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>',
     b"<ListBucketResult><Contents><Key>a-2025-11.zip</Key></Contents><IsTruncated>false</IsTruncated></ListBucketResult>"],
)  # fmt: skip
def test_what_is_no_list_is_not_taken_for_an_empty_one(content):
    with pytest.raises((ValueError, LookupError)):
        read_page(content)


def test_periods_are_named_as_in_files_and_reach_to_the_next():
    assert [p.name for p in periods(datetime(2023, 12, 15, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC), "month")] == [
        "2023-12", "2024-01", "2024-02"
    ]  # fmt: skip
    leap = Period.holding(datetime(2024, 2, 29, 23, tzinfo=UTC), "day")
    assert (leap.name, leap.end) == ("2024-02-29", datetime(2024, 3, 1, tzinfo=UTC))
    assert Period.read("2024-02").end == datetime(2024, 3, 1, tzinfo=UTC)
    assert Period.read("2024-13") is None and Period.read("trades") is None


def test_a_file_is_counted_on_from_when_it_is_there_at_the_latest():
    now = datetime(2025, 11, 4, 12, tzinfo=UTC)
    assert METRICS.holds_until(now) == datetime(2025, 11, 2, tzinfo=UTC)
    funding = VISION.kind("perp", "funding_rates")
    assert funding.holds_until(now) == datetime(2025, 10, 1, tzinfo=UTC)
    assert funding.holds_until(now + timedelta(days=4)) == datetime(2025, 11, 1, tzinfo=UTC)
