"""The bulk archive: verified, complete, and open to venues that nobody here knows."""

import hashlib
import io
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.archives import market_archive
from ingestion.http.fetch import Malformed, Patience, Throttle, run
from tests.unit.warehouse.batches import candles
from warehouse.contracts import ASSET_CLASS_PRICES, CANDLES, DATASETS, OPEN_INTEREST
from warehouse.source import Source

STARTS, NOW = datetime(2025, 11, 17, tzinfo=UTC), datetime(2025, 11, 24, 6, tzinfo=UTC)
QUICK = Patience(attempts=2, first_wait_s=0.001, longest_wait_s=0.01, longest_asked_wait_s=0.01)


def archived(
    dataset: str, origin: str, rows: pa.Table, lies: dict[str, Any] | None = None
) -> tuple[dict[str, Any], bytes]:
    buffer = io.BytesIO()
    pq.write_table(rows, buffer)
    content = buffer.getvalue()
    entry = {
        "dataset": dataset, "origin": origin, "path": f"{dataset}/{origin}.parquet", "rows": rows.num_rows,
        "sha256": hashlib.sha256(content).hexdigest(),
    }  # fmt: skip
    return entry | (lies or {}), content


def of_venue(rows: pa.Table, venue: str) -> pa.Table:
    return rows.set_column(0, "venue", pa.array([venue] * rows.num_rows))


