"""A replay: what is refused, what time it is, what is listed, and that dialects and archive together hold every row."""

import hashlib
import io
import subprocess
import sys
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest

from simulator import replay
from tests.unit.simulator.small_market import serving

CHECKOUT = Path(__file__).resolve().parents[3]


def test_the_clock_stands_at_the_end_of_the_broad_tables(small_recording: Path) -> None:
    recorded = replay.load(small_recording)
    clock = recorded.market.clock
    assert clock.now.isoformat() == "2026-01-03T04:00:00+00:00"  # an observation; the deep table goes on
    assert clock.starts_at.isoformat() == "2025-12-30T00:00:00+00:00"
    candles = recorded.market.candles_1h
    assert candles["open_time"].max() == pd.Timestamp("2026-01-03 03:00")
    assert len(candles) == len(candles.drop_duplicates(["venue", "market_type", "venue_symbol", "open_time"]))


@pytest.mark.parametrize("empty", [None, pd.NaT, pd.Categorical([None] * 4)])
@pytest.mark.parametrize(
    "table, column", [("open_interest", "open_interest_base"), ("open_interest", "open_interest_usd")]
)
def test_a_column_that_is_empty_throughout_is_unknown_whatever_its_type(small_recording, table, column, empty) -> None:
    """pandas gives it Arrow's type null, or whatever stood there before its values went."""
    path = small_recording / f"{table}.parquet"
    pd.read_parquet(path).assign(**{column: empty}).to_parquet(path)
    market, archive = (recorded := replay.load(small_recording)).market, recorded.archive
    assert market.open_interest[column].isna().all()
    archived = [pd.read_parquet(io.BytesIO(file.content)) for file in archive if file.dataset == table]
    assert sum(map(len, archived)) == 4 and all(frame[column].isna().all() for frame in archived)


def test_instruments_are_those_seen(small_recording: Path) -> None:
    listed = replay.load(small_recording).market.instruments.set_index(["venue", "market_type", "venue_symbol"])
    assert sorted(listed.index) == [
        ("binance", "perp", "1000PEPEUSDT"),  # funding only
        ("binance", "perp", "BTCUSDT"),
        ("binance", "perp", "GONEUSDT"),
        ("binance", "spot", "BTCUSDT"),
        ("hyperliquid", "perp", "HYPE"),  # open interest only
        ("hyperliquid", "perp", "kPEPE"),
    ]
    pepe = listed.loc[("binance", "perp", "1000PEPEUSDT")]
    assert (pepe["base"], pepe["quote"], pepe["settle"]) == ("1000PEPE", "USDT", "USDT")
    assert listed.loc[("hyperliquid", "perp", "kPEPE")]["quote"] == "USDC"
    assert not listed.loc[("binance", "perp", "GONEUSDT")]["is_active"]
    assert listed["is_active"].sum() == len(listed) - 1


def test_dialects_and_archive_hold_every_row_once(small_recording: Path) -> None:
    recorded = replay.load(small_recording)
    archived = {file.path: pd.read_parquet(io.BytesIO(file.content)) for file in recorded.archive}
    assert sorted(archived) == [
        "candles/binance.parquet", "candles/kraken.parquet", "market_caps/coinmarketcap.parquet",
        "open_interest/hyperliquid.parquet",
    ]  # fmt: skip
    assert len(archived["candles/binance.parquet"]) == 1  # a row without a close: no venue can say it
    caps = archived["market_caps/coinmarketcap.parquet"]
    assert list(caps)[:4] == ["provider", "observed_at", "rank", "provider_asset_id"]
    assert str(caps["observed_at"].dtype).startswith("datetime64") and caps["observed_at"].dt.tz is None
    assert len(caps) == 2  # the list of February is not known yet
    main = pd.read_parquet(small_recording / "candles_1h.parquet")
    deep = pd.read_parquet(small_recording / "candles_1h_deep.parquet")
    both = pd.concat([main, deep]).drop_duplicates(["venue", "market_type", "venue_symbol", "open_time"])
    known = both[both["open_time"] + pd.Timedelta(hours=1) <= recorded.market.clock.now]
    assert len(recorded.market.candles_1h) + sum(
        len(rows) for path, rows in archived.items() if path.startswith("candles/")
    ) == len(known)
    for file in recorded.archive:
        assert hashlib.sha256(file.content).hexdigest() == file.sha256


