"""Order books of the simulated market: what their table tells against what is known, and how they are offered."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import httpx
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from simulator import replay
from simulator.archives.file_faults import spoiled
from simulator.archives.market_archive import kept_history
from simulator.generation.generate import generate
from simulator.market import COLUMNS, Market
from simulator.present import at
from tests.unit.simulator.small_market import serving

BOOK = ["venue", "market_type", "venue_symbol"]
SNAPSHOT = [*BOOK, "snapshot_at"]
WEEK = pd.Timedelta(weeks=1)
FOLDER = "data/futures/um/daily/bookDepth/BTCUSDT/BTCUSDT-bookDepth-"
NOV_20 = f"{FOLDER}2025-11-20.zip"


def plain(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with names as plain text, so that they can be put together."""
    return rows.astype(dict.fromkeys([*BOOK, "side"], str))


@pytest.fixture(scope="module")
def books(full_market: Market) -> pd.DataFrame:
    return plain(full_market.order_book_depth)


def test_a_snapshot_each_hour_a_few_seconds_after_it_of_five_assets_where_they_are_listed(books):
    majors = ["BTC", "DOGE", "ETH", "SOL", "XRP"]
    expected = {
        ("binance", "perp"): {f"{base}USDT" for base in majors},
        ("binance", "spot"): {f"{base}USDT" for base in majors},
        ("bybit", "perp"): {f"{base}USDT" for base in majors},
        ("coinbase", "spot"): {f"{base}-USD" for base in majors},
    }
    assert books.groupby(["venue", "market_type"])["venue_symbol"].agg(set).to_dict() == expected
    hours = pd.date_range("2025-08-04", "2025-11-24 05:00", freq="h")
    late = books["snapshot_at"] - books["snapshot_at"].dt.floor("h")
    assert (late.min(), late.max()) == (pd.Timedelta(seconds=1), pd.Timedelta(seconds=40))
    assert (late % pd.Timedelta(seconds=1) == pd.Timedelta(0)).all()
    for _, times in books.groupby(BOOK)["snapshot_at"]:
        assert times.drop_duplicates().dt.floor("h").tolist() == hours.tolist()


def test_bands_hold_each_other_and_are_those_of_the_source(books):
    is_published = (books["venue"] == "binance") & (books["market_type"] == "perp")
    for rows, bands in ((books[is_published], [1, 2, 3, 4, 5]), (books[~is_published], [0.1, 0.5, 1, 2, 5])):
        for column in ("base_amount", "quote_amount"):
            wide = rows.set_index([*SNAPSHOT, "side", "band_pct"])[column].unstack()
            assert wide.columns.tolist() == bands
            steps = wide.diff(axis=1).iloc[:, 1:]
            assert (wide.iloc[:, 0] > 0).all() and ((steps > 0) | steps.isna()).all().all()
    assert books.loc[is_published, "best_price"].isna().all() and books.loc[~is_published, "best_price"].notna().all()
    unknown = books[books["quote_amount"].isna()]
    is_shallow = (books["venue_symbol"] == "DOGE-USD") & (books["band_pct"] == 5)
    assert unknown.index.equals(books[is_shallow].index) and unknown["base_amount"].isna().all()
    assert books["base_amount"].isna().sum() == len(unknown)


