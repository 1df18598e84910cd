"""Real tables, replayed through the venues' dialects and the archive: raw must hold exactly what the tables hold."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from ingestion.ingest import ingest
from ingestion.sources.opening import served
from tests.unit.warehouse.batches import no_guard
from warehouse.database import connect
from warehouse.home import CHECKOUT, Home
from warehouse.loading import load_landed
from warehouse.source import Source

pytestmark = pytest.mark.real_data

# Each dataset's files, and the columns that every source of it has in common (a venue may give no quote volume).
TABLES = {
    "candles": (
        "candles_1h*",
        "venue, market_type, venue_symbol, open_time::timestamp, open, high, low, close, base_volume",
    ),
    "funding_rates": ("funding_rates*", "venue, venue_symbol, settled_at::timestamp, funding_rate"),
    "open_interest": (
        "open_interest",
        "venue, venue_symbol, observed_at::timestamp, open_interest_base, open_interest_usd",
    ),
}


@pytest.fixture(scope="module")
def replay(market_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, Source]]:
    home = Home.at(tmp_path_factory.mktemp("replay"))
    command = [sys.executable, "-m", "simulator", "serve", "--replay", str(market_data)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=CHECKOUT) as server:
        assert server.stdin and server.stdout
        source = served(json.loads(server.stdout.readline())["url"])
        for dataset in ("instruments", *TABLES):
            assert ingest(dataset, home=home, source=source, judge=no_guard).failed == []
            with connect(home) as connection:
                load_landed(connection, home)
        yield home, source
        server.stdin.close()


@pytest.mark.parametrize("dataset", TABLES)
def test_every_recorded_row_up_to_the_clock_arrives_unchanged(replay, market_data, dataset):
    home, source = replay
    files, columns = TABLES[dataset]
    time = columns.split("::")[0].split(", ")[-1]
    now = source.now.replace(tzinfo=None)
    if dataset == "candles":  # one that opens at the clock's hour is not finished
        now -= timedelta(hours=1)
    with duckdb.connect(str(home.staging), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        recorded = f"select {columns} from '{market_data}/{files}.parquet' where {time} <= ?"
        received = f"select {columns} from raw.{dataset}"
        lost = connection.execute(f"select count(*) from ({recorded} except {received})", [now]).fetchall()
        invented = connection.execute(f"select count(*) from ({received} except {recorded})", [now]).fetchall()
        distinct = recorded.replace("select", "select distinct", 1)
        keys = connection.execute(f"select count(*) from ({distinct})", [now]).fetchall()
        rows = connection.execute(f"select count(*) from raw.{dataset}").fetchall()
    assert (lost, invented) == ([(0,)], [(0,)])
    assert rows == keys


def test_venues_that_nobody_knows_are_named_in_the_ledger(replay):
    home, _ = replay
    with duckdb.connect(str(home.staging), read_only=True) as connection:
        origins = connection.execute(
            "select distinct dataset, origin from raw.requests where series not like '*%'"
        ).fetchall()
    assert {("candles", "kraken"), ("funding_rates", "kraken"), ("open_interest", "lighter")} <= set(origins)
