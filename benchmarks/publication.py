"""`python -m benchmarks.publication [--rounds N]`: what a publication costs as the file grows.

It prints its part of docs/benchmarks.md.
"""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import duckdb

from benchmarks.market import CHECKOUT
from benchmarks.sized_home import make, move_on, publish_once
from warehouse.home import Home

SIZES_MB = (100.0, 1000.0)


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.publication", description="Cost by size.")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how often each is measured (default 3)")
    rounds = parser.parse_args().rounds
    scratch = CHECKOUT / "tmp"
    scratch.mkdir(exist_ok=True)
    rows = []
    for size_mb in SIZES_MB:
        with TemporaryDirectory(dir=scratch, prefix="benchmark-") as directory:
            rows.append(_measure(Path(directory), size_mb, rounds))
    print("\n".join(_section(rows, rounds)))
    return 0


def _measure(directory: Path, size_mb: float, rounds: int) -> dict[str, float]:
    home = make(directory / "home", size_mb)
    seconds: dict[str, list[float]] = {"publish": [], "copy": [], "duckdb": []}
    os.environ["REGIME_KEEP_VERSIONS"] = "2"  # several of a gigabyte are much to ask of a disk
    for state in range(rounds):
        move_on(home, state)
        seconds["publish"].append(_seconds(lambda: publish_once(home)))
        seconds["copy"].append(_seconds(lambda: _copy(home, directory / "copy.duckdb")))
        seconds["duckdb"].append(_seconds(lambda: _copy_by_duckdb(home, directory / "copy.duckdb")))
    return {name: median(values) for name, values in seconds.items()} | {"mb": home.staging.stat().st_size / 1e6}


def _seconds(work: Callable[[], object]) -> float:
    os.sync()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _copy(home: Home, to: Path) -> None:
    """The least that a copy on the disk costs."""
    to.unlink(missing_ok=True)
    shutil.copyfile(home.staging, to)
    with open(to, "rb+") as file:
        os.fsync(file.fileno())


def _copy_by_duckdb(home: Home, to: Path) -> None:
    to.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home.staging}' as staging (read_only)")
        connection.execute(f"attach '{to}' as copy")
        connection.execute("copy from database staging to copy")


def _section(rows: list[dict[str, float]], rounds: int) -> Iterator[str]:
    yield f"## A publication as the file grows (median of {rounds})\n"
    yield "| file | publication s | MB / s | copy and sync alone s | DuckDB's copy of the database s |"
    yield "|---:|---:|---:|---:|---:|"
    for row in rows:
        yield (
            f"| {row['mb']:,.0f} MB | {row['publish']:.2f} | {row['mb'] / row['publish']:,.0f} | {row['copy']:.2f} "
            f"| {row['duckdb']:.2f} |"
        )
    yield ""
    yield (
        "- A publication is the gate, a digest over every row of every mart, the copy, its sync, the swap, and dropping"
        " the oldest version. Neither copy beside it has a digest; DuckDB's is on its own terms with the disk."
    )


if __name__ == "__main__":
    sys.exit(main())