def test_the_archive_is_served(small_recording: Path) -> None:
    recorded = replay.load(small_recording)
    with serving(recorded.market, archive=recorded.archive, notes=recorded.notes) as url:
        clock = httpx.get(f"{url}/market/clock").json()
        assert clock["has_archive"] is True
        assert "table asset_class_prices is missing: what rests on it cannot be known" in clock["notes"]
        for file in httpx.get(f"{url}/market/archive").json()["files"]:
            content = httpx.get(f"{url}/market/archive/{file['path']}").content
            assert hashlib.sha256(content).hexdigest() == file["sha256"]
            assert len(pd.read_parquet(io.BytesIO(content))) == file["rows"]
        # A list of old is not the list of now, and nobody says the open interest of now.
        assert httpx.get(f"{url}/api.coingecko.com/api/v3/coins/markets?vs_currency=usd").json() == []
        _, contexts = httpx.post(f"{url}/api.hyperliquid.xyz/info", json={"type": "metaAndAssetCtxs"}).json()
        assert contexts[0] == {}


def drop_column(path: Path) -> None:
    pd.read_parquet(path / "candles_1h.parquet").drop(columns="close").to_parquet(path / "candles_1h.parquet")


def text_for_numbers(path: Path) -> None:
    table = pd.read_parquet(path / "funding_rates.parquet")
    table.assign(funding_rate="0.1 %").to_parquet(path / "funding_rates.parquet")


def text_for_times(path: Path) -> None:
    table = pd.read_parquet(path / "open_interest.parquet")
    table.assign(observed_at="yesterday").to_parquet(path / "open_interest.parquet")


def far_future(path: Path) -> None:
    table = pd.read_parquet(path / "candles_1h.parquet")
    more = table[:1].assign(open_time=pd.Timestamp("9999-12-31").as_unit("us").tz_localize(table["open_time"].dt.tz))
    pd.concat([table, more]).to_parquet(path / "candles_1h.parquet")


def twice(path: Path) -> None:
    table = pd.read_parquet(path / "market_caps.parquet")
    pd.concat([table, table]).to_parquet(path / "market_caps.parquet")


def empty(path: Path) -> None:
    pd.read_parquet(path / "candles_1h.parquet")[:0].to_parquet(path / "candles_1h.parquet")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: (path / "market_caps.parquet").unlink(), "table market_caps is missing"),
        (lambda path: (path / "candles_1h.parquet").write_text("nonsense"), "table candles_1h is no Parquet file"),
        (drop_column, "table candles_1h lacks the column close"),
        (text_for_numbers, "table funding_rates, column funding_rate"),
        (far_future, r"candles_1h, column open_time has 1 rows after"),
        (text_for_times, "table open_interest, column observed_at"),
        (twice, "table market_caps has two rows with the same provider, observed_at, rank"),
        (empty, "table candles_1h has no rows"),
    ],
)
def test_a_directory_that_cannot_be_replayed_is_refused_in_one_line(small_recording: Path, spoil, words: str) -> None:
    spoil(small_recording)
    with pytest.raises(replay.ReplayError) as error:
        replay.load(small_recording)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_the_command_ends_with_2_and_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulator", "serve", "--replay", str(tmp_path)]
    ended = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("table candles_1h is missing") and ended.stderr.count("\n") == 1


def test_optional_tables_may_be_missing(small_recording: Path) -> None:
    for name in ("funding_rates", "open_interest", "candles_1h_deep"):
        (small_recording / f"{name}.parquet").unlink()
    recorded = replay.load(small_recording)
    assert recorded.market.clock.now.isoformat() == "2026-01-03T00:00:00+00:00"
    assert len(recorded.notes) >= 4


@pytest.mark.real_data
def test_real_candles_come_back_bit_for_bit(market_data: Path) -> None:
    recorded = replay.load(market_data)
    table = recorded.market.candles_1h
    with serving(recorded.market) as url, httpx.Client(base_url=url, timeout=60) as client:
        for market_type, path in (
            ("perp", "/fapi.binance.com/fapi/v1/klines"),
            ("spot", "/api.binance.com/api/v3/klines"),
        ):
            known = table[(table["venue"] == "binance") & (table["market_type"] == market_type)]
            symbol = known["venue_symbol"].astype(str).max()
            known = known[known["venue_symbol"] == symbol]
            start, rows = 0, []
            ask = {"symbol": symbol, "interval": "1h", "limit": 1000}
            while page := client.get(path, params={**ask, "startTime": start}).json():
                rows += page
                start = page[-1][0] + 1
            got = np.array([[float(row[i]) for i in (1, 2, 3, 4, 5, 7)] for row in rows])
            columns = ["open", "high", "low", "close", "base_volume", "quote_volume"]
            assert np.array_equal(got, known[columns].to_numpy())