def test_the_mid_is_the_candles_price_and_orders_lie_within_their_band(books, full_market):
    candles = full_market.candles_1h
    candles = candles[candles["venue_symbol"].isin(set(books["venue_symbol"])).to_numpy()].astype(
        dict.fromkeys(BOOK, str)
    )
    closes = candles.assign(hour=candles["open_time"] + pd.Timedelta(hours=1))[[*BOOK, "hour", "close"]]
    best = books[books["best_price"].notna()].groupby([*SNAPSHOT, "side"])["best_price"].first().unstack()
    spread_bp = 1e4 * (best["ask"] / best["bid"] - 1)
    assert (spread_bp > 0).all()
    typical = spread_bp.groupby(["venue", "venue_symbol"]).median()
    assert 0.1 < typical["binance", "BTCUSDT"] < typical["coinbase", "BTC-USD"] < 1 < typical["coinbase", "DOGE-USD"]
    mids = best.mean(axis=1).rename("mid").reset_index()
    mids = mids.assign(hour=mids["snapshot_at"].dt.floor("h")).merge(closes, on=[*BOOK, "hour"])
    assert len(mids) == len(best)
    assert (mids["mid"] / mids["close"] - 1).abs().max() < 0.005

    rows = books.assign(hour=books["snapshot_at"].dt.floor("h")).merge(closes, on=[*BOOK, "hour"])
    sign = np.where(rows["side"] == "bid", -1, 1)
    away_pct = 100 * sign * (rows["quote_amount"] / rows["base_amount"] / rows["close"] - 1)
    off_pct = 100 * (mids["mid"] / mids["close"] - 1).abs().max()
    wide = rows["band_pct"] >= 1
    assert (away_pct[wide].dropna() > 0).all() and (away_pct - rows["band_pct"]).dropna().max() < off_pct
    # what lies between two bands has a price between them too
    recorded = books[books["band_pct"].isin([1, 2]) & books["best_price"].notna()].set_index([*SNAPSHOT, "side"])
    inner, outer = (recorded[recorded["band_pct"] == band] for band in (1, 2))
    price = (outer["quote_amount"] - inner["quote_amount"]) / (outer["base_amount"] - inner["base_amount"])
    both = price.rename("price").reset_index().merge(mids[[*SNAPSHOT, "mid"]], on=SNAPSHOT)
    assert (100 * (both["price"] / both["mid"] - 1).abs()).between(1, 2).all()


def test_bids_and_asks_are_nearly_alike(books):
    sides = books[books["band_pct"] == 2].set_index([*SNAPSHOT, "side"])["quote_amount"].unstack()
    assert sides.groupby(BOOK).median().pipe(lambda m: m["bid"] / m["ask"]).between(0.98, 1.06).all()
    assert (sides["bid"] / sides["ask"]).between(0.6, 1.7).all()


def medians(books: pd.DataFrame) -> pd.DataFrame:
    """Of each week, book and band the median of what each side holds."""
    week = books["snapshot_at"].dt.to_period("W-SUN").dt.start_time.rename("week_start")
    sides = books.groupby([week, *BOOK, "band_pct", "side"])["quote_amount"].median().unstack()
    return sides.rename(columns={"bid": "bid_usd", "ask": "ask_usd"})


def test_the_table_tells_what_is_true_of_each_book_and_of_all_together(books, full_truth):
    found, known = medians(books), full_truth.depth
    assert known["week_start"].min() == pd.Timestamp("2025-08-04")
    assert known["week_start"].max() == pd.Timestamp("2025-11-17")
    stated = known.set_index(["week_start", *BOOK, "band_pct"])[["bid_usd", "ask_usd"]]
    ratio = (found.reindex(stated.index) / stated).stack().dropna()
    assert len(ratio) == 2 * (len(stated) - 16)  # one book's widest band is not known
    assert (ratio - 1).abs().max() < 1e-3

    both = books.groupby([*SNAPSHOT, "band_pct"])["quote_amount"].sum(min_count=2).reset_index()
    week = both["snapshot_at"].dt.to_period("W-SUN").dt.start_time.rename("week_start")
    totals = both.groupby([week, *BOOK, "band_pct"])["quote_amount"].median()
    totals = totals.groupby(["band_pct", "market_type", "week_start"]).sum()
    for band in (1.0, 2.0, 5.0):
        by_week = totals[band].unstack("market_type")
        change = 100 * (by_week / by_week.shift(1).rolling(4).mean() - 1)
        measured = change.stack()
        for week, market_type, pct in full_truth.depth_changes.itertuples(index=False, name=None):
            assert measured[week, market_type] == pytest.approx(pct, abs=1), (week, market_type, band)


def test_the_weeks_tell_their_story(full_truth):
    changes = full_truth.depth_changes.set_index(["week_start", "market_type"])["depth_vs_4w_pct"]
    told = {
        ("2025-09-01", "spot"): -18, ("2025-09-01", "perp"): -10, ("2025-10-06", "spot"): -20,
        ("2025-10-06", "perp"): -35, ("2025-11-17", "spot"): 3, ("2025-11-17", "perp"): -15,
    }  # fmt: skip
    for (week, market_type), pct in told.items():
        assert changes[pd.Timestamp(week), market_type] == pytest.approx(pct, abs=0.2)
    assert changes.index.get_level_values("week_start").min() == pd.Timestamp("2025-09-01")


