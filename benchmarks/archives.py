"""`python -m benchmarks.archives [--rounds N]`: files of an archive, by our reader and by one bare `read_csv`.

It prints its part of docs/benchmarks.md, with what a deep history costs beside it: counted, not measured.
"""

import argparse
import gc
import hashlib
import io
import sys
import time
import zipfile
from calendar import monthrange
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks.market import CHECKOUT
from ingestion.archives import ARCHIVES
from ingestion.archives.archive import FileKind
from ingestion.archives.files import at_asked_moments, check, read_texts, to_dataset, unzip
from ingestion.http.fetch import Cost
from ingestion.planning.costs import of_files, of_history
from ingestion.planning.questions import FILE_QUESTIONS_AT_ONCE
from ingestion.universe import Universe
from ingestion.venues import VENUES
from ingestion.venues.venue import History
from warehouse.contracts import DATASETS

SYMBOLS, DAYS, MONTHS = 20, 30, 36
VISION = ARCHIVES["binance_vision"]
INSTRUMENTS, YEARS = 600, 3


@dataclass(frozen=True)
class Packed:
    """One file as it lies in the archive, with its checksum and the text in it."""

    key: str
    content: bytes
    sha256: str
    text: str


@dataclass(frozen=True)
class Read:
    """How fast one kind of file is read: by us, by DuckDB as it comes, and by DuckDB told what the columns are."""

    kind: str
    files: int
    rows: int
    ours_s: float
    bare_s: float
    told_s: float


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.archives", description="Files of an archive, read.")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how often each is read (default 3)")
    rounds = parser.parse_args().rounds
    scratch = CHECKOUT / "tmp"
    scratch.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=scratch, prefix="benchmark-") as directory:
        results = [
            _read(VISION.kind("perp", "open_interest"), metrics(), Path(directory) / "metrics", rounds),
            _read(VISION.kind("perp", "candles"), klines(), Path(directory) / "klines", rounds),
        ]
    print("\n".join([*_section(results, rounds), *_plan()]))
    return 0


def metrics() -> dict[str, list[Packed]]:
    """Days of five-minute rows, by symbol."""
    random = np.random.default_rng(1)
    found: dict[str, list[Packed]] = {}
    for n in range(SYMBOLS):
        symbol, first = f"COIN{n}USDT", datetime(2025, 6, 1)
        for d in range(DAYS):
            day = first + timedelta(days=d)
            values = random.random((288, 6))
            lines = [
                f"{day + timedelta(minutes=5 * i):%Y-%m-%d %H:%M:%S},{symbol},{a * 1e5:.3f},{b * 1e9:.4f},{c + 1:.8f},"
                f"{e + 1:.8f},{f + 1:.8f},{g + 1:.8f}"
                for i, (a, b, c, e, f, g) in enumerate(values)
            ]
            found.setdefault(symbol, []).append(
                _pack(VISION.kind("perp", "open_interest"), f"{symbol}-metrics-{day:%Y-%m-%d}", lines)
            )
    return found