async def read(
    dataset: str, files: list[tuple[dict[str, Any], bytes]], covered: Any = None, elsewhere: Any = frozenset()
):
    contents = {f"/market/archive/{entry['path']}": content for entry, content in files}

    def pages(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/market/archive":
            return httpx.Response(200, json={"files": [entry for entry, _ in files]})
        return httpx.Response(200, content=contents[request.url.path])

    source = Source("replay", "http://server", STARTS, NOW, has_archive=True)
    async with httpx.AsyncClient(transport=httpx.MockTransport(pages)) as http:
        throttle = Throttle("archive", QUICK)
        known = covered or (lambda origin, series: None)
        tasks = market_archive.tasks(dataset, source, http, throttle, NOW, known, elsewhere)
        return [outcome async for outcome in run(tasks)]


async def test_unknown_venues_come_through_under_their_own_names():
    kraken = of_venue(candles([1.0, 2.0, 3.0], symbol="PF_XBTUSD"), "kraken")
    other = archived("open_interest", "lighter", OPEN_INTEREST.schema.empty_table())
    index, file = await read("candles", [archived("candles", "kraken", kraken), other])
    assert index.answer.is_indirect
    assert (file.task.origin, file.task.series) == ("kraken", "* candles/kraken.parquet")
    assert file.answer.rows.equals(kraken)
    (cover,) = file.answer.covers
    assert (cover.market_type, cover.series, cover.rows) == ("perp", "PF_XBTUSD", 3)
    assert (cover.window_start, cover.window_end) == (STARTS, datetime(2025, 11, 17, 3, tzinfo=UTC))


async def test_what_a_venues_own_endpoint_gives_is_not_called_covered_by_the_archive():
    rows = candles([1.0])
    _, file = await read("candles", [archived("candles", "binance", rows)], elsewhere={("binance", "perp")})
    assert file.answer.rows.num_rows == 1
    assert file.answer.covers == []


async def test_a_file_that_was_read_is_not_read_again():
    (index,) = await read("candles", [archived("candles", "binance", candles([1.0]))], covered=lambda *_: NOW)
    assert index.answer.then == []


@pytest.mark.parametrize(
    ("rows", "lies", "says"),
    [
        (candles([1.0]), {"sha256": "0" * 64}, "checksum"),
        (candles([1.0]), {"rows": 2}, "has 1 rows, the index says 2"),
        (candles([1.0]).drop_columns(["close"]), {}, "is not rows of candles"),
        (candles([1.0]), {"origin": "kraken"}, "holds rows of"),
    ],
)
async def test_a_file_that_is_not_what_the_index_says(rows, lies, says):
    _, file = await read("candles", [archived("candles", "binance", rows, lies)])
    assert file.answer is None and says in file.reason


@pytest.mark.parametrize(
    "lies",
    [
        {"path": "../../faults"},
        {"path": "/etc/passwd"},
        {"path": "candles/a b\r\nHost: x"},
        {"origin": "../x"},
        {"origin": "<script>"},
        {"origin": 7},
        {"rows": 10**12},
        {"rows": "1"},
        {"rows": -1},
        {"sha256": "x"},
    ],
    ids=str,
)
async def test_an_index_that_names_what_cannot_be_is_refused_whole(lies):
    outcomes = await read("candles", [archived("candles", "binance", candles([1.0]), lies)])
    assert [outcome.answer for outcome in outcomes] == [None]
    assert "something else than documented" in outcomes[0].reason and outcomes[0].reason.isprintable()


def bomb(**columns: pa.Array) -> tuple[dict[str, Any], bytes]:
    """Candles whose columns are replaced, as a file and its true entry in the index."""
    n_rows = len(next(iter(columns.values())))
    row = candles([1.0]).slice(0, 1)
    whole = {name: pa.repeat(row[name][0], n_rows) for name in row.schema.names} | columns
    buffer = io.BytesIO()
    pq.write_table(pa.table(whole), buffer, compression="zstd")
    content = buffer.getvalue()
    digest = hashlib.sha256(content).hexdigest()
    return {"dataset": "candles", "origin": "binance", "path": "p", "rows": n_rows, "sha256": digest}, content


def test_a_file_that_unpacks_to_more_than_it_may_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(market_archive, "MOST_UNPACKED_BYTES", 2**20)
    entry, content = bomb(close=pa.array(range(500_000), pa.float64()))
    with pytest.raises(Malformed, match="unpacks to"):
        market_archive.read_file(entry, content)


def test_one_long_text_in_very_many_rows_is_kept_once_and_refused():
    n_rows = 1_000_000  # as plain texts: a terabyte
    index = pa.repeat(pa.scalar(0, pa.int32()), n_rows)
    entry, content = bomb(venue_symbol=pa.DictionaryArray.from_arrays(index, pa.array(["x" * 2**20])))
    assert len(content) < 2 * 2**20
    before = pa.total_allocated_bytes()
    with pytest.raises(Malformed, match="a name of 1048576 bytes"):
        market_archive.read_file(entry, content)
    assert pa.total_allocated_bytes() - before < 100 * 2**20 and pa.default_memory_pool().max_memory() < 2**30


def test_columns_nobody_asked_for_are_not_unpacked(monkeypatch):
    monkeypatch.setattr(market_archive, "MOST_UNPACKED_BYTES", 2**20)
    entry, content = bomb(extra=pa.array(range(500_000), pa.float64()))
    assert market_archive.read_file(entry, content).num_rows == 500_000
    monkeypatch.setattr(market_archive, "MOST_FILE_COLUMNS", 3)
    with pytest.raises(Malformed, match="columns"):
        market_archive.read_file(entry, content)


def test_not_a_parquet_file():
    content = b"<html>"
    entry = {"dataset": "candles", "origin": "x", "path": "p", "rows": 1, "sha256": hashlib.sha256(content).hexdigest()}
    with pytest.raises(Malformed, match="is not rows of candles"):
        market_archive.read_file(entry, content)


def test_covered_series_of_dates_and_of_older_rows():
    rows = pa.Table.from_pylist(
        [
            {"provider": "yahoo", "series": "SPY", "close_date": date(2020, 1, 2), "close": 1.0},
            {"provider": "yahoo", "series": "SPY", "close_date": date(2025, 11, 21), "close": 2.0},
        ],
        schema=ASSET_CLASS_PRICES.schema,
    )
    (cover,) = market_archive.covered_series(ASSET_CLASS_PRICES, rows, STARTS, NOW)
    assert cover.market_type is None
    assert (cover.window_start, cover.window_end) == (
        datetime(2020, 1, 2, tzinfo=UTC),
        datetime(2025, 11, 22, tzinfo=UTC),
    )
    assert set(DATASETS) >= {CANDLES.name, OPEN_INTEREST.name}


async def test_a_source_without_an_archive_is_not_asked():
    source = Source("simulated", "http://server", STARTS, NOW)
    async with httpx.AsyncClient() as http:
        assert market_archive.tasks("candles", source, http, Throttle("archive"), NOW, lambda *_: None) == []