# --- what the market server offers, from the tiny market --------------------------------------------------------------


@pytest.fixture(scope="module")
def tiny() -> Market:
    return generate("tiny")


@pytest.fixture(scope="module")
def served(tiny: Market) -> Iterator[str]:
    with serving(tiny, archive=kept_history(tiny)) as address:
        yield address


@pytest.fixture
def url(served: str) -> Iterator[str]:
    yield served
    httpx.delete(f"{served}/market/edits").raise_for_status()
    httpx.delete(f"{served}/market/faults").raise_for_status()


def file(url: str, key: str) -> httpx.Response:
    return httpx.get(f"{url}/data.binance.vision/{key}")


def lines(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (name,) = archive.namelist()
        return archive.read(name).decode().split("\n")


def test_a_days_file_has_each_hours_snapshot_and_one_half_an_hour_later(url, tiny):
    answer = file(url, NOV_20)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["BTCUSDT-bookDepth-2025-11-20.csv"]
    names, *rows, end = lines(answer.content)
    assert (names, end, len(rows)) == ("timestamp,percentage,depth,notional", "", 24 * 2 * 10)
    table = plain(tiny.order_book_depth)
    table = table[
        (table["venue"] == "binance") & (table["market_type"] == "perp") & (table["venue_symbol"] == "BTCUSDT")
    ]
    for n in range(48):
        cells = [row.split(",") for row in rows[n * 10 : n * 10 + 10]]
        assert [row[1] for row in cells] == ["-5", "-4", "-3", "-2", "-1", "1", "2", "3", "4", "5"]
        (stamp,) = {row[0] for row in cells}
        moment = datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S")
        hour = datetime(2025, 11, 20) + timedelta(hours=n // 2)
        assert all(len(row[place].split(".")[1]) == 8 for row in cells for place in (2, 3))
        mine = table[table["snapshot_at"].dt.floor("h") == hour]
        if n % 2 == 0:
            assert (mine["snapshot_at"] == moment).all()
        else:
            assert timedelta(minutes=30) <= moment - hour < timedelta(minutes=30, seconds=10)
        expected = {
            (-1 if side == "bid" else 1) * int(band): (base, quote)
            for side, band, base, quote in mine[["side", "band_pct", "base_amount", "quote_amount"]].itertuples(
                index=False
            )
        }
        for _, percentage, depth, notional in cells:
            base, quote = expected[int(percentage)]
            if n % 2 == 0:
                assert (float(depth), float(notional)) == (base, quote)
            else:
                assert 1.02 < float(depth) / base < 1.08 and 1.02 < float(notional) / quote < 1.08


def test_the_list_and_the_checksums(url):
    answer = httpx.get(
        f"{url}/s3-ap-northeast-1.amazonaws.com/data.binance.vision", params={"prefix": FOLDER, "delimiter": "/"}
    )
    keys = [key.text for key in ElementTree.fromstring(answer.content).iter() if key.tag.endswith("}Key")]
    days = [f"{day:%Y-%m-%d}" for day in pd.date_range("2025-11-03", "2025-11-22")]  # the market stands at 06:00
    assert keys == [f"{FOLDER}{day}.zip{ending}" for day in days for ending in ("", ".CHECKSUM")]
    content, checksum = file(url, NOV_20).content, file(url, f"{NOV_20}.CHECKSUM").text
    assert checksum == f"{hashlib.sha256(content).hexdigest()}  BTCUSDT-bookDepth-2025-11-20.zip\n"
    for missing in (
        f"{FOLDER}2025-11-23.zip", NOV_20.replace("daily", "monthly"), NOV_20.replace("BTC", "ARB"),
        NOV_20.replace("futures/um", "spot"), NOV_20.replace("BTCUSDT/BTCUSDT-bookDepth", "BTCUSDT/BTCUSDT-metrics"),
    ):  # fmt: skip
        assert file(url, missing).status_code == 404, missing


def test_files_of_books_can_be_spoiled(url):
    content = file(url, NOV_20).content
    usual = lines(content)[1:-1]
    is_meant = [row[11:13] in ("08", "12") for row in usual]

    def cells(fault: str) -> list[list[str]]:
        return [row.split(",") for row in lines(spoiled(content, fault))[1:-1]]

    for fault, amount in (("zeros", "0"), ("blanks", "")):
        for row, found, is_spoiled in zip(usual, cells(fault), is_meant, strict=True):
            before = row.split(",")
            assert found == ([*before[:2], amount, amount] if is_spoiled else before)
    changed = [
        float(after[place]) / float(before.split(",")[place])
        for before, after in zip(usual, cells("replaced"), strict=True)
        for place in (2, 3)
    ]
    assert changed == pytest.approx([1.25 if is_spoiled else 1 for is_spoiled in is_meant for _ in (2, 3)])
    assert len(cells("missing_hours")) == 22 * 20 and len(cells("duplicates")) == 26 * 20
    assert cells("out_of_order") == [row.split(",") for row in usual[::-1]]
    httpx.post(f"{url}/market/faults", json={"host": "data.binance.vision", "kind": "file:zeros"}).raise_for_status()
    assert file(url, NOV_20).content == spoiled(content, "zeros")


def archived(url: str) -> dict[str, pd.DataFrame]:
    """The recorded books in the archive, by venue."""
    files = [f for f in httpx.get(f"{url}/market/archive").json()["files"] if f["dataset"] == "order_book_depth"]
    found = {}
    for entry in files:
        content = httpx.get(f"{url}/market/archive/{entry['path']}").content
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
        found[entry["origin"]] = pq.read_table(io.BytesIO(content)).to_pandas()
        assert len(found[entry["origin"]]) == entry["rows"]
    return found


def test_all_other_books_are_kept_as_somebody_recorded_them(url, tiny):
    found = archived(url)
    assert {venue: set(rows["market_type"]) for venue, rows in found.items()} == {
        "binance": {"spot"}, "bybit": {"perp"}, "coinbase": {"spot"},
    }  # fmt: skip
    table = plain(tiny.order_book_depth)
    for venue, rows in found.items():
        mine = table[(table["venue"] == venue) & table["best_price"].notna()].reset_index(drop=True)
        pd.testing.assert_frame_equal(plain(rows)[list(COLUMNS["order_book_depth"])], mine, check_dtype=False)


def test_edits_reach_both_and_nothing_later_is_known(url, tiny):
    before, files = archived(url), lines(file(url, NOV_20).content)
    for venue, symbol in (("binance", "BTCUSDT"), ("coinbase", "BTC-USD")):
        edit = {"dataset": "order_book_depth", "venue": venue, "series": symbol, "edit": "scale:10"}
        httpx.post(f"{url}/market/edits", json=edit | {"column": "quote_amount"}).raise_for_status()
    after = archived(url)
    assert (after["coinbase"]["quote_amount"] / before["coinbase"]["quote_amount"]).dropna().to_numpy() == (
        pytest.approx(10)
    )
    assert after["bybit"].equals(before["bybit"])
    row, usual = lines(file(url, NOV_20).content)[1].split(","), files[1].split(",")
    assert row[:3] == usual[:3] and float(row[3]) == pytest.approx(10 * float(usual[3]))
    earlier = at(tiny, datetime(2025, 11, 17, 6, tzinfo=UTC))
    assert earlier.order_book_depth["snapshot_at"].max().floor("h") == pd.Timestamp("2025-11-17 05:00")
    for kept in kept_history(earlier):
        if kept.dataset == "order_book_depth":
            assert pq.read_table(io.BytesIO(kept.content))["snapshot_at"].to_pandas().max() <= pd.Timestamp(
                "2025-11-17 06:00"
            )


def test_a_recorded_market_has_no_books_and_no_files_of_them(small_recording):
    market = replay.load(small_recording).market
    assert market.order_book_depth.empty and list(market.order_book_depth) == list(COLUMNS["order_book_depth"])
    assert "order_book_depth" not in {kept.dataset for kept in kept_history(market)}
    with serving(market) as url:
        assert file(url, NOV_20).status_code == 404