def klines() -> dict[str, list[Packed]]:
    """Months of hourly candles, by symbol."""
    random = np.random.default_rng(2)
    found: dict[str, list[Packed]] = {}
    for n in range(SYMBOLS):
        symbol = f"COIN{n}USDT"
        for m in range(MONTHS):
            first = datetime(2022 + m // 12, m % 12 + 1, 1, tzinfo=UTC)
            start = int(first.timestamp() * 1000)
            hours = 24 * monthrange(first.year, first.month)[1]  # rows of a month that is longer would not be in order
            values = random.random((hours, 8)) * 1e4
            lines = [
                f"{start + 3_600_000 * i},{o:.4f},{h:.4f},{low:.4f},{c:.4f},{v:.3f},{start + 3_600_000 * (i + 1) - 1},"
                f"{q:.5f},{i},{tb:.3f},{tq:.5f},0"
                for i, (o, h, low, c, v, q, tb, tq) in enumerate(values)
            ]
            kind = VISION.kind("perp", "candles")
            found.setdefault(symbol, []).append(_pack(kind, f"{symbol}-1h-{first:%Y-%m}", lines))
    return found


def _pack(kind: FileKind | None, stem: str, lines: list[str]) -> Packed:
    assert kind is not None
    text = "\n".join([",".join(kind.header), *lines, ""])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{stem}.csv", text)
    content = buffer.getvalue()
    return Packed(f"{stem}.zip", content, hashlib.sha256(content).hexdigest(), text)


def _read(kind: FileKind | None, packed: dict[str, list[Packed]], directory: Path, rounds: int) -> Read:
    assert kind is not None
    directory.mkdir()
    for files in packed.values():
        for file in files:
            (directory / file.key.replace(".zip", ".csv")).write_text(file.text)
    n_files = sum(map(len, packed.values()))
    n_rows = sum(file.text.count("\n") - 1 for files in packed.values() for file in files)
    types = dict.fromkeys(kind.header, "DOUBLE")
    types |= {kind.time: "TIMESTAMP" if kind.time_kind == "text" else "BIGINT"} | (
        {kind.symbol: "VARCHAR"} if kind.symbol else {}
    )
    told = f"columns = {types}, header = true, auto_detect = false"
    ours = _typical(lambda: by_us(kind, packed), n_rows, rounds)
    bare = _typical(lambda: _by_duckdb(f"read_csv('{directory}/*.csv')"), n_rows, rounds)
    fast = _typical(lambda: _by_duckdb(f"read_csv('{directory}/*.csv', {told})"), n_rows, rounds)
    return Read(f"{kind.name}, {'days' if kind.every else 'months'}", n_files, n_rows, ours, bare, fast)


def _typical(read: Callable[[], int], rows: int, rounds: int) -> float:
    seconds = []
    for _ in range(rounds):
        gc.collect()
        started = time.perf_counter()
        found = read()
        seconds.append(time.perf_counter() - started)
        assert found == rows, (found, rows)
    return median(seconds)


def by_us(kind: FileKind, packed: dict[str, list[Packed]]) -> int:
    """Check, unzip and read all files into every dataset that they have; the rows read.

    As many instruments at once as ingestion reads.
    """

    def of_one(symbol: str) -> int:
        texts = {}
        for file in packed[symbol]:
            check(file.key, file.content, file.sha256)
            texts[file.key] = unzip(file.key, file.content)
        rows: pa.Table = read_texts(kind, texts, symbol)
        for dataset in kind.datasets:
            to_dataset(kind, at_asked_moments(kind, rows), DATASETS[dataset], VISION.venue, symbol)
        return rows.num_rows

    with ThreadPoolExecutor(FILE_QUESTIONS_AT_ONCE) as pool:
        return sum(pool.map(of_one, packed))


def _by_duckdb(source: str) -> int:
    with duckdb.connect() as connection:
        connection.execute(f"create table files as select * from {source}")
        return int(connection.execute("select count(*) from files").fetchall()[0][0])


def _section(results: list[Read], rounds: int) -> Iterator[str]:
    yield f"## Files of an archive (median of {rounds})\n"
    yield "| files | rows | our reader, files / s | rows / s | bare `read_csv`, files / s | ratio | told | ratio |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    for r in results:
        cells = (
            f"{r.files:,} {r.kind}", f"{r.rows:,}", f"{r.files / r.ours_s:,.0f}", f"{r.rows / r.ours_s:,.0f}",
            f"{r.files / r.bare_s:,.0f}", f"{r.bare_s / r.ours_s:.2f}", f"{r.files / r.told_s:,.0f}",
            f"{r.told_s / r.ours_s:.2f}",
        )  # fmt: skip
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield (
        "- Ours begins with zips in memory: checksum, unzip, read, rows of every dataset in the files. DuckDB begins"
        " with the same texts unzipped on disk and makes one table: once as it comes, once told names and types of the"
        " columns. The aim is 0.9 of it."
    )


def _plan() -> Iterator[str]:
    """What three years of 600 instruments take, by who gives them."""
    universe = Universe.read()
    scope = universe.archives[VISION.name]
    end = datetime(2025, 11, 1, tzinfo=UTC)
    span = (end.replace(year=end.year - YEARS), end)
    yield f"\n## {YEARS} years of {INSTRUMENTS} instruments of Binance, counted\n"
    yield "| dataset, market, instruments | of | requests | files | MB | minutes |"
    yield "|---|---|---:|---:|---:|---:|"
    for market in VENUES[VISION.venue].markets:
        for dataset, endpoint in market.datasets.items():
            kind = VISION.kind(market.market_type, dataset)
            if not isinstance(endpoint, History) or kind is None:
                continue
            n = len(universe.only_bases.get(dataset, ())) or INSTRUMENTS
            name = f"{dataset}, {market.market_type}, {n}"
            reach = f"the API ({endpoint.depth.days} days)" if endpoint.depth else "the API"
            first = max(span[0], end - endpoint.depth) if endpoint.depth else span[0]
            yield _row(name, reach, n, of_history(market, endpoint, first, end, end))
            yield _row(name, "files", n, of_files(kind, *span, scope.calls_per_minute))
    yield ""
    yield (
        "- From what endpoints and files declare (rows of a page, calls a minute, usual sizes;"
        f" {scope.calls_per_minute:,.0f} files and checksums a minute, our own limit). Files are taken where the API"
        " does not reach, and where they take less time. Metrics hold open interest and accounts: one file for"
        " both, asked for once for each."
    )


def _row(name: str, source: str, n: int, one: Cost) -> str:
    figures = (one.requests * n, one.files * n, one.megabytes * n, one.seconds * n / 60)
    return f"| {name} | {source} | {' | '.join(f'{figure:,.0f}' for figure in figures)} |"


if __name__ == "__main__":
    sys.exit(main())
